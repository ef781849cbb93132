"""Who is a water: each H belongs to its nearest O within 1.3 Å (minimum image); a water is an O with two H.

Units: Å.  Identity is checked in every frame.  A bond that stays below 1.15 Å needs no search: another O
could only be nearer if two O were closer than 2.3 Å, which does not happen in condensed matter.  Longer
bonds and H without an O are searched among all O of that frame, so proton hops, hydroxide, hydronium and
adsorbed H come out right in the frame in which they happen, whatever the chunk they are read in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lmpdrive.observables.geometry import Array, minimum_image

BOND_A = 1.3
"""An H farther than this from every O is free."""

SAFE_BOND_A = 1.15
"""Below half the shortest O-O distance, the owner cannot have changed."""

SPECIES = ("H2O", "OH-", "H3O+", "O without H", "O with 4 H or more", "H without O")
"""Order of `WaterFrames.species`; charges are the usual names, not a measurement."""

_PAIRS_PER_BATCH = 1 << 20


@dataclass(frozen=True)
class WaterFrames:
    """Waters of a chunk, one row per water and frame (W rows), in order of frame.

    frame : (W,) index of the frame within the chunk.
    oxygen : (W,) 0-based atom index of the O.
    hydrogens : (W, 2) 0-based atom indices of its H, in ascending order.
    bonds : (W, 2, 3) Å, r_H - r_O of each, minimum image.
    bisector : (W, 3) Å, (r_H1 - r_O) + (r_H2 - r_O).
    species : (F, 6) counts per frame, columns `SPECIES`.
    """

    frame: NDArray[np.int64]
    oxygen: NDArray[np.int64]
    hydrogens: NDArray[np.int64]
    bonds: Array
    bisector: Array
    species: NDArray[np.int64]


class WaterFinder:
    """Finds the waters of each chunk and remembers the owners, which make the next chunk cheap."""

    def __init__(self, elements: NDArray[np.str_]) -> None:
        self.oxygens = np.flatnonzero(elements == "O")
        self.hydrogens = np.flatnonzero(elements == "H")
        self._owners: NDArray[np.int64] | None = None

    def find(self, positions: Array, cells: Array) -> WaterFrames:
        """Waters of (F, N, 3) positions in (F, 3, 3) cells; owners are -1 for an H without O."""
        n_frames, n_oxygen = len(positions), len(self.oxygens)
        if n_oxygen == 0 or len(self.hydrogens) == 0:
            species = np.zeros((n_frames, len(SPECIES)), dtype=np.int64)
            species[:, 3], species[:, 5] = n_oxygen, len(self.hydrogens)
            none = np.zeros(0, dtype=np.int64)
            return WaterFrames(none, none, none.reshape(0, 2), np.zeros((0, 2, 3)), np.zeros((0, 3)), species)
        oxygen, hydrogen = positions[:, self.oxygens], positions[:, self.hydrogens]
        owners, bonds = self._own(oxygen, hydrogen, cells)
        bound = owners >= 0
        slot = (np.where(bound, owners, 0) + n_oxygen * np.arange(n_frames)[:, None]).ravel()
        count = np.bincount(slot, bound.ravel(), n_frames * n_oxygen).astype(int)
        waters = np.flatnonzero(count == 2)
        mine = np.flatnonzero(bound.ravel() & (count[slot] == 2))
        pairs = mine[np.argsort(slot[mine], kind="stable")].reshape(-1, 2)
        vectors = bonds.reshape(-1, 3)[pairs]
        return WaterFrames(
            waters // n_oxygen,
            self.oxygens[waters % n_oxygen],
            self.hydrogens[pairs % len(self.hydrogens)],
            vectors,
            vectors.sum(axis=1),
            self._species(count.reshape(n_frames, n_oxygen), bound),
        )

    @staticmethod
    def _species(count: NDArray[np.int64], bound: NDArray[np.bool_]) -> NDArray[np.int64]:
        by_hydrogens = [(count == 2), (count == 1), (count == 3), (count == 0), (count > 3), ~bound]
        return np.stack([kind.sum(axis=1) for kind in by_hydrogens], axis=1)

    def _own(self, oxygen: Array, hydrogen: Array, cells: Array) -> tuple[NDArray[np.int64], Array]:
        """(F, n_H) owner of each H (index among the O) and (F, n_H, 3) bond vectors from O to H."""
        if self._owners is None:
            self._owners = nearest_oxygens(oxygen[0], hydrogen[0], cells[0])
        inverses: Array = np.linalg.inv(cells).astype(float)
        owners = np.tile(self._owners, (len(hydrogen), 1))
        bonds = minimum_image(hydrogen - oxygen[:, np.maximum(self._owners, 0)], cells, inverses)
        far = np.einsum("fhi,fhi->fh", bonds, bonds) > SAFE_BOND_A**2
        frames, atoms = np.nonzero(far | (owners < 0))
        batch = max(1, _PAIRS_PER_BATCH // oxygen.shape[1])
        for start in range(0, len(frames), batch):
            f, h = frames[start : start + batch], atoms[start : start + batch]
            vectors = minimum_image(hydrogen[f, h][:, None, :] - oxygen[f], cells[f], inverses[f])
            squared = np.einsum("poi,poi->po", vectors, vectors)
            nearest = squared.argmin(axis=1)
            pair = np.arange(len(f))
            owners[f, h] = np.where(squared[pair, nearest] <= BOND_A**2, nearest, -1)
            bonds[f, h] = vectors[pair, nearest]
        self._owners = owners[-1]
        return owners, bonds


def nearest_oxygens(oxygen: Array, hydrogen: Array, cell: Array) -> NDArray[np.int64]:
    """(n_H,) index of the nearest O within 1.3 Å, or -1; any cell, by a tree over O and their near images.

    oxygen : (n_O, 3), hydrogen : (n_H, 3), cell : (3, 3), all Å; positions need not be wrapped.
    """
    inverse = np.linalg.inv(cell)
    fraction_o, fraction_h = oxygen @ inverse % 1.0, hydrogen @ inverse % 1.0
    margin = BOND_A * np.linalg.norm(inverse, axis=0)  # 1.3 Å in fractions of each height
    images, index = fraction_o, np.arange(len(oxygen))
    for axis in range(3):
        low, high = images[:, axis] < margin[axis], images[:, axis] > 1.0 - margin[axis]
        shift = np.eye(3)[axis]
        images = np.concatenate([images, images[low] + shift, images[high] - shift])
        index = np.concatenate([index, index[low], index[high]])
    distance, nearest = cKDTree(images @ cell).query(fraction_h @ cell, distance_upper_bound=BOND_A)
    return np.where(np.isfinite(distance), index[np.minimum(nearest, len(index) - 1)], -1)
