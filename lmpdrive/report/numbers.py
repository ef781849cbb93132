"""A number with its error, as page and terminal print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.observables.tables import Scalar

if TYPE_CHECKING:
    import pandas as pd


def sigma_of(header: str) -> str:
    """The header of the column with the error of another: `σ of force RMSE [eV/Å]`."""
    return f"σ of {header}"


def with_errors(data: pd.DataFrame) -> pd.DataFrame:
    """The same table with each number and its error in one cell, value ± 2σ."""
    shown = data.copy()
    for header in data.columns:
        if sigma_of(header) in data.columns:
            pairs = zip(data[header], data[sigma_of(header)], strict=True)
            shown[header] = [with_error(Scalar(value, error)) for value, error in pairs]
            shown = shown.drop(columns=sigma_of(header))
    return shown


def with_error(scalar: Scalar) -> str:
    """Value ± 2σ, rounded to two digits of the error; "± ≥" before a lower bound, "(no error)" where none is valid."""
    if not np.isfinite(scalar.value):
        return "not defined"
    spread = 2 * scalar.error
    if not np.isfinite(spread) or spread <= 1e-12 * max(1.0, abs(scalar.value)):
        return f"{scalar.value:.4g}" + (" (no error)" if np.isnan(spread) else "")
    digits = max(0, 1 - int(np.floor(np.log10(spread))))
    bound = "≥ " if scalar.lower_bound else ""
    return f"{scalar.value:.{digits}f} ± {bound}{spread:.{digits}f}"
