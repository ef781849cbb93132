"""Profiles along the surface normal, and the growing histogram that they use.

Units: Å.  Bin k covers k Δz <= z < (k + 1) Δz with Δz exactly as asked; z in the table is the bin's middle.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.base import Array, Observable, Settings, sampling_warnings
from lmpdrive.observables.blocks import jackknife_error, left_out
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.kernels import load
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.trajectory.frames import Chunk

FIRST_LAYER_A = 4.5
"""Interfacial water (design, part 2); its number per frame gives the correlation time of water profiles."""


class Bins:
    """Sums in bins k = floor(x/width) of any sign; grows with what it is given."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.start = 0
        self.sums = np.zeros(0)

    @property
    def stop(self) -> int:
        """One past the last bin."""
        return self.start + len(self.sums)

    def add(self, x: Array, weights: Array | float) -> None:
        """Add `weights` (one number, or what broadcasts to the shape of x) at `x`.

        Raises ValueError if an x is not a finite number.
        """
        if x.size == 0:
            return
        kernels, flat = load("bins"), np.ravel(x)
        low, high = kernels.limits(flat, self.width)
        if high < low:
            raise ValueError("a value to be counted in bins is not a finite number")
        self._grow(low, high + 1)
        weights = np.asarray(weights, dtype=float)
        if weights.size > 1:
            weights = np.broadcast_to(weights, x.shape)
        kernels.add(flat, weights.ravel(), self.width, self.start, self.sums)

    def merge(self, other: Bins) -> None:
        """Add another's sums."""
        if len(other.sums):
            self._grow(other.start, other.stop)
            self.sums[other.start - self.start : other.stop - self.start] += other.sums

    def _grow(self, low: int, high: int) -> None:
        """Make room for bins `low` to `high` (exclusive)."""
        if len(self.sums):
            low, high = min(self.start, low), max(self.stop, high)
        if not len(self.sums) or (low, high) != (self.start, self.stop):
            self.sums, self.start = self.within(low, high), low

    def within(self, low: int, high: int) -> Array:
        """Sums of bins `low` to `high` (exclusive), zero where nothing was added."""
        out = np.zeros(high - low)
        first, last = max(low, self.start), min(high, self.stop)
        if last > first:
            out[first - low : last - low] = self.sums[first - self.start : last - self.start]
        return out

    def centres(self, low: int, high: int) -> Array:
        """Middles of bins `low` to `high` (exclusive)."""
        return (np.arange(low, high, dtype=float) + 0.5) * self.width


