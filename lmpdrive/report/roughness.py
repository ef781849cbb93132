"""How rough an energy is along a line: its second difference against the smooth trend of that difference.

With E_k at n + 1 points a distance h apart:

    D_k = E_{k+1} - 2 E_k + E_{k-1}                        (h² E'' where E is smooth)
    T_k = least-squares quartic through the 21 values of D around k  (Savitzky, Golay, Anal. Chem. 36, 1627 (1964))
    R = √<(D_k - T_k)²> over all k that have 10 neighbours on both sides

A smooth energy has R = 0 up to the fifth derivative of D inside the window, h⁷ E⁽⁷⁾.  White noise of standard
deviation η in E gives R = GAIN·η, so `noise` = R/GAIN is what the roughness is worth as noise; a step of the slope by
a at one point gives D - T = a·h·(1 - S_0) there, with S_0 the filter's middle weight.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WINDOW, ORDER = 21, 4


def _weights() -> Array:
    """(WINDOW,) weights of the quartic's value in the middle."""
    k = np.arange(WINDOW) - WINDOW // 2
    return np.linalg.pinv(np.vander(k / k.max(), ORDER + 1, increasing=True))[0]


TREND = _weights()
_DELTA = np.eye(1, WINDOW, WINDOW // 2)[0]
GAIN = float(np.linalg.norm(np.convolve([1.0, -2.0, 1.0], _DELTA - TREND)))
"""R of white noise in E with standard deviation 1."""


class Roughness(NamedTuple):
    """Of one line, in the unit of the energies.

    value : R; noise : R / GAIN; largest : the largest |D - T|; at : number of its point, from 0.
    """

    value: float
    noise: float
    largest: float
    at: int


def roughness(energies: Array) -> Roughness:
    """Of energies at equidistant points; NaN if one of them is not finite.

    Raises ValueError with fewer than WINDOW + 2 points.
    """
    if len(energies) < WINDOW + 2:
        raise ValueError(f"{len(energies)} points: the trend of the second difference needs {WINDOW + 2}")
    rest = residual(energies)
    value = float(np.sqrt(np.mean(rest**2)))
    if not np.isfinite(value):
        return Roughness(np.nan, np.nan, np.nan, -1)
    at = int(np.abs(rest).argmax())
    return Roughness(value, value / GAIN, float(np.abs(rest[at])), at + 1 + WINDOW // 2)


def residual(energies: Array) -> Array:
    """D - T at points 1 + WINDOW // 2 to the same from the end; constants are taken off first, which saves digits."""
    second = np.diff(energies - energies.mean(), 2)
    return np.convolve(second, _DELTA - TREND, mode="valid")
