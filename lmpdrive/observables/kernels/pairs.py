"""Compiled histogram of pair distances.  Twin: `pairs_numpy`.

Units: Å.  Cost: all pairs while there are few atoms; linear in atoms (a grid of cells) where there are many.
"""

from __future__ import annotations

from math import floor

import numpy as np

from lmpdrive.common.compiled import compiled

_FEW = 400
"""Up to so many atoms, looking at all is quicker than sorting them."""


@compiled
def _nearest_image(dx, dy, dz, cell, axes, orthogonal):
    """The image found by taking off c, then b, then a; `pair_sums.pair_axes` says where that is the nearest."""
    if orthogonal:
        dx -= cell[0, 0] * np.rint(dx * axes[0, 0])
        dy -= cell[1, 1] * np.rint(dy * axes[1, 1])
        dz -= cell[2, 2] * np.rint(dz * axes[2, 2])
        return dx, dy, dz
    for i in range(2, -1, -1):
        n = np.rint(dx * axes[i, 0] + dy * axes[i, 1] + dz * axes[i, 2])
        dx -= n * cell[i, 0]
        dy -= n * cell[i, 1]
        dz -= n * cell[i, 2]
    return dx, dy, dz


@compiled
def _load(record, starts, stride, atoms, out):
    """Copy the coordinates of some atoms to (3, n)."""
    for i in range(len(atoms)):
        for axis in range(3):
            out[axis, i] = float(record[starts[axis] + stride * atoms[i]])


@compiled
def _cells_along(inverse, axis, edge):
    """Cells of the grid along one axis, none thinner than `edge`; fewer than three are one."""
    height = 1.0 / np.sqrt(inverse[0, axis] ** 2 + inverse[1, axis] ** 2 + inverse[2, axis] ** 2)
    n = min(64, int(height / edge))
    return n if n >= 3 else 1


@compiled
def _cell_of(x, i, inverse, axis, n):
    """Cell of the grid along one axis."""
    s = x[0, i] * inverse[0, axis] + x[1, i] * inverse[1, axis] + x[2, i] * inverse[2, axis]
    return min(int((s - floor(s)) * n), n - 1)


@compiled
def _near(a, b, cell, axes, orthogonal, r_max, width, first, second, half, rows, counts):
    """All pairs of a few atoms."""
    limit, n_bins = r_max * r_max, counts.shape[1]
    for i in range(a.shape[1]):
        for j in range(i + 1 if half else 0, b.shape[1]):
            dx, dy, dz = _nearest_image(a[0, i] - b[0, j], a[1, i] - b[1, j], a[2, i] - b[2, j], cell, axes, orthogonal)
            squared = dx * dx + dy * dy + dz * dz
            if squared < limit and first[i] != second[j]:
                k = int(np.sqrt(squared) / width)
                if k < n_bins:
                    counts[i * rows, k] += 1
                    if half:
                        counts[j * rows, k] += 1


@compiled
def _near_by_grid(a, b, cell, axes, inverse, orthogonal, r_max, width, first, second, half, rows, counts):
    """Pairs of atoms in neighbouring cells of a grid."""
    limit, n_bins = r_max * r_max, counts.shape[1]
    n0 = _cells_along(inverse, 0, r_max)
    n1 = _cells_along(inverse, 1, r_max)
    n2 = _cells_along(inverse, 2, r_max)
    head = np.full((n0, n1, n2), -1, np.int64)
    following = np.empty(b.shape[1], np.int64)
    for j in range(b.shape[1]):
        p, q, r = _cell_of(b, j, inverse, 0, n0), _cell_of(b, j, inverse, 1, n1), _cell_of(b, j, inverse, 2, n2)
        following[j] = head[p, q, r]
        head[p, q, r] = j
    w0, w1, w2 = min(n0, 3), min(n1, 3), min(n2, 3)
    for i in range(a.shape[1]):
        p, q, r = _cell_of(a, i, inverse, 0, n0), _cell_of(a, i, inverse, 1, n1), _cell_of(a, i, inverse, 2, n2)
        for u in range(w0):
            for v in range(w1):
                for w in range(w2):
                    j = head[(p + u - w0 // 2 + n0) % n0, (q + v - w1 // 2 + n1) % n1, (r + w - w2 // 2 + n2) % n2]
                    while j >= 0:
                        if not half or j > i:
                            dx, dy, dz = _nearest_image(
                                a[0, i] - b[0, j], a[1, i] - b[1, j], a[2, i] - b[2, j], cell, axes, orthogonal
                            )
                            squared = dx * dx + dy * dy + dz * dz
                            if squared < limit and first[i] != second[j]:
                                k = int(np.sqrt(squared) / width)
                                if k < n_bins:
                                    counts[i * rows, k] += 1
                                    if half:
                                        counts[j * rows, k] += 1
                        j = following[j]


@compiled
def count_pairs(
    records, starts, stride, cells, axes, inverses, orthogonal, frames, first, second, width, n_bins, per_atom
):
    """(len(frames), n or 1, n_bins) neighbours in `second` of each atom (or of all) in `first`, by distance.

    records, starts, stride : see `Coordinates`.
    cells, axes, inverses : (F, 3, 3); `axes` from `pair_sums.pair_axes`, which says up to where all pairs are found.
    orthogonal : (F,) the cell is diagonal.
    frames : which of the frames.
    first, second : atom indices; an atom is not its own neighbour.
    """
    half = len(first) == len(second)
    if half:
        for i in range(len(first)):
            if first[i] != second[i]:
                half = False
                break
    rows = 1 if per_atom else 0
    counts = np.zeros((len(frames), len(first) if per_atom else 1, n_bins), np.int64)
    a, b = np.empty((3, len(first))), np.empty((3, len(second)))
    r_max = width * n_bins
    for f in range(len(frames)):
        record, cell, axis = records[frames[f]], cells[frames[f]], axes[frames[f]]
        _load(record, starts, stride, first, a)
        _load(record, starts, stride, second, b)
        if len(second) > _FEW:
            inverse, square = inverses[frames[f]], orthogonal[frames[f]]
            _near_by_grid(a, b, cell, axis, inverse, square, r_max, width, first, second, half, rows, counts[f])
        else:
            _near(a, b, cell, axis, orthogonal[frames[f]], r_max, width, first, second, half, rows, counts[f])
    return counts


@compiled
def near_pairs(records, starts, stride, cells, axes, orthogonal, frames, first, second, r_max, room):
    """(k, 3) [number in `frames`, index in `first`, index in `second`] of the pairs closer than r_max, and k.

    At most `room` rows are returned, k counts all; an atom is not its own neighbour.
    """
    found = np.empty((room, 3), np.int64)
    a, b = np.empty((3, len(first))), np.empty((3, len(second)))
    k, limit = 0, r_max * r_max
    for f in range(len(frames)):
        record, cell, axis, square = records[frames[f]], cells[frames[f]], axes[frames[f]], orthogonal[frames[f]]
        _load(record, starts, stride, first, a)
        _load(record, starts, stride, second, b)
        for i in range(len(first)):
            for j in range(len(second)):
                dx, dy, dz = _nearest_image(a[0, i] - b[0, j], a[1, i] - b[1, j], a[2, i] - b[2, j], cell, axis, square)
                if dx * dx + dy * dy + dz * dz < limit and first[i] != second[j]:
                    if k < room:
                        found[k, 0], found[k, 1], found[k, 2] = f, i, j
                    k += 1
    return found[: min(k, room)], k
