"""Runs that differ in their seeds alone, together: mean, and an error from the runs' own and from their spread.

For M such runs with values v_m and errors σ_m (of one number, or bin by bin of a profile):

    v = Σ v_m / M,   σ_within = sqrt(Σ σ_m²) / M,   σ_between = s / sqrt(M),   s² = Σ (v_m - v)² / (M - 1).

σ_within rests on the blocks inside of each run, and misses what a run is too short to show; σ_between sees that, from
M values only.  The larger is taken, and both are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Together:
    """Mean of M runs; arrays of one shape, or numbers."""

    value: Array
    within: Array
    between: Array
    runs: int

    @property
    def error(self) -> Array:
        """σ of the mean: the larger of the two; NaN where neither is known."""
        return np.fmax(self.within, self.between)


def together(values: Sequence[Array], errors: Sequence[Array]) -> Together:
    """Mean and errors of several runs; NaN for what one run, or runs without errors, cannot say."""
    each, sigma = np.array(values, float), np.array(errors, float)
    count = len(each)
    between = each.std(axis=0, ddof=1) / np.sqrt(count) if count > 1 else np.full(each.shape[1:], np.nan)
    return Together(each.mean(axis=0), np.sqrt(np.square(sigma).sum(axis=0)) / count, between, count)


def by_experiment(points: Mapping[str, Mapping[str, str]], repeats: Sequence[str]) -> dict[str, list[str]]:
    """Experiment -> its runs, from run -> points: runs that agree in all axes but the repeated ones."""
    found: dict[str, list[str]] = {}
    for run, at in points.items():
        name = "_".join(point for axis, point in at.items() if axis not in repeats) or "all"
        found.setdefault(name, []).append(run)
    return found
