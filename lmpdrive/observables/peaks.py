"""Numbers read off a profile: first peak, first minimum, highest peak.  Units: Å, and the profile's own.

Peaks are found on a profile smoothed with a Gaussian of 0.15 Å (narrower than any water peak), because a
0.1 Å histogram of a short run has noise maxima.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations

import numpy as np

from lmpdrive.observables.base import Array
from lmpdrive.observables.blocks import jackknife_error
from lmpdrive.observables.tables import Scalar

SMOOTHING_A = 0.15
PEAK_REACH_A, MINIMUM_REACH_A = 0.2, 0.4
FEWEST_HALVES, MOST_HALVES = 4, 126


def with_error(function: Callable[[Array], float], profile: Array, rests: Array, unit: str, note: str = "") -> Scalar:
    """`function` of the whole profile, σ from its values on the profiles without each block."""
    values = np.array([function(rest) for rest in rests])
    return Scalar(function(profile), float(jackknife_error(values)), unit, note)


def position_with_error(
    function: Callable[[Array], float], profile: Array, rests: Array, unit: str, note: str = ""
) -> Scalar:
    """As `with_error`, for where a profile has its extremum; σ from all ways to take half of the blocks.

    An extremum jumps, and leaving out one block of ten moves it too rarely for a jackknife; halves do (Shao, Wu, Ann.
    Stat. 17, 1176 (1989)).  For a mean both are equal.
    """
    n = len(rests)
    if n < FEWEST_HALVES:
        return with_error(function, profile, rests, unit, note)
    blocks = n * profile - (n - 1) * rests  # profiles are means over frames
    halves = np.array([blocks[list(half)].mean(axis=0) for half in combinations(range(n), n // 2)])
    if len(halves) > MOST_HALVES:
        halves = halves[np.linspace(0, len(halves) - 1, MOST_HALVES).astype(int)]
    values = np.array([function(half) for half in halves])
    value = function(profile)
    # about the value, not the halves' mean: what noise shifts belongs to the error
    return Scalar(value, float(np.sqrt(((values - value) ** 2).mean())), unit, note)


def smooth(z: Array, profile: Array) -> Array:
    """Gaussian of 0.15 Å; unchanged if the bins are wider than that."""
    width = z[1] - z[0] if len(z) > 1 else SMOOTHING_A
    if width >= SMOOTHING_A:
        return profile
    kernel = _gaussian(float(width))
    reach = len(kernel) // 2
    padded = np.concatenate([np.repeat(profile[:1], reach), profile, np.repeat(profile[-1:], reach)])
    return np.convolve(padded, kernel, mode="valid")


@lru_cache
def _gaussian(width: float) -> Array:
    """Weights of the bins around one, to four standard deviations."""
    reach = int(np.ceil(4 * SMOOTHING_A / width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * width / SMOOTHING_A) ** 2)
    return np.asarray(kernel / kernel.sum())


def _peaks(z: Array, profile: Array) -> tuple[Array, list[int]]:
    """Smoothed profile and the bins of its peaks.

    A peak stands out on both sides by at least 15 % of the maximum.  Both ends count as zero, so a peak in
    the last bin is one.  (scipy.signal can do this, and takes a second to import.)
    """
    curve = smooth(z, profile)
    drop = float(0.15 * curve.max(initial=0.0))
    heights: list[float] = curve.tolist()  # a list's numbers are read several times faster than an array's
    peaks: list[int] = []
    top, lowest = -1, 0.0  # the peak that is being climbed, if any
    for i, value in enumerate([*heights, 0.0]):
        if top < 0:
            lowest = min(lowest, value)
            if value >= lowest + drop and drop > 0:
                top = i
        elif value > heights[top]:
            top = i
        elif value <= heights[top] - drop:
            peaks.append(top)
            top, lowest = -1, value
    return curve, peaks


def vertex(z: Array, curve: Array, i: int, reach_A: float) -> float:
    """Position of the extremum near bin i: of the least-squares parabola within `reach_A` of it.

    Finer than a bin, and not moved by the noise of one bin.
    """
    centre = float(z[i])
    for _ in range(2):  # the second time around the first answer
        inside = np.abs(z - centre) <= reach_A + 1e-9
        x = (z[inside] - centre) / reach_A
        if len(x) < 3:
            return centre
        powers = np.vander(x, 3)
        # normal equations: |x| <= 1, so they are well conditioned, and much faster than numpy.polyfit
        curvature, slope, _ = np.linalg.solve(powers.T @ powers, powers.T @ curve[inside]).tolist()
        if curvature == 0:
            return centre
        centre += min(max(-0.5 * slope / curvature, -1.0), 1.0) * reach_A
    return centre


def first_peak(z: Array, profile: Array) -> tuple[float, float]:
    """(position, height) of the first maximum; the height is of the unsmoothed profile within 0.2 Å."""
    curve, peaks = _peaks(z, profile)
    if not len(peaks):
        return float("nan"), float("nan")
    near = np.abs(z - z[peaks[0]]) <= 0.2 + 1e-9
    return vertex(z, curve, peaks[0], PEAK_REACH_A), float(profile[near].max())


def first_minimum(z: Array, profile: Array) -> tuple[float, float]:
    """(position, value) of the lowest point between the first two peaks; NaN if there is one peak."""
    curve, peaks = _peaks(z, profile)
    if len(peaks) < 2:
        return float("nan"), float("nan")
    lowest = peaks[0] + int(curve[peaks[0] : peaks[1]].argmin())
    return vertex(z, curve, lowest, MINIMUM_REACH_A), float(profile[lowest])


def highest_peak(z: Array, profile: Array) -> float:
    """Position of the maximum of the smoothed profile; NaN for an empty one."""
    curve = smooth(z, profile)
    return vertex(z, curve, int(curve.argmax()), PEAK_REACH_A) if profile.any() else float("nan")
