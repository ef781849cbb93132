"""Errors of correlation functions and of the numbers read off them: the same estimate without one part of the data.

A correlation function is a ratio of sums over pairs (t, t + τ).  Its sums are kept apart in two ways:

- by groups of molecules: all pairs of a molecule are in the sum of its group, whatever their lag;
- by slices of time: a pair belongs to the slice of its origin t, also where t + τ lies beyond it.

Leaving out one part at a time and computing the *whole* estimate again (curve, integral, fit) gives the jackknife error
of that very estimate at every lag.  Slices are joined into blocks of at least the longest lag; with fewer than eight
blocks, or groups, that way gives no error.  Where both do, the larger one counts: groups do not see what all molecules
do together, blocks do not see what is slower than a block.  One of them alone is a lower bound, except blocks of three
times the longest lag, which hardly overlap (docs/analysis.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.base import Array
from lmpdrive.observables.blocks import jackknife_error
from lmpdrive.observables.decay import exponential_time
from lmpdrive.observables.tables import Scalar

MOST_BLOCKS = 20
MOST_GROUPS = 40
FEWEST_PARTS = 8
"""±2σ from eight parts is an interval of 91 % (Student's t), from twenty of 94 %, from forty of 95 %."""
LAGS_APART = 3
"""Blocks of so many longest lags share few pairs with their neighbours."""
MOST_SLICES = 64
"""More are joined in pairs: memory stays bounded."""
NOISE_SIGMAS = 3
TIMES_PER_RUN = 3
"""A run of fewer correlation times gives a lower bound: it saw too few independent histories."""


class WindowSums:
    """Sums over the windows of a correlation, by group of molecules and by slice of time.

    length : samples in a window, the shortest slice.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.by_group: Array | None = None
        """(groups, rows, n_lags)"""
        self.by_slice: dict[int, Array] = {}
        """Number of the slice -> (rows, n_lags); a slice is 2^level windows."""
        self.level = 0

    def add(self, sums: Array, first: int) -> None:
        """Add the (groups, rows, n_lags) sums of the origins of one window, whose first sample is number `first`."""
        self.by_group = sums.copy() if self.by_group is None else self.by_group + sums
        self._add_slice(first // self.length >> self.level, sums.sum(axis=0))
        self._join()

    def merge(self, other: WindowSums) -> None:
        """Add those of another part of the trajectory."""
        if other.by_group is None:
            return
        self.by_group = other.by_group.copy() if self.by_group is None else self.by_group + other.by_group
        while self.level < other.level:
            self._halve()
        for number, sums in other.by_slice.items():
            self._add_slice(number >> (self.level - other.level), sums)
        self._join()

    def copy(self) -> WindowSums:
        """These sums, to add more to."""
        new = WindowSums(self.length)
        new.merge(self)
        return new

    def _add_slice(self, number: int, sums: Array) -> None:
        self.by_slice[number] = self.by_slice[number] + sums if number in self.by_slice else sums

    def _join(self) -> None:
        while max(self.by_slice) - min(self.by_slice) >= MOST_SLICES:
            self._halve()

    def _halve(self) -> None:
        before, self.by_slice = self.by_slice, {}
        self.level += 1
        for number, sums in before.items():
            self._add_slice(number >> 1, sums)

    def without_groups(self) -> list[Array]:
        """(rows, n_lags) sums without each group of molecules that was seen; empty if these are too few."""
        if self.by_group is None:
            return []
        seen = [group for group in self.by_group if group.any()]
        total = self.by_group.sum(axis=0)
        return [total - group for group in seen] if len(seen) >= FEWEST_PARTS else []

    def without_blocks(self, shortest: int) -> list[Array]:
        """(rows, n_lags) sums without each block of at least `shortest` samples; empty if there are too few blocks."""
        slices = [self.by_slice[number] for number in sorted(self.by_slice)]
        for_a_block = -(-shortest // (self.length << self.level))
        n_blocks = min(MOST_BLOCKS, len(slices) // max(1, for_a_block))
        if n_blocks < FEWEST_PARTS:
            return []
        total = np.sum(slices, axis=0)
        edges = [len(slices) * block // n_blocks for block in range(n_blocks + 1)]
        return [total - np.sum(slices[a:b], axis=0) for a, b in pairwise(edges)]


class Groups:
    """Atoms or molecules divided among at most forty groups; one group where there are fewer than eight.

    items : (n,) atom numbers, one for each molecule; neighbours in the list come into different groups, unless
        `together` of them belong to one molecule.
    """

    def __init__(self, items: NDArray[np.int64], together: int = 1) -> None:
        molecules = -(-len(items) // together)
        self.count = min(MOST_GROUPS, molecules) if molecules >= FEWEST_PARTS else 1
        self._group = np.zeros(int(items.max()) + 1 if len(items) else 1, dtype=np.int64)
        self._group[items] = np.arange(len(items)) // together % self.count

    def members(self, items: NDArray[np.int64]) -> Array:
        """(groups, n) 1 where the item is of the group, else 0."""
        return (self._group[items] == np.arange(self.count)[:, None]).astype(float)


@dataclass(frozen=True)
class Resampled:
    """The curves without each part in turn: (parts, columns, n_lags); and what the parts are, in words."""

    curves: Array
    source: str


@dataclass(frozen=True)
class Estimate:
    """The curves of a correlation, and what their errors come from.

    lags : (n_lags,) in `unit`, "ps" or "frames"; curves : (columns, n_lags).
    resampled : each way to resample that this run allows.
    reason : why there is none.
    bound : why σ is a lower bound; empty if it is not.
    run : length of the run, in `unit`.
    """

    lags: Array
    unit: str
    curves: Array
    resampled: tuple[Resampled, ...]
    reason: str
    bound: str
    run: float

    def errors(self) -> Array:
        """(columns, n_lags) σ of the curves; NaN where there is none."""
        if not self.resampled:
            return np.full(self.curves.shape, np.nan)
        return _largest(np.array([jackknife_error(one.curves) for one in self.resampled]))

    @property
    def source(self) -> str:
        """What σ rests on, or why there is none."""
        if not self.resampled:
            return self.reason
        sources = " or ".join(one.source for one in self.resampled)
        return sources + (" (the larger σ)" if len(self.resampled) > 1 else f"; {self.bound}" if self.bound else "")

    @property
    def n_parts(self) -> int:
        """Parts behind σ, 0 without an error."""
        return min((len(one.curves) for one in self.resampled), default=0)

    def scalar(self, function: Callable[[Array], float], column: int, unit: str, note: str) -> Scalar:
        """`function` of a curve, σ from its values without each part of the data."""
        value = function(self.curves[column])
        found = [jackknife_error(np.array([function(c[column]) for c in one.curves])) for one in self.resampled]
        errors = np.array([float(error) for error in found])
        if not np.isfinite(errors).any():
            reason = "the quantity is not defined without some part of the data" if self.resampled else self.reason
            return Scalar(value, float("nan"), unit, note, reason)
        best = int(np.nanargmax(errors))
        source, short = self.resampled[best].source, unit == self.unit and value * TIMES_PER_RUN > self.run
        if self.bound:
            source += f"; {self.bound}"
        elif short:
            source += f"; the run of {self.run:.4g} {self.unit} is shorter than {TIMES_PER_RUN} such times"
        return Scalar(value, float(errors[best]), unit, note, source, lower_bound=short or bool(self.bound))

    def exponential(self, column: int, start: float, stop: float, unit: str, note: str) -> Scalar:
        """Time constant of an exponential, fitted to the logarithm of a curve over start <= τ <= stop.

        The fit ends where the curve first comes within 3σ of zero: beyond, its logarithm is that of noise.
        """
        end = min(stop, self._above_noise(column))
        if end < stop:
            note += f", ended at {end:.4g} {self.unit}, where the curve is within {NOISE_SIGMAS} σ of zero"
        return self.scalar(lambda c: exponential_time(self.lags, c, start, end), column, unit, note)

    def _above_noise(self, column: int) -> float:
        """Last lag before the curve comes within 3σ of zero."""
        lost = np.flatnonzero(self.curves[column] < NOISE_SIGMAS * self.errors()[column])
        return float(self.lags[max(0, lost[0] - 1)]) if len(lost) else float(self.lags[-1])


def _largest(errors: Array) -> Array:
    """Over the first axis, NaN only where all are."""
    filled = np.where(np.isnan(errors), -1.0, errors).max(axis=0)
    return np.where(filled < 0, np.nan, filled)
