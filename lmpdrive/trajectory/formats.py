"""Which reader reads a file: chosen by its content; by its name only where MDAnalysis does."""

from __future__ import annotations

import re
from pathlib import Path

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.elements.data_file import DataFile
from lmpdrive.trajectory.elements.identity import Identity, Note
from lmpdrive.trajectory.elements.names import HOW_TO_NAME_ELEMENTS
from lmpdrive.trajectory.frames import Trajectory
from lmpdrive.trajectory.given_cell import check_same
from lmpdrive.trajectory.lammps_units import Units
from lmpdrive.trajectory.mapping import MappedFile
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.request import Request
from lmpdrive.trajectory.topology import Topology
from lmpdrive.trajectory.views.repeats import without_repeats


def open_file(path: Path, identity: Identity, units: Units, ask: Request) -> Trajectory:
    """The frames of one file.  Raises TrajectoryError if nothing reads it, or it contradicts what was said of it."""
    plain, notes, warnings = PlainFile(path), list[str](), list[str]()
    trajectory = _binary(plain, identity, units, ask, notes, warnings)
    trajectory = trajectory or _dump(plain, identity, units, ask, notes, warnings)
    trajectory = trajectory or _other(plain, identity, ask, notes)
    for text in notes:
        trajectory.note(text)
    for text in warnings:
        trajectory.warn(text)
    if ask.cell is not None and ask.cell.by_user:
        check_same(ask.cell, trajectory.read(0, 1).cells[0], path)
    return without_repeats(trajectory, ask.timestep_fs, may_reset=not ask.in_run_directory)


def _binary(
    plain: PlainFile, identity: Identity, units: Units, ask: Request, notes: list[str], warnings: list[str]
) -> Trajectory | None:
    """DCD, NetCDF and binary dumps by their first bytes."""
    from lmpdrive.trajectory.readers import dcd, dcd_restart, lammps_binary, netcdf_reader

    if plain.head[4:8] == b"CORD":
        topology = _needed(identity, plain, notes.append)
        whole = dcd.DcdTrajectory(plain.path, topology, ask, file=plain.file(warnings.append))
        return dcd_restart.without_repeats(whole)
    if netcdf_reader.recognises(plain):
        return netcdf_reader.NetcdfTrajectory(plain, identity, ask)
    if lammps_binary.is_binary_dump(plain.head):
        content = MappedFile(plain.file(warnings.append))
        return lammps_binary.LammpsBinaryTrajectory(
            plain.path, identity, units=units, timestep_fs=ask.timestep_fs, content=content
        )
    return None


def _dump(
    plain: PlainFile, identity: Identity, units: Units, ask: Request, notes: list[str], warnings: list[str]
) -> Trajectory | None:
    """Text dumps, and what is turned into one."""
    from lmpdrive.trajectory.readers import lammps_dump
    from lmpdrive.trajectory.translated import translate

    if plain.text_head.startswith(b"ITEM:"):
        _refuse_without_atoms(plain)
        content = MappedFile(plain.file(warnings.append))
    elif (translation := translate(plain, ask)) is not None:
        content = translation.content
        notes += translation.notes
        warnings += translation.warnings
    else:
        return None
    return lammps_dump.LammpsDumpTrajectory(
        plain.path, identity, units=units, timestep_fs=ask.timestep_fs, content=content
    )


def _other(plain: PlainFile, identity: Identity, ask: Request, notes: list[str]) -> Trajectory:
    """What other packages read."""
    from lmpdrive.trajectory.readers import ase_reader, mda_reader

    if plain.suffix in mda_reader.SUFFIXES:
        return mda_reader.MdaTrajectory(plain, _needed(identity, plain, notes.append), ask)
    return ase_reader.AseTrajectory(plain, identity, ask)


def _refuse_without_atoms(plain: PlainFile) -> None:
    """Raise TrajectoryError for `dump local` and `dump grid`, whose files begin as those of atoms."""
    counted = re.search(rb"^ITEM: NUMBER OF (.*?)\s*$", plain.text_head, re.MULTILINE)
    if counted is not None and counted[1] != b"ATOMS":
        kind, holds = "local", f"{counted[1].decode(errors='replace').lower()} (of bonds, neighbours, ...)"
    elif re.search(rb"^ITEM: (DIMENSION|GRID)", plain.text_head, re.MULTILINE):
        kind, holds = "grid", "the cells of a grid"
    else:
        return
    raise TrajectoryError(
        f"{plain.path} is written by `dump {kind}`: it holds {holds} and no atoms. Analyse the dump of the atoms "
        "(dump custom, atom, dcd, ...)"
    )


def _needed(identity: Identity, plain: PlainFile, note: Note) -> Topology:
    """The topology, for files that hold no elements."""
    topology = identity.topology(note)
    if topology is None:
        raise TrajectoryError(
            f"{plain.path} holds no elements, as all {plain.suffix} files; {_how_to_name(identity.data)}"
        )
    return topology


def _how_to_name(structure: DataFile | None) -> str:
    if structure is not None:
        return HOW_TO_NAME_ELEMENTS
    return (
        "give the LAMMPS data file of the run with data= (command line: --data system.data), and if its Masses "
        "have no element comments also elements= (--elements Au H Na O)"
    )
