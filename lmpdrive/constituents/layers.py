"""Planes and layers of a slab from the heights of its atoms, and where it has none, its topmost atoms.  Lengths in Å.

A plane is a cluster of heights.  The heights are cut at the widest gaps that are clearly wider (twice) than every gap
within a cluster, which holds for 2.4 Å between Au(111) planes as for 0.8 Å between those of bcc(111) or fcc(211), as
long as thermal motion leaves planes at all.  A layer of a metal is a plane; a layer of a compound is a plane of its
metal atoms with the other atoms that are nearest to it: a trilayer of TiO2(110), an O-Ti-O sheet.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lmpdrive.constituents.bonds import Array, Indices, is_metal

CLEARLY = 2.0
"""A gap between planes is wider than every gap within one by this factor at least."""
NARROWEST_A = 0.25
"""Planes that are closer are one: rumpling, thermal motion."""
LONE = 0.5
"""A cluster of fewer atoms than this part of the median one is no layer: adatoms."""
FEWEST = 3
MOSTLY = 0.8
"""This part of the atoms must be in planes of similar size, else the heights have no planes."""
SIMILAR = 1.6
HIDDEN = 0.8
"""An atom is hidden where another is above it within this many nearest-neighbour distances sideways."""
ABOVE_A = 0.3


def find_planes(z: Array) -> list[Indices]:
    """Planes, bottom to top, as indices into `z` (not periodic); empty if there are none.

    Atoms in clusters that are too small for a plane (adatoms) are in none.
    """
    order = np.argsort(z, kind="stable")
    gaps = np.diff(z[order])
    candidates = np.sort(gaps[gaps > NARROWEST_A])
    if not len(candidates):
        return [np.sort(order)] if len(z) >= FEWEST and _has_planes([order], z) else []
    below = np.append(0.0, np.sort(gaps))
    for smallest in candidates[::-1]:
        widest_within = float(below[np.searchsorted(below, smallest) - 1])
        if smallest < CLEARLY * widest_within:
            continue
        planes = _large(np.split(order, np.flatnonzero(gaps >= smallest) + 1))
        if _has_planes(planes, z):
            return [np.sort(plane) for plane in planes]
    return []


def _large(clusters: list[Indices]) -> list[Indices]:
    # weighted by atoms, so that many adatoms do not lower the median
    enough = max(FEWEST, LONE * float(np.median([len(c) for c in clusters for _ in c])))
    return [cluster for cluster in clusters if len(cluster) >= enough]


def _has_planes(planes: list[Indices], z: Array) -> bool:
    """Whether most atoms are in planes of similar size; of one plane, whether it is flat."""
    if not planes:
        return False
    if len(planes) == 1:
        return float(np.ptp(z[planes[0]])) < FLAT_A
    sizes = np.array([len(plane) for plane in planes])
    middle = float(np.median(sizes))
    alike = (sizes <= SIMILAR * middle) & (sizes >= middle / SIMILAR / 1.3)
    return float(sizes[alike].sum()) >= MOSTLY * len(z)


FLAT_A = 1.5
"""Heights of one layer alone: a graphene sheet with ripples."""


def find_layers(elements: NDArray[np.str_], z: Array) -> list[Indices]:
    """Layers, bottom to top, as indices into `z`; empty if the heights have no planes."""
    cations = is_metal(elements)
    if cations.all() or not cations.any():
        planes = find_planes(z)
        if len(set(elements.tolist())) == 1 or not planes:
            return planes
        return _stoichiometric(elements, planes)
    of = np.flatnonzero(cations)
    planes = [of[plane] for plane in find_planes(z[of])]
    if not planes:
        return []
    heights = np.array([z[plane].mean() for plane in planes])
    rest = np.flatnonzero(~cations)
    own = _in_turn(elements, planes, rest, z)
    if own is None:
        own = np.abs(z[rest, None] - heights).argmin(axis=1)
    return _stoichiometric(
        elements, [np.sort(np.concatenate([plane, rest[own == k]])) for k, plane in enumerate(planes)]
    )


def _in_turn(elements: NDArray[np.str_], planes: list[Indices], rest: Indices, z: Array) -> Indices | None:
    """Which plane each of the `rest` belongs to if every plane gets its share, from below: a stoichiometric crystal.

    None where the shares are no whole numbers, or an atom would belong to a plane that is not beside it.
    """
    total = sum(len(plane) for plane in planes)
    heights = np.array([z[plane].mean() for plane in planes])
    own = np.full(len(rest), -1)
    for element in np.unique(elements[rest]):
        members = np.flatnonzero(elements[rest] == element)
        shares = [len(plane) * len(members) / total for plane in planes]
        if any(abs(share - round(share)) > 1e-6 for share in shares):
            return None
        own[members[np.argsort(z[rest[members]], kind="stable")]] = np.repeat(
            np.arange(len(planes)), np.round(shares).astype(int)
        )
    apart = np.abs(z[rest] - heights[own])
    beside = np.sort(np.abs(z[rest, None] - heights), axis=1)[:, min(1, len(planes) - 1)]
    return own if (apart <= beside + ABOVE_A).all() else None


def _stoichiometric(elements: NDArray[np.str_], planes: list[Indices]) -> list[Indices]:
    """The planes, or the smallest number of them that repeats its composition, put together."""
    contents = [Counter(elements[plane].tolist()) for plane in planes]
    whole = Counter(elements[np.concatenate(planes)].tolist())
    if all(_proportional(content, whole) for content in contents):
        return planes
    for n in range(2, len(planes) // 2 + 1):
        groups = [planes[start : start + n] for start in range(0, len(planes), n)]
        joined = [np.sort(np.concatenate(group)) for group in groups]
        if len(planes) % n == 0 and all(_proportional(Counter(elements[one].tolist()), whole) for one in joined):
            return joined
    return planes


def _proportional(part: Counter[str], whole: Counter[str]) -> bool:
    scale = sum(part.values()) / sum(whole.values())
    return all(abs(part[element] - scale * n) <= max(0.5, 0.1 * scale * n) for element, n in whole.items())


def outermost(elements: NDArray[np.str_], layer: Indices, z: Array, upwards: bool) -> Indices:
    """The plane of a layer whose mean height is the surface: its metal atoms; of other layers the outermost plane."""
    if "O" in elements[layer]:
        return backbone(elements, layer)
    if len(set(elements[layer].tolist())) == 1:
        return layer
    planes = find_planes(z[layer])
    return layer[planes[-1 if upwards else 0]] if planes else layer


def backbone(elements: NDArray[np.str_], layer: Indices) -> Indices:
    """The metal atoms of a layer of a compound; of every other layer all atoms."""
    cations = layer[is_metal(elements[layer])]
    return cations if len(cations) else layer


def topmost(positions: Array, cell: Array, upwards: bool, spacing_A: float) -> Indices:
    """Indices of the atoms that no other hides from above (or below), of a slab without planes.

    positions : (N, 3) with the third coordinate along the normal and not wrapped; cell : (2, 2) of the plane.
    """
    sign = 1.0 if upwards else -1.0
    z = sign * positions[:, 2]
    order = np.argsort(-z)
    inverse = np.linalg.inv(cell)
    seen: list[int] = []
    for atom in order:
        higher = order[: int(np.searchsorted(-z[order], -(z[atom] + ABOVE_A)))]
        apart = positions[higher, :2] - positions[atom, :2]
        apart -= np.rint(apart @ inverse) @ cell
        if not len(higher) or np.min(np.linalg.norm(apart, axis=1)) > HIDDEN * spacing_A:
            seen.append(int(atom))
    return np.sort(np.array(seen, dtype=np.int64))


def widest_gap(z: Array, period: float) -> tuple[float, float]:
    """(length, lower end) of the largest empty stretch of periodic heights."""
    ordered = np.sort(z % period)
    gaps = np.diff(ordered, append=ordered[0] + period)
    widest = int(np.argmax(gaps))
    return float(gaps[widest]), float(ordered[widest])


def parts_of(z: Array, period: float, apart_A: float) -> list[Indices]:
    """Clusters of periodic heights that are further than `apart_A` from each other, upwards from the widest gap."""
    order = np.argsort(z % period, kind="stable")
    ordered = (z % period)[order]
    gaps = np.diff(ordered, append=ordered[0] + period)
    cuts = np.flatnonzero(gaps > apart_A)
    if not len(cuts):
        return []
    last = int(cuts[int(np.argmax(gaps[cuts]))])
    order, gaps = np.roll(order, -(last + 1)), np.roll(gaps, -(last + 1))
    edges = [0, *(np.flatnonzero(gaps[:-1] > apart_A) + 1).tolist(), len(order)]
    return [np.sort(order[start:stop]) for start, stop in pairwise(edges)]
