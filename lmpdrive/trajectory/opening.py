"""`open_trajectory`: a run directory or any trajectory file -> `Trajectory`."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from lmpdrive.common.manifest import Manifest, read_manifest
from lmpdrive.common.run_files import DATA
from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.data_file import DataFile, read_data_file
from lmpdrive.trajectory.frames import NoFramesError, Trajectory
from lmpdrive.trajectory.identity import Identity, Note
from lmpdrive.trajectory.joined import Joined
from lmpdrive.trajectory.lammps_units import Units, units_for
from lmpdrive.trajectory.longer_cell import without_false_images
from lmpdrive.trajectory.names import HOW_TO_NAME_ELEMENTS
from lmpdrive.trajectory.subset import without_virtual_sites
from lmpdrive.trajectory.topology import Topology, topology_from_manifest

IN_RUN_DIRECTORY = ("traj.dcd", "traj.lammpstrj", "traj.lammpstrj.gz")
"""Looked for in this order: the DCD has the most frames."""


def open_trajectory(
    path: str | Path | Sequence[str | Path],
    *,
    data: str | Path | None = None,
    elements: Sequence[str] | None = None,
    timestep_fs: float | None = None,
    every: int | None = None,
    units: str | None = None,
) -> Trajectory:
    """Open a run directory, a DCD, a LAMMPS dump (text, also .gz, or binary), or what MDAnalysis or ASE reads.

    Parameters
    ----------
    path : run directory or trajectory file, or a list of the files that a run and its continuations wrote, in order.
    data : LAMMPS data file of the same system (types, element comments, box origin, charges).
    elements : elements in LAMMPS type order, e.g. ["Au", "H", "Na", "O"]; wins over the data file's comments.
    timestep_fs : MD timestep [fs]; times are steps times this.
    every : steps between frames, if the file does not contain it.
    units : LAMMPS units of the run (metal or real), where no file says so: of velocities and times.

    Raises
    ------
    TrajectoryError : nothing readable there, no complete frame, elements unknown or contradicted; the message says
        what to give.
    """
    opened = _opened(path, data=data, elements=elements, timestep_fs=timestep_fs, every=every, units=units)
    return without_false_images(without_virtual_sites(opened))


def _opened(
    path: str | Path | Sequence[str | Path],
    *,
    data: str | Path | None,
    elements: Sequence[str] | None,
    timestep_fs: float | None,
    every: int | None,
    units: str | None,
) -> Trajectory:
    """The trajectory as it is in the files."""
    if not isinstance(path, str | Path):
        if not path:
            raise TrajectoryError("no trajectory file was given")
        one = partial(_opened, data=data, elements=elements, timestep_fs=timestep_fs, every=every, units=units)
        parts = _with_frames([partial(one, p) for p in path])
        return Joined(parts) if len(parts) > 1 else parts[0]
    path = Path(path)
    if timestep_fs is not None and not timestep_fs > 0:
        raise TrajectoryError(f"timestep_fs is {timestep_fs}; want a positive number of fs")
    if every is not None and every < 1:
        raise TrajectoryError(f"every is {every}; want the number of steps between frames, at least 1")
    manifest = Manifest()
    paths = [path]
    if path.is_dir():
        manifest = read_manifest(path)
        paths, data, timestep_fs = _in_run_directory(path, manifest, data, timestep_fs)
    for path in paths:
        if not path.is_file():
            raise TrajectoryError(f"there is no trajectory {path}")
        if path.stat().st_size == 0:
            raise TrajectoryError(f"{path} is empty; did the run reach its first output?")
    structure = read_data_file(Path(data)) if data else None
    identity = Identity(elements, structure, str(data), topology_from_manifest(manifest))
    beside = units_for(paths[0], units, structure.units if structure else "")
    parts = _with_frames([partial(_open_file, p, identity, beside, timestep_fs, every) for p in paths])
    return Joined(parts) if len(parts) > 1 else parts[0]


def _in_run_directory(
    folder: Path, manifest: Manifest, data: str | Path | None, timestep_fs: float | None
) -> tuple[list[Path], str | Path | None, float | None]:
    """The trajectory (and its continuations), data file and timestep of a run directory."""
    written = [_parts_of(folder / name) for name in IN_RUN_DIRECTORY]
    found = next((parts for parts in written if any(part.stat().st_size for part in parts)), None)
    found = found or next((parts for parts in written if parts), None)
    if found is None:
        raise TrajectoryError(
            f"{folder} has no trajectory (looked for {', '.join(IN_RUN_DIRECTORY)}); "
            "did the run reach production? Or give the file itself"
        )
    if data is None and (folder / DATA).is_file():
        data = folder / DATA
    if timestep_fs is None:
        timestep_fs = manifest.dynamics.timestep_fs
    return [part for part in found if part.stat().st_size] or found[:1], data, timestep_fs


def _parts_of(first: Path) -> list[Path]:
    """traj.dcd and those of the continuations, traj.1.dcd, traj.2.dcd, ..., in the order of their numbers."""
    name, dot, rest = first.name.partition(".")
    numbered = {
        int(middle): path
        for path in first.parent.glob(f"{name}.*{dot}{rest}")
        if (middle := path.name[len(name) + 1 : -len(rest) - 1]).isdigit()
    }
    return [path for path in (first, *(numbered[number] for number in sorted(numbered))) if path.is_file()]


def _with_frames(openers: Sequence[Callable[[], Trajectory]]) -> list[Trajectory]:
    """The parts that hold a frame: a run may end before its first output.  Raises if none does."""
    parts: list[Trajectory] = []
    empty: list[NoFramesError] = []
    for opener in openers:
        try:
            parts.append(opener())
        except NoFramesError as error:
            empty.append(error)
    if not parts:
        raise empty[0]
    return parts


def _open_file(
    path: Path, identity: Identity, units: Units, timestep_fs: float | None, every: int | None
) -> Trajectory:
    """Choose the reader by content; by name only where MDAnalysis does."""
    from lmpdrive.trajectory import ase_reader, dcd, dcd_restart, lammps_binary, lammps_dump, mda_reader

    head = _head(path)
    origin = identity.data.origin if identity.data else np.zeros(3)
    notes: list[str] = []
    trajectory: Trajectory
    if head[4:8] == b"CORD":
        topology = _needed(identity, path, notes.append)
        whole = dcd.DcdTrajectory(path, topology, timestep_fs=timestep_fs, every=every, origin=origin)
        trajectory = dcd_restart.without_repeats(whole)
    elif head.startswith(b"ITEM:"):
        return lammps_dump.LammpsDumpTrajectory(path, identity, units=units, timestep_fs=timestep_fs)
    elif lammps_binary.is_binary_dump(head):
        return lammps_binary.LammpsBinaryTrajectory(path, identity, units=units, timestep_fs=timestep_fs)
    elif path.suffix.lower() in mda_reader.SUFFIXES:
        topology = _needed(identity, path, notes.append)
        trajectory = mda_reader.MdaTrajectory(path, topology, timestep_fs=timestep_fs, every=every, origin=origin)
    else:
        return ase_reader.AseTrajectory(path, identity, timestep_fs=timestep_fs, every=every)
    for text in notes:
        trajectory.note(text)
    return trajectory


def _head(path: Path) -> bytes:
    """The first bytes, unpacked if the file is compressed.  Raises TrajectoryError if they cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        if head[:2] != b"\x1f\x8b":
            return head
        with gzip.open(path, "rb") as file:
            return file.read(64)
    except (OSError, EOFError, zlib.error) as error:
        raise TrajectoryError(f"cannot read {path}: {error}") from error


def _needed(identity: Identity, path: Path, note: Note) -> Topology:
    """The topology, for files that hold no elements."""
    topology = identity.topology(note)
    if topology is None:
        raise TrajectoryError(f"{path} holds no elements, as all {path.suffix} files; {_how_to_name(identity.data)}")
    return topology


def _how_to_name(structure: DataFile | None) -> str:
    if structure is not None:
        return HOW_TO_NAME_ELEMENTS
    return (
        "give the LAMMPS data file of the run with data= (command line: --data system.data), and if its Masses "
        "have no element comments also elements= (--elements Au H Na O)"
    )
