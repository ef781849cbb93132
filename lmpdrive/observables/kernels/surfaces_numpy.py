"""Plain NumPy twin of `surfaces`: the same functions, easier to check by eye.  Units: Å."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.geometry import Array, circular_mean, wrap_symmetric
from lmpdrive.observables.kernels.arguments import Indices, NormalAxis


def first_bad_frame(bits: NDArray[Any], starts: Indices, length: int, exponent: Any) -> int:
    """See `surfaces.first_bad_frame`."""
    bad = np.zeros(len(bits), dtype=bool)
    for start in starts:
        bad |= ((bits[:, start : start + length] & exponent) == exponent).any(axis=1)
    return int(bad.argmax()) if bad.any() else -1


def _along(axis: NormalAxis, atoms: Indices) -> Array:
    """(F, n) coordinates of some atoms along the normal."""
    records, starts, stride = axis.columns
    columns = [records[:, start + stride * atoms].astype(float) for start in starts]
    return np.einsum("kfn,fk->fn", columns, axis.normals) - axis.origins[:, None]


def _plane(offsets: Array, left: float) -> Array:
    """(F,) mean of (F, n) coordinates, without the members farther than `left` from the median."""
    stays = np.abs(offsets - np.median(offsets, axis=1, keepdims=True)) <= left
    return (offsets * stays).sum(axis=1) / stays.sum(axis=1)


def planes(axis: NormalAxis, bottom: Indices, top: Indices, home: Array, left: float) -> tuple[Array, Array]:
    """See `surfaces.planes`."""
    values = _along(axis, np.concatenate([bottom, top]))
    branch = circular_mean(values - home, axis.heights)
    offsets = wrap_symmetric(values - branch[:, None], axis.heights[:, None])
    low, high = _plane(offsets[:, : len(bottom)], left), _plane(offsets[:, len(bottom) :], left)
    return branch + 0.5 * (low + high), 0.5 * (high - low)


def distances(axis: NormalAxis, middle: Array, surfaces: Array, signs: Array, atoms: Indices) -> Array:
    """See `surfaces.distances`."""
    x = signs[:, None, None] * (_along(axis, atoms) - middle[:, None])
    return x % axis.heights[:, None] - signs[:, None, None] * surfaces[:, :, None]


def paired_distances(
    axis: NormalAxis, middle: Array, surfaces: Array, signs: Array, frames: Indices, atoms: Indices
) -> Array:
    """See `surfaces.paired_distances`."""
    records, starts, stride = axis.columns
    places = [records[frames, start + stride * atoms].astype(float) for start in starts]
    along = np.einsum("kw,wk->w", places, axis.normals[frames]) - axis.origins[frames]
    x = signs[:, None] * (along - middle[frames])
    return x % axis.heights[frames] - signs[:, None] * surfaces[:, frames]


def project(vectors: Array, normals: Array, frames: Indices) -> tuple[Array, Array]:
    """See `surfaces.project`."""
    along = np.einsum("wi,wi->w", vectors, normals[frames])
    return along, along / np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
