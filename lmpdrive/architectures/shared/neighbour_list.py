"""Neighbours of every atom within a cutoff, images included, in any cell and with any periodic directions."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Neighbours(NamedTuple):
    """Pairs in the order of their first atom.

    first : (n + 1,) pairs of atom i are first[i] to first[i + 1] - 1.
    centre, neighbour : (pairs,) indices of the atoms.
    vectors : (pairs, 3) from the first atom to the second, in the unit of the positions.
    """

    first: NDArray[np.int64]
    centre: NDArray[np.int64]
    neighbour: NDArray[np.int64]
    vectors: NDArray[np.float64]


def neighbours(positions: NDArray[np.float64], cell: NDArray[np.float64], pbc: object, cutoff: float) -> Neighbours:
    """Every pair twice, once from each of its atoms, and once per image; an atom may be its own image.

    positions : (n, 3); cell : (3, 3), rows are the vectors; cutoff : in the same unit.
    """
    from scipy.spatial import cKDTree

    periodic = np.broadcast_to(np.asarray(pbc, dtype=bool), (3,))
    fractions = positions @ np.linalg.inv(cell)
    fractions -= np.floor(fractions) * periodic
    margin = cutoff * np.linalg.norm(np.linalg.inv(cell), axis=0)  # the cutoff over the width of each direction
    reach = [range(-n, n + 1) if p else range(1) for n, p in zip(np.ceil(margin).astype(int), periodic, strict=True)]
    inside = fractions @ cell
    places, owners = [inside], [np.arange(len(positions))]
    for shift in product(*reach):
        if any(shift):
            image = fractions + shift
            near = np.all(~periodic | ((image > -margin) & (image < 1 + margin)), axis=1)
            places.append(image[near] @ cell)
            owners.append(np.flatnonzero(near))
    around, owner = np.concatenate(places), np.concatenate(owners)
    found = cKDTree(inside).query_ball_point(around, cutoff, return_sorted=False)
    lengths = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    centre = np.fromiter((i for atoms in found for i in atoms), dtype=np.int64, count=int(lengths.sum()))
    other = np.repeat(np.arange(len(around)), lengths)
    keep = centre != other  # not the atom itself, which is the first of its images
    centre, other = centre[keep], other[keep]
    order = np.argsort(centre, kind="stable")
    centre, other = centre[order], other[order]
    first = np.concatenate([[0], np.cumsum(np.bincount(centre, minlength=len(positions)))])
    return Neighbours(first, centre, owner[other], around[other] - inside[centre])
