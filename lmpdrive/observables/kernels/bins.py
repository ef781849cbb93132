"""Compiled sums in bins and over frames.  Twin: `bins_numpy`."""

from __future__ import annotations

from math import floor

import numpy as np

from lmpdrive.common.compiled import compiled


@compiled
def limits(x, width):
    """Bins floor(x/width) of the smallest and the largest value; (0, -2) if a value is none or infinite."""
    low = high = x[0]
    total = 0.0
    for value in x:
        low, high = min(low, value), max(high, value)
        total += value - value  # 0, or nan
    if total != 0.0:
        return 0, -2
    return floor(low / width), floor(high / width)


@compiled
def add(x, weights, width, start, sums):
    """Add `weights` (same length as x, or one for all) to `sums`, whose first entry is bin `start`."""
    if len(weights) == 1:
        for i in range(len(x)):
            sums[floor(x[i] / width) - start] += weights[0]
        return
    for i in range(len(x)):
        sums[floor(x[i] / width) - start] += weights[i]


@compiled
def sum_by_frame(frames, weights, n_frames):
    """(n_frames,) sums of `weights` (W,) by the frame of each."""
    out = np.zeros(n_frames)
    for w in range(len(frames)):
        out[frames[w]] += weights[w]
    return out


@compiled
def sum_near(distances, frames, weights, n_frames, limit):
    """(n_frames,) sums of `weights` (W,) over 0 < distance <= limit, once for each surface of (S, W) distances."""
    out = np.zeros(n_frames)
    for s in range(len(distances)):
        for w in range(len(frames)):
            if 0.0 < distances[s, w] <= limit:
                out[frames[w]] += weights[w]
    return out
