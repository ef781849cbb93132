"""Metal layers from one frame: clusters of the coordinate along the normal, periodic in one dimension.

Units: Å.  A layer has at least half the atoms of the median cluster, so adatoms and dissolved metal are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.geometry import Array, wrap_symmetric

LAYER_GAP_A = 0.7
"""Atoms of neighbouring layers are at least this far apart along the normal (Au(110): 1.47 Å between planes,
thermal width 0.15 Å), atoms of one layer are closer."""

OPEN_A = 4.5
"""A slab leaves at least this much of the cell's height without metal: more than any spacing of lattice planes."""
WIDE_A = 6.0
"""Layers that are further apart than this are not of one crystal: there is electrolyte or vacuum between them."""

NOT_SLAB = frozenset(
    "H He Li Be B C N O F Ne Na Mg Si P S Cl Ar K Ca Se Br Kr Rb Sr I Xe Cs Ba".split()  # noqa: SIM905 (readable)
)
"""Elements that a structure without groups is not taken to be a slab of: water, ions, adsorbates."""


def slab_atoms(elements: NDArray[np.str_], groups: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    """Indices of the metal: the builder's group first, else every element that can be a slab."""
    if "metal" in groups:
        return groups["metal"]
    return np.flatnonzero([element not in NOT_SLAB for element in elements])


def group_layers(groups: Mapping[str, NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """The groups layer_1, layer_2, ... in order (bottom to top), or an empty list."""
    numbered = sorted((int(name[6:]), name) for name in groups if name[:6] == "layer_" and name[6:].isdigit())
    return [groups[name] for _, name in numbered]


def find_layers(z: Array, period: float, gap: float = LAYER_GAP_A) -> list[NDArray[np.int64]]:
    """Layers, bottom to top, as indices into `z` (coordinates along the normal of one frame).

    The bottom is the far side of the widest empty stretch, so a slab that straddles the boundary is whole.
    Returns an empty list if no cluster is a layer (fewer than 3 atoms: an ion is not a slab), and if the atoms fill the
    cell: a crystal, glass or melt.
    """
    if len(z) == 0:
        return []
    order = np.argsort(z % period, kind="stable")
    ordered = (z % period)[order]
    gaps = np.diff(ordered, append=ordered[0] + period)  # gaps[i]: from i to the next one up
    if gaps.max() < OPEN_A:
        return []
    first = (int(gaps.argmax()) + 1) % len(z)
    order, gaps = np.roll(order, -first), np.roll(gaps, -first)
    clusters = np.split(order, np.flatnonzero(gaps[:-1] > gap) + 1)
    enough = max(3.0, 0.5 * float(np.median([len(cluster) for cluster in clusters])))
    return [np.sort(cluster) for cluster in clusters if len(cluster) >= enough]


def around_electrolyte(
    layers: list[NDArray[np.int64]], z: Array, period: float, mobile: Array
) -> list[NDArray[np.int64]]:
    """The layers in the order in which the electrolyte lies above the last and below the first.

    z : of all atoms; mobile : of those that are not metal.  Of several wide stretches without metal (two electrodes and
    a vacuum behind them) the electrolyte is in the one that holds most of `mobile`.
    """
    planes = np.array([_plane(z[layer], period) for layer in layers])
    widths = (np.roll(planes, -1) - planes) % period
    wide = np.flatnonzero(widths > WIDE_A)
    if len(wide) < 2 or not len(mobile):
        return layers
    held = [int(((mobile - planes[i]) % period < widths[i]).sum()) for i in wide]
    after = int(wide[int(np.argmax(held))]) + 1
    return [*layers[after:], *layers[:after]]


def widest_inside(layers: list[NDArray[np.int64]], z: Array, period: float) -> float:
    """Widest stretch [Å] between neighbouring layers of what is taken as the slab; 0 for one layer."""
    planes = [_plane(z[layer], period) for layer in layers]
    return max(((above - below) % period for below, above in pairwise(planes)), default=0.0)


def middle_of(bottom: Array, top: Array, period: float) -> float:
    """Middle of the slab from the coordinates of its first and its last layer, upwards from the one to the other."""
    low, high = _plane(bottom, period), _plane(top, period)
    return float(low + 0.5 * ((high - low) % period))


def _plane(z: Array, period: float) -> float:
    """Median of the periodic coordinates of one layer, which may lie across the boundary."""
    return float(z[0] + np.median(wrap_symmetric(z - z[0], np.array(period))))
