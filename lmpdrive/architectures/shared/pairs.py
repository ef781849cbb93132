"""Compiled: the pairs of a neighbour list that are within the cutoff now.  Twin: `pairs_numpy`.  Lengths in Å."""

from __future__ import annotations

from math import sqrt

import numpy as np

from lmpdrive.architectures.shared.pairs_numpy import Floats, Integers, Pairs
from lmpdrive.common.compiled import compiled


@compiled
def _within(positions, i, j, shift, cutoff, out):
    count = 0
    square = cutoff * cutoff
    for k in range(len(i)):
        a, b = i[k], j[k]
        x = positions[b, 0] - positions[a, 0] + shift[k, 0]
        y = positions[b, 1] - positions[a, 1] + shift[k, 1]
        z = positions[b, 2] - positions[a, 2] + shift[k, 2]
        r2 = x * x + y * y + z * z
        if r2 < square:
            out.i[count], out.j[count] = a, b
            out.vectors[count, 0], out.vectors[count, 1], out.vectors[count, 2] = x, y, z
            out.lengths[count] = sqrt(r2)
            count += 1
    return count


def within(positions: Floats, i: Integers, j: Integers, shift: Floats, cutoff: float) -> Pairs:
    """The pairs that are closer than `cutoff`; the image of j is `shift` (n, 3) from j."""
    n = len(i)
    out = Pairs(np.empty(n, np.int32), np.empty(n, np.int32), np.empty((n, 3)), np.empty(n))
    count = _within(np.ascontiguousarray(positions), i, j, shift, cutoff, out)
    return Pairs(out.i[:count], out.j[:count], out.vectors[:count], out.lengths[:count])
