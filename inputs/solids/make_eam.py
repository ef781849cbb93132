"""Write AlCuZr.eam.alloy: embedded-atom potentials of Zhou, Johnson and Wadley for Al, Cu, Zr, mixed by their rule.

    python inputs/solids/make_eam.py

Phys. Rev. B 69, 144113 (2004), with the parameters of its Table III (r/re, so all exponents are numbers):

    f(r)   = fe exp(-β(r/re - 1)) / (1 + (r/re - λ)²⁰)                       density at a neighbour
    φ(r)   = A exp(-α(r/re - 1)) / (1 + (r/re - κ)²⁰) - B exp(-β(r/re - 1)) / (1 + (r/re - λ)²⁰)
    φ_ab   = (f_b/f_a φ_aa + f_a/f_b φ_bb) / 2                                unlike elements
    F(ρ)   = Σ Fn_i (ρ/ρn - 1)^i,  ρ < ρn = 0.85 ρe
             Σ F_i (ρ/ρe - 1)^i,   ρn <= ρ < 1.15 ρe
             Fe (1 - η ln(ρ/ρs)) (ρ/ρs)^η,  above

The pure metals were fitted, the mixture was not: good for trying a workflow, not for the properties of the glass.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

N = 1000
CUTOFF_A, LARGEST_DENSITY = 8.0, 100.0
SHORTEST_A = 0.5
"""Below, the functions keep their value: no pair of atoms gets there."""


class Element(NamedTuple):
    """One column of the paper's table; lengths in Å, energies in eV."""

    number: int
    mass_u: float
    re: float
    fe: float
    rho_e: float
    rho_s: float
    alpha: float
    beta: float
    A: float
    B: float
    kappa: float
    lambda_: float
    Fn: tuple[float, float, float, float]
    F: tuple[float, float, float, float]
    eta: float
    Fe: float


ELEMENTS = {
    "Al": Element(
        *(13, 26.981539, 2.863924, 1.403115, 20.418205, 23.195740, 6.613165, 3.527021, 0.314873, 0.365551),
        *(0.379846, 0.759692, (-2.807602, -0.301435, 1.258562, -1.247604), (-2.83, 0.0, 0.622245, -2.488244)),
        *(0.785902, -2.824528),
    ),
    "Cu": Element(
        *(29, 63.546, 2.556162, 1.554485, 21.175871, 21.175395, 8.127620, 4.334731, 0.396620, 0.548085),
        *(0.308782, 0.756515, (-2.170269, -0.263788, 1.088878, -0.817603), (-2.19, 0.0, 0.561830, -2.100595)),
        *(0.310490, -2.186568),
    ),
    "Zr": Element(
        *(40, 91.224, 3.199978, 2.230909, 30.879991, 30.879991, 8.559190, 4.564902, 0.424667, 0.640054),
        *(0.5, 1.0, (-4.485793, -0.293129, 0.990148, -3.202516), (-4.51, 0.0, 0.928602, -0.981870)),
        *(0.597133, -4.509025),
    ),
}


def density(e: Element, r: np.ndarray) -> np.ndarray:
    """f(r)."""
    return e.fe * np.exp(-e.beta * (r / e.re - 1)) / (1 + (r / e.re - e.lambda_) ** 20)


def pair(a: Element, b: Element, r: np.ndarray) -> np.ndarray:
    """φ(r) [eV]."""
    if a is not b:
        ratio = density(b, r) / density(a, r)
        return (ratio * pair(a, a, r) + pair(b, b, r) / ratio) / 2
    repulsion = a.A * np.exp(-a.alpha * (r / a.re - 1)) / (1 + (r / a.re - a.kappa) ** 20)
    return repulsion - a.B * np.exp(-a.beta * (r / a.re - 1)) / (1 + (r / a.re - a.lambda_) ** 20)


def embedding(e: Element, rho: np.ndarray) -> np.ndarray:
    """F(ρ) [eV]."""
    x = np.maximum(rho, 1e-12) / e.rho_s
    low = np.polynomial.Polynomial(e.Fn)(rho / (0.85 * e.rho_e) - 1)
    middle = np.polynomial.Polynomial(e.F)(rho / e.rho_e - 1)
    high = e.Fe * (1 - e.eta * np.log(x)) * x**e.eta
    return np.where(rho < 0.85 * e.rho_e, low, np.where(rho < 1.15 * e.rho_e, middle, high))


def setfl() -> str:
    """The file, in the format of `pair_style eam/alloy`."""
    step_A, step_density = CUTOFF_A / (N - 1), LARGEST_DENSITY / (N - 1)
    r, rho = step_A * np.arange(N), step_density * np.arange(N)
    inside = np.maximum(r, SHORTEST_A)
    lines = [
        "UNITS: metal CITATION: X. W. Zhou, R. A. Johnson, H. N. G. Wadley, Phys. Rev. B 69, 144113 (2004)",
        "Al, Cu and Zr; unlike pairs by the mixing rule, not fitted",
        "written by inputs/solids/make_eam.py",
        f"{len(ELEMENTS)} {' '.join(ELEMENTS)}",
        f"{N} {step_density:.16e} {N} {step_A:.16e} {CUTOFF_A}",
    ]
    for element in ELEMENTS.values():
        lines.append(f"{element.number} {element.mass_u} {element.re * 2**0.5:.5f} fcc")
        lines += _rows(embedding(element, rho)) + _rows(density(element, inside))
    elements = list(ELEMENTS.values())
    for i, a in enumerate(elements):
        for b in elements[: i + 1]:
            lines += _rows(r * pair(a, b, inside))
    return "\n".join(lines) + "\n"


def _rows(values: np.ndarray) -> list[str]:
    return [" ".join(f"{value:.9e}" for value in five) for five in values.reshape(-1, 5)]


if __name__ == "__main__":
    (Path(__file__).parent / "AlCuZr.eam.alloy").write_text(setfl())
