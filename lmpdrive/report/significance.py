"""Whether a difference is more than chance: Student's t with Welch's degrees of freedom, and false discoveries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FALSE_DISCOVERY_RATE = 0.05


def significance(
    a: Array, error_a: Array, b: Array, error_b: Array, blocks_a: int, blocks_b: int
) -> tuple[Array, Array, Array, Array]:
    """(Δ, σ_Δ, z, p); z and p are NaN where neither has an error (both empty, or no blocks)."""
    delta = b - a
    sigma = np.sqrt(error_a**2 + error_b**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(sigma > 0, delta / sigma, np.nan)
    return delta, sigma, z, two_sided(z, degrees_of_freedom(error_a, error_b, blocks_a, blocks_b))


def degrees_of_freedom(error_a: Array, error_b: Array, blocks_a: int, blocks_b: int) -> Array:
    """Degrees of freedom of the sum of two block errors (Welch 1947)."""
    a, b = max(1, blocks_a - 1), max(1, blocks_b - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (error_a**2 + error_b**2) ** 2 / (error_a**4 / a + error_b**4 / b)


def two_sided(z: Array, freedom: Array) -> Array:
    """Probability of a larger |z| by chance."""
    from scipy.stats import t

    return np.asarray(2 * t.sf(np.abs(z), freedom), dtype=float)


def false_discoveries(p: Array) -> NDArray[np.bool_]:
    """Which p pass Benjamini and Hochberg's procedure; NaN does not."""
    from scipy.stats import false_discovery_control

    passed = np.zeros(len(p), dtype=bool)
    finite = np.isfinite(p)
    if finite.any():
        passed[finite] = false_discovery_control(p[finite]) <= FALSE_DISCOVERY_RATE
    return passed
