"""Error bars from contiguous blocks, and how many frames one independent sample takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def block_edges(n_frames: int, n_blocks: int) -> list[int]:
    """`n_blocks + 1` frame numbers that cut a trajectory into contiguous blocks of nearly equal length."""
    return [n_frames * block // n_blocks for block in range(n_blocks + 1)]


def block_error(blocks: Array) -> Array:
    """σ = std(ddof=1)/√N over the first axis (blocks); the 95 % band is 2σ.

    Blocks that are NaN (an empty bin of an average) do not count; fewer than two blocks give NaN.
    """
    count = np.isfinite(blocks).sum(axis=0)
    filled = np.where(np.isfinite(blocks), blocks, 0.0)
    enough = np.maximum(count, 2)
    mean = filled.sum(axis=0) / enough
    squares = np.where(np.isfinite(blocks), (blocks - mean) ** 2, 0.0).sum(axis=0)
    return np.where(count >= 2, np.sqrt(squares / (enough - 1) / enough), np.nan)


def statistical_inefficiency(series: Array) -> float:
    """g = 1 + 2 Σ_t (1 - t/N) C(t), summed to the first C(t) <= 0: frames per independent sample.

    C(t) is the normalised autocorrelation of a stationary series (Chodera et al., J. Chem. Theory Comput.
    3, 26 (2007), eq. 20 there).  NaN for fewer than 3 values or a constant.
    """
    series = np.asarray(series, dtype=float)
    n = len(series)
    if n < 3 or not np.isfinite(series).all() or np.ptp(series) == 0.0:
        return float("nan")
    centred = series - series.mean()
    spectrum = np.fft.rfft(centred, 2 * n)
    lags = np.arange(n)
    correlation = np.fft.irfft(spectrum * spectrum.conj())[:n] / (n - lags)
    correlation /= correlation[0]
    below = np.flatnonzero(correlation <= 0.0)
    stop = int(below[0]) if len(below) else n
    return float(max(1.0, 1.0 + 2.0 * np.sum((1.0 - lags[1:stop] / n) * correlation[1:stop])))
