"""Plain NumPy twin of `waters`: the same functions, easier to check by eye.  Units: Å."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from lmpdrive.observables.geometry import Array, minimum_image
from lmpdrive.observables.kernels.arguments import Indices
from lmpdrive.trajectory.coordinates import Columns

_PAIRS_PER_BATCH = 1 << 20


def _positions(columns: Columns, atoms: Indices) -> Array:
    """(F, n, 3) positions of some atoms."""
    records, starts, stride = columns
    return np.stack([records[:, start + stride * atoms].astype(float) for start in starts], axis=-1)


def find_waters(
    columns: Columns,
    cells: Array,
    oxygens: Indices,
    hydrogens: Indices,
    owners: Indices,
    bond: float,
    safe: float,
) -> tuple[Indices, Indices, Indices, Array, Indices]:
    """See `waters.find_waters`."""
    n_frames, n_oxygen = len(columns.records), len(oxygens)
    oxygen = _positions(columns, oxygens)
    hydrogen = _positions(columns, hydrogens)
    owner, bonds = _own(oxygen, hydrogen, cells, owners, bond, safe)
    bound = owner >= 0
    slot = (np.where(bound, owner, 0) + n_oxygen * np.arange(n_frames)[:, None]).ravel()
    count = np.bincount(slot, bound.ravel(), n_frames * n_oxygen).astype(int)
    waters = np.flatnonzero(count == 2)
    mine = np.flatnonzero(bound.ravel() & (count[slot] == 2))
    pairs = mine[np.argsort(slot[mine], kind="stable")].reshape(-1, 2)
    by_oxygen = count.reshape(n_frames, n_oxygen)
    kinds = [by_oxygen == 2, by_oxygen == 1, by_oxygen == 3, by_oxygen == 0, by_oxygen > 3, ~bound]
    return (
        waters // n_oxygen,
        oxygens[waters % n_oxygen],
        hydrogens[pairs % len(hydrogens)],
        bonds.reshape(-1, 3)[pairs].sum(axis=1),
        np.stack([kind.sum(axis=1) for kind in kinds], axis=1),
    )


def _own(
    oxygen: Array, hydrogen: Array, cells: Array, hint: Indices, bond: float, safe: float
) -> tuple[Indices, Array]:
    """(F, n_H) owner of each H (index among the O) and (F, n_H, 3) bond vectors from O to H; updates `hint`."""
    if (hint < 0).all():
        hint[:] = nearest_oxygens(oxygen[0], hydrogen[0], cells[0], bond)
    inverses: Array = np.linalg.inv(cells).astype(float)
    owners = np.tile(hint, (len(hydrogen), 1))
    bonds = minimum_image(hydrogen - oxygen[:, np.maximum(hint, 0)], cells, inverses)
    far = ~(np.einsum("fhi,fhi->fh", bonds, bonds) <= safe**2)
    frames, atoms = np.nonzero(far | (owners < 0))
    batch = max(1, _PAIRS_PER_BATCH // oxygen.shape[1])
    for start in range(0, len(frames), batch):
        f, h = frames[start : start + batch], atoms[start : start + batch]
        vectors = minimum_image(hydrogen[f, h][:, None, :] - oxygen[f], cells[f], inverses[f])
        squared = np.einsum("poi,poi->po", vectors, vectors)
        nearest = squared.argmin(axis=1)
        pair = np.arange(len(f))
        owners[f, h] = np.where(squared[pair, nearest] <= bond**2, nearest, -1)
        bonds[f, h] = vectors[pair, nearest]
    hint[:] = owners[-1]
    return owners, bonds


def nearest_oxygens(oxygen: Array, hydrogen: Array, cell: Array, bond: float) -> Indices:
    """(n_H,) index of the nearest O within `bond`, or -1; any cell, by a tree over O and their near images.

    oxygen : (n_O, 3), hydrogen : (n_H, 3), cell : (3, 3), all Å; positions need not be wrapped.
    """
    inverse = np.linalg.inv(cell)
    fraction_o, fraction_h = oxygen @ inverse % 1.0, hydrogen @ inverse % 1.0
    margin = bond * np.linalg.norm(inverse, axis=0)  # the bond in fractions of each height
    images, index = fraction_o, np.arange(len(oxygen))
    for axis in range(3):
        low, high = images[:, axis] < margin[axis], images[:, axis] > 1.0 - margin[axis]
        shift = np.eye(3)[axis]
        images = np.concatenate([images, images[low] + shift, images[high] - shift])
        index = np.concatenate([index, index[low], index[high]])
    distance, nearest = cKDTree(images @ cell).query(fraction_h @ cell, distance_upper_bound=bond)
    return np.where(np.isfinite(distance), index[np.minimum(nearest, len(index) - 1)], -1)


def bond_vectors(columns: Columns, cells: Array, frame: Indices, oxygen: Indices, hydrogens: Indices) -> Array:
    """See `waters.bond_vectors`."""
    records, starts, stride = columns

    def at(frames: Indices, atoms: Indices) -> Array:
        return np.stack([records[frames, start + stride * atoms].astype(float) for start in starts], axis=-1)

    vectors = at(frame[:, None], hydrogens) - at(frame, oxygen)[:, None]
    return minimum_image(vectors, cells[frame], np.linalg.inv(cells)[frame].astype(float))
