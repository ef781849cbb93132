"""Geometries of solvents and ions by name, SMILES or file.  Lengths in Å, charges in e.

Centres of mass are at the origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.config.electrolyte import Electrolyte, Solvent, is_file
from lmpdrive.config.substances import ATOMIC_IONS_E, ION_CHARGES_E, SOLVENTS
from lmpdrive.errors import StructureError, did_you_mean
from lmpdrive.system.building.files import structure
from lmpdrive.system.building.ion_geometries import GEOMETRIES

if TYPE_CHECKING:
    from ase import Atoms

OH_A, HOH_DEG = 0.97, 106.0
"""Template water: liquid water."""
BOND = 1.25
"""Bonds of the molecule in a file reach this many sums of covalent radii."""
HEAVY_ATOMS_PER_WATER = 2
"""A molecular ion takes the room of one water for every two atoms that are not H (perchlorate: 44 cm^3/mol)."""


@dataclass(frozen=True, eq=False)
class Species:
    """One kind of molecule or ion."""

    label: str
    """As in `ions`, or the name of a file."""
    atoms: Atoms
    charge_e: int = 0
    radius_A: float | None = None
    """Of an ion of one atom, for packing; None: every atom has half the packing distance."""

    @property
    def mass_u(self) -> float:
        """Molar mass in g/mol."""
        return float(self.atoms.get_masses().sum())

    @property
    def reach_A(self) -> float:
        """From the centre of mass to the farthest atom."""
        return float(np.linalg.norm(self.atoms.positions, axis=1).max())

    @property
    def waters_displaced(self) -> int:
        """Waters in whose place an ion goes."""
        return max(1, -(-int(np.sum(self.atoms.numbers > 1)) // HEAVY_ATOMS_PER_WATER))


ION_RADII_A = {"Li": 0.9, "Na": 1.3, "K": 1.7, "Rb": 1.8, "Cs": 2.0, "F": 1.6, "Cl": 2.1, "Br": 2.3, "I": 2.5}
ION_RADII_A |= {"Ag": 1.4, "Tl": 1.9, "Mg": 1.1, "Ca": 1.4, "Sr": 1.6, "Ba": 1.8, "Mn": 1.2, "Fe": 1.1, "Co": 1.1}
ION_RADII_A |= {"Ni": 1.1, "Cu": 1.0, "Zn": 1.1, "Cd": 1.3, "Pb": 1.6, "Al": 0.9, "Sc": 1.2, "Cr": 1.0, "Y": 1.4}
ION_RADII_A |= {"La": 1.6, "Ce": 1.5}
"""With the 1 Å of a water atom these give about the ion-oxygen distance in water."""


def water() -> Species:
    """The molecule that `waters` counts."""
    from ase import Atoms as _Atoms

    half = np.radians(HOH_DEG) / 2
    x, y = OH_A * np.sin(half), OH_A * np.cos(half)
    return Species("water", _Atoms("OHH", positions=[(0, 0, 0), (x, y, 0), (-x, y, 0)]))


def ion(name: str, electrolyte: Electrolyte) -> Species:
    """An ion of `electrolyte.ions`, with its charge.

    The charge is that of `ion_charges_e`, else the file's (`charge=-1` in the second line of an extxyz), else the
    usual one.  Raises StructureError when nothing says it.
    """
    from ase import Atoms as _Atoms

    if is_file(name):
        atoms = _one_molecule(Path(name), "system.build.ions")
        charge = electrolyte.ion_charges_e.get(name, _charge_in(Path(name)))
        if charge is None:
            raise StructureError(
                f"system.build.ions: the charge of {Path(name).name} is not known: write charge=-1 in the comment line "
                f"of the extxyz file, or `ion_charges_e: {{{Path(name).name}: -1}}` in system.build"
            )
        return Species(Path(name).stem, atoms, charge)
    charge = electrolyte.ion_charges_e.get(name, ION_CHARGES_E[name])
    if name in ATOMIC_IONS_E:
        return Species(name, _Atoms(name, positions=[(0, 0, 0)]), charge, ION_RADII_A[name])
    return Species(name, _bare(GEOMETRIES[name]()), charge)


def solvent(section: Solvent) -> Species:
    """The molecule of a solvent.  Raises StructureError when it is not known, or RDKit is missing for SMILES."""
    if section.file is not None:
        return Species(section.label, _one_molecule(section.file, "system.build.solvent"))
    if section.smiles is not None:
        return Species(section.label, _bare(_of_smiles(section.smiles)))
    return Species(section.label, _bare(_of_name(section.label)))


def _of_name(name: str) -> Atoms:
    from ase.build import molecule
    from ase.collections import g2

    known = SOLVENTS[name].g2 if name in SOLVENTS else name
    if known not in g2.names:
        raise StructureError(
            f"system.build.solvent.name: no molecule {name!r}{did_you_mean(name, [*SOLVENTS, *g2.names]) or '.'} "
            f"Choices: {', '.join(SOLVENTS)}, the names of ASE's g2 collection (CH3OCH3, CH3CH2NH2, ...); else give "
            "smiles: or file:"
        )
    atoms: Atoms = molecule(known)
    return atoms


def _of_smiles(smiles: str) -> Atoms:
    """The conformer that RDKit's MMFF94 finds from a fixed seed: always the same."""
    from ase import Atoms as _Atoms

    try:
        from rdkit import Chem
        from rdkit.Chem import AllChem
    except ImportError:
        raise StructureError(
            f'system.build.solvent.smiles: {smiles} needs RDKit, which is missing: `pip install "lmpdrive[build]"`; '
            "or write the molecule into a file and use file:"
        ) from None
    plain = Chem.MolFromSmiles(smiles)
    if plain is None:
        raise StructureError(f"system.build.solvent.smiles: {smiles!r} is not valid SMILES; methanol is CO")
    tools: Any = AllChem
    whole = Chem.AddHs(plain)
    if tools.EmbedMolecule(whole, randomSeed=1) != 0:
        raise StructureError(f"system.build.solvent.smiles: RDKit finds no geometry for {smiles}; use file:")
    tools.MMFFOptimizeMolecule(whole, maxIters=2000)
    symbols = [atom.GetSymbol() for atom in whole.GetAtoms()]
    return _Atoms(symbols, positions=whole.GetConformer().GetPositions())


