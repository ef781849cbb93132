"""Compiled histogram of pair distances.  Twin: `pairs_numpy`.

Units: Å.  Cost: all pairs while there are few atoms; linear in atoms (a grid of cells) where there are many.
"""

from __future__ import annotations

from math import floor
from typing import NamedTuple

import numpy as np

from lmpdrive.common.compiled import compiled
from lmpdrive.observables.kernels.arguments import Array, Indices

_FEW = 400
"""Up to this many atoms, trying all of them is quicker than sorting them."""


class _Box(NamedTuple):
    """One frame of `PairCells`."""

    cell: Array
    axes: Array
    inverse: Array
    orthogonal: bool


class _Pairs(NamedTuple):
    """Atoms of each kind, and whether the two kinds are the same: then each pair is visited once."""

    first: Indices
    second: Indices
    same: bool


@compiled
def _nearest_image(dx, dy, dz, box):
    """The image found by taking off c, then b, then a; the nearest within the reach of `pair_sums.pair_cells`."""
    cell, axes = box.cell, box.axes
    if box.orthogonal:
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
def _squared_distance(a, i, b, j, box):
    """Of the nearest images."""
    dx, dy, dz = _nearest_image(a[0, i] - b[0, j], a[1, i] - b[1, j], a[2, i] - b[2, j], box)
    return dx * dx + dy * dy + dz * dz


@compiled
def _count(i, j, squared, width, pairs, rows, counts):
    """Add one pair to the histogram of `i` and, where it is visited once, to that of `j`."""
    k = int(np.sqrt(squared) / width)
    if k < counts.shape[1]:
        counts[i * rows, k] += 1
        if pairs.same:
            counts[j * rows, k] += 1


@compiled
def _count_all(a, b, box, pairs, width, rows, counts):
    """Count the pairs of a few atoms."""
    r_max = width * counts.shape[1]
    limit = r_max * r_max
    for i in range(a.shape[1]):
        for j in range(i + 1 if pairs.same else 0, b.shape[1]):
            squared = _squared_distance(a, i, b, j, box)
            if squared < limit and pairs.first[i] != pairs.second[j]:
                _count(i, j, squared, width, pairs, rows, counts)


@compiled
def _count_by_grid(a, b, box, pairs, width, rows, counts):
    """Count the pairs of atoms in neighbouring cells of a grid."""
    r_max, inverse = width * counts.shape[1], box.inverse
    limit = r_max * r_max
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
                        if not pairs.same or j > i:
                            squared = _squared_distance(a, i, b, j, box)
                            if squared < limit and pairs.first[i] != pairs.second[j]:
                                _count(i, j, squared, width, pairs, rows, counts)
                        j = following[j]


@compiled
def _box(cells, f):
    """The cell of one frame."""
    return _Box(cells.cells[f], cells.axes[f], cells.inverses[f], cells.orthogonal[f])


@compiled
def _same(first, second):
    """Whether two lists of atoms are equal."""
    same = len(first) == len(second)
    for i in range(len(first) if same else 0):
        same = same and first[i] == second[i]
    return same


@compiled
def count_pairs(columns, cells, frames, first, second, bins):
    """(len(frames), n or 1, n_bins) neighbours in `second` of each atom (or of all) in `first`, by distance.

    columns : see `Coordinates`.
    cells : `PairCells`; `pair_sums.pair_cells` gives the distance up to which all pairs are found.
    frames : which of the frames.
    first, second : atom indices; an atom is not its own neighbour.
    bins : `DistanceBins`.
    """
    records, starts, stride = columns
    pairs, rows = _Pairs(first, second, _same(first, second)), 1 if bins.per_atom else 0
    counts = np.zeros((len(frames), len(first) if bins.per_atom else 1, bins.n_bins), np.int64)
    a, b = np.empty((3, len(first))), np.empty((3, len(second)))
    for f in range(len(frames)):
        record, box = records[frames[f]], _box(cells, frames[f])
        _load(record, starts, stride, first, a)
        _load(record, starts, stride, second, b)
        if len(second) > _FEW:
            _count_by_grid(a, b, box, pairs, bins.width, rows, counts[f])
        else:
            _count_all(a, b, box, pairs, bins.width, rows, counts[f])
    return counts


@compiled
def near_pairs(columns, cells, frames, first, second, r_max, room):
    """(k, 3) [number in `frames`, index in `first`, index in `second`] of the pairs closer than r_max, and k.

    At most `room` rows are returned, k counts all; an atom is not its own neighbour.
    """
    records, starts, stride = columns
    found = np.empty((room, 3), np.int64)
    a, b = np.empty((3, len(first))), np.empty((3, len(second)))
    k, limit = 0, r_max * r_max
    for f in range(len(frames)):
        record, box = records[frames[f]], _box(cells, frames[f])
        _load(record, starts, stride, first, a)
        _load(record, starts, stride, second, b)
        for i in range(len(first)):
            for j in range(len(second)):
                if _squared_distance(a, i, b, j, box) < limit and first[i] != second[j]:
                    if k < room:
                        found[k, 0], found[k, 1], found[k, 2] = f, i, j
                    k += 1
    return found[: min(k, room)], k
