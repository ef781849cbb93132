"""What the compiled functions and their NumPy twins take together, as named tuples of arrays.  Units: Å.

Numba's copies on disk know a named tuple by its name and the types of its fields: if the fields of one change, change
its name as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmpdrive.trajectory.coordinates import Columns

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


class NormalAxis(NamedTuple):
    """The coordinate along the normal, r·n minus that of the cell's corner.

    columns : the positions, see `Coordinates`; normals : (F, 3) unit vectors.
    origins : (F,) the corner along the normal; heights : (F,) of the cell.
    """

    columns: Columns
    normals: Array
    origins: Array
    heights: Array


class PairCells(NamedTuple):
    """Cells in which pairs are counted, from `pair_sums.pair_cells`.

    cells, axes, inverses : (F, 3, 3); the products of `axes` with a distance are how many a, b, c to take off.
    orthogonal : (F,) the cell is diagonal.
    """

    cells: Array
    axes: Array
    inverses: Array
    orthogonal: NDArray[np.bool_]


class DistanceBins(NamedTuple):
    """A histogram of distances: `n_bins` bins of `width`, one row per atom or one for all."""

    width: float
    n_bins: int
    per_atom: bool


class Donors(NamedTuple):
    """Waters that may donate a hydrogen bond: (W,) frame and O of each, in order of frame; (W, 2, 3) O-H vectors."""

    frame: Indices
    oxygen: Indices
    bonds: Array


class HydrogenBondCriterion(NamedTuple):
    """distance : O-O limit; cosine : of the largest angle, H-O...O, or 180° - O-H...O if `at_hydrogen`."""

    distance: float
    cosine: float
    at_hydrogen: bool


class BondBuffers(NamedTuple):
    """Where hydrogen bonds are written, (capacity,) each: row of the water, which of its H (0, 1), accepting atom."""

    row: Indices
    hydrogen: Indices
    acceptor: Indices
