"""Histogram of pair distances in plain NumPy: all pairs, frame by frame.  Twin of `pairs`."""

from __future__ import annotations

import numpy as np


def count_pairs(
    records, starts, stride, cells, axes, inverses, orthogonal, frames, first, second, width, n_bins, per_atom
):  # type: ignore[no-untyped-def]
    """As `pairs.count_pairs`."""
    counts = np.zeros((len(frames), len(first) if per_atom else 1, n_bins), np.int64)
    if not len(first) or not len(second):
        return counts
    other = first[:, None] != second[None, :]
    for out, frame in zip(counts, frames, strict=True):
        cell = cells[frame]
        a, b = (
            np.stack([records[frame, start + stride * atoms].astype(float) for start in starts], axis=1)
            for atoms in (first, second)
        )
        vectors = a[:, None] - b[None, :]
        for i in (2, 1, 0):
            vectors -= np.rint(vectors @ axes[frame, i])[:, :, None] * cell[i]
        distances = np.linalg.norm(vectors, axis=2)
        i, j = np.nonzero((distances < width * n_bins) & other)
        bins = (distances[i, j] / width).astype(np.int64)
        inside = bins < n_bins
        np.add.at(out, (i[inside] if per_atom else 0, bins[inside]), 1)
    return counts


def near_pairs(records, starts, stride, cells, axes, orthogonal, frames, first, second, r_max, room):  # type: ignore[no-untyped-def]
    """As `pairs.near_pairs`."""
    found = []
    for f, frame in enumerate(frames):
        a, b = (
            np.stack([records[frame, start + stride * atoms].astype(float) for start in starts], axis=1)
            for atoms in (first, second)
        )
        vectors = a[:, None] - b[None, :]
        for i in (2, 1, 0):
            vectors -= np.rint(vectors @ axes[frame, i])[:, :, None] * cells[frame, i]
        near = ((vectors**2).sum(axis=2) < r_max**2) & (first[:, None] != second[None, :])
        i, j = np.nonzero(near)
        found.append(np.stack([np.full(len(i), f), i, j], axis=1))
    every = np.concatenate(found) if found else np.zeros((0, 3), np.int64)
    return every[:room], len(every)
