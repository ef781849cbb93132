"""XYZ and extended XYZ -> text dump: the atom lines stay as they are, only the headers are written anew.

Columns without a name (`Properties=`) are the element, x, y and z, as everywhere; where the first one is a number it
is a type (LAMMPS' `dump xyz` without `dump_modify element`).  Units: Å; steps, times and velocities as in `xyz_units`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.boundaries import PERIODIC, Periodic
from lmpdrive.trajectory.frames import NoFramesError
from lmpdrive.trajectory.given_cell import HOW_TO_GIVE_A_CELL, check_same
from lmpdrive.trajectory.headers import Header
from lmpdrive.trajectory.mapping import MappedFile
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.request import Request
from lmpdrive.trajectory.translated.dump_text import DumpText, Translation, box_text
from lmpdrive.trajectory.translated.xyz_index import Frame, find_frames
from lmpdrive.trajectory.translated.xyz_units import Clock, clock_of, rewritten, velocity_unit

COLUMNS = {
    "species": ("element",),
    "pos": ("x", "y", "z"),
    "id": ("id",),
    "type": ("type",),
    "vel": ("vx", "vy", "vz"),
    "velo": ("vx", "vy", "vz"),
    "velocities": ("vx", "vy", "vz"),
    "velocities_a_per_ps": ("vx", "vy", "vz"),
    "momenta": ("vx", "vy", "vz"),
    "periodic_image": ("ix", "iy", "iz"),
    "mass": ("mass",),
    "masses": ("mass",),
}
"""Property of an extended XYZ -> columns of a dump."""


def recognises(plain: PlainFile) -> bool:
    """A number of atoms alone on its line, a comment, and atoms: a word and three numbers."""
    lines = plain.text_head.split(b"\n")
    if not lines[0].strip().isdigit():
        return False
    if plain.suffix in (".xyz", ".extxyz") or b"Properties=" in b"".join(lines[1:2]):
        return True
    words = lines[2].split() if len(lines) > 3 else []
    return len(words) >= 4 and all(_is_number(word) for word in words[1:4])


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def translate(plain: PlainFile, ask: Request) -> Translation:
    """See `translated`."""
    warnings: list[str] = []
    source = MappedFile(plain.file(warnings.append))
    frames = list(find_frames(source, plain.path, warnings.append))
    if not frames:
        raise NoFramesError(f"{plain.path} holds no complete frame")
    notes: list[str] = []
    layout = _layout(source, frames[0], plain)
    moving = velocity_unit(source, frames[0], layout.columns, layout.momenta, ask, plain.path)
    clock = clock_of([frame.header for frame in frames], ask, moving, plain.path)
    notes += [*moving.notes, *clock.notes]
    with DumpText(clock.units) as text:
        _write_all(source, frames, layout, clock, ask, plain, text)
        content = text.mapped()
    if frames[0].header.cell is not None and not any(frames[0].header.periodic or (True,)):
        notes.append(f"No axis of {plain.path.name} is periodic by its header (pbc); all are taken as periodic.")
    if ask.cell is not None and frames[0].header.cell is None:
        (notes if ask.cell.by_user else warnings).append(ask.cell.said_of(plain.path))
    return Translation(content, warnings + clock.warnings, notes)


@dataclass(frozen=True)
class _Layout:
    """columns : names in the dump; momenta : whether what stands for velocities are momenta."""

    columns: tuple[str, ...]
    momenta: bool
    properties: tuple[tuple[str, str, int], ...]


def _layout(source: MappedFile, first: Frame, plain: PlainFile) -> _Layout:
    """The columns, from the first frame.  Raises TrajectoryError if there are no positions among them."""
    words = bytes(source.buffer[first.body : first.end]).split(b"\n", 1)[0].split()
    properties = first.header.properties or (("species", "S", 1), ("pos", "R", 3))
    columns: list[str] = []
    for name, _, width in properties:
        known = COLUMNS.get(name.lower(), ())
        fresh = len(known) == width and not set(known) & set(columns)
        columns += known if fresh else (f"_{name}_{i}" for i in range(width))
    columns += [f"_{i}" for i in range(len(columns), len(words))]
    if len(columns) != len(words):
        raise TrajectoryError(
            f"{plain.path}: the header names {len(columns)} columns ({' '.join(columns)}), the first atom has "
            f"{len(words)}"
        )
    if not {"x", "y", "z"} <= set(columns):
        raise TrajectoryError(f"{plain.path} has no positions: want pos:R:3 in Properties, found {properties}")
    if "element" in columns and words[columns.index("element")].isdigit():
        columns[columns.index("element")] = "type" if "type" not in columns else "_species"
    momenta = any(name.lower() == "momenta" for name, _, _ in properties)
    return _Layout(tuple(columns), momenta, first.header.properties)


def _write_all(
    source: MappedFile,
    frames: Sequence[Frame],
    layout: _Layout,
    clock: Clock,
    ask: Request,
    plain: PlainFile,
    text: DumpText,
) -> None:
    for i, frame in enumerate(frames):
        header = frame.header
        if header.properties != layout.properties:
            raise TrajectoryError(f"{plain.path}: the columns change at frame {i}")
        box = box_text(_cell(frame, i, ask, plain), _origin(frame, ask), _periodic(header))
        text.header(clock.steps[i], frame.n_atoms, box, layout.columns, clock.times[i])
        lines = bytes(source.buffer[frame.body : frame.end])
        text.write(rewritten(lines, layout.columns, clock, ask, plain.path) if clock.rewrites else lines)
        if not lines.endswith(b"\n"):
            text.write(b"\n")
        source.release_before(frame.end)


def _cell(frame: Frame, number: int, ask: Request, plain: PlainFile) -> NDArray[np.float64]:
    if frame.header.length_unit not in ("", "angstrom"):
        raise TrajectoryError(
            f"{plain.path} is in {frame.header.length_unit}; want Å: write it with positions{{angstrom}} and "
            "cell{angstrom}"
        )
    if frame.header.cell is not None:
        if ask.cell is not None and number == 0:
            check_same(ask.cell, frame.header.cell, plain.path)
        return frame.header.cell
    if ask.cell is None:
        raise TrajectoryError(
            f"{plain.path}: frame {number} has no periodic cell; profiles need one: {HOW_TO_GIVE_A_CELL}"
        )
    return ask.cell.vectors


def _periodic(header: Header) -> Periodic:
    """The flags; where no axis is periodic beside a cell they were not set, which is ASE's default."""
    return header.periodic if header.periodic is not None and any(header.periodic) else PERIODIC


def _origin(frame: Frame, ask: Request) -> NDArray[np.float64]:
    return ask.origin if frame.header.origin is None else frame.header.origin
