"""Whether a model can see the ions from where an atom is.  Lengths in Å.

A model's energy of atom i depends on the atoms within its receptive field: cutoff x layers of message passing.  The
charge of the metal follows from the number of ions alone, so an atom that has not all ions within this radius cannot
know the charge state.  The radius is the most that is possible: a message travels from neighbour to neighbour, and
across a vacuum there is none.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def farthest_distances(atoms: Array, ions: Array, cells: Array) -> Array:
    """(F, n) distance of each atom from the ion that is farthest, each ion at its nearest periodic image.

    atoms (F, n, 3), ions (F, m, 3), cells (F, 3, 3), periodic in all directions.  Exact for cells whose tilts are at
    most half a side, as LAMMPS wants them.  Without ions zero: all of them are near.
    """
    orthogonal = not np.any(cells[:, ~np.eye(3, dtype=bool)])
    inverses = np.linalg.inv(cells)
    # in a tilted cell the rounded image may not be the nearest, but one beside it is
    shifts = [np.zeros(3)] if orthogonal else [np.array(s, dtype=float) for s in product((-1, 0, 1), repeat=3)]
    farthest = np.zeros(atoms.shape[:2])
    for ion in np.moveaxis(ions, 1, 0):
        fractional = (ion[:, None] - atoms) @ inverses
        fractional -= np.rint(fractional)
        squares = [(((fractional + shift) @ cells) ** 2).sum(axis=2) for shift in shifts]
        np.maximum(farthest, np.sqrt(np.min(squares, axis=0)), out=farthest)
    return farthest
