"""Times read off a correlation function: its integral, and an exponential fit.  Units: those of the lags."""

from __future__ import annotations

import numpy as np

from lmpdrive.observables.base import Array


def integral_time(lags: Array, curve: Array) -> float:
    """∫ C(τ)/C(0) dτ (trapezoids) up to the first C <= 0, or the last lag that was seen; NaN for less than two points.

    For a correlation that has not decayed at the last lag this is a lower bound.
    """
    ends = np.flatnonzero(~(curve > 0.0))
    stop = int(ends[0]) if len(ends) else len(curve)
    if 0 < stop < len(curve) and np.isfinite(curve[stop]):
        stop += 1  # the step down to zero
    if stop < 2:
        return float("nan")
    return float(np.trapezoid(np.maximum(curve[:stop], 0.0), lags[:stop]) / curve[0])


def exponential_time(lags: Array, curve: Array, start: float, stop: float) -> float:
    """τ of C ∝ exp(-t/τ), least squares of ln C over start <= t <= stop and before the first C <= 0.

    NaN for fewer than three points or a curve that does not decay.
    """
    below = np.flatnonzero(~(curve > 0.0))
    positive = int(below[0]) if len(below) else len(curve)
    inside = (lags >= start - 1e-9) & (lags <= stop + 1e-9) & (np.arange(len(lags)) < positive)
    if inside.sum() < 3:
        return float("nan")
    slope = np.polyfit(lags[inside], np.log(curve[inside]), 1)[0]
    # a curve that is constant to rounding has no time, not one of 1e15
    return float(-1.0 / slope) if slope * np.ptp(lags[inside]) < -1e-9 else float("nan")


def line_slope(x: Array, y: Array, start: float, stop: float) -> float:
    """Slope of a least-squares line through the points with start <= x <= stop; NaN for fewer than two."""
    inside = (x >= start - 1e-9) & (x <= stop + 1e-9) & np.isfinite(y)
    if inside.sum() < 2:
        return float("nan")
    return float(np.polyfit(x[inside], y[inside], 1)[0])
