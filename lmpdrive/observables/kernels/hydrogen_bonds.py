"""Compiled search for hydrogen bonds by distance and angle.  Twin: `hydrogen_bonds_numpy`.

Units: Å.  Cost: donors times acceptors while there are few; linear in atoms (a grid of cells) where there are many.
"""

from __future__ import annotations

from math import floor

import numpy as np

from lmpdrive.common.compiled import compiled
from lmpdrive.observables.kernels.waters import invert, nearest_image

_FEW = 400
"""Up to so many acceptors, looking at all is quicker than sorting them."""


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
def _grid(record, starts, stride, acceptors, inverse, n):
    """First acceptor in each cell, and the next in the same cell."""
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
    return head, following


@compiled
def _bonded(bond, dx, dy, dz, cosine, at_hydrogen):
    """Is the angle between an O-H bond and the way to the acceptor small enough?"""
    if at_hydrogen:
        dx, dy, dz = dx - bond[0], dy - bond[1], dz - bond[2]
    along = bond[0] * dx + bond[1] * dy + bond[2] * dz
    lengths = (bond[0] ** 2 + bond[1] ** 2 + bond[2] ** 2) * (dx * dx + dy * dy + dz * dz)
    return along > cosine * np.sqrt(lengths)


@compiled
def find_bonds(
    records,
    starts,
    stride,
    cells,
    frame,
    oxygen,
    bonds,
    acceptors,
    distance,
    cosine,
    at_hydrogen,
    rows,
    which,
    accepting,
):
    """Number of hydrogen bonds; those that fit are written to `rows`, `which`, `accepting`.

    records, starts, stride : see `Coordinates`.
    cells : (F, 3, 3).
    frame, oxygen : (W,) frame and donor O of each water, in order of frame.
    bonds : (W, 2, 3) its O-H vectors.
    acceptors : atoms that may accept.
    distance : O-O limit; cosine : of the largest angle, H-O...O, or 180° - O-H...O if `at_hydrogen`.
    rows, which, accepting : (capacity,) row of the water, which of its H (0, 1), accepting atom.
    """
    limit, found, last = distance * distance, 0, -1
    inverse = np.empty((3, 3))
    orthogonal = True
    n = np.ones(3, np.int64)
    head, following = np.full((1, 1, 1), -1, np.int64), np.full(1, -1, np.int64)
    for w in range(len(frame)):
        f = frame[w]
        record, cell = records[f], cells[f]
        if f != last:
            last = f
            orthogonal = invert(cell, inverse)
            if len(acceptors) > _FEW:
                for axis in range(3):
                    n[axis] = _cells_along(inverse, axis, distance)
                head, following = _grid(record, starts, stride, acceptors, inverse, n)
        at = stride * oxygen[w]
        x, y, z = float(record[starts[0] + at]), float(record[starts[1] + at]), float(record[starts[2] + at])
        if len(acceptors) > _FEW:
            p = _cell_of(x, y, z, inverse, 0, n[0])
            q = _cell_of(x, y, z, inverse, 1, n[1])
            r = _cell_of(x, y, z, inverse, 2, n[2])
            n_cells = min(n[0], 3) * min(n[1], 3) * min(n[2], 3)
        else:
            p = q = r = 0
            n_cells = 1
        for c in range(n_cells):
            if len(acceptors) > _FEW:
                u, v = c // (min(n[1], 3) * min(n[2], 3)), c // min(n[2], 3) % min(n[1], 3)
                t = c % min(n[2], 3)
                j = head[
                    (p + u - min(n[0], 3) // 2 + n[0]) % n[0],
                    (q + v - min(n[1], 3) // 2 + n[1]) % n[1],
                    (r + t - min(n[2], 3) // 2 + n[2]) % n[2],
                ]
            else:
                j = 0
            while 0 <= j < len(acceptors):
                acceptor = acceptors[j]
                j = following[j] if len(acceptors) > _FEW else j + 1
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
