"""`open_trajectory`: a run directory or any trajectory file -> `Trajectory`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from lmpdrive.common.manifest import Manifest, read_manifest
from lmpdrive.common.run_files import DATA
from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.elements.identity import Identity
from lmpdrive.trajectory.formats import open_file
from lmpdrive.trajectory.frames import Trajectory
from lmpdrive.trajectory.given_cell import CellInput, GivenCell, parse_cell
from lmpdrive.trajectory.lammps_units import units_for
from lmpdrive.trajectory.request import Request
from lmpdrive.trajectory.structures import read_structure
from lmpdrive.trajectory.topology import topology_from_manifest
from lmpdrive.trajectory.views.longer_cell import without_false_images
from lmpdrive.trajectory.views.repeats import without_repeats
from lmpdrive.trajectory.views.several_files import expanded, joined, openers_of, parts_with_frames
from lmpdrive.trajectory.views.subset import without_virtual_sites

IN_RUN_DIRECTORY = (
    "traj.dcd",
    "traj.lammpstrj",
    *(f"traj.lammpstrj.{packed}" for packed in ("gz", "zst", "xz", "bz2")),
)
"""Looked for in this order: the DCD has the most frames."""


def open_trajectory(
    path: str | Path | Sequence[str | Path],
    *,
    data: str | Path | None = None,
    elements: Sequence[str] | None = None,
    timestep_fs: float | None = None,
    every: int | None = None,
    units: str | None = None,
    cell: CellInput | None = None,
) -> Trajectory:
    """Open a run directory, a DCD, a LAMMPS dump (text, yaml, cfg or binary), XYZ, or what MDAnalysis or ASE reads.

    Files may be compressed (gzip, bzip2, xz, zstd).

    Parameters
    ----------
    path : run directory or trajectory file, a pattern (`dump.*`), or a list of the files that a run and its
        continuations wrote, in order; files of one frame each in any order.
    data : LAMMPS data file of the same system (types, element comments, box, charges), or a structure file.
    elements : elements in LAMMPS type order, e.g. ["Au", "H", "Na", "O"]; wins over the data file's comments.
    timestep_fs : MD timestep [fs]; times are steps times this.
    every : steps between frames, if the file does not contain it.
    units : LAMMPS units of the run (metal or real), where no file says so: of velocities and times.
    cell : for files that have none: `a b c`, `a b c alpha beta gamma` or three vectors [Å, degrees], in all frames.

    Raises
    ------
    TrajectoryError : nothing readable there, no complete frame, elements unknown or contradicted; the message says
        what to give.
    """
    ask = Request(
        data=data,
        elements=elements,
        timestep_fs=timestep_fs,
        every=every,
        units=units,
        cell=None if cell is None else GivenCell(parse_cell(cell), "the caller (--cell)", by_user=True),
    )
    ask.check()
    return without_false_images(without_virtual_sites(_opened(expanded(path), ask)))


def _opened(paths: Sequence[Path], ask: Request) -> Trajectory:
    """The trajectory as it is in the files, and in run directories if there are any among them."""
    if not any(path.is_dir() for path in paths):
        return _of_files(paths, Manifest(), ask)
    parts = parts_with_frames([partial(_of_run if path.is_dir() else _of_file, path, ask) for path in paths])
    return without_repeats(joined(parts, ask.every, ask.timestep_fs), ask.timestep_fs) if len(parts) > 1 else parts[0]


def _of_run(folder: Path, ask: Request) -> Trajectory:
    manifest = read_manifest(folder)
    return _of_files(*_in_run_directory(folder, manifest, ask))


def _of_file(path: Path, ask: Request) -> Trajectory:
    return _of_files([path], Manifest(), ask)


def _of_files(paths: Sequence[Path], manifest: Manifest, ask: Request) -> Trajectory:
    """The files of one run."""
    structure = read_structure(Path(ask.data)) if ask.data else None
    if structure is not None:
        ask = replace(ask, origin=structure.origin)
        if structure.cell is not None and ask.cell is None:
            ask = replace(ask, cell=GivenCell(structure.cell, f"the data file {ask.data}", by_user=False))
    identity = Identity(ask.elements, structure, str(ask.data or ""), topology_from_manifest(manifest))
    units = units_for(paths[0], ask.units, structure.units if structure else "")
    openers = openers_of(paths, lambda path: open_file(path, identity, units, ask))
    parts = parts_with_frames(openers)
    if len(parts) == 1:
        return parts[0]
    return without_repeats(
        joined(parts, ask.every, ask.timestep_fs), ask.timestep_fs, may_reset=not ask.in_run_directory
    )


def _in_run_directory(folder: Path, manifest: Manifest, ask: Request) -> tuple[list[Path], Manifest, Request]:
    """The trajectory (and its continuations) of a run directory; data file and timestep where the caller has none."""
    written = [_parts_of(folder / name) for name in IN_RUN_DIRECTORY]
    found = next((parts for parts in written if any(part.stat().st_size for part in parts)), None)
    found = found or next((parts for parts in written if parts), None)
    if found is None:
        raise TrajectoryError(
            f"{folder} has no trajectory (looked for {', '.join(IN_RUN_DIRECTORY)}); "
            "did the run reach production? Or give the file itself, or its files as a pattern in quotes "
            f"('{folder}/dump.*')"
        )
    ask = replace(ask, in_run_directory=True)
    if ask.data is None and (folder / DATA).is_file():
        ask = replace(ask, data=folder / DATA)
    if ask.timestep_fs is None:
        ask = replace(ask, timestep_fs=manifest.dynamics.timestep_fs)
    return [part for part in found if part.stat().st_size] or found[:1], manifest, ask


def _parts_of(first: Path) -> list[Path]:
    """traj.dcd and those of the continuations, traj.1.dcd, traj.2.dcd, ..., in the order of their numbers."""
    name, dot, rest = first.name.partition(".")
    numbered = {
        int(middle): path
        for path in first.parent.glob(f"{name}.*{dot}{rest}")
        if (middle := path.name[len(name) + 1 : -len(rest) - 1]).isdigit()
    }
    return [path for path in (first, *(numbered[number] for number in sorted(numbered))) if path.is_file()]
