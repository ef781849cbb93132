"""Which reader reads a file: chosen by its content; by its name only where MDAnalysis does."""

from __future__ import annotations

import re
from pathlib import Path

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.data_file import DataFile
from lmpdrive.trajectory.frames import Trajectory
from lmpdrive.trajectory.given_cell import check_same
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.request import Request
from lmpdrive.trajectory.topology import HOW_TO_NAME_ELEMENTS, Topology


def open_file(path: Path, topology: Topology | None, structure: DataFile | None, ask: Request) -> Trajectory:
    """The frames of one file.  Raises TrajectoryError if nothing reads it, or it contradicts what was said of it."""
    plain = PlainFile(path)
    trajectory = _binary(plain, topology, structure, ask) or _text(plain, topology, structure, ask)
    if ask.cell is not None and ask.cell.by_user:
        check_same(ask.cell, trajectory.read(0, 1).cells[0], path)
    return trajectory


def _binary(
    plain: PlainFile, topology: Topology | None, structure: DataFile | None, ask: Request
) -> Trajectory | None:
    """DCD, NetCDF and binary dumps by their first bytes."""
    from lmpdrive.trajectory import dcd, dcd_restart, lammps_binary, netcdf_classic, netcdf_reader

    if plain.head[4:8] == b"CORD":
        whole = dcd.DcdTrajectory(plain, _needed(topology, structure, plain), ask)
        return dcd_restart.without_repeats(whole)
    if plain.head.startswith(netcdf_classic.MAGIC):
        return netcdf_reader.NetcdfTrajectory(plain, topology, ask)
    if lammps_binary.is_binary_dump(plain.head):
        return lammps_binary.LammpsBinaryTrajectory(plain, topology, names=ask.elements, timestep_fs=ask.timestep_fs)
    return None


def _text(plain: PlainFile, topology: Topology | None, structure: DataFile | None, ask: Request) -> Trajectory:
    """Text dumps and what is turned into one; then whatever other packages read."""
    from lmpdrive.trajectory import ase_reader, lammps_dump, mda_reader
    from lmpdrive.trajectory.translated import translate

    known = {"names": ask.elements, "timestep_fs": ask.timestep_fs}
    if plain.text_head.startswith(b"ITEM:"):
        _refuse_without_atoms(plain)
        return lammps_dump.LammpsDumpTrajectory(plain, topology, **known)
    if (translation := translate(plain, ask)) is not None:
        trajectory = lammps_dump.LammpsDumpTrajectory(plain, topology, text=translation.text, **known)
        for message in translation.warnings:
            trajectory.warn(message)
        return trajectory
    if plain.suffix in mda_reader.SUFFIXES:
        return mda_reader.MdaTrajectory(plain, _needed(topology, structure, plain), ask)
    return ase_reader.AseTrajectory(plain, topology, ask)


def _refuse_without_atoms(plain: PlainFile) -> None:
    """Raise TrajectoryError for `dump local` and `dump grid`, whose files begin as those of atoms."""
    counted = re.search(rb"^ITEM: NUMBER OF (.*?)\s*$", plain.text_head, re.MULTILINE)
    if counted is not None and counted[1] != b"ATOMS":
        kind, holds = "local", f"{counted[1].decode(errors='replace').lower()} (bonds, neighbours, ...)"
    elif re.search(rb"^ITEM: (DIMENSION|GRID)", plain.text_head, re.MULTILINE):
        kind, holds = "grid", "the cells of a grid"
    else:
        return
    raise TrajectoryError(
        f"{plain.path} is written by `dump {kind}`: it holds {holds} and no atoms. Analyse the dump of the atoms "
        "(dump custom, atom, dcd, ...)"
    )


def _needed(topology: Topology | None, structure: DataFile | None, plain: PlainFile) -> Topology:
    """The topology, for files that hold no elements."""
    if topology is None:
        raise TrajectoryError(f"{plain.path} holds no elements, as all {plain.suffix} files; {_how_to_name(structure)}")
    return topology


def _how_to_name(structure: DataFile | None) -> str:
    if structure is not None:
        return HOW_TO_NAME_ELEMENTS
    return (
        "give the LAMMPS data file of the run with data= (command line: --data system.data), and if its Masses "
        "have no element comments also elements= (--elements Au H Na O)"
    )
