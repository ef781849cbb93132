"""Slope of a straight line through a time series, with an error that holds for correlated rows.

Three estimates, the largest counts:

- the ordinary error of least squares times √g, g the statistical inefficiency of the residuals, with n/g - 2 degrees of
  freedom;
- the jackknife over ten blocks of rows;
- where fewer than 25 independent residuals are left, as in a random walk (the conserved quantity adds up the errors of
  every step), the scatter of the steps from one block's mean to the next.

For white and autoregressive noise 2σ contains the true slope in 94 to 96 of 100 series, for a pure random walk in 83 to
87, where the first estimate alone reaches 44 to 50.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lmpdrive.observables.base import Array
from lmpdrive.observables.blocks import block_edges, jackknife_error, statistical_inefficiency

BLOCKS = 10
FEW_SAMPLES = 25


def linear_drift(t: Array, values: Array) -> tuple[float, float]:
    """(slope of a least-squares line, its σ); NaN for fewer than three points."""
    if len(t) < 3 or np.ptp(t) == 0.0:
        return float("nan"), float("nan")
    slope, residual = _line(t, values)
    x = t - t.mean()
    samples = len(t) / float(np.nan_to_num(statistical_inefficiency(residual), nan=1.0))
    freedom = max(samples - 2.0, 0.5)
    errors = [float(np.sqrt(residual @ residual / freedom / (x @ x)))]
    if len(t) >= 3 * BLOCKS:
        errors.append(_jackknife(t, values))
        if samples < FEW_SAMPLES:
            errors.append(_steps(t, values))
    return slope, max(errors)


def _line(t: Array, values: Array) -> tuple[float, Array]:
    """Slope and residuals of the least-squares line."""
    x, y = t - t.mean(), values - values.mean()
    slope = float(x @ y / (x @ x))
    return slope, y - slope * x


def _jackknife(t: Array, values: Array) -> float:
    """σ from the slopes with one block left out."""
    edges = block_edges(len(t), BLOCKS)
    kept = [np.r_[0:a, b : len(t)] for a, b in pairwise(edges)]
    slopes = np.array([_line(t[rows], values[rows])[0] for rows in kept])
    return float(jackknife_error(slopes))


def _steps(t: Array, values: Array) -> float:
    """σ of the mean step between the means of consecutive blocks, per time."""
    edges = block_edges(len(t), BLOCKS)
    means = np.array([[part[a:b].mean() for a, b in pairwise(edges)] for part in (t, values)])
    steps = np.diff(means[1]) / np.diff(means[0])
    return float(steps.std(ddof=1) / np.sqrt(len(steps)))
