"""Structures that other packages read: ASE (POSCAR, extxyz, cif, ...) and MDAnalysis (`.tpr`)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.structures.named import NamedAtoms


def known_to_ase(path: Path) -> bool:
    """Whether ASE has a format for the file's name or content, LAMMPS' own aside."""
    from ase.io.formats import UnknownFileTypeError, filetype

    try:
        return not filetype(str(path)).startswith("lammps")
    except (UnknownFileTypeError, OSError, ValueError):
        return False


def read_with_ase(path: Path) -> NamedAtoms:
    """The first frame.  Raises TrajectoryError if ASE cannot read it."""
    import ase.io

    try:
        atoms: Any = ase.io.read(str(path), index=0)
    except Exception as error:  # ASE's readers raise anything
        raise TrajectoryError(
            f"cannot read {path} ({type(error).__name__}: {error}); want a LAMMPS data file, PDB, GRO, PSF, prmtop, "
            "tpr, or a structure that ASE reads"
        ) from error
    charges = atoms.get_initial_charges()
    return NamedAtoms(
        atoms.get_chemical_symbols(),
        charges_e=charges if charges.any() else None,
        cell=atoms.cell[:] if abs(np.linalg.det(atoms.cell[:])) > 1e-6 else None,
    )


def read_with_mdanalysis(path: Path) -> NamedAtoms:
    """A topology.  Raises TrajectoryError if MDAnalysis is not installed or cannot read it."""
    try:
        import MDAnalysis as mda
    except ImportError as error:
        raise TrajectoryError(
            f'reading {path} needs MDAnalysis: pip install "lmpdrive[formats]"; or give a PDB or GRO file'
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            atoms = mda.Universe(str(path)).atoms
    except Exception as error:  # MDAnalysis' parsers raise anything
        raise TrajectoryError(f"MDAnalysis cannot read {path}: {type(error).__name__}: {error}") from error
    return NamedAtoms(
        [str(name) for name in atoms.names],
        masses_u=np.array(atoms.masses) if hasattr(atoms, "masses") else None,
        charges_e=np.array(atoms.charges) if hasattr(atoms, "charges") else None,
    )
