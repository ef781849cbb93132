"""Plain NumPy twin of `bins`: the same functions, easier to check by eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.geometry import Array

Indices = NDArray[np.int64]


def limits(x: Array, width: float) -> tuple[int, int]:
    """See `bins.limits`."""
    if not np.isfinite(x).all():
        return 0, -2
    return int(np.floor(x.min() / width)), int(np.floor(x.max() / width))


def add(x: Array, weights: Array, width: float, start: int, sums: Array) -> None:
    """See `bins.add`."""
    index = np.floor(x / width).astype(np.int64) - start
    sums += np.bincount(index, np.broadcast_to(weights, x.shape), len(sums))


def sum_by_frame(frames: Indices, weights: Array, n_frames: int) -> Array:
    """See `bins.sum_by_frame`."""
    return np.bincount(frames, weights, n_frames).astype(float)


def sum_near(distances: Array, frames: Indices, weights: Array, n_frames: int, limit: float) -> Array:
    """See `bins.sum_near`."""
    near = ((distances > 0) & (distances <= limit)).sum(axis=0)
    return np.bincount(frames, near * weights, n_frames).astype(float)
