"""What `system.build` knows by name: crystal structures of metals, charges of ions, densities of solvents, slabs.

Only names and numbers, so that a YAML file is checked without NumPy; `system/building` has the geometries.
"""

from __future__ import annotations

from typing import NamedTuple

FCC = ("Al", "Ca", "Ni", "Cu", "Sr", "Rh", "Pd", "Ag", "Ce", "Yb", "Ir", "Pt", "Au", "Pb", "Ac", "Th")
BCC = ("Li", "Na", "K", "V", "Cr", "Fe", "Rb", "Nb", "Mo", "Cs", "Ba", "Eu", "Ta", "W")
HCP = (
    "Be", "Mg", "Sc", "Ti", "Co", "Zn", "Y", "Zr", "Tc", "Ru", "Cd", "La", "Pr", "Nd", "Gd", "Tb", "Dy", "Ho", "Er",
    "Tm", "Lu", "Hf", "Re", "Os", "Tl",
)  # fmt: skip
"""Metals by the reference state of ASE (`ase.data.reference_states`), which also has their lattice constants."""
STRUCTURE = dict.fromkeys(FCC, "fcc") | dict.fromkeys(BCC, "bcc") | dict.fromkeys(HCP, "hcp")
CLOSEST_PACKED = {"fcc": "111", "bcc": "110", "hcp": "0001"}
"""The facet of a metal where none is given."""

ATOMIC_IONS_E = {
    "Li": 1, "Na": 1, "K": 1, "Rb": 1, "Cs": 1, "F": -1, "Cl": -1, "Br": -1, "I": -1, "Ag": 1, "Tl": 1,
    "Mg": 2, "Ca": 2, "Sr": 2, "Ba": 2, "Mn": 2, "Fe": 2, "Co": 2, "Ni": 2, "Cu": 2, "Zn": 2, "Cd": 2, "Pb": 2,
    "Al": 3, "Sc": 3, "Cr": 3, "Y": 3, "La": 3, "Ce": 3,
}  # fmt: skip
"""Element -> its usual charge in water; `ion_charges_e` gives another."""
MOLECULAR_IONS_E = {
    "OH": -1, "CN": -1, "SCN": -1, "NO2": -1, "NO3": -1, "ClO4": -1, "BF4": -1, "PF6": -1, "HCOO": -1, "HCO3": -1,
    "HSO4": -1, "H2PO4": -1, "CO3": -2, "SO4": -2, "HPO4": -2, "PO4": -3, "H3O": 1, "NH4": 1,
}  # fmt: skip
ION_CHARGES_E = ATOMIC_IONS_E | MOLECULAR_IONS_E


class NamedSolvent(NamedTuple):
    """`g2`: its name among ASE's molecules; `density_g_per_cm3` of the liquid at 298 K (CRC Handbook, 97th ed.)."""

    g2: str
    density_g_per_cm3: float


SOLVENTS = {
    "water": NamedSolvent("H2O", 0.997),
    "methanol": NamedSolvent("CH3OH", 0.787),
    "ethanol": NamedSolvent("CH3CH2OH", 0.785),
    "isopropanol": NamedSolvent("C2H6CHOH", 0.781),
    "acetonitrile": NamedSolvent("CH3CN", 0.777),
    "acetone": NamedSolvent("CH3COCH3", 0.785),
    "dimethyl sulfoxide": NamedSolvent("C2H6SO", 1.096),
    "formic acid": NamedSolvent("HCOOH", 1.214),
    "acetic acid": NamedSolvent("CH3COOH", 1.045),
    "methyl formate": NamedSolvent("HCOOCH3", 0.967),
    "nitromethane": NamedSolvent("CH3NO2", 1.131),
    "pyridine": NamedSolvent("C5H5N", 0.978),
    "benzene": NamedSolvent("C6H6", 0.873),
    "furan": NamedSolvent("C4H4O", 0.937),
    "thiophene": NamedSolvent("C4H4S", 1.059),
    "dichloromethane": NamedSolvent("H2CCl2", 1.318),
    "chloroform": NamedSolvent("HCCl3", 1.480),
    "carbon tetrachloride": NamedSolvent("CCl4", 1.586),
}


class SlabRecipe(NamedTuple):
    """Default cell of a slab known by name."""

    repeat: tuple[int, int]
    layers: int


SLABS = {
    "graphene": SlabRecipe((4, 2), 1),
    "graphite": SlabRecipe((4, 2), 4),
    "TiO2(110)": SlabRecipe((4, 2), 4),
    "RuO2(110)": SlabRecipe((4, 2), 4),
    "IrO2(110)": SlabRecipe((4, 2), 4),
}
