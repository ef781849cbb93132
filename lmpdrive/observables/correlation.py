"""Functions of a lag τ: what all correlation observables share.

A pair (t, t + τ) counts if its origin t is one of the sampled frames and
  origins = "window":  t + τ is not beyond the end of the window of t (window k covers k T <= t <= (k + 1) T);
  origins = "all":     τ is not longer than the longest lag, so every pair of the trajectory counts once.
Both have the same expectation; "all" has more pairs at long lags.  Units: ps, or frames where the timestep is unknown.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from lmpdrive.observables.base import NO_ERROR, SHORT_OF_LAGS, Array, Observable, Options, Settings
from lmpdrive.observables.interface import InterfaceFrames
from lmpdrive.observables.resampling import FEWEST_PARTS, LAGS_APART, Estimate, Groups, Resampled, WindowSums
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.observables.windows import Arrays, Stretch, Window, Windows
from lmpdrive.trajectory.frames import Chunk

ASSUMED_INTERVAL_PS = 0.01
"""Frames of a run (design, part 2); sizes windows where the timestep is unknown."""


class CorrelationOptions(Options):
    """What every correlation has; an observable sets its own defaults."""

    window_ps: PositiveFloat = 2.5
    """Length T of a window, and the longest lag unless `max_lag_ps` is shorter."""
    max_lag_ps: PositiveFloat | None = None
    """Longest lag; default the window."""
    sample_ps: NonNegativeFloat = 0.0
    """Time between the frames that are used; 0 uses every frame."""
    origins: Literal["window", "all"] = "all"
    """`all` pairs up to the longest lag, or those within each `window`."""
    max_molecules: PositiveInt = 1000
    """Of more molecules (or atoms) so many are used, chosen at random: memory and time stay bounded."""
    fit_ps: tuple[NonNegativeFloat, PositiveFloat] | None = Field(default=None)
    """Lags of the fit; default from a fifth of the longest lag to the longest lag."""


class Correlation(Observable):
    """A function of the lag, from sums over windows.

    A subclass sets `columns` (values) and `error_columns`, and implements `sample`, `correlate`, `curves`; and sets
    `groups` where its sums can be told apart by molecule.
    """

    Options: ClassVar[type[Any]] = CorrelationOptions
    columns: tuple[str, ...]
    error_columns: tuple[str, ...]

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.options = self.read_options(settings)
        known = settings.times_known and settings.frame_interval_ps > 0
        self.unit = "ps" if settings.times_known else "frames"
        self.interval_ps = settings.frame_interval_ps if known else ASSUMED_INTERVAL_PS
        self.stride = max(1, round(self.options.sample_ps / self.interval_ps))
        self.step_ps = self.stride * self.interval_ps
        self.length = max(1, round(self.options.window_ps / self.step_ps))
        longest = self.options.max_lag_ps or self.options.window_ps
        self.n_lags = min(self.length, max(1, round(longest / self.step_ps))) + 1
        self.windows = Windows(self.length, self.n_lags - 1 if self.options.origins == "all" else 1)
        self.sums = WindowSums(self.length)
        self.groups = Groups(np.zeros(0, dtype=np.int64))
        self._first_time = self._last_time = float("nan")
        self._cuts = 0
        self.thinned = ""

    # -- what a subclass implements ------------------------------------------------------------------------------

    @abstractmethod
    def sample(self, chunk: Chunk, interface: InterfaceFrames, picks: NDArray[np.int64]) -> Arrays:
        """What a window needs of the frames `picks` of a chunk: arrays whose first axis is the frame."""

    @abstractmethod
    def correlate(self, samples: Arrays, n_origins: int) -> Array:
        """(groups, rows, n_lags) sums over the pairs of one window, for each of `self.groups`."""

    @abstractmethod
    def curves(self, sums: Array) -> Array:
        """(len(columns), n_lags) values from (rows, n_lags) sums; NaN where there was no pair."""

    def pairs(self, sums: Array) -> Array:
        """(n_lags,) number of pairs for each lag: by default the last row of the sums."""
        return sums[-1]

    def scalars(self, estimate: Estimate) -> dict[str, Scalar]:
        """Numbers for the summary, each `estimate.scalar(function, column, unit, note)`."""
        return {}

    def notes(self) -> tuple[str, ...]:
        """Assumptions."""
        return ()

    def alarms(self) -> tuple[str, ...]:
        """What the reader must know."""
        return ()

    # -- frames in -----------------------------------------------------------------------------------------------

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Add the frames of a chunk."""
        if not len(chunk):
            return
        picks = np.arange(-chunk.first % self.stride, len(chunk), self.stride)
        arrays = self.sample(chunk, interface, picks)
        first = -(-chunk.first // self.stride)
        # a sample after an irregular interval has no pairs with those before it
        irregular = np.flatnonzero(self._irregular(np.concatenate([[self._last_time], chunk.times_ps])))
        cuts = np.unique(-(-(irregular + chunk.first) // self.stride) - first)
        edges = [*np.union1d(0, cuts).tolist(), len(picks)]
        for start, stop in pairwise(edges):
            if start in cuts:
                self._add(self.windows.cut())
                self._cuts += 1
            self._add(self.windows.add(Stretch(first + start, tuple(array[start:stop] for array in arrays))))
        if self.n_frames == 0:
            self._first_time = float(chunk.times_ps[0])
        self._last_time = float(chunk.times_ps[-1])
        self.n_frames += len(chunk)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw, which come after this one's."""
        if not other.n_frames:
            return
        if self.n_frames and self._irregular(np.array([self._last_time, other._first_time])).any():
            self._add(self.windows.cut())
            self._cuts += 1
        self._add(self.windows.merge(other.windows))
        self.sums.merge(other.sums)
        if self.n_frames == 0:
            self._first_time = other._first_time
        self._last_time = other._last_time
        self._cuts += other._cuts
        self.n_frames += other.n_frames

    def _irregular(self, times_ps: Array) -> NDArray[np.bool_]:
        """Where the time to the next frame is not the trajectory's; never where times are unknown."""
        steps = np.diff(times_ps)
        return np.abs(steps - self.interval_ps) > 0.1 * self.interval_ps

    def _add(self, windows: Sequence[Window]) -> None:
        for window in windows:
            self.sums.add(self.correlate(window.arrays, window.n_origins), window.first)

    # -- tables out ----------------------------------------------------------------------------------------------

    @property
    def lags(self) -> Array:
        """(n_lags,) ps, or frames."""
        return np.arange(self.n_lags) * (self.step_ps if self.unit == "ps" else float(self.stride))

    def variable(self) -> dict[str, Array]:
        """First column."""
        return {f"τ [{self.unit}]": self.lags}

    def every_sum(self) -> WindowSums:
        """Sums over all windows, with the unfinished ones at both ends."""
        self._need_frames()
        sums = self.sums.copy()
        for window in self.windows.unfinished():
            sums.add(self.correlate(window.arrays, window.n_origins), window.first)
        return sums

    def _total(self, sums: WindowSums) -> Array:
        if sums.by_group is None:
            return np.zeros((self.n_rows, self.n_lags))
        total: Array = sums.by_group.sum(axis=0)
        return total

    n_rows: int = 2
    """Rows of the sums (needed where a part has frames and none of them is a sample)."""

    def result(self) -> dict[str, Array]:
        """Lag and values."""
        total = self._total(self.every_sum())
        columns = self.variable() | dict(zip(self.columns, self.curves(total), strict=True))
        return {header: values[: self.n_shown(total)] for header, values in columns.items()}

    def n_shown(self, total: Array) -> int:
        """Rows of the table: to the last lag that has a pair, at least one."""
        seen = np.flatnonzero(self.pairs(total) > 0)
        return int(seen[-1]) + 1 if len(seen) else 1

    def _estimate(self, sums: WindowSums) -> Estimate:
        """The curves, and the same without each part of the data."""
        longest, lag = self.n_lags - 1, f"{self.lags[-1]:.4g} {self.unit}"
        without_groups, without_blocks = sums.without_groups(), sums.without_blocks(longest)
        bound = ""
        if not without_blocks:
            bound = f"the run of {self.run:.4g} {self.unit} is shorter than {FEWEST_PARTS} longest lags of {lag}"
        elif not without_groups and (apart := sums.without_blocks(LAGS_APART * longest)):
            without_blocks = apart
        elif not without_groups:
            bound = f"the blocks are shorter than {LAGS_APART} longest lags of {lag}"
        parts = (
            (without_groups, f"{len(without_groups)} groups of molecules"),
            (
                without_blocks,
                f"{len(without_blocks)} blocks of {self.run / max(1, len(without_blocks)):.3g} {self.unit}",
            ),
        )
        resampled = tuple(
            Resampled(np.array([self.curves(one) for one in without]), text) for without, text in parts if without
        )
        reason = f"there are fewer than {FEWEST_PARTS} molecules to compare, and {bound}"
        return Estimate(self.lags, self.unit, self.curves(self._total(sums)), resampled, reason, bound, self.run)

    @property
    def run(self) -> float:
        """Length of the run, in the unit of the lags."""
        return self.n_frames * (self.interval_ps if self.unit == "ps" else 1.0)

    def table(self, blocks: Sequence[Self]) -> Table:
        """The curves with σ by resampling molecules or blocks of time; one block gives none."""
        import pandas as pd

        sums = self.every_sum()
        total, estimate = self._total(sums), self._estimate(sums)
        if len(blocks) < 2:
            estimate = replace(estimate, resampled=(), reason="one block was asked for, or there are too few frames")
        columns = self.variable()
        for column, error_column, curve, error in zip(
            self.columns, self.error_columns, estimate.curves, estimate.errors(), strict=True
        ):
            columns |= {column: curve, error_column: error}
        return Table(
            self.name,
            self.title,
            "correlation",
            pd.DataFrame(columns).iloc[: self.n_shown(total)],
            self.equation,
            notes=(self._sampling_note(self.pairs(total)), *self.notes()),
            warnings=(*self._sampling_warnings(estimate), *self.alarms()),
            n_blocks=estimate.n_parts,
            n_frames=self.n_frames,
            scalars=self.scalars(estimate),
            source=estimate.source,
        )

    def thin(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """At most `max_molecules` of the items, the same ones each time; the table says so."""
        most = self.options.max_molecules
        if len(items) <= most:
            return items
        self.thinned = f" {most} of {len(items)} molecules (or atoms) are used, chosen at random (max_molecules)."
        # not every k-th: O, H, H in turn would give one element only
        return np.sort(np.random.default_rng(0).choice(items, most, replace=False))

    def _sampling_note(self, pairs: Array) -> str:
        every = (
            "every frame"
            if self.stride == 1
            else f"frames {self.step_ps:.4g} ps apart"
            if self.unit == "ps"
            else f"one frame in {self.stride}"
        )
        length = f"{self.length * self.step_ps:.4g} ps" if self.unit == "ps" else f"{self.length * self.stride} frames"
        last = np.flatnonzero(pairs > 0)
        shortest, longest = (pairs[0], pairs[last[-1]]) if len(last) else (0, 0)
        how = "pairs within windows" if self.options.origins == "window" else "all pairs, windows"
        unknown = "" if self.unit == "ps" else " The timestep is not known: lags are in frames."
        return (
            f"{self.title}: {every}, {how} of {length}; {shortest:.0f} samples at the shortest lag, "
            f"{longest:.0f} at the longest that has any.{unknown}{self.thinned}"
        )

    def _sampling_warnings(self, estimate: Estimate) -> tuple[str, ...]:
        warnings = []
        if self.n_frames < (self.n_lags - 1) * self.stride:
            warnings.append(f"{SHORT_OF_LAGS}: {self.run:.4g} {self.unit} against {self.lags[-1]:.4g} {self.unit}.")
        if self._cuts:
            warnings.append(f"The time between frames changes {self._cuts} times: no pair spans such a change.")
        if not estimate.resampled:
            warnings.append(f"{NO_ERROR}: {estimate.reason}.")
        return tuple(warnings)

    def fit_range(self) -> tuple[float, float]:
        """Lags of the fit, in the unit of the lags."""
        start, stop = self.options.fit_ps or (0.2 * float(self.lags[-1]) * self._ps, float(self.lags[-1]) * self._ps)
        return start / self._ps, stop / self._ps

    @property
    def _ps(self) -> float:
        """ps per unit of the lags."""
        return 1.0 if self.unit == "ps" else self.interval_ps


def autocorrelation(series: NDArray[Any], n_origins: int, n_lags: int, members: Array | None = None) -> Array:
    """(groups, n_lags) Σ_i Σ_t x_i(t) x_i(t + τ) over the origins t < n_origins with t + τ < n; series : (n, M).

    members : (groups, M) which columns i count in which group; None: one group of all.
    By FFT (Wiener-Khinchin): all pairs of the n samples, less those whose origin is not among the first n_origins.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    series = np.asarray(series, dtype=float)
    weights = np.ones((1, series.shape[1])) if members is None else members

    def all_pairs(x: Array) -> Array:
        n = len(x)
        out = np.zeros((len(weights), n_lags))
        if n == 1:
            out[:, 0] = weights @ (x * x).sum(axis=0)
        elif n and x.shape[1]:
            size = next_fast_len(n + min(n, n_lags) - 1, real=True)
            spectrum = rfft(np.ascontiguousarray(x.T), size, axis=1)
            power = weights @ (spectrum.real**2 + spectrum.imag**2)
            kept = min(n, n_lags)
            out[:, :kept] = irfft(power, size, axis=1)[:, :kept]
        return out

    return all_pairs(series) - all_pairs(series[n_origins:])


def ratio(numerator: Array, denominator: Array) -> Array:
    """numerator/denominator, NaN where the denominator is below one half (no pair; sums of FFTs are not exact)."""
    return np.where(denominator > 0.5, numerator / np.maximum(denominator, 0.5), np.nan)
