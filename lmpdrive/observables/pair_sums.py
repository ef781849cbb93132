"""Pairs of atoms by distance, and how many there would be if nothing attracted or repelled anything.

Units: Å.  In a slab the density is not N/V, and shells around an atom near the metal or the vacuum are cut.  The pair
density of an inhomogeneous fluid defines g by ρ(r1, r2) = ρ(r1) ρ(r2) g(r1, r2) (Hansen and McDonald, Theory of Simple
Liquids, section 2.5).  Averaged over all places and directions at distance r:

    g(r) = N(r, r + Δr) / [ 2π r Δr (1/A) ∫dz λ_A(z) ∫_{z-r}^{z+r} dz' λ_B(z') ]

with N the pairs seen per frame and λ(z) the atoms per length along the normal, as found in the run: a sphere of radius
r around z has the area 2π r dz' between z' and z' + dz', whether or not there is anything (so cut shells count with
what is left of them).  For λ constant over the cell this is N(r)/(4π r² Δr N_A N_B/V).

An ideal gas in any slab has g = 1 exactly: N_A N_B is replaced by N_A N_B less the pairs of an atom with itself.  (The
price is the usual one: g of a liquid of N like atoms ends at 1 + 1/N.)  λ and N are from the same frames, which
matters for a handful of frames only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt, field_validator

from lmpdrive.errors import ConfigError
from lmpdrive.observables import geometry
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.base import Options as NoOptions
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.kernels import load
from lmpdrive.observables.kernels.arguments import DistanceBins, PairCells
from lmpdrive.observables.peaks import first_peak, smooth
from lmpdrive.observables.profile import Bins
from lmpdrive.observables.selection import select
from lmpdrive.observables.sums import Sums
from lmpdrive.trajectory.frames import Chunk

PROFILE_BIN_A = 0.1
"""Bins of λ(z); much narrower than the distances of interest."""

SHELL_ENDS_BEFORE = 1.6
"""The first minimum is searched up to this multiple of the first maximum's distance."""

AT_THE_END_A = 0.3
"""A maximum this near to the end of g(r) may only be where the table ends."""

SAMPLED_A = 3.5
"""Pairs within this distance give the correlation time."""

_COUNTS_PER_BATCH = 4_000_000


class PairOptions(NoOptions):
    """The usual pairs, every frame."""

    pairs: tuple[tuple[str, str], ...] | None = None
    """[A, B] each, elements or groups: B around A; default: by the elements present."""
    r_max_A: PositiveFloat = 8.0
    """Longest distance; the table ends at half the narrowest width of the cell."""
    bin_width_A: PositiveFloat = 0.05
    """Δr."""
    every: PositiveInt = 1
    """Every n-th frame of the trajectory."""

    @field_validator("pairs")
    @classmethod
    def _different(cls, pairs: tuple[tuple[str, str], ...] | None) -> tuple[tuple[str, str], ...] | None:
        if pairs is not None and len(set(pairs)) < len(pairs):
            raise ValueError("a pair is named twice")
        return pairs


