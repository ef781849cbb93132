"""Structures that a build takes from files: anything ASE reads, the last frame."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.errors import StructureError

if TYPE_CHECKING:
    from ase import Atoms


def structure(path: Path, key: str) -> Atoms:
    """The structure in `path`, which the YAML key `key` names.

    Raises StructureError when the file is missing, cannot be read, or has no atoms.
    """
    import ase.io

    if not path.is_file():
        raise StructureError(f"{key}: there is no file {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ASE's CIF reader about what does not matter here
            atoms = ase.io.read(path, index=-1)
    except Exception as error:  # ASE's readers raise whatever their parsing runs into
        reason = str(error) or type(error).__name__
        raise StructureError(
            f"{key}: {path} is not a structure that ASE can read ({reason}). Choices: extxyz, CIF, POSCAR, PDB, ... "
            "(`ase info --formats` lists them)."
        ) from None
    assert not isinstance(atoms, list)  # an integer index gives one frame
    if not len(atoms) or not np.all(np.isfinite(atoms.positions)):
        raise StructureError(f"{key}: {path} contains no atoms, or positions that are not finite numbers")
    return atoms
