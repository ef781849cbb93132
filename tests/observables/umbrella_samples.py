"""Windows on landscapes that are known: correlated samples from their exact stationary distribution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.observables.free_energy import FreeEnergy, Window

KT = 300 * K_B_EV_PER_K
Landscape = Callable[[np.ndarray], np.ndarray]


def parabola(z: np.ndarray) -> np.ndarray:
    """0.15 eV/Å² (z - 5 Å)²."""
    return 0.15 * (z - 5) ** 2


def double_well(z: np.ndarray) -> np.ndarray:
    """Minima near 4 and 6 Å, a barrier of 0.1 eV between, and a slope."""
    return 0.1 * ((z - 5) ** 2 - 1) ** 2 + 0.01 * z


def metropolis(landscape: Landscape, at_A: float, k: float, n: int, rng: np.random.Generator, step_A=0.3) -> np.ndarray:
    """(n,) heights of a Metropolis chain under a spring (k = 0: none), from its stationary distribution."""
    grid = np.linspace(0, 10, 2001)
    u = (landscape(grid) + 0.5 * k * (grid - at_A) ** 2) / KT
    p = np.exp(u.min() - u)
    z = rng.choice(grid, p=p / p.sum())
    moves, limits = rng.uniform(-step_A, step_A, n), -np.log(rng.random(n))
    energy = (float(landscape(np.array(z))) + 0.5 * k * (z - at_A) ** 2) / KT
    found = np.empty(n)
    for i in range(n):
        new = z + moves[i]
        above = (0.1 * ((new - 5) ** 2 - 1) ** 2 + 0.01 * new) if landscape is double_well else 0.15 * (new - 5) ** 2
        energy_new = (above + 0.5 * k * (new - at_A) ** 2) / KT
        if energy_new - energy < limits[i]:
            z, energy = new, energy_new
        found[i] = z
    return found


def ar1(at_A: float, k: float, n: int, time: float, rng: np.random.Generator) -> np.ndarray:
    """(n,) heights on the parabola with a spring, an exact Gaussian, correlated as exp(-t/time)."""
    from scipy.signal import lfilter

    stiffness = 0.3 + k
    a, noise = np.exp(-1 / time), rng.normal(size=n)
    noise[1:] *= np.sqrt(1 - a * a)
    return (0.3 * 5 + k * at_A) / stiffness + np.sqrt(KT / stiffness) * lfilter([1], [1, -a], noise)


def window(z: np.ndarray, at_A: float, k: float, name: str = "w") -> Window:
    """At 300 K."""
    return Window(name, "Na", at_A, k, 300.0, z)


def exact(landscape: Landscape, found: FreeEnergy, width_A: float, reference: np.ndarray | None = None) -> np.ndarray:
    """F of the bins of `found`, against the bin (or bins) where it has its zero."""
    fine = (np.arange(100) + 0.5) / 100 - 0.5
    p = np.exp(-landscape(found.z_A[:, None] + width_A * fine) / KT).mean(axis=1)
    zero = p[np.argmin(found.values_eV)] if reference is None else p[reference].mean()
    return -KT * np.log(p / zero)
