"""A number with its error, as page and terminal print it."""

from __future__ import annotations

from collections.abc import Mapping
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


def first_numbers(scalars: Mapping[str, Scalar], most: int) -> dict[str, Scalar]:
    """Those that people look at first, of the defined ones; the first of all if none is marked; without error last."""
    defined = {name: scalar for name, scalar in scalars.items() if np.isfinite(scalar.value)}
    first = [name for name, scalar in defined.items() if scalar.headline] or list(defined)
    first.sort(key=lambda name: bool(np.isnan(defined[name].error)))
    return {name: defined[name] for name in first[:most]}


def with_unit(scalar: Scalar) -> str:
    """`0.997 ± 0.018 g/cm^3`."""
    return with_error(scalar) + ("" if scalar.unit in ("1", "") else f" {scalar.unit}")


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
