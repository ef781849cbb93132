"""A number with its error, as page and terminal print it."""

from __future__ import annotations

import numpy as np

from lmpdrive.observables.tables import Scalar


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
