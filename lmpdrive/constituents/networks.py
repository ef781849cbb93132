"""Connected parts of a bond graph in a periodic cell, and along how many directions each of them has no end.

A part that is connected to its own image along two independent directions is a sheet: a slab, a graphene layer.  Along
three it is a crystal, a glass or a melt that fills the cell, along one a wire or a tube, along none a molecule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmpdrive.constituents.bonds import Bonds, Indices


@dataclass(frozen=True, eq=False)
class Network:
    """One connected part.

    atoms : indices, ascending; windings : (W, 3) whole cells from an atom to images of itself that it is connected to.
    """

    atoms: Indices
    windings: Indices

    @property
    def dimensions(self) -> int:
        """Number of independent directions without an end."""
        return int(np.linalg.matrix_rank(self.windings)) if len(self.windings) else 0

    @property
    def normal(self) -> int | None:
        """Of a sheet: the axis (0, 1, 2: a, b, c) along which it ends; None if it is none along two cell vectors."""
        ends = np.flatnonzero(~self.windings.any(axis=0))
        return int(ends[0]) if self.dimensions == 2 and len(ends) == 1 else None


def networks(n_atoms: int, bonds: Bonds) -> list[Network]:
    """The connected parts with at least two atoms, or with bonds to own images."""
    start, neighbour, shift = _adjacency(n_atoms, bonds)
    label = np.full(n_atoms, -1)
    offset = np.zeros((n_atoms, 3), dtype=np.int64)
    n_parts = 0
    for seed in np.unique(bonds.first):
        if label[seed] >= 0:
            continue
        label[seed] = n_parts
        front = np.array([seed])
        while len(front):
            counts = start[front + 1] - start[front]
            source = np.repeat(front, counts)
            edges = np.repeat(start[front], counts) + _ramps(counts)
            fresh = label[neighbour[edges]] < 0
            found, once = np.unique(neighbour[edges][fresh], return_index=True)
            label[found] = n_parts
            offset[found] = (offset[source] + shift[edges])[fresh][once]
            front = found
        n_parts += 1
    turns = offset[bonds.first] + bonds.shift - offset[bonds.second]
    part = label[bonds.first]
    order = np.argsort(label, kind="stable")
    bounds = np.searchsorted(label[order], np.arange(n_parts + 1))
    turning = np.any(turns, axis=1)
    found_parts = []
    for k in range(n_parts):
        windings = turns[turning & (part == k)] if turning.any() else turns[:0]
        found_parts.append(Network(np.sort(order[bounds[k] : bounds[k + 1]]), np.unique(windings, axis=0)))
    return found_parts


def _ramps(counts: Indices) -> Indices:
    """0, 1, ..., count - 1 for each count, one after the other."""
    ends = np.cumsum(counts)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts))


def _adjacency(n_atoms: int, bonds: Bonds) -> tuple[Indices, Indices, Indices]:
    """(n_atoms + 1,) where the neighbours of each atom begin, the neighbours, and the cell of each."""
    source = np.concatenate([bonds.first, bonds.second])
    order = np.argsort(source, kind="stable")
    neighbour = np.concatenate([bonds.second, bonds.first])[order]
    shift = np.concatenate([bonds.shift, -bonds.shift])[order]
    return np.searchsorted(source[order], np.arange(n_atoms + 1)), neighbour, shift
