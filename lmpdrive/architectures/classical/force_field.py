"""Published parameters of the classical baseline, as printed (kcal/mol, Å, degrees, e).

Water: SPC/Fw (Wu, Tepper, Voth, J. Chem. Phys. 124, 024503, 2006).
Ions: Joung and Cheatham, J. Phys. Chem. B 112, 9020 (2008), the set for SPC/E water.
Metals: Heinz, Vaia, Farmer, Naik, J. Phys. Chem. C 112, 17281 (2008), 12-6 form.
"""

from __future__ import annotations

from typing import NamedTuple

TWO_TO_SIXTH = 2 ** (1 / 6)


class LennardJones(NamedTuple):
    """4 epsilon [(sigma/r)^12 - (sigma/r)^6]."""

    epsilon_kcal_per_mol: float
    sigma_A: float


def from_minimum(r_min_A: float, epsilon_kcal_per_mol: float) -> LennardJones:
    """From the distance and the depth of the minimum."""
    return LennardJones(epsilon_kcal_per_mol, r_min_A / TWO_TO_SIXTH)


WATER = {"O": LennardJones(0.1554253, 3.165492), "H": LennardJones(0.0, 0.0)}
WATER_CHARGES_E = {"O": -0.82, "H": 0.41}

# LAMMPS writes K (r - r0)^2, the paper k/2 (r - r0)^2: K = k/2.
BOND_K_KCAL_PER_MOL_A2, BOND_R0_A = 1059.162 / 2, 1.012
ANGLE_K_KCAL_PER_MOL_RAD2, ANGLE_THETA0_DEG = 75.90 / 2, 113.24

# Columns of the paper: R_min/2 [Å], epsilon [kcal/mol].
IONS = {
    element: from_minimum(2 * half_r_min, epsilon)
    for element, (half_r_min, epsilon) in {
        "Li": (0.791, 0.3367344),
        "Na": (1.212, 0.3526418),
        "K": (1.593, 0.4297054),
        "Rb": (1.737, 0.4451036),
        "Cs": (2.021, 0.0898565),
        "F": (2.257, 0.0074005),
        "Cl": (2.711, 0.0127850),
        "Br": (2.751, 0.0269586),
        "I": (2.919, 0.0427845),
    }.items()
}
ION_CHARGES_E = {"Li": 1, "Na": 1, "K": 1, "Rb": 1, "Cs": 1, "F": -1, "Cl": -1, "Br": -1, "I": -1}

# Columns of the paper: r0 [Å], E0 [kcal/mol].
METALS = {
    element: from_minimum(r0, e0)
    for element, (r0, e0) in {
        "Ag": (2.955, 4.56),
        "Al": (2.925, 4.02),
        "Au": (2.951, 5.29),
        "Cu": (2.616, 4.72),
        "Ni": (2.552, 5.65),
        "Pd": (2.819, 6.15),
        "Pt": (2.845, 7.80),
    }.items()
}

LENNARD_JONES = WATER | IONS | METALS


CATION_METAL_EPSILON_KCAL_PER_MOL, CATION_METAL_SHIFT_A = 0.1, 0.8
"""Mixing with the deep wells of these metals (1.4 kcal/mol for Na-Au, at 2.7 Å) would bind bare cations."""


def unlike(one: str, other: str) -> LennardJones | None:
    """Parameters of a pair that does not follow Lorentz and Berthelot; None if it does.

    Cations and metals: a cation meets the metal through its first shell of water, so that σ is that of water's O with
    the metal and a shift, and the well is shallow.  Potentials trained on DFT find no specific adsorption of Na⁺ on
    Au(111), and cross terms are to be tuned for that (Roncoroni et al., arXiv:2507.23031); these were, see
    docs/architectures/classical.md.
    """
    for ion, metal in ((one, other), (other, one)):
        if ION_CHARGES_E.get(ion, 0) > 0 and metal in METALS:
            sigma_A = (WATER["O"].sigma_A + METALS[metal].sigma_A) / 2 + CATION_METAL_SHIFT_A
            return LennardJones(CATION_METAL_EPSILON_KCAL_PER_MOL, sigma_A)
    return None
