"""The bulk of a film: where its density no longer depends on the distance from a surface, or that there is none.

Units: Å; densities in any unit.  `find_bulk` reads it off the density profiles of contiguous blocks of frames:

1. The film ends where its density, averaged over 1 Å, falls below a half and stays there for 5 Å.  That is a free
   surface, ρ/2 (1 - tanh((z - z_G)/d)) with z_G where the density is a half and d from what lies outside of it, the
   integral ρ d ln(2)/2: 2 d inwards it is within 2 % of ρ.  At least 2 Å are left out: a sharper end is none of water
   that moves freely, but of molecules that line up.
2. A solid face ends the bulk 8 Å away: behind the second layer of water and the trough after it.
3. What lies between must be flat, or is made shorter in steps of 0.1 Å until it is: every average over 3 Å (a layer of
   water) within 2 % of the mean, every average over 1 Å (the layering) within 10 %, or as far from it as the largest
   of that many averages is by chance in one of 20 flat films.  Layering of 10 % that decays adds less than 1 % to a
   mean over 4 Å.  With less than 3.5 Å left there is no bulk.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.geometry import Array

BIN_A = 0.1
"""Bins of the profiles that `find_bulk` takes, and the step of its search."""
SOLID_A = 8.0
SHORTEST_A = 3.5
VACUUM_A = 5.0
"""A shorter stretch without water is a trough between layers or the room that a solid face takes."""
FREE_WIDTHS, FREE_A, TAIL_A = 2.0, 2.0, 5.0
LAYER_A, LAYER_TOLERANCE = 3.0, 0.02
FINE_A, FINE_TOLERANCE = 1.0, 0.10
BY_CHANCE = 0.05


@dataclass(frozen=True)
class Bulk:
    """The stretch low < z <= high of the distance from a surface, or why there is none.

    period : of z in a cell without a surface, where a film may lie across the boundary; else NaN.
    why : empty if there is a bulk.
    """

    low: float = float("nan")
    high: float = float("nan")
    period: float = float("nan")
    why: str = ""

    @classmethod
    def none(cls, why: str) -> Bulk:
        """No bulk, and the reason."""
        return cls(why=why)

    @property
    def exists(self) -> bool:
        """False where there is none."""
        return not self.why

    @property
    def whole_cell(self) -> bool:
        """No surface at all."""
        return self.low == -np.inf

    def holds(self, z: Array) -> NDArray[np.bool_]:
        """Which of the distances are in the bulk; none if there is none."""
        if np.isfinite(self.period):
            return np.asarray((z - self.low) % self.period <= self.high - self.low)
        return np.asarray((z > self.low) & (z <= self.high))

    def mean(self, z: Array, profile: Array) -> float:
        """Mean of the bins whose middle is in the bulk; NaN if there is none."""
        inside = self.holds(z)
        return float(profile[inside].mean()) if inside.any() else float("nan")

    def __str__(self) -> str:
        if self.why:
            return f"none: {self.why}"
        if self.whole_cell:
            return "the whole cell (no metal surface)"
        return f"{self.low:.1f} < z <= {self.high:.1f} Å, where the density is flat"


WHOLE_CELL = Bulk(-np.inf, np.inf)
UNKNOWN = Bulk.none("the density was not examined")


class _End(NamedTuple):
    """One end of a film: where the bulk may begin, in bins, and whether it is a free surface."""

    at: int
    free: bool


def find_bulk(blocks: Array, has_surface: bool = True, both_faces: bool = False) -> Bulk:
    """The bulk in (n_blocks, bins) densities of contiguous blocks, in bins of 0.1 Å.

    has_surface : the bins run from a metal's surface plane to that of its next image; else around a periodic cell.
    both_faces : the profile is the mean over both faces, so that the bulk must be as far from the one as the other.
    """
    profile = blocks.mean(axis=0)
    layers = _running(profile, LAYER_A, periodic=not has_surface)
    if not layers.any():
        return Bulk.none("there is no water")
    # half of the largest average over a layer parts the film from the vacuum; the median is not that of a layer
    density = float(np.median(layers[layers > 0.5 * layers.max()]))
    if has_surface:
        return _over_metal(blocks, density, both_faces)
    return _in_a_cell(blocks, density)


def _over_metal(blocks: Array, density: float, both_faces: bool) -> Bulk:
    curve = _running(blocks.mean(axis=0), FINE_A, periodic=False)
    margin, n = round(SOLID_A / BIN_A), blocks.shape[1]
    surface = _free_surface(curve, density)
    end = _End(n - margin, False) if surface is None else _End(surface.at, True)
    thickness = n * BIN_A if surface is None else _half(curve, density) * BIN_A
    if end.at - margin < round(SHORTEST_A / BIN_A):
        to = "the free surface" if end.free else "the other face"
        return Bulk.none(f"the film of {thickness:.1f} Å is too thin: layering at the surface reaches to {to}")
    return _flat_part(blocks, _End(margin, False), end, symmetric=both_faces and not end.free)


def _in_a_cell(blocks: Array, density: float) -> Bulk:
    """Without a metal: the whole cell, or the inside of a film with two free surfaces."""
    n = blocks.shape[1]
    curve = _running(blocks.mean(axis=0), FINE_A, periodic=True)
    start, length = _longest_empty(curve < 0.5 * density)
    if length * BIN_A < VACUUM_A:
        return WHOLE_CELL
    start += length // 2
    rolled = np.roll(blocks, -start, axis=1)  # now the film is in the middle, vacuum at both ends
    curve = np.roll(curve, -start)
    above, below = _free_surface(curve, density), _free_surface(curve[::-1], density)
    low = n - below.at if below else 0
    high = above.at if above else n
    if high - low < round(SHORTEST_A / BIN_A):
        return Bulk.none("the film is too thin: its two free surfaces meet")
    found = _flat_part(rolled, _End(low, True), _End(high, True), symmetric=True)
    if not found.exists:
        return found
    period = n * BIN_A
    low_A = (found.low + start * BIN_A) % period
    return Bulk(low_A, low_A + found.high - found.low, period)


def _half(curve: Array, density: float) -> int:
    """Bin where the film ends: half of its density, with nothing behind it for 5 Å; the number of bins if nowhere."""
    need = round(VACUUM_A / BIN_A)
    first = int((curve >= 0.5 * density).argmax())
    empty = np.concatenate([[0], np.cumsum(curve < 0.5 * density)])
    run = empty[need:] - empty[:-need] == need if len(empty) > need else np.zeros(0, dtype=bool)
    starts = np.flatnonzero(run[first:])
    return first + int(starts[0]) if len(starts) else len(curve)


def _free_surface(curve: Array, density: float) -> _End | None:
    """The last bin inside a free surface that is within 2 % of the film's density, or None if there is no vacuum."""
    half = _half(curve, density)
    if half == len(curve):
        return None
    outside = float(curve[half : half + round(TAIL_A / BIN_A)].sum()) * BIN_A
    width = 2.0 * outside / (density * np.log(2.0))
    return _End(half - round(max(FREE_A, FREE_WIDTHS * width) / BIN_A), True)


