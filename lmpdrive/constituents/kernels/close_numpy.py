"""Plain NumPy twin of `close`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PAIRS_AT_ONCE = 4_000_000


def close_pairs(
    points: NDArray[np.float64], around: NDArray[np.float64], cutoff: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """See `close.close_pairs`."""
    ones, others, lengths = [], [], []
    size = max(1, _PAIRS_AT_ONCE // max(1, len(around)))
    for start in range(0, len(points), size):
        part = points[start : start + size]
        low, high = np.searchsorted(around[:, 2], [part[:, 2].min() - cutoff, part[:, 2].max() + cutoff])
        apart = part[:, None] - around[low:high]
        squared = np.einsum("ijk,ijk->ij", apart, apart)
        i, j = np.nonzero(squared < cutoff**2)
        ones.append(i + start)
        others.append(j + low)
        lengths.append(np.sqrt(squared[i, j]))
    return np.concatenate(ones), np.concatenate(others), np.concatenate(lengths)
