"""Which atoms of one configuration are bonded: distances against covalent radii.  Lengths in Å.

A bond is a distance below a multiple of the sum of the covalent radii (Cordero et al., Dalton Trans. 2832 (2008)):
1.3 between metals (nearest neighbours of a close-packed metal are at 1.06 times the sum, the next at 1.5), 1.25 between
a metal and a non-metal, 1.2 between non-metals.  Ionic contacts are bonds in this sense; who belongs to whom is decided
by `slab` and `molecules`.  An H has one bond, to the non-metal that is nearest (O within 1.3 Å), else to metals.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lmpdrive.constituents.kernels import close_numpy, load

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

METAL_METAL, METAL_OTHER, OTHER_OTHER = 1.3, 1.25, 1.2
OH_BOND_A = 1.3
"""Design, part 2, "Water"."""
HH_BOND_A = 0.9
OO_BOND_A = 1.6

NON_METALS = frozenset("H He B C N O F Ne P S Cl Ar As Se Br Kr Te I Xe At Rn".split())  # noqa: SIM905 (readable)
"""Si and Ge count as metals: they are the cations of their oxides."""
NOBLE_GASES = frozenset(("He", "Ne", "Ar", "Kr", "Xe", "Rn"))

MANY = 8_000
"""Atoms above which a tree is faster than looking at all of a layer."""
FEW_PAIRS = 4_000_000
"""Some 0.1 s without numba."""


@dataclass(frozen=True, eq=False)
class Bonds:
    """Each bond once: atom `first` and the image `shift` of atom `second`, counted from the wrapped positions.

    first, second : (B,) atom indices; shift : (B, 3) whole cells; vector : (B, 3) Å, from the first to the second.
    """

    first: Indices
    second: Indices
    shift: Indices
    vector: Array
    length: Array
    """(B,) Å."""

    def take(self, which: NDArray[np.bool_]) -> Bonds:
        """Some of the bonds."""
        return Bonds(self.first[which], self.second[which], self.shift[which], self.vector[which], self.length[which])

    def among(self, atoms: NDArray[np.bool_]) -> Bonds:
        """Those between two atoms of a (N,) mask."""
        return self.take(atoms[self.first] & atoms[self.second])

    def count_to(self, atoms: NDArray[np.bool_]) -> Indices:
        """(N,) how many bonds each atom has to atoms of a mask."""
        n = len(atoms)
        one = np.bincount(self.first, atoms[self.second], n)
        return np.asarray(one + np.bincount(self.second, atoms[self.first], n), dtype=np.int64)

    def one_sidedness(self, atoms: NDArray[np.bool_]) -> Array:
        """(N,) length of the mean unit vector to the bonded atoms of a mask: 0 in their middle, 1 all on one side."""
        n, total = len(atoms), np.zeros((len(atoms), 3))
        unit = self.vector / self.length[:, None]
        for axis in range(3):
            total[:, axis] = np.bincount(self.first, atoms[self.second] * unit[:, axis], n)
            total[:, axis] -= np.bincount(self.second, atoms[self.first] * unit[:, axis], n)
        return np.asarray(np.linalg.norm(total, axis=1) / np.maximum(self.count_to(atoms), 1))


def is_metal(elements: NDArray[np.str_]) -> NDArray[np.bool_]:
    """(N,) which atoms are of a metallic element."""
    return ~np.isin(elements, sorted(NON_METALS))


def find_bonds(elements: NDArray[np.str_], positions: Array, cell: Array) -> Bonds:
    """The bonds of (N, 3) positions in a periodic (3, 3) cell."""
    kinds, kind = np.unique(elements, return_inverse=True)
    limits = bond_limits(kinds.tolist())
    pairs = neighbours(positions, cell, float(limits.max(initial=0.0)))
    pairs = pairs.take(pairs.length < limits[kind[pairs.first], kind[pairs.second]])
    return _one_bond_per_hydrogen(elements, pairs)


def bond_limits(kinds: Sequence[str]) -> Array:
    """(K, K) longest bond between two elements."""
    from ase.data import atomic_numbers, covalent_radii

    radius = np.array([covalent_radii[atomic_numbers[kind]] for kind in kinds])
    metal = is_metal(np.array(kinds))
    n_metals = metal[:, None].astype(int) + metal
    limits = np.choose(n_metals, (OTHER_OTHER, METAL_OTHER, METAL_METAL)) * (radius[:, None] + radius)
    for pair, limit in ((("O", "H"), OH_BOND_A), (("H", "H"), HH_BOND_A), (("O", "O"), OO_BOND_A)):
        if set(pair) <= set(kinds):
            one, other = (list(kinds).index(kind) for kind in pair)
            limits[one, other] = limits[other, one] = limit
    noble = np.isin(kinds, sorted(NOBLE_GASES))
    limits[noble] = limits[:, noble] = 0.0
    return np.asarray(limits)


def neighbours(positions: Array, cell: Array, cutoff_A: float) -> Bonds:
    """All pairs closer than a cutoff, each once, with every image that is within it."""
    inverse = np.linalg.inv(cell)
    scaled = positions @ inverse
    scaled = scaled - np.floor(scaled)
    margin = cutoff_A * np.linalg.norm(inverse, axis=0)
    reach = [range(-n, n + 1) for n in np.ceil(margin).astype(int)]
    shifts = np.array(list(product(*reach)))
    near = np.ones((len(shifts), len(scaled)), dtype=bool)
    for axis in range(3):
        image = shifts[:, axis, None] + scaled[:, axis]
        near &= (image > -margin[axis]) & (image < 1 + margin[axis])
    which, owner = np.nonzero(near)
    shift_of = shifts[which]
    around = (scaled[owner] + shift_of) @ cell
    points = scaled @ cell
    first, found, length = _close(points, around, cutoff_A)
    second, shift_of = owner[found], shift_of[found].astype(np.int64)
    # a pair is found from both of its ends: keep one, and of an atom with its own images one of each two
    later = np.sign(shift_of @ np.array([1 << 40, 1 << 20, 1]))
    once = (first < second) | ((first == second) & (later > 0))
    vector = around[found[once]] - points[first[once]]
    return Bonds(first[once], second[once], shift_of[once], vector, length[once])


def _close(points: Array, around: Array, cutoff_A: float) -> tuple[Indices, Indices, Array]:
    """Indices in both and distance of all pairs below the cutoff.

    The k-d tree takes 0.3 s to import and numba 0.4 s: where it was not yet needed, few pairs are looked at without it.
    """
    if len(points) > MANY:
        from scipy.spatial import cKDTree

        found = cKDTree(points).sparse_distance_matrix(cKDTree(around), cutoff_A, output_type="ndarray")
        return found["i"].astype(np.int64), found["j"].astype(np.int64), found["v"]
    order = np.argsort(around[:, 2], kind="stable")
    few = len(points) * len(around) < FEW_PAIRS and "numba" not in sys.modules
    first, second, length = (close_numpy if few else load("close")).close_pairs(
        np.ascontiguousarray(points, dtype=float), np.ascontiguousarray(around[order], dtype=float), cutoff_A
    )
    return first, order[second], length


def _one_bond_per_hydrogen(elements: NDArray[np.str_], bonds: Bonds) -> Bonds:
    """Of the bonds of an H the shortest to a non-metal; those to metals only where there is no other."""
    hydrogen, metal = elements == "H", is_metal(elements)
    own = np.flatnonzero(hydrogen[bonds.first] | hydrogen[bonds.second])
    if not len(own):
        return bonds
    first, second = bonds.first[own], bonds.second[own]
    h = np.concatenate([first[hydrogen[first]], second[hydrogen[second]]])
    partner = np.concatenate([second[hydrogen[first]], first[hydrogen[second]]])
    which = np.concatenate([own[hydrogen[first]], own[hydrogen[second]]])
    # heavy non-metals first, then H, then metals; within these the shortest
    rank = np.where(metal[partner], 2, np.where(hydrogen[partner], 1, 0))
    order = np.lexsort((bonds.length[which], rank, h))
    best = np.ones(len(order), dtype=bool)
    best[1:] = h[order][1:] != h[order][:-1]
    chosen = np.zeros(len(bonds.first), dtype=bool)
    chosen[which[order][best]] = True
    lone = np.zeros(len(elements), dtype=bool)
    lone[h[order][best][rank[order][best] == 2]] = True  # on metals: every bond counts
    keep = np.ones(len(bonds.first), dtype=bool)
    keep[own] = chosen[own] | lone[first] | lone[second]
    return bonds.take(keep)