class PairSums(Sums):
    """Counts of pairs by distance; subclasses turn them into tables."""

    Options: ClassVar[type[Any]] = PairOptions
    per_atom: ClassVar[bool] = False
    frame_sums: ClassVar[tuple[str, ...]] = (*Sums.frame_sums, "pairs", "along", "_per_area", "_height")

    def __init__(self, settings: Settings, names: tuple[str, str], atoms: tuple[NDArray[np.int64], ...]) -> None:
        super().__init__(settings)
        self.options = self.read_options(settings)
        self.names = names
        self.first, self.second = atoms
        self.name = f"{self.family()}_{names[0]}_{names[1]}"
        self.subject = f"{names[0]}-{names[1]}" + (", one pair" if self.n_pairs == 1 else "")
        self.width = self.options.bin_width_A
        self.n_bins = max(1, round(self.options.r_max_A / self.width))
        self.pairs = np.zeros(self.n_bins)
        self.along = Bins(PROFILE_BIN_A), Bins(PROFILE_BIN_A)
        self.reach = np.inf
        """Half the narrowest cell seen: farther than that the nearest image is not the only one."""
        self._per_area = self._height = 0.0

    @classmethod
    def pairs_of(
        cls, interface: Interface, settings: Settings, usual: Callable[[list[str]], list[tuple[str, str]]]
    ) -> list[tuple[tuple[str, str], tuple[NDArray[np.int64], ...]]]:
        """[(names, atoms)] of the pairs in the options, else of `usual` (given the elements that are not slab)."""
        given = cls.read_options(settings).pairs
        where = f"observables.options.{cls.family()}.pairs"
        known = interface.ions | interface.others
        if len(interface.pair_oxygens):
            known["O"] = interface.pair_oxygens
        found = []
        for names in usual(sorted(known)) if given is None else given:
            if given is None:  # the O of an oxide or an anion is not the water's
                found.append((names, tuple(known[name] for name in names)))
                continue
            atoms = tuple(select(name, interface, where).atoms for name in names)
            if not all(len(one) for one in atoms):
                raise ConfigError(f"{where}: {' and '.join(names)}: one of them has no atoms")
            found.append((names, atoms))
        return found

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Count the pairs of the frames that are used."""
        picks = np.arange(-chunk.first % self.options.every, len(chunk), self.options.every)
        if not len(picks):
            return
        cells = np.ascontiguousarray(chunk.cells)
        for_pairs, reach = pair_cells(cells)
        self.reach = min(self.reach, reach)
        bins = DistanceBins(self.width, self.n_bins, self.per_atom)
        series = []
        batch = max(1, _COUNTS_PER_BATCH // (self.n_bins * (len(self.first) if self.per_atom else 1)))
        for start in range(0, len(picks), batch):
            counts = load("pairs").count_pairs(
                chunk.coordinates.columns, for_pairs, picks[start : start + batch], self.first, self.second, bins
            )
            total = counts.sum(axis=1)
            self.pairs += total.sum(axis=0)
            self.count_atoms(counts)
            series.append(total[:, : round(SAMPLED_A / self.width)].sum(axis=1))
        for along, atoms in zip(self.along, (self.first, self.second), strict=True):
            z = interface.distances(atoms)[0, picks]
            along.add(z, np.ones_like(z))
        self._per_area += float((1.0 / interface.areas[picks]).sum())
        self._height += float(geometry.heights(cells[picks]).sum())
        self.count(np.concatenate(series).astype(float))

    def count_atoms(self, counts: NDArray[np.int64]) -> None:
        """What else is to be made of (F, n or 1, n_bins) counts."""

    def merge(self, other: Any) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.pairs += other.pairs
        for mine, theirs in zip(self.along, other.along, strict=True):
            mine.merge(theirs)
        self.reach = min(self.reach, other.reach)
        self._per_area += other._per_area
        self._height += other._height

    def sampled(self) -> Array | None:
        """Pairs within 3.5 Å per frame, if every frame is used."""
        return super().sampled() if self.options.every == 1 else None

    @property
    def n_pairs(self) -> int:
        """Different pairs of atoms."""
        common = len(np.intersect1d(self.first, self.second))
        return len(self.first) * len(self.second) - common * (common + 1) // 2

    @property
    def n_valid(self) -> int:
        """Bins within reach."""
        return int(min(self.n_bins, self.reach / self.width + 1e-9)) if np.isfinite(self.reach) else self.n_bins

    @property
    def r(self) -> Array:
        """Middles of the bins within reach."""
        return (np.arange(self.n_valid) + 0.5) * self.width

    def ideal(self) -> Array:
        """Pairs per frame and bin of an ideal gas with the run's profiles (the equation at the top)."""
        low = min(bins.start for bins in self.along)
        high = max(bins.stop for bins in self.along)
        first, second = (bins.within(low, high) / self.n_frames for bins in self.along)
        # Σ_z λ_A(z) λ_B(z + d), d = (k - n + 1) Δz, as a step function of d and then its integral
        overlap = np.correlate(second, first, mode="full")
        edges = (np.arange(len(overlap) + 1) - len(first) + 0.5) * PROFILE_BIN_A
        integral = np.concatenate([[0.0], np.cumsum(overlap)])
        height = self._height / self.n_frames
        between = np.zeros(len(self.r))
        for image in (-height, 0.0, height):  # the next slab, or the same water across the boundary
            between += np.interp(self.r + image, edges, integral) - np.interp(-self.r + image, edges, integral)
        n_pairs = len(self.first) * len(self.second)
        themselves = len(np.intersect1d(self.first, self.second))
        distinct = (n_pairs - themselves) / n_pairs if n_pairs else 0.0
        return 2.0 * np.pi * self.r * self.width * between * (self._per_area / self.n_frames) * distinct

    def g(self, part: Any) -> Array:
        """g(r) of a part's pairs over the ideal pairs of all frames; NaN where there can be none."""
        ideal = self.ideal() * part.n_frames
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(ideal > 0, part.pairs[: self.n_valid] / ideal, np.nan)

    def running(self, part: Any) -> Array:
        """n(r): neighbours within the outer edge of each bin, per atom of A."""
        n = part.n_frames * len(self.first)
        return np.cumsum(part.pairs[: self.n_valid]) / n if n else np.full(self.n_valid, np.nan)

    def shell(self) -> float:
        """Where the first shell ends: the first minimum of g after its first maximum; NaN if there is none."""
        return shell_end(self.r, self.g(self)) if self.n_frames else float("nan")


def pair_cells(cells: Array) -> tuple[PairCells, float]:
    """What `kernels.pairs` needs of (F, 3, 3) cells, and the distance [Å] up to which it finds all pairs.

    c is taken off by the height over the a-b plane, then b by its height over a within the plane, then a.  Of a pair
    closer than half of the least of these heights that finds the nearest image, however c is tilted.
    """
    a, b, c = cells[:, 0], cells[:, 1], cells[:, 2]
    normal = geometry.normals(cells)
    over_a = np.cross(normal, a)
    along = np.stack([a, over_a, normal], axis=1)
    along /= np.einsum("fki,fki->fk", along, np.stack([a, b, c], axis=1))[:, :, None]
    orthogonal = (cells == cells * np.eye(3)).all(axis=(1, 2))
    reach = 0.5 / float(np.linalg.norm(along, axis=2).max())
    inverses: Array = np.linalg.inv(cells).astype(float)
    return PairCells(cells, along, inverses, orthogonal), reach


def nearest_peak(r: Array, g: Array) -> tuple[float, float]:
    """(distance, height) of the first maximum of g; NaN where g only rises to its end."""
    peak, height = first_peak(r, np.nan_to_num(g))
    at_the_end = len(r) and peak > r[-1] - AT_THE_END_A
    return (float("nan"), float("nan")) if at_the_end else (peak, height)


def shell_end(r: Array, g: Array) -> float:
    """Distance of the minimum of the smoothed g between its first maximum r_1 and 1.6 r_1; NaN if it only falls."""
    g = np.nan_to_num(g)
    peak, _ = nearest_peak(r, g)
    window = np.flatnonzero((r > peak) & (r <= SHELL_ENDS_BEFORE * peak))
    if not len(window):
        return float("nan")
    lowest = int(smooth(r, g)[window].argmin())
    if lowest == len(window) - 1:
        return float("nan")
    return float(r[window[lowest]])
