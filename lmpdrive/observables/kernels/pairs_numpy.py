"""Histogram of pair distances in plain NumPy: all pairs, frame by frame.  Twin of `pairs`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.kernels.arguments import Array, DistanceBins, Indices, PairCells
from lmpdrive.trajectory.coordinates import Columns


def _vectors(columns: Columns, cells: PairCells, frame: int, first: Indices, second: Indices) -> Array:
    """(n, m, 3) from each of `second` to each of `first`, nearest images."""
    records, starts, stride = columns
    a, b = (
        np.stack([records[frame, start + stride * atoms].astype(float) for start in starts], axis=1)
        for atoms in (first, second)
    )
    vectors = a[:, None] - b[None, :]
    for i in (2, 1, 0):
        vectors -= np.rint(vectors @ cells.axes[frame, i])[:, :, None] * cells.cells[frame, i]
    return vectors


def count_pairs(
    columns: Columns, cells: PairCells, frames: Indices, first: Indices, second: Indices, bins: DistanceBins
) -> NDArray[np.int64]:
    """See `pairs.count_pairs`."""
    counts = np.zeros((len(frames), len(first) if bins.per_atom else 1, bins.n_bins), np.int64)
    if not len(first) or not len(second):
        return counts
    other = first[:, None] != second[None, :]
    for out, frame in zip(counts, frames, strict=True):
        distances = np.linalg.norm(_vectors(columns, cells, frame, first, second), axis=2)
        i, j = np.nonzero((distances < bins.width * bins.n_bins) & other)
        numbers = (distances[i, j] / bins.width).astype(np.int64)
        inside = numbers < bins.n_bins
        np.add.at(out, (i[inside] if bins.per_atom else 0, numbers[inside]), 1)
    return counts


def near_pairs(
    columns: Columns, cells: PairCells, frames: Indices, first: Indices, second: Indices, r_max: float, room: int
) -> tuple[Indices, int]:
    """See `pairs.near_pairs`."""
    found = []
    for f, frame in enumerate(frames):
        vectors = _vectors(columns, cells, frame, first, second)
        near = ((vectors**2).sum(axis=2) < r_max**2) & (first[:, None] != second[None, :])
        i, j = np.nonzero(near)
        found.append(np.stack([np.full(len(i), f), i, j], axis=1))
    every = np.concatenate(found) if found else np.zeros((0, 3), np.int64)
    return every[:room], len(every)
