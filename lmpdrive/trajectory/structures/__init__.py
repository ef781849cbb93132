"""Files that say which atom is what, for trajectories that do not: `--data` takes each of these.

LAMMPS data files; PDB, GRO, PSF and AMBER topologies (`prmtop`), read here; `.tpr` through MDAnalysis; and whatever
ASE reads (POSCAR, extxyz, cif, ...).  All become a `DataFile`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.elements.data_file import DataFile, read_data_file
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.structures import amber, gro, others, pdb, psf
from lmpdrive.trajectory.structures.named import NamedAtoms, as_data_file

READERS: dict[str, Callable[[Path], NamedAtoms]] = {
    ".pdb": pdb.read,
    ".ent": pdb.read,
    ".gro": gro.read,
    ".psf": psf.read,
    ".prmtop": amber.read,
    ".parm7": amber.read,
    ".top": amber.read,
    ".tpr": others.read_with_mdanalysis,
}


def read_structure(path: Path) -> DataFile:
    """A LAMMPS data file, known by its content, or one of the others, by the suffix; it may be compressed.

    Raises TrajectoryError if there is no such file, or nothing reads it.
    """
    if not path.is_file():
        raise TrajectoryError(f"cannot read the data file {path}: no such file")
    plain = PlainFile(path)
    file = plain.file(_refuse)
    reader = READERS.get(plain.suffix)
    if reader is None and (_is_lammps_data(file) or not others.known_to_ase(file)):
        return read_data_file(file)
    try:
        return as_data_file((reader or others.read_with_ase)(file))
    except (ValueError, IndexError, KeyError) as error:
        if isinstance(error, TrajectoryError):
            raise
        raise TrajectoryError(f"{path} is damaged, or no {plain.suffix} file: {error}") from error


def _refuse(message: str) -> None:
    """A part of a trajectory is of use, a part of a structure is not."""
    raise TrajectoryError(message)


def _is_lammps_data(path: Path) -> bool:
    """Whether a line says how many atom types there are, or a section begins."""
    try:
        with path.open("rb") as file:
            lines = file.read(1 << 16).decode(errors="replace").splitlines()
    except OSError:
        return False
    return any(
        line.split("#")[0].strip().endswith("atom types") or line.split("#")[0].strip() == "Atoms" for line in lines
    )
