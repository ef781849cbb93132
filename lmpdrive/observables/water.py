"""Which atoms are a water: each H belongs to its nearest O within 1.3 Å (minimum image); a water is an O with two H.

Units: Å.  Identity is checked in every frame.  A bond that stays below 1.15 Å needs no search: another O
could only be nearer if two O were closer than 2.3 Å, which does not happen in condensed matter.  Longer
bonds and H without an O are searched among all O of that frame, so proton hops, hydroxide, hydronium and
adsorbed H are assigned correctly in the frame in which they happen, whatever the chunk they are read in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.geometry import Array
from lmpdrive.observables.kernels import load
from lmpdrive.trajectory.coordinates import Coordinates

BOND_A = 1.3
"""An H farther than this from every O is free."""

SAFE_BOND_A = 1.15
"""Below half the shortest O-O distance, the owner cannot have changed."""

SPECIES = ("H2O", "OH-", "H3O+", "O without H", "O with 4 H or more", "H without O")
"""Order of `WaterFrames.species`; charges are the usual names, not a measurement."""


@dataclass(frozen=True, eq=False)
class WaterFrames:
    """Waters of a chunk, one row per water and frame (W rows), in order of frame.

    frame : (W,) index of the frame within the chunk.
    oxygen : (W,) 0-based atom index of the O.
    hydrogens : (W, 2) 0-based atom indices of its H, in ascending order.
    bonds : (W, 2, 3) Å, r_H - r_O of each, minimum image; made at first use.
    bisector : (W, 3) Å, (r_H1 - r_O) + (r_H2 - r_O).
    species : (F, 6) counts per frame, columns `SPECIES`.
    """

    frame: NDArray[np.int64]
    oxygen: NDArray[np.int64]
    hydrogens: NDArray[np.int64]
    bisector: Array
    species: NDArray[np.int64]
    _coordinates: Coordinates
    _cells: Array

    @cached_property
    def bonds(self) -> Array:
        """(W, 2, 3) Å, r_H - r_O."""
        return load("waters").bond_vectors(
            self._coordinates.columns, self._cells, self.frame, self.oxygen, self.hydrogens
        )


class WaterFinder:
    """Finds the waters of each chunk and remembers the owners, which make the next chunk cheap."""

    def __init__(
        self,
        elements: NDArray[np.str_],
        oxygens: NDArray[np.int64] | None = None,
        hydrogens: NDArray[np.int64] | None = None,
    ) -> None:
        """`oxygens`, `hydrogens` : those that may be of water; default all."""
        self.oxygens = np.flatnonzero(elements == "O") if oxygens is None else oxygens
        self.hydrogens = np.flatnonzero(elements == "H") if hydrogens is None else hydrogens
        self._owners = np.full(len(self.hydrogens), -1)

    def find(self, positions: Array | Coordinates, cells: Array) -> WaterFrames:
        """Waters of (F, N, 3) positions [Å] in (F, 3, 3) cells [Å]."""
        at = positions if isinstance(positions, Coordinates) else Coordinates.of(positions)
        if len(self.oxygens) == 0 or len(self.hydrogens) == 0:
            species = np.zeros((len(at), len(SPECIES)), dtype=np.int64)
            species[:, 3], species[:, 5] = len(self.oxygens), len(self.hydrogens)
            none = np.zeros(0, dtype=np.int64)
            return WaterFrames(none, none, none.reshape(0, 2), np.zeros((0, 3)), species, at, cells)
        frame, oxygen, hydrogens, bisector, species = load("waters").find_waters(
            at.columns,
            np.ascontiguousarray(cells),
            self.oxygens,
            self.hydrogens,
            self._owners,
            BOND_A,
            SAFE_BOND_A,
        )
        return WaterFrames(frame, oxygen, hydrogens, bisector, species, at, cells)
