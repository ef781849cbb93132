"""Pairs within a cutoff, and the plain twin of `pairs`.  Lengths in Å."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]


class Pairs(NamedTuple):
    """Atoms i and j (n,), vectors from i to the image of j (n, 3), and their lengths (n,)."""

    i: Integers
    j: Integers
    vectors: Floats
    lengths: Floats


def within(positions: Floats, i: Integers, j: Integers, shift: Floats, cutoff: float) -> Pairs:
    """The pairs that are closer than `cutoff`; the image of j is `shift` (n, 3) from j."""
    vectors = positions[j] - positions[i] + shift
    squares = np.einsum("ij,ij->i", vectors, vectors)
    inside = np.flatnonzero(squares < cutoff * cutoff)
    return Pairs(i[inside], j[inside], vectors[inside], np.sqrt(squares[inside]))
