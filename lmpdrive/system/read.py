"""Read a structure: anything ASE reads, LAMMPS data files, LAMMPS restart files: `system.read`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.constituents import by_elements
from lmpdrive.errors import StructureError
from lmpdrive.system.assemble import assemble
from lmpdrive.system.constraints import fixed_atoms, notes_on_constraints
from lmpdrive.system.model import BuiltSystem
from lmpdrive.system.overlaps import check_overlaps
from lmpdrive.trajectory.topology import parse_id_ranges

if TYPE_CHECKING:
    from ase import Atoms


def read(
    path: Path,
    *,
    elements: Sequence[str] | None = None,
    fixed_layers: int = 0,
    two_sided: bool | None = None,
    slab: str | Mapping[str, Any] | None = None,
) -> BuiltSystem:
    """The last frame of `path`; atoms that the file fixes (ASE's FixAtoms) win over `fixed_layers`.

    `slab` names the atoms of the slab where they are not as found.  `elements` names the types of
    LAMMPS files.  Raises StructureError when the file is missing or
    unreadable, has no periodic cell, or atoms overlap.
    """
    from lmpdrive.system import lammps_files, lammps_restart

    path = Path(path)
    if not path.is_file():
        raise StructureError(f"system.read: there is no file {path}")
    notes: tuple[str, ...] = ()
    if lammps_restart.is_restart(path):
        atoms, notes = lammps_restart.read_restart(path, elements)
    elif lammps_files.is_data(path):
        atoms, notes = lammps_files.read_data(path, elements)
    else:
        atoms = _read_with_ase(path)
    if not len(atoms):
        raise StructureError(f"{path} contains no atoms")
    if not np.all(np.isfinite(atoms.positions)):
        raise StructureError(f"{path}: some positions are not finite numbers: the run that wrote it had blown up")
    _check_cell(path, atoms)
    check_overlaps(atoms, str(path), "Correct the file, or take an earlier frame.")
    return assemble(
        atoms,
        source=f"read {path.name}",
        fixed_layers=fixed_layers,
        two_sided=two_sided,
        fixed=fixed_atoms(atoms),
        notes=(*notes, *notes_on_constraints(atoms, path.name)),
        slab=None if slab is None else _slab(slab, atoms),
    )


def _slab(slab: str | Mapping[str, Any], atoms: Atoms) -> np.ndarray:
    """The atoms that `system.slab` names.  Raises StructureError if it names none, with the choices."""
    elements, n = np.array(atoms.get_chemical_symbols()), len(atoms)
    found: np.ndarray | None = None
    if isinstance(slab, Mapping):
        indices = np.unique(np.asarray(slab.get("indices", []), dtype=int))
        found = indices if set(slab) == {"indices"} and ((indices >= 0) & (indices < n)).all() else None
    elif slab.strip().lower() == "none":
        return np.zeros(0, dtype=int)
    elif re.fullmatch(r"[\d:,\s]+", slab):
        found = parse_id_ranges(re.sub(r"\s+", ",", slab.strip()), n)
    else:
        found = by_elements(slab, elements, atoms.positions, np.array(atoms.cell))
    if found is None or not len(found):
        choices = ", ".join(sorted(set(elements.tolist())))
        raise StructureError(
            f'system.slab: {slab!r} names no atoms of this structure; want elements ({choices}), "O bonded to Ti", '
            f'ids from 1 to {n} ("1:48,60"), {{indices: [0, 1]}} (0-based), or none'
        )
    return found


def _read_with_ase(path: Path) -> Atoms:
    import ase.io
    from ase import Atoms as _Atoms

    try:
        atoms = ase.io.read(path, index=-1)
    except Exception as error:  # ASE's readers raise whatever their parsing runs into
        reason = str(error) or type(error).__name__
        raise StructureError(
            f"{path} is not a structure that ASE can read ({reason}). Choices: extxyz, POSCAR, CIF, PDB, ... "
            "(`ase info --formats` lists them), a LAMMPS data file (name ending in .data) or restart file (.restart)."
        ) from None
    assert isinstance(atoms, _Atoms)  # an integer index gives one frame
    return atoms


def _check_cell(path: Path, atoms: Atoms) -> None:
    fix = "In Python: a = ase.io.read(file); a.cell = [x, y, z]; a.pbc = True; a.write('with-cell.xyz')."
    if atoms.cell.rank < 3 or abs(atoms.cell.volume) < 1e-6:
        raise StructureError(f"{path} has no three-dimensional cell, and the simulation is periodic. {fix}")
    if not atoms.pbc.all():
        open_axes = ", ".join(axis for axis, periodic in zip("xyz", atoms.pbc, strict=True) if not periodic)
        raise StructureError(
            f"{path} is not periodic along {open_axes} (pbc {' '.join('FT'[int(p)] for p in atoms.pbc)}), but the "
            f"simulation is, with any vacuum as part of the cell. If the cell contains the vacuum, set pbc. {fix}"
        )
