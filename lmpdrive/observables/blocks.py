"""Error bars by resampling, and how many frames one independent sample takes (docs/analysis.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self, TypeVar

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


def jackknife_error(left_out: Array) -> Array:
    """σ = √((n - 1)/n Σ_i (θ_i - θ̄)²) over the first axis, θ_i the quantity without the i-th part of the data.

    For a mean over parts of equal size it equals `block_error`; for a fit, an integral or the position of a peak it
    is the error of that very quantity (Efron, Stein, Ann. Stat. 9, 586 (1981)).  NaN where one of the θ_i is NaN,
    that is where the quantity rests on a single part, and for fewer than two parts.
    """
    n = len(left_out)
    if n < 2:
        return np.full(np.shape(left_out)[1:], np.nan)
    spread: Array = np.asarray(left_out, dtype=float) - np.mean(left_out, axis=0)
    # of a constant, rounding is not an error
    error: Array = np.sqrt((n - 1) / n * (spread**2).sum(axis=0))
    return np.where(error > 1e-13 * np.abs(left_out).max(axis=0), error, np.where(np.isnan(error), np.nan, 0.0))


class Mergeable(Protocol):
    """Running sums."""

    def blank(self) -> Self:
        """A new one that has seen nothing."""

    def merge(self, other: Self, /) -> None:
        """Add what `other` saw."""


M = TypeVar("M", bound=Mergeable)


def left_out(blocks: Sequence[M]) -> list[M]:
    """For each block, what all the others saw together; empty for fewer than two."""
    if len(blocks) < 2:
        return []
    rests = [block.blank() for block in blocks]
    for i, rest in enumerate(rests):
        for j, other in enumerate(blocks):
            if i != j:
                rest.merge(other)
    return rests


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
