"""Weights of frames that turn an average under one potential into one under another.

With x_f = β ΔE_f, ΔE_f = E_f - E_driver,f the difference of the potential energies in frame f of N:

    direct      w_f = N exp(-x_f) / Σ exp(-x)           exact, but a few frames have all the weight once std(x) > 1
    cumulant    w_f = 1 - (x_f - ⟨x⟩)                   ⟨n⟩_i = ⟨n⟩ - β (⟨n ΔE⟩ - ⟨n⟩⟨ΔE⟩), first order, little noise

Both sum to N, and a constant in ΔE drops out.  Imbalzano et al., J. Chem. Phys. 154, 074102 (2021); Ceriotti et al.,
Proc. R. Soc. A 468, 2 (2012) on why the expansion is the one that works for energies of many atoms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.units import K_B_EV_PER_K

Array = NDArray[np.float64]

FEWEST_EFFECTIVE = 20.0
"""Weights that leave fewer frames than that give no average."""
LARGE_SPREAD = 1.0
"""std(β ΔE) above which the first order is not the whole answer: for a Gaussian, direct weights leave exp(-1) of N."""
FAR_SPREAD = 5 * LARGE_SPREAD
"""std(β ΔE) above which the expansion gives no average: there it misses a third of the change, at twice that more than
three quarters of it (docs/validation.md)."""


def beta_per_eV(temperature_K: float) -> float:
    """1/kT.  Raises ValueError unless the temperature is positive."""
    if not 0 < temperature_K < float("inf"):
        raise ValueError(f"temperature_K is {temperature_K}; want a positive temperature")
    return 1.0 / (K_B_EV_PER_K * temperature_K)


def reduced(energies_eV: Array, driver_eV: Array, temperature_K: float) -> Array:
    """x = β ΔE of each frame, less its mean.  Raises ValueError for energies that are not finite."""
    x = beta_per_eV(temperature_K) * (np.asarray(energies_eV, float) - np.asarray(driver_eV, float))
    if not np.isfinite(x).all():
        raise ValueError(f"{int((~np.isfinite(x)).sum())} of {len(x)} energies are not finite")
    centred: Array = x - x.mean()
    # of equal energies, the rounding of their difference is no difference
    return np.where(np.abs(centred) > 1e-9, centred, 0.0)


def cumulant(x: Array) -> Array:
    """Weights of the first-order cumulant expansion; they sum to N, and may be negative."""
    return 1.0 - (x - x.mean())


def direct(x: Array) -> Array:
    """Boltzmann weights; they sum to N."""
    weights = np.exp(-(x - x.min()))
    return weights * (len(x) / weights.sum())


def effective_frames(weights: Array) -> float:
    """(Σ w)² / Σ w² (Kish, Survey Sampling, Wiley (1965)): frames that carry the weighted average."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def enough(weights: Array) -> bool:
    """Whether they leave enough frames for an average; a short trajectory needs half of its own."""
    return effective_frames(weights) >= min(FEWEST_EFFECTIVE, 0.5 * len(weights))


def too_far(x: Array) -> str:
    """Why the expansion gives no average under a potential, in a few words; empty where it does.

    Its weights leave N/(1 + std(x)²) effective frames: what it multiplies the noise of the frames by.
    """
    spread = float(x.std())
    if spread > FAR_SPREAD:
        return f"std(βΔE) = {spread:.3g}, limit {FAR_SPREAD:g}"
    if not enough(cumulant(x)):
        fewest = min(FEWEST_EFFECTIVE, 0.5 * len(x))
        return f"{effective_frames(cumulant(x)):.3g} effective frames, want {fewest:g}"
    return ""
