"""How slabs lie around the electrolyte, along a normal that is periodic.  Units: Å."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lmpdrive.constituents.bonds import Array
from lmpdrive.constituents.faces import Slab

WIDE_A = 6.0
"""Slabs that are further apart than this are worth a word."""
FLAT_A = 1.5


def around_electrolyte(slabs: Sequence[Slab], z: Array, period: float, mobile: Array) -> list[Slab]:
    """The slabs in the order in which the electrolyte lies above the last and below the first.

    z : of all atoms; mobile : of those that show where the electrolyte is.  Of several stretches between slabs (two
    electrodes and a vacuum behind them) the electrolyte is in the one that holds most of `mobile`.
    """
    if len(slabs) < 2 or not len(mobile):
        return list(slabs)
    held = [_held(below, above, z, period, mobile) for below, above in zip(slabs, [*slabs[1:], slabs[0]], strict=True)]
    after = int(np.argmax(held)) + 1
    return [*slabs[after:], *slabs[:after]]


def widest_inside(slabs: Sequence[Slab], z: Array, period: float) -> float:
    """Widest stretch [Å] between neighbouring slabs of what is taken as one; 0 for one slab."""
    return max((_stretch(below, above, z, period)[1] for below, above in pairwise(slabs)), default=0.0)


def held_inside(slabs: Sequence[Slab], z: Array, period: float, mobile: Array) -> int:
    """How many of `mobile` are between neighbouring slabs of what is taken as one: an electrolyte of its own."""
    return sum(_held(below, above, z, period, mobile) for below, above in pairwise(slabs))


def _stretch(below: Slab, above: Slab, z: Array, period: float) -> tuple[float, float]:
    """(lower end, length) of what is between two slabs."""
    low = plane_of(z[below.upper], period)
    return low, (plane_of(z[above.lower], period) - low) % period


def _held(below: Slab, above: Slab, z: Array, period: float, mobile: Array) -> int:
    low, length = _stretch(below, above, z, period)
    return int(((mobile - low) % period < length).sum())


def middle_of(bottom: Array, top: Array, period: float) -> float:
    """Middle of the slab from the coordinates of its lowest and its highest plane, upwards between them."""
    low, high = plane_of(bottom, period), plane_of(top, period)
    thickness = (high - low) % period
    if thickness > period - FLAT_A:  # a sheet of one atom with ripples
        thickness -= period
    return float(low + 0.5 * thickness)


def plane_of(z: Array, period: float) -> float:
    """Median of the periodic coordinates of the atoms of one plane, which may lie across the boundary."""
    apart = z - z[0]
    return float(z[0] + np.median(apart - period * np.rint(apart / period)))
