"""NumPy twin of `hydrogen_bonds`: all donors against all acceptors, frame by frame.  Units: Å."""

from __future__ import annotations

import numpy as np

from lmpdrive.observables.kernels.arguments import Array, BondBuffers, Donors, HydrogenBondCriterion, Indices
from lmpdrive.trajectory.coordinates import Columns


def find_bonds(
    columns: Columns,
    cells: Array,
    donors: Donors,
    acceptors: Indices,
    criterion: HydrogenBondCriterion,
    buffers: BondBuffers,
) -> int:
    """Number of hydrogen bonds; those that fit are written to `buffers`.  See `hydrogen_bonds.find_bonds`."""
    (records, starts, stride), (rows, which, accepting) = columns, buffers
    found = 0
    for f in np.unique(donors.frame):
        waters = np.flatnonzero(donors.frame == f)
        oxygen = donors.oxygen[waters]
        places, others = (
            np.stack([records[f, s + stride * atoms] for s in starts], axis=1).astype(float)
            for atoms in (oxygen, acceptors)
        )
        vectors = others[None] - places[:, None]
        vectors -= np.rint(vectors @ np.linalg.inv(cells[f])) @ cells[f]
        near = ((vectors**2).sum(axis=2) < criterion.distance**2) & (acceptors[None] != oxygen[:, None])
        w, a = np.nonzero(near)
        arms = donors.bonds[waters[w]]  # (pairs, 2, 3)
        to_acceptor = np.repeat(vectors[w, a][:, None], 2, axis=1)
        if criterion.at_hydrogen:
            to_acceptor -= arms
        along = (arms * to_acceptor).sum(axis=2)
        pair, k = np.nonzero(along > criterion.cosine * np.sqrt((arms**2).sum(axis=2) * (to_acceptor**2).sum(axis=2)))
        room = max(0, min(len(pair), len(rows) - found))
        into = slice(found, found + room)
        rows[into], which[into], accepting[into] = waters[w[pair]][:room], k[:room], acceptors[a[pair]][:room]
        found += len(pair)
    return found
