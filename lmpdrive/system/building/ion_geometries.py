"""Geometries of molecular ions, built from their bond lengths [Å].

Bond lengths in crystals unless stated: Allen et al., International Tables C, 9.5 and 9.6 (2006); gas phase for OH-
(Owrutsky, Rosenbaum, Tack, Saykally, J. Chem. Phys. 83, 5338 (1985)), H3O+ (Tang and Oka, J. Mol. Spectrosc. 196, 120
(1999)) and CN- (Bradforth, Kim, Arnold, Neumark, J. Chem. Phys. 98, 800 (1993)).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

OH_A, OH_OF_HYDRONIUM_A, HOH_OF_HYDRONIUM_DEG = 0.964, 0.976, 111.3
NH_A, CN_A, NO_A, CO_A = 1.03, 1.177, 1.24, 1.28
CLO_A, SO_A, PO_A, BF_A, PF_A = 1.44, 1.47, 1.54, 1.39, 1.60
OH_OF_ACID_A, SOH_A, COH_A, POH_A, XOH_DEG = 0.97, 1.56, 1.35, 1.58, 109.0
"""Hydrogensulfate and its like: the longer bond to a hydroxyl, and the angle at its oxygen."""
ONO_DEG, OCO_DEG, CO_OF_FORMATE_A, CH_OF_FORMATE_A = 115.0, 126.0, 1.25, 1.10
CN_OF_THIOCYANATE_A, CS_OF_THIOCYANATE_A = 1.16, 1.64

TETRAHEDRON = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]) / np.sqrt(3)
OCTAHEDRON = np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)])
TRIANGLE = np.array([(1, 0, 0), (-0.5, np.sqrt(0.75), 0), (-0.5, -np.sqrt(0.75), 0)])


def _around(centre: str, ligand: str, directions: np.ndarray, bond_A: float) -> Atoms:
    from ase import Atoms as _Atoms

    return _Atoms([centre] + [ligand] * len(directions), positions=np.vstack([np.zeros(3), bond_A * directions]))


def _diatomic(symbols: str, bond_A: float) -> Atoms:
    from ase import Atoms as _Atoms

    return _Atoms(symbols, positions=[(0, 0, 0), (0, 0, bond_A)])


def _bent(centre: str, ligand: str, bond_A: float, angle_deg: float) -> Atoms:
    half = np.radians(angle_deg) / 2
    return _around(
        centre, ligand, np.array([(np.sin(half), np.cos(half), 0), (-np.sin(half), np.cos(half), 0)]), bond_A
    )


def _formate() -> Atoms:
    from ase import Atoms as _Atoms

    return _bent("C", "O", CO_OF_FORMATE_A, OCO_DEG) + _Atoms("H", positions=[(0, -CH_OF_FORMATE_A, 0)])


def _thiocyanate() -> Atoms:
    from ase import Atoms as _Atoms

    return _Atoms("CNS", positions=[(0, 0, 0), (0, 0, CN_OF_THIOCYANATE_A), (0, 0, -CS_OF_THIOCYANATE_A)])


def _hydronium() -> Atoms:
    # three directions at the angle HOH to each other: sin(HOH/2) = (√3/2) sin(polar angle)
    sine = np.sin(np.radians(HOH_OF_HYDRONIUM_DEG) / 2) / np.sqrt(0.75)
    return _around("O", "H", TRIANGLE * sine + (0, 0, np.sqrt(1 - sine**2)), OH_OF_HYDRONIUM_A)


def _protonated(ion: Atoms, bond_A: float, ligand: int = 1) -> Atoms:
    """With H on a ligand, whose bond to the centre has the length given, trans to the next ligand."""
    from ase import Atoms as _Atoms

    along = ion.positions[ligand] / np.linalg.norm(ion.positions[ligand])
    other = ion.positions[ligand + 1]
    aside = -other + (other @ along) * along
    aside /= np.linalg.norm(aside)
    angle = np.radians(XOH_DEG)
    ion.positions[ligand] = bond_A * along
    hydrogen = ion.positions[ligand] + OH_OF_ACID_A * (-np.cos(angle) * along + np.sin(angle) * aside)
    return ion + _Atoms("H", positions=[hydrogen])


GEOMETRIES: dict[str, Callable[[], Atoms]] = {
    "OH": lambda: _diatomic("OH", OH_A),
    "CN": lambda: _diatomic("CN", CN_A),
    "H3O": _hydronium,
    "NH4": lambda: _around("N", "H", TETRAHEDRON, NH_A),
    "NO3": lambda: _around("N", "O", TRIANGLE, NO_A),
    "CO3": lambda: _around("C", "O", TRIANGLE, CO_A),
    "ClO4": lambda: _around("Cl", "O", TETRAHEDRON, CLO_A),
    "SO4": lambda: _around("S", "O", TETRAHEDRON, SO_A),
    "PO4": lambda: _around("P", "O", TETRAHEDRON, PO_A),
    "BF4": lambda: _around("B", "F", TETRAHEDRON, BF_A),
    "PF6": lambda: _around("P", "F", OCTAHEDRON, PF_A),
    "NO2": lambda: _bent("N", "O", NO_A, ONO_DEG),
    "HCOO": _formate,
    "SCN": _thiocyanate,
    "HPO4": lambda: _protonated(_around("P", "O", TETRAHEDRON, PO_A), POH_A),
    "H2PO4": lambda: _protonated(_protonated(_around("P", "O", TETRAHEDRON, PO_A), POH_A), POH_A, ligand=2),
    "HSO4": lambda: _protonated(_around("S", "O", TETRAHEDRON, SO_A), SOH_A),
    "HCO3": lambda: _protonated(_around("C", "O", TRIANGLE, CO_A), COH_A),
}
"""Each ion that `config/substances.py` knows by name."""