def _charge_in(path: Path) -> int | None:
    """What the file says of the charge of the whole, as `charge=` or as charges of its atoms."""
    atoms = structure(path, "system.build.ions")
    given = atoms.info.get("charge", atoms.info.get("total_charge"))
    if given is None and atoms.has("initial_charges"):
        given = atoms.get_initial_charges().sum()
    if given is None:
        return None
    if abs(float(given) - round(float(given))) > 1e-3:
        raise StructureError(f"system.build.ions: {path.name} has a charge of {given} e; an ion's is a whole number")
    return round(float(given))


def _one_molecule(path: Path, key: str) -> Atoms:
    """The molecule in a file.  Raises StructureError for several: they would move as one."""
    from ase.neighborlist import natural_cutoffs, neighbor_list
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    atoms = structure(path, key)
    i, j = neighbor_list("ij", atoms, natural_cutoffs(atoms, mult=BOND))
    parts = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(len(atoms),) * 2))[0]
    if parts > 1:
        raise StructureError(
            f"{key}: {path.name} holds {parts} molecules, and one is needed, of which copies are placed: cut it out"
        )
    return _bare(atoms)


def _bare(atoms: Atoms) -> Atoms:
    """Only elements and positions; whole if the file has it across a boundary; centre of mass at the origin."""
    from ase import Atoms as _Atoms
    from ase.geometry import find_mic

    positions = atoms.positions.copy()
    if atoms.pbc.any() and atoms.cell.rank == 3:
        positions = positions[0] + find_mic(positions - positions[0], atoms.cell, atoms.pbc)[0]
    bare = _Atoms(numbers=atoms.numbers, positions=positions)
    bare.positions -= bare.get_center_of_mass()
    return bare
