"""NumPy twin of `hydrogen_bonds`: all donors against all acceptors, frame by frame.  Units: Å."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def find_bonds(
    records: Array,
    starts: Array,
    stride: int,
    cells: Array,
    frame: Array,
    oxygen: Array,
    bonds: Array,
    acceptors: Array,
    distance: float,
    cosine: float,
    at_hydrogen: bool,
    rows: Array,
    which: Array,
    accepting: Array,
) -> int:
    """Number of hydrogen bonds, written to the last three arguments as far as they fit; see the twin."""
    found = 0
    for f in np.unique(frame):
        waters = np.flatnonzero(frame == f)
        donors, others = (
            np.stack([records[f, s + stride * atoms] for s in starts], axis=1).astype(float)
            for atoms in (oxygen[waters], acceptors)
        )
        way = others[None] - donors[:, None]
        way -= np.rint(way @ np.linalg.inv(cells[f])) @ cells[f]
        near = ((way**2).sum(axis=2) < distance**2) & (acceptors[None] != oxygen[waters][:, None])
        w, a = np.nonzero(near)
        arms = bonds[waters[w]]  # (pairs, 2, 3)
        ways = way[w, a][:, None] - arms if at_hydrogen else np.repeat(way[w, a][:, None], 2, axis=1)
        along = (arms * ways).sum(axis=2)
        pair, k = np.nonzero(along > cosine * np.sqrt((arms**2).sum(axis=2) * (ways**2).sum(axis=2)))
        room = max(0, min(len(pair), len(rows) - found))
        into = slice(found, found + room)
        rows[into], which[into], accepting[into] = waters[w[pair]][:room], k[:room], acceptors[a[pair]][:room]
        found += len(pair)
    return found
