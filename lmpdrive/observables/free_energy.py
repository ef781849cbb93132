"""F(z) of an ion from windows of umbrella sampling, and from runs without a bias: F(z) = -kT ln p(z), by MBAR.

The heights of each window are counted on a grid, and cut into ten contiguous blocks.  σ is the jackknife error of F(z)
minus F at the reference: all of it is computed again without each block of each window, σ² = Σ_k σ_k² with the σ_k of
window k (windows are independent runs).  A run without a bias is a window whose spring is zero.  Runs with the same
spring are one window, one after the other.  Å, eV, K.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.errors import TrajectoryError
from lmpdrive.observables import mbar
from lmpdrive.observables.blocks import block_edges, jackknife_error, statistical_inefficiency
from lmpdrive.observables.tables import Scalar

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Reference = tuple[float, float] | None
"""Heights [Å] over which the mean of p(z) is the zero of F; None: the bin with the lowest F."""

LEAST_OVERLAP = 0.03
"""Of neighbouring windows in MBAR's overlap matrix; below, their offset is not determined (Klimovich, Shirts, Mobley,
J. Comput. Aided Mol. Des. 29, 397 (2015))."""
BLOCKS = 10
LEAST_SAMPLES = 2 * BLOCKS
"""Heights of a window."""
GRID_A = 0.01
"""Largest cell of the grid; a spring of 100 eV/Å^2 spreads the ion over 0.016 Å."""
MOST_NAMED = 4


@dataclass(frozen=True, eq=False)
class Window:
    """One run: its name, its spring E = k/2 (z - z₀)², its temperature, and the heights of its production.

    heights_A : (frames,), or (frames, ions) for several ions without a bias.
    """

    name: str
    ion: str
    at_A: float
    k_eV_per_A2: float
    temperature_K: float
    heights_A: Array

    @property
    def correlation(self) -> float:
        """How many blocks the correlation of its heights lasts (statistical inefficiency over the block's length)."""
        series = self.heights_A if self.heights_A.ndim == 1 else self.heights_A.mean(axis=1)
        return float(np.nan_to_num(statistical_inefficiency(series)) * BLOCKS / len(series))


@dataclass(frozen=True, eq=False)
class FreeEnergy:
    """F(z) in bins of z, B of them, over K windows.

    z_A, values_eV, errors_eV : (B,); σ is NaN where the ion was in a single block.
    left_out_eV : (K, blocks, B) F without a block, against the same reference.
    densities : (K, B) share of each window's heights in a bin, per Å.
    overlap : (K, K) MBAR's matrix.  warnings : what to think of σ.
    """

    z_A: Array
    values_eV: Array
    errors_eV: Array
    left_out_eV: Array
    densities: Array
    windows: tuple[Window, ...]
    overlap: Array
    reference: str
    warnings: tuple[str, ...] = field(default=())

    @property
    def table(self) -> pd.DataFrame:
        """z, F and σ, with units."""
        import pandas as pd

        return pd.DataFrame({"z [Å]": self.z_A, "F(z) [eV]": self.values_eV, "σ F(z) [eV]": self.errors_eV})

    @property
    def lowest_A(self) -> float:
        """Where F is lowest."""
        return float(self.z_A[np.argmin(self.values_eV)])

    @property
    def highest_known(self) -> int:
        """The bin of the largest z that has an error."""
        return int(np.flatnonzero(np.isfinite(self.errors_eV))[-1])

    @property
    def height(self) -> Scalar:
        """F at the largest z minus F at the reference [eV]."""
        row = self.highest_known
        return Scalar(
            float(self.values_eV[row]), float(self.errors_eV[row]), "eV", lower_bound=bool(self.warnings), headline=True
        )

    @property
    def height_in_words(self) -> str:
        """What `height` is."""
        return f"F at {self.z_A[self.highest_known]:.2f} Å, zero at {self.reference}"


@dataclass(frozen=True, eq=False)
class Deviation:
    """How far two F(z) are apart after the offset that brings them closest, in bins that both have with errors.

    offset_eV : what is added to the second; differences_eV and errors_eV : (n,) of first minus second.
    """

    z_A: Array
    offset_eV: float
    differences_eV: Array
    errors_eV: Array

    @property
    def sigmas(self) -> Array:
        """(n,) difference over its σ."""
        return np.asarray(self.differences_eV / self.errors_eV)

    @property
    def sentence(self) -> str:
        """The largest one, in words."""
        worst = int(np.argmax(np.abs(self.sigmas)))
        within = np.mean(np.abs(self.sigmas) <= 2)
        return (
            f"largest deviation {abs(self.sigmas[worst]):.1f} σ ({self.differences_eV[worst]:+.3f} eV at "
            f"{self.z_A[worst]:.2f} Å); {within:.0%} of {len(self.z_A)} bins within 2 σ, after an offset of "
            f"{self.offset_eV:+.3f} eV"
        )


def free_energy(windows: Sequence[Window], bin_width_A: float = 0.2, reference: Reference = None) -> FreeEnergy:
    """F(z) in the bins that were visited, zero at its minimum or over the heights `reference`.

    Raises TrajectoryError for windows of different ions or temperatures, for too few heights, for windows that do not
    overlap, and for a reference that the ion did not visit.
    """
    _check_alike(windows)
    windows = _pooled(windows)
    grid = _Grid.over(windows, bin_width_A)
    kt = K_B_EV_PER_K * windows[0].temperature_K
    biases = np.array([0.5 * w.k_eV_per_A2 * (grid.cells_A - w.at_A) ** 2 for w in windows]) / kt
    blocks = np.array([grid.blocks(window) for window in windows])
    counts = blocks.sum(axis=1)
    f = mbar.solve(biases, counts)
    matrix = mbar.overlap(f, biases, counts)
    _check_overlap(matrix, windows)
    p = grid.binned(mbar.density(f, biases, counts))
    visited = p > 0
    zero = _Zero.of(reference, p, grid.middles_A)
    left_out = np.full((*blocks.shape[:2], int(visited.sum())), np.nan)
    for k, block in np.ndindex(*blocks.shape[:2]):
        rest = counts.copy()
        rest[k] -= blocks[k, block]
        without = grid.binned(mbar.density(mbar.solve(biases, rest, f), biases, rest))
        left_out[k, block] = zero.free_energy(without, kt)[visited]
    found = np.array([jackknife_error(one) for one in left_out])
    densities = grid.binned(counts)[:, visited] / counts.sum(axis=1)[:, None] / grid.width_A
    return FreeEnergy(
        grid.middles_A[visited],
        zero.free_energy(p, kt)[visited],
        np.sqrt((found**2).sum(axis=0)),
        left_out,
        densities,
        tuple(windows),
        matrix,
        str(zero),
        (*_gaps(grid.middles_A, visited), *_warnings(windows)),
    )


def _pooled(windows: Sequence[Window]) -> list[Window]:
    """From the lowest to the highest; runs with the same spring are one, so that its blocks see how far they differ."""
    found: dict[tuple[float, float], list[Window]] = {}
    for window in sorted(windows, key=lambda window: (window.at_A, window.name)):
        found.setdefault((window.at_A, window.k_eV_per_A2), []).append(window)
    for alike in found.values():
        if len({window.heights_A.shape[1:] for window in alike}) > 1:
            names = ", ".join(window.name for window in alike)
            raise TrajectoryError(f"{names} have different numbers of {alike[0].ion}: give runs with the same")
    return [
        replace(
            alike[0],
            name=" + ".join(window.name for window in alike),
            heights_A=np.concatenate([window.heights_A for window in alike]),
        )
        for alike in found.values()
    ]


def deviation(one: FreeEnergy, other: FreeEnergy) -> Deviation:
    """Of two F(z) with the same bins; σ is that of the difference less the best common offset.

    Raises TrajectoryError if they have fewer than two bins with errors in common.
    """
    rows = _common_bins(one, other)
    a, b = ([values[rows[i]] for values in (f.values_eV, f.errors_eV)] for i, f in enumerate((one, other)))
    # F at the reference has no error of its own: weights from the errors of all other bins
    spread = np.hypot(a[1], b[1])
    weights = 1 / np.maximum(spread, np.median(spread)) ** 2
    weights /= weights.sum()
    offset = float(weights @ (a[0] - b[0]))
    errors = np.zeros(len(rows[0]))
    for i, f in enumerate((one, other)):
        parts = f.left_out_eV[..., rows[i]]
        parts = parts - (parts @ weights)[..., None]
        errors += sum(jackknife_error(part) ** 2 for part in parts)
    return Deviation(one.z_A[rows[0]], offset, a[0] - b[0] - offset, np.sqrt(errors))


def _common_bins(one: FreeEnergy, other: FreeEnergy) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the bins that both have, with errors."""
    keys = [np.where(np.isfinite(f.errors_eV), np.round(f.z_A, 6), np.nan) for f in (one, other)]
    _, first, second = np.intersect1d(keys[0], keys[1], return_indices=True)
    known = np.isfinite(keys[0][first])
    if known.sum() < 2:
        raise TrajectoryError(
            f"the two F(z) have no two bins in common: one has {np.nanmin(keys[0]):.2f} to {np.nanmax(keys[0]):.2f} Å, "
            f"the other {np.nanmin(keys[1]):.2f} to {np.nanmax(keys[1]):.2f} Å"
        )
    return first[known], second[known]


@dataclass(frozen=True, eq=False)
class _Grid:
    """Cells of at most `GRID_A`, a whole number of them in each bin; bins are cut at multiples of their width."""

    first_bin: int
    n_bins: int
    per_bin: int
    width_A: float

    @classmethod
    def over(cls, windows: Sequence[Window], width_A: float) -> _Grid:
        low, high = min(w.heights_A.min() for w in windows), max(w.heights_A.max() for w in windows)
        first = int(np.floor(low / width_A))
        return cls(first, int(np.floor(high / width_A)) + 1 - first, int(np.ceil(width_A / GRID_A)), width_A)

    @property
    def cells_A(self) -> Array:
        """Middles of the cells."""
        n = self.n_bins * self.per_bin
        return np.asarray((self.first_bin + (np.arange(n) + 0.5) / self.per_bin) * self.width_A)

    @property
    def middles_A(self) -> Array:
        """Of the bins."""
        return np.asarray((self.first_bin + np.arange(self.n_bins) + 0.5) * self.width_A)

    def blocks(self, window: Window) -> Array:
        """(blocks, cells) counts."""
        cells = ((window.heights_A / self.width_A - self.first_bin) * self.per_bin).astype(int)
        cells = np.clip(cells, 0, self.n_bins * self.per_bin - 1)
        edges = block_edges(len(cells), BLOCKS)
        n = self.n_bins * self.per_bin
        return np.array([np.bincount(cells[a:b].ravel(), minlength=n) for a, b in pairwise(edges)], dtype=float)

    def binned(self, cells: Array) -> Array:
        """(..., B) sums over the cells of each bin."""
        return np.asarray(cells.reshape(*cells.shape[:-1], self.n_bins, self.per_bin).sum(axis=-1))


@dataclass(frozen=True, eq=False)
class _Zero:
    """The bins over which the mean of p is the zero of F."""

    inside: NDArray[np.bool_]
    words: str

    @classmethod
    def of(cls, reference: Reference, p: Array, z: Array) -> _Zero:
        if reference is None:
            lowest = int(np.argmax(p))
            return cls(np.arange(len(p)) == lowest, f"its minimum, at {z[lowest]:.2f} Å")
        low, high = reference
        inside = (z >= low) & (z <= high)
        if not inside.any() or not p[inside].all():
            seen = z[p > 0]
            raise TrajectoryError(
                f"reference: the ion was not everywhere between {low:g} and {high:g} Å; choose heights within "
                f"{seen.min():.2f} to {seen.max():.2f} Å, where there are bins"
            )
        return cls(inside, f"the mean of p(z) over {low:g} to {high:g} Å")

    def free_energy(self, p: Array, kt: float) -> Array:
        """(B,) [eV]; NaN where the ion was not."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = -kt * np.log(p / p[self.inside].mean())
        return np.where(np.isfinite(found), found + 0.0, np.nan)  # no -0

    def __str__(self) -> str:
        return self.words


def _check_alike(windows: Sequence[Window]) -> None:
    if not windows:
        raise TrajectoryError("no windows were given")
    for key, unit in (("ion", ""), ("temperature_K", " K")):
        values = sorted({getattr(window, key) for window in windows})
        if len(values) != 1:
            listed = ", ".join(f"{value}{unit}" for value in values)
            raise TrajectoryError(f"the windows have different values of {key}: {listed}; give those of one")
    for window in windows:
        if len(window.heights_A) < LEAST_SAMPLES:
            raise TrajectoryError(
                f"{window.name}: {len(window.heights_A)} heights in the production, fewer than {LEAST_SAMPLES}: run "
                "longer"
            )


def _check_overlap(matrix: Array, windows: Sequence[Window]) -> None:
    for i, (one, other) in enumerate(pairwise(windows)):
        # all below with all above: a window of another stiffness may bridge a gap
        across = matrix[: i + 1, i + 1 :].sum()
        if across < LEAST_OVERLAP:
            raise TrajectoryError(
                f"the windows at {one.at_A:g} and {other.at_A:g} Å do not overlap ({across:.2g}, at least "
                f"{LEAST_OVERLAP:g} is needed): add a window between them, or weaken k_eV_per_A2"
            )


def _gaps(z: Array, visited: NDArray[np.bool_]) -> list[str]:
    """Bins between others that no window visited, although the springs overlap there: a barrier was not crossed."""
    inner = np.flatnonzero(~visited)
    if not len(inner):
        return []
    half = 0.5 * (z[1] - z[0])
    parts = np.split(inner, np.flatnonzero(np.diff(inner) > 1) + 1)
    places = ", ".join(f"{z[part[0]] - half:.2f} to {z[part[-1]] + half:.2f}" for part in parts[:MOST_NAMED])
    return [
        f"no window visited {places} Å: F beyond is joined to F before by the springs alone, and is not to be trusted. "
        "Run longer, or add windows there with stiffer springs"
    ]


def _warnings(windows: Sequence[Window]) -> list[str]:
    """Windows whose heights are correlated for longer than a block: their σ is too small."""
    slow = [window for window in windows if window.correlation > 1]
    if not slow:
        return []
    names = ", ".join(window.name for window in slow[:MOST_NAMED])
    more = f" and {len(slow) - MOST_NAMED} more" if len(slow) > MOST_NAMED else ""
    longest = max(window.correlation for window in slow)
    return [
        f"the heights of {names}{more} are correlated for up to {longest / BLOCKS:.0%} of the run, longer than a block "
        f"(a tenth of it): σ is a lower bound, run these longer"
    ]
