"""Functions of a lag τ: what all correlation observables share.

A pair (t, t + τ) counts if its origin t is one of the sampled frames and
  origins = "window":  t + τ is not beyond the end of the window of t (window k covers k T <= t <= (k + 1) T);
  origins = "all":     τ is not longer than the longest lag, so every pair of the trajectory counts once.
Both have the same expectation; "all" has more pairs at long lags.  Units: ps, or frames where the timestep is unknown.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from lmpdrive.observables.base import NO_LONG_LAGS, TOO_FEW, TOO_SHORT, Array, Observable, Options, Settings
from lmpdrive.observables.blocks import block_error
from lmpdrive.observables.interface import InterfaceFrames
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.observables.windows import Arrays, Stretch, Windows
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

    A subclass sets `columns` (values) and `error_columns`, and implements `sample`, `correlate`, `curves`.
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
        self.sums: Array | None = None
        self._first_time = self._last_time = float("nan")
        self._cuts = 0
        self.thinned = ""

    # -- what a subclass implements ------------------------------------------------------------------------------

    @abstractmethod
    def sample(self, chunk: Chunk, interface: InterfaceFrames, picks: NDArray[np.int64]) -> Arrays:
        """What a window needs of the frames `picks` of a chunk: arrays whose first axis is the frame."""

    @abstractmethod
    def correlate(self, samples: Arrays, n_origins: int) -> Array:
        """(rows, n_lags) sums over the pairs of one window."""

    @abstractmethod
    def curves(self, sums: Array) -> Array:
        """(len(columns), n_lags) values from (rows, n_lags) sums; NaN where there was no pair."""

    def pairs(self, sums: Array) -> Array:
        """(n_lags,) number of pairs for each lag: by default the last row of the sums."""
        return sums[-1]

    def scalars(self, lags: Array, curves: Array, blocks: Array) -> dict[str, Scalar]:
        """Numbers for the summary, from (columns, n_lags) curves and (n_blocks, columns, n_lags) of the blocks."""
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
        if other.sums is not None:
            self.sums = other.sums.copy() if self.sums is None else self.sums + other.sums
        if self.n_frames == 0:
            self._first_time = other._first_time
        self._last_time = other._last_time
        self._cuts += other._cuts
        self.n_frames += other.n_frames

    def _irregular(self, times_ps: Array) -> NDArray[np.bool_]:
        """Where the time to the next frame is not the trajectory's; never where times are unknown."""
        steps = np.diff(times_ps)
        return np.abs(steps - self.interval_ps) > 0.1 * self.interval_ps

    def _add(self, windows: Sequence[tuple[Arrays, int]]) -> None:
        for samples, n_origins in windows:
            sums = self.correlate(samples, n_origins)
            self.sums = sums if self.sums is None else self.sums + sums

    # -- tables out ----------------------------------------------------------------------------------------------

    @property
    def lags(self) -> Array:
        """(n_lags,) ps, or frames."""
        return np.arange(self.n_lags) * (self.step_ps if self.unit == "ps" else float(self.stride))

    def variable(self) -> dict[str, Array]:
        """First column."""
        return {f"τ [{self.unit}]": self.lags}

    def total(self) -> Array:
        """Sums over all windows, with the unfinished ones at both ends."""
        self._need_frames()
        parts = [self.correlate(samples, n) for samples, n in self.windows.unfinished()]
        if self.sums is not None:
            parts.append(self.sums)
        return np.sum(parts, axis=0) if parts else np.zeros((self.n_rows, self.n_lags))

    n_rows: int = 2
    """Rows of the sums (needed where a part has frames and none of them is a sample)."""

    def result(self) -> dict[str, Array]:
        """Lag and values."""
        total = self.total()
        columns = self.variable() | dict(zip(self.columns, self.curves(total), strict=True))
        return {header: values[: self.n_shown(total)] for header, values in columns.items()}

    def n_shown(self, total: Array) -> int:
        """Rows of the table: to the last lag that has a pair, at least one."""
        seen = np.flatnonzero(self.pairs(total) > 0)
        return int(seen[-1]) + 1 if len(seen) else 1

    def table(self, blocks: Sequence[Self]) -> Table:
        """The curves with σ from the blocks; a block too short for a lag does not count at that lag."""
        import pandas as pd

        total = self.total()
        curves = self.curves(total)
        of_blocks = np.array([block.curves(block.total()) for block in blocks if block.n_frames])
        used = len(of_blocks) if len(of_blocks) > 1 else 0
        errors = block_error(of_blocks) if used else np.full(curves.shape, np.nan)
        columns = self.variable()
        for column, error_column, curve, error in zip(self.columns, self.error_columns, curves, errors, strict=True):
            columns |= {column: curve, error_column: error}
        of_blocks = of_blocks if used else np.full((1, *curves.shape), np.nan)
        scalars = self.scalars(self.lags, curves, of_blocks)
        return Table(
            self.name,
            self.title,
            "correlation",
            pd.DataFrame(columns).iloc[: self.n_shown(total)],
            self.equation,
            notes=(self._sampling_note(self.pairs(total)), *self.notes()),
            warnings=(*self._sampling_warnings(used, blocks, scalars), *self.alarms()),
            n_blocks=used,
            n_frames=self.n_frames,
            scalars=scalars,
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

    def _sampling_warnings(self, used: int, blocks: Sequence[Self], scalars: dict[str, Scalar]) -> tuple[str, ...]:
        warnings = []
        if self._cuts:
            warnings.append(f"The time between frames changes {self._cuts} times: no pair spans such a change.")
        if used < 2:
            return (*warnings, f"{TOO_FEW} ({self.n_frames}): no errors are given.")
        frames = min(block.n_frames for block in blocks if block.n_frames)
        if frames < (self.n_lags - 1) * self.stride:
            warnings.append(
                f"{NO_LONG_LAGS}: {frames} frames against {(self.n_lags - 1) * self.stride}; "
                "errors at long lags are missing, run longer."
            )
        times = [s.value for s in scalars.values() if s.unit in ("ps", "frames") and np.isfinite(s.value)]
        block = frames * (self.interval_ps if self.unit == "ps" else 1.0)
        if times and max(times) > block:
            warnings.append(
                f"{TOO_SHORT}: {block:.3g} {self.unit} against {max(times):.3g} {self.unit}; "
                "the errors are too small, run longer."
            )
        return tuple(warnings)

    def fit_range(self) -> tuple[float, float]:
        """Lags of the fit, in the unit of the lags."""
        start, stop = self.options.fit_ps or (0.2 * float(self.lags[-1]) * self._ps, float(self.lags[-1]) * self._ps)
        return start / self._ps, stop / self._ps

    @property
    def _ps(self) -> float:
        """ps per unit of the lags."""
        return 1.0 if self.unit == "ps" else self.interval_ps

    def scalar(self, function: Callable[[Array], float], curve: Array, blocks: Array, unit: str, note: str) -> Scalar:
        """`function` of a curve, σ from its values on the blocks' curves (NaN with fewer than two)."""
        values = np.array([function(block) for block in blocks])
        error = float(block_error(values)) if len(blocks) > 1 else float("nan")
        return Scalar(function(curve), error, unit, note)


def autocorrelation(series: NDArray[Any], n_origins: int, n_lags: int) -> Array:
    """(n_lags,) Σ_i Σ_t x_i(t) x_i(t + τ) over the origins t < n_origins with t + τ < n; series : (n, M).

    By FFT (Wiener-Khinchin): all pairs of the n samples, less those whose origin is not among the first n_origins.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    def all_pairs(x: Array) -> Array:
        n = len(x)
        out = np.zeros(n_lags)
        if n == 1:
            out[0] = float((x * x).sum())
        elif n and x.shape[1]:
            size = next_fast_len(n + min(n, n_lags) - 1, real=True)
            spectrum = rfft(np.ascontiguousarray(x.T), size, axis=1)
            power = (spectrum.real**2 + spectrum.imag**2).sum(axis=0)
            kept = min(n, n_lags)
            out[:kept] = irfft(power, size)[:kept]
        return out

    series = np.asarray(series, dtype=float)
    return all_pairs(series) - all_pairs(series[n_origins:])


def ratio(numerator: Array, denominator: Array) -> Array:
    """numerator/denominator, NaN where the denominator is below one half (no pair; sums of FFTs are not exact)."""
    return np.where(denominator > 0.5, numerator / np.maximum(denominator, 0.5), np.nan)