class Profile(Observable):
    """A function of the distance z from the surface.

    A subclass names its value column, adds to `self.bins`, and turns sums into values in `values`.
    With two surfaces each contributes with weight 1/2.
    """

    column: str
    error_column: str
    per_face = True
    frame_sums: ClassVar[tuple[str, ...]] = ("n_frames", "bins", "_gap_sum")

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.bins = Bins(settings.bin_width_A)
        self._series: list[Array] = []
        self._gap_sum = 0.0
        self.two_sided = self.has_surface = False

    def update_profile(self, x: Array, weights: Array, series: Array, interface: InterfaceFrames) -> None:
        """Count one chunk: distances, weights that broadcast to them, and a per-frame series for the sampling."""
        self.bins.add(x, weights)
        self._series.append(series)
        self._gap_sum += float(interface.gap.sum())
        self.two_sided = len(interface.signs) == 2
        self.has_surface = interface.has_surface
        self.n_frames += len(series)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        self.bins.merge(other.bins)
        self._series += other._series
        self._gap_sum += other._gap_sum
        self.two_sided |= other.two_sided
        self.has_surface |= other.has_surface
        self.n_frames += other.n_frames

    def sampled(self) -> Array | None:
        """The per-frame series given to `update_profile`."""
        return np.concatenate(self._series) if self._series else None

    @abstractmethod
    def values(self, low: int, high: int) -> Array:
        """The profile in bins `low` to `high` (exclusive)."""

    @property
    def limits(self) -> tuple[int, int]:
        """Bins of the table: from the surface plane, or below it if there is something, to the last filled."""
        return (min(0, self.bins.start), max(1, self.bins.stop)) if len(self.bins.sums) else (0, 1)

    def result(self) -> dict[str, Array]:
        """z and the profile."""
        self._need_frames()
        return {"z [Å]": self.bins.centres(*self.limits), self.column: self.values(*self.limits)}

    def table(self, blocks: Sequence[Self]) -> Table:
        """The profile with σ from the profiles without each block, on the same bins."""
        import pandas as pd

        columns = self.result()
        n_bins = self.limits[1] - self.limits[0]
        rests = np.array([rest.values(*self.limits) for rest in left_out(blocks)]).reshape(-1, n_bins)
        columns[self.error_column] = jackknife_error(rests)
        inefficiency, warnings = sampling_warnings(np.concatenate(self._series), len(blocks))
        return Table(
            self.name,
            self.title,
            "profile",
            pd.DataFrame(columns),
            self.equation,
            warnings=warnings,
            n_blocks=len(blocks) if len(blocks) > 1 else 0,
            n_frames=self.n_frames,
            statistical_inefficiency=inefficiency,
            scalars=self.scalars(columns["z [Å]"], columns[self.column], rests),
        )

    def scalars(self, z: Array, profile: Array, rests: Array) -> dict[str, Scalar]:
        """Numbers for the summary from the profile and the (n_blocks, bins) profiles without each block."""
        return {}

    @property
    def gap(self) -> float:
        """Mean distance [Å] between the surfaces through the electrolyte (cell height without a metal)."""
        return self._gap_sum / self.n_frames


class WaterMean(Profile):
    """The mean of something over the waters of a bin, NaN where there is none, or no σ where only one block has water.

    A subclass defines the quantity in `of_waters`.
    """

    frame_sums = (*Profile.frame_sums, "counts")

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.counts = Bins(settings.bin_width_A)

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Only where there is O and H."""
        return [cls(settings)] if interface.may_have_water else []

    @abstractmethod
    def of_waters(self, interface: InterfaceFrames) -> Array:
        """(S, W) value of each water as seen from each surface."""

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Sum of the values and number of waters."""
        values = self.of_waters(interface)
        self.counts.add(interface.water_distances, np.ones_like(values))
        self.update_profile(interface.water_distances, values, first_layer(interface, values[0]), interface)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.counts.merge(other.counts)

    def values(self, low: int, high: int) -> Array:
        """Mean in each bin."""
        count = self.counts.within(low, high)
        empty = count == 0
        return np.where(empty, np.nan, self.bins.within(low, high) / np.where(empty, 1.0, count))


def per_frame(frames: NDArray[np.int64], weights: Array, n_frames: int) -> Array:
    """(n_frames,) sums of per-molecule `weights`.

    Raises ValueError if there is not one weight for each molecule, or a molecule's frame is not among the frames.
    """
    weights = np.asarray(weights, dtype=float)
    # compiled code would read and write beyond the arrays
    if weights.shape != frames.shape or (frames.size and not 0 <= frames.min() <= frames.max() < n_frames):
        raise ValueError(f"want one weight for each of {frames.shape} molecules, in frames 0 to {n_frames - 1}")
    return load("bins").sum_by_frame(frames, weights, n_frames)


def first_layer(interface: InterfaceFrames, weights: Array | float = 1.0) -> Array:
    """(F,) sum of `weights` over the water within 4.5 Å of a surface."""
    frames, n_frames = interface.water.frame, len(interface.areas)
    each = np.ascontiguousarray(np.broadcast_to(np.asarray(weights, dtype=float), frames.shape))
    return load("bins").sum_near(interface.water_distances, frames, each, n_frames, FIRST_LAYER_A)


def cosines(interface: InterfaceFrames) -> Array:
    """(S, W) cos θ of each water's bisector with each surface's normal; positive: H away from the surface."""
    return interface.water_cosines
