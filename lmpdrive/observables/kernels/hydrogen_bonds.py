"""Compiled search for hydrogen bonds by distance and angle.  Twin: `hydrogen_bonds_numpy`.

Units: Å.  Cost: donors times acceptors while there are few; linear in atoms (a grid of cells) where there are many.
"""

from __future__ import annotations

from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.compiled import compiled
from lmpdrive.observables.kernels.arguments import Array, Indices
from lmpdrive.observables.kernels.waters import invert, nearest_image

_FEW = 400
"""Up to this many acceptors, trying all of them is quicker than sorting them."""


class _Frame(NamedTuple):
    """One record, where x, y, z begin in it, its cell, the cell's inverse, and whether the cell is orthogonal."""

    record: NDArray
    starts: Indices
    stride: int
    cell: Array
    inverse: Array
    orthogonal: bool


class _Grid(NamedTuple):
    """(3,) cells along each axis, the first acceptor in each cell, and the next acceptor in the same cell."""

    n: Indices
    head: Indices
    following: Indices


@compiled
def _cells_along(inverse, axis, edge):
    """Cells of the grid along one axis, none thinner than `edge`; fewer than three are one."""
    height = 1.0 / np.sqrt(inverse[0, axis] ** 2 + inverse[1, axis] ** 2 + inverse[2, axis] ** 2)
    n = min(64, int(height / edge))
    return n if n >= 3 else 1


@compiled
def _cell_of(x, y, z, inverse, axis, n):
    """Cell of the grid along one axis."""
    s = x * inverse[0, axis] + y * inverse[1, axis] + z * inverse[2, axis]
    return min(int((s - floor(s)) * n), n - 1)


@compiled
def _fill_grid(frame, acceptors, edge):
    """Sort the acceptors of one frame into cells."""
    record, starts, stride, _, inverse, _ = frame
    n = np.empty(3, np.int64)
    for axis in range(3):
        n[axis] = _cells_along(inverse, axis, edge)
    head = np.full((n[0], n[1], n[2]), -1, np.int64)
    following = np.full(len(acceptors), -1, np.int64)
    for j in range(len(acceptors)):
        at = stride * acceptors[j]
        x, y, z = record[starts[0] + at], record[starts[1] + at], record[starts[2] + at]
        p = _cell_of(x, y, z, inverse, 0, n[0])
        q = _cell_of(x, y, z, inverse, 1, n[1])
        r = _cell_of(x, y, z, inverse, 2, n[2])
        following[j] = head[p, q, r]
        head[p, q, r] = j
    return _Grid(n, head, following)


@compiled
def _bonded(bond, dx, dy, dz, cosine, at_hydrogen):
    """Is the angle between an O-H bond and the vector to the acceptor small enough?"""
    if at_hydrogen:
        dx, dy, dz = dx - bond[0], dy - bond[1], dz - bond[2]
    along = bond[0] * dx + bond[1] * dy + bond[2] * dz
    lengths = (bond[0] ** 2 + bond[1] ** 2 + bond[2] ** 2) * (dx * dx + dy * dy + dz * dz)
    return along > cosine * np.sqrt(lengths)


@compiled
def _heads(grid, inverse, x, y, z):
    """(k,) the first acceptor in each of the cells around a point."""
    n, head, _ = grid
    p = _cell_of(x, y, z, inverse, 0, n[0])
    q = _cell_of(x, y, z, inverse, 1, n[1])
    r = _cell_of(x, y, z, inverse, 2, n[2])
    w0, w1, w2 = min(n[0], 3), min(n[1], 3), min(n[2], 3)
    heads, c = np.empty(w0 * w1 * w2, np.int64), 0
    for u in range(w0):
        for v in range(w1):
            for t in range(w2):
                a, b, d = p + u - w0 // 2 + n[0], q + v - w1 // 2 + n[1], r + t - w2 // 2 + n[2]
                heads[c] = head[a % n[0], b % n[1], d % n[2]]
                c += 1
    return heads


@compiled
def _add_bonds(waters, donors, frame, acceptors, grid, criterion, buffers, found):
    """Number of hydrogen bonds after those that a frame's waters donate, if there were `found` before."""
    # named tuples are unpacked outside the loops: numba counts references each time a field is used
    record, starts, stride, cell, inverse, orthogonal = frame
    distance, cosine, at_hydrogen = criterion
    rows, which, accepting = buffers
    _, oxygen, bonds = donors
    limit, gridded, following = distance * distance, len(acceptors) > _FEW, grid.following
    heads = np.zeros(1, np.int64)
    for w in range(*waters):
        at = stride * oxygen[w]
        x, y, z = float(record[starts[0] + at]), float(record[starts[1] + at]), float(record[starts[2] + at])
        if gridded:
            heads = _heads(grid, inverse, x, y, z)
        for j in heads:
            while 0 <= j < len(acceptors):
                acceptor = acceptors[j]
                j = following[j] if gridded else j + 1
                other = stride * acceptor
                dz = record[starts[2] + other] - z
                if orthogonal:  # most are too far along the longest side: spare the rest
                    dz -= cell[2, 2] * np.rint(dz * inverse[2, 2])
                    if dz * dz >= limit:
                        continue
                dx, dy, dz = nearest_image(
                    record[starts[0] + other] - x, record[starts[1] + other] - y, dz, cell, inverse, orthogonal
                )
                if other != at and dx * dx + dy * dy + dz * dz < limit:
                    for k in range(2):
                        if _bonded(bonds[w, k], dx, dy, dz, cosine, at_hydrogen):
                            if found < len(rows):
                                rows[found], which[found], accepting[found] = w, k, acceptor
                            found += 1
    return found


@compiled
def find_bonds(columns, cells, donors, acceptors, criterion, buffers):
    """Number of hydrogen bonds; those that fit are written to `buffers`.

    columns : see `Coordinates`.
    cells : (F, 3, 3).
    donors, criterion, buffers : `Donors`, `HydrogenBondCriterion` and `BondBuffers`.
    acceptors : atoms that may accept.
    """
    records, starts, stride = columns
    frames, inverse, start, found = donors.frame, np.empty((3, 3)), 0, 0
    grid = _Grid(np.ones(3, np.int64), np.full((1, 1, 1), -1, np.int64), np.full(1, -1, np.int64))
    while start < len(frames):
        f, stop = frames[start], start + 1
        while stop < len(frames) and frames[stop] == f:
            stop += 1
        frame = _Frame(records[f], starts, stride, cells[f], inverse, invert(cells[f], inverse))
        if len(acceptors) > _FEW:
            grid = _fill_grid(frame, acceptors, criterion.distance)
        found = _add_bonds((start, stop), donors, frame, acceptors, grid, criterion, buffers, found)
        start = stop
    return found
