"""Compiled search for close pairs of points.  Twin: `close_numpy`.  Lengths in Å."""

from __future__ import annotations

import numpy as np

from lmpdrive.common.compiled import compiled


@compiled
def close_pairs(points, around, cutoff):
    """Indices in both and distance of all pairs closer than a cutoff, ordered by the first.

    points : (N, 3); around : (M, 3), which must be sorted by its third coordinate.
    """
    heights = np.ascontiguousarray(around[:, 2])
    room = 64 * len(points) + 64
    first, second, length = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.float64)
    n, limit = 0, cutoff * cutoff
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        for j in range(np.searchsorted(heights, z - cutoff), np.searchsorted(heights, z + cutoff)):
            dx, dy, dz = x - around[j, 0], y - around[j, 1], z - around[j, 2]
            squared = dx * dx + dy * dy + dz * dz
            if squared >= limit:
                continue
            if n == room:
                room *= 2
                first, second = _longer(first, room), _longer(second, room)
                more = np.empty(room, np.float64)
                more[:n] = length
                length = more
            first[n], second[n], length[n] = i, j, np.sqrt(squared)
            n += 1
    return first[:n], second[:n], length[:n]


@compiled
def _longer(values, room):
    more = np.empty(room, np.int64)
    more[: len(values)] = values
    return more
