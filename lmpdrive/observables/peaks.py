"""Numbers read off a profile: first peak, first minimum, highest peak.  Units: Å, and the profile's own.

Peaks are found on a profile smoothed with a Gaussian of 0.15 Å (narrower than any water peak), because a
0.1 Å histogram of a short run has noise maxima.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lmpdrive.observables.base import Array
from lmpdrive.observables.blocks import jackknife_error
from lmpdrive.observables.tables import Scalar

SMOOTHING_A = 0.15


def with_error(function: Callable[[Array], float], profile: Array, rests: Array, unit: str, note: str = "") -> Scalar:
    """`function` of the whole profile, σ from its values on the profiles without each block."""
    values = np.array([function(rest) for rest in rests])
    return Scalar(function(profile), float(jackknife_error(values)), unit, note)


def smooth(z: Array, profile: Array) -> Array:
    """Gaussian of 0.15 Å; unchanged if the bins are wider than that."""
    width = z[1] - z[0] if len(z) > 1 else SMOOTHING_A
    if width >= SMOOTHING_A:
        return profile
    reach = int(np.ceil(4 * SMOOTHING_A / width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * width / SMOOTHING_A) ** 2)
    padded = np.concatenate([np.repeat(profile[:1], reach), profile, np.repeat(profile[-1:], reach)])
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _peaks(z: Array, profile: Array) -> tuple[Array, list[int]]:
    """Smoothed profile and the bins of its peaks.

    A peak stands out on both sides by at least 15 % of the maximum.  Both ends count as zero, so a peak in
    the last bin is one.  (scipy.signal can do this, and takes a second to import.)
    """
    curve = smooth(z, profile)
    drop = 0.15 * curve.max(initial=0.0)
    peaks: list[int] = []
    top, lowest = -1, 0.0  # the peak that is being climbed, if any
    for i, value in enumerate([*curve, 0.0]):
        if top < 0:
            lowest = min(lowest, value)
            if value >= lowest + drop and drop > 0:
                top = i
        elif value > curve[top]:
            top = i
        elif value <= curve[top] - drop:
            peaks.append(top)
            top, lowest = -1, value
    return curve, peaks


def vertex(z: Array, curve: Array, i: int) -> float:
    """Position of the extremum at bin i: of the parabola through it and its neighbours, so finer than a bin."""
    if not 0 < i < len(z) - 1:
        return float(z[i])
    left, middle, right = curve[i - 1 : i + 2]
    curvature = left - 2 * middle + right
    shift = 0.5 * (left - right) / curvature if curvature != 0 else 0.0
    return float(z[i] + np.clip(shift, -0.5, 0.5) * (z[1] - z[0]))


def first_peak(z: Array, profile: Array) -> tuple[float, float]:
    """(position, height) of the first maximum; the height is of the unsmoothed profile within 0.2 Å."""
    curve, peaks = _peaks(z, profile)
    if not len(peaks):
        return float("nan"), float("nan")
    near = np.abs(z - z[peaks[0]]) <= 0.2 + 1e-9
    return vertex(z, curve, peaks[0]), float(profile[near].max())


def first_minimum(z: Array, profile: Array) -> tuple[float, float]:
    """(position, value) of the lowest point between the first two peaks; NaN if there is one peak."""
    curve, peaks = _peaks(z, profile)
    if len(peaks) < 2:
        return float("nan"), float("nan")
    lowest = peaks[0] + int(curve[peaks[0] : peaks[1]].argmin())
    return vertex(z, curve, lowest), float(profile[lowest])


def highest_peak(z: Array, profile: Array) -> float:
    """Position of the maximum of the smoothed profile; NaN for an empty one."""
    curve = smooth(z, profile)
    return vertex(z, curve, int(curve.argmax())) if profile.any() else float("nan")