def _longest_empty(empty: NDArray[np.bool_]) -> tuple[int, int]:
    """(start, length) of the longest run of True around a circle."""
    if empty.all() or not empty.any():
        return 0, len(empty) if empty.all() else 0
    shift = int((~empty).argmax())
    padded = np.concatenate([[0], np.roll(empty, -shift).astype(int), [0]])
    starts, ends = np.flatnonzero(np.diff(padded) == 1), np.flatnonzero(np.diff(padded) == -1)
    longest = int((ends - starts).argmax())
    return (int(starts[longest]) + shift) % len(empty), int(ends[longest] - starts[longest])


def _flat_part(blocks: Array, low: _End, high: _End, symmetric: bool) -> Bulk:
    """The longest flat part of low to high that ends where it does, or in the middle of it if `symmetric`."""
    shortest = round(SHORTEST_A / BIN_A)
    start, stop, worst = low.at, high.at, 0.0
    while stop - start >= shortest:
        off = _unevenness(blocks[:, start:stop])
        if off == 0.0:
            return Bulk(start * BIN_A, stop * BIN_A)
        worst = worst or off
        start, stop = start + 1, stop - 1 if symmetric else stop
    return Bulk.none(
        f"its density is flat nowhere between {low.at * BIN_A:.1f} and {high.at * BIN_A:.1f} Å (averages deviate by "
        f"{worst:.0%} from the mean): layering reaches through the film, or the run is too short to show its end"
    )


def _unevenness(blocks: Array) -> float:
    """Largest relative deviation of an average over 3 Å or 1 Å from the mean that is not allowed; 0 if all are."""
    mean = blocks.mean(axis=1, keepdims=True)
    if not mean.any():
        return 1.0
    worst = 0.0
    for width, tolerance in ((LAYER_A, LAYER_TOLERANCE), (FINE_A, FINE_TOLERANCE)):
        apart = (_inside(blocks, width) - mean) / mean.mean()
        allowed = np.maximum(tolerance, _by_chance(apart, blocks.shape[1] * BIN_A / width))
        deviation = np.abs(apart.mean(axis=0))
        worst = max(worst, float(deviation[deviation > allowed].max(initial=0.0)))
    return worst


def _by_chance(blocks: Array, n_independent: float) -> Array:
    """What the mean of the blocks exceeds by chance in BY_CHANCE of the cases at one of n places (Student, Bonferroni).

    0 if there is one block.
    """
    n = len(blocks)
    if n < 2:
        return np.zeros(blocks.shape[1])
    quantile = students_t(1.0 - 0.5 * BY_CHANCE / n_independent, n - 1)
    return np.asarray(quantile * blocks.std(axis=0, ddof=1) / np.sqrt(n))


def students_t(probability: float, freedom: int) -> float:
    """Quantile of Student's t by its expansion about the normal one (Abramowitz and Stegun, 26.7.5).

    Within 0.5 % for 9 degrees of freedom; scipy.special has it exactly and takes 0.4 s to import.
    """
    z = NormalDist().inv_cdf(probability)
    powers = np.array([z, z**3, z**5, z**7])
    terms = np.array([[1, 1, 0, 0], [3, 16, 5, 0], [-15, 17, 19, 3]]) @ powers / np.array([4, 96, 384])
    return float(z + (terms / float(freedom) ** np.arange(1, 4)).sum())


def _inside(blocks: Array, width: float) -> Array:
    """Averages over `width` of the bins that lie within, one for each place."""
    n = round(width / BIN_A)
    total = np.concatenate([np.zeros((len(blocks), 1)), np.cumsum(blocks, axis=1)], axis=1)
    return np.asarray((total[:, n:] - total[:, :-n]) / n)


def _running(profile: Array, width: float, periodic: bool) -> Array:
    """Averages over `width` centred at each bin; beyond the ends there is nothing, or the other end."""
    n = round(width / BIN_A)
    before = n // 2
    padded = np.pad(profile, (before, n - 1 - before), mode="wrap" if periodic else "constant")
    return np.convolve(padded, np.full(n, 1.0 / n), mode="valid")
