"""Metal layers from one frame: clusters of the coordinate along the normal, periodic in one dimension.

Units: Å.  A layer has at least half the atoms of the median cluster, so adatoms and dissolved metal are none.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.geometry import Array

LAYER_GAP_A = 0.7
"""Atoms of neighbouring layers are at least this far apart along the normal (Au(110): 1.47 Å between planes,
thermal width 0.15 Å), atoms of one layer are closer."""

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
    Returns an empty list if no cluster is a layer (fewer than 3 atoms: an ion is not a slab).
    """
    if len(z) == 0:
        return []
    order = np.argsort(z % period, kind="stable")
    ordered = (z % period)[order]
    gaps = np.diff(ordered, append=ordered[0] + period)  # gaps[i]: from i to the next one up
    first = (int(gaps.argmax()) + 1) % len(z)
    order, gaps = np.roll(order, -first), np.roll(gaps, -first)
    clusters = np.split(order, np.flatnonzero(gaps[:-1] > gap) + 1)
    enough = max(3.0, 0.5 * float(np.median([len(cluster) for cluster in clusters])))
    return [np.sort(cluster) for cluster in clusters if len(cluster) >= enough]


def middle_of(z: Array, period: float) -> float:
    """Middle of what lies between the two ends of the widest empty stretch of periodic coordinates `z`."""
    ordered = np.sort(z % period)
    gaps = np.diff(ordered, append=ordered[0] + period)
    last = int(gaps.argmax())
    first = ordered[(last + 1) % len(z)]
    return float(first + 0.5 * ((ordered[last] - first) % period))
