"""Rules on positions: atoms too close, metal that left, water that broke.  Å; periodic in all directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmpdrive.stability.limits import BOND_A, Pair

Array = NDArray[np.float64]


class Contact(NamedTuple):
    """Two atoms (0-based) closer than their limit [Å]."""

    i: int
    j: int
    distance_A: float
    limit_A: float


def contacts(positions: Array, cell: Array, species: Sequence[str], pairs: Sequence[Pair]) -> list[Contact]:
    """Pairs of atoms below their limit, the closest relative to it first."""
    if not pairs:
        return []
    kinds = sorted({e for pair in pairs for e in pair.elements})
    limits = np.zeros((len(kinds), len(kinds)))
    for pair in pairs:
        a, b = (kinds.index(e) for e in pair.elements)
        limits[a, b] = limits[b, a] = pair.limit_A
    number = np.array([kinds.index(e) for e in species])
    i, j, d = _near(positions, cell, float(limits.max()))
    limit = limits[number[i], number[j]]
    inside = d < limit
    rows = zip(i[inside], j[inside], d[inside], limit[inside], strict=True)
    found = [Contact(int(a), int(b), float(r), float(least)) for a, b, r, least in rows]
    return sorted(found, key=lambda one: one.distance_A / one.limit_A)


def _near(positions: Array, cell: Array, cutoff: float) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """(i, j, distance) of the pairs within `cutoff`, each once."""
    lengths = np.diag(cell)
    if np.allclose(cell, np.diag(lengths)) and (lengths > 2 * cutoff).all():
        from scipy.spatial import cKDTree

        inside = np.mod(positions, lengths)
        inside[inside >= lengths] = 0.0  # of a rounded remainder
        found = cKDTree(inside, boxsize=lengths).query_pairs(cutoff, output_type="ndarray")
        apart = inside[found[:, 0]] - inside[found[:, 1]]
        apart -= lengths * np.round(apart / lengths)
        return found[:, 0], found[:, 1], np.linalg.norm(apart, axis=1)
    from ase import Atoms
    from ase.neighborlist import neighbor_list

    i, j, d = neighbor_list("ijd", Atoms(positions=positions, cell=cell, pbc=True), cutoff)
    once = i < j
    return i[once], j[once], d[once]


def farthest_metal(positions: Array, start: Array, cell: Array, metal: NDArray[np.int64]) -> tuple[int, float]:
    """(atom, |Δz|) of the metal atom that moved most along z from `start`; the nearest image counts."""
    moved = positions[metal, 2] - start[metal, 2]
    moved -= cell[2, 2] * np.round(moved / cell[2, 2])
    k = int(np.abs(moved).argmax())
    return int(metal[k]), float(abs(moved[k]))


def broken_waters(positions: Array, cell: Array, oxygens: NDArray[np.int64], species: Sequence[str]) -> list[int]:
    """Those of the oxygens that have not exactly two H within 1.3 Å."""
    i, j, _ = _near(positions, cell, BOND_A)
    is_h = np.array(species) == "H"
    bonds = np.zeros(len(positions), dtype=int)
    np.add.at(bonds, i[is_h[j]], 1)
    np.add.at(bonds, j[is_h[i]], 1)
    return [int(o) for o in oxygens if bonds[o] != 2]
