"""`dump yaml` of LAMMPS -> text dump: one YAML document a frame, whose lines of data become the atom lines.

Units are those that the file names (`dump_modify units yes`).  Thermo data in it are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.frames import NoFramesError
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.request import Request
from lmpdrive.trajectory.translated.dump_text import DumpText, Translation

_STARTS = b"creator: LAMMPS"


def recognises(plain: PlainFile) -> bool:
    """A YAML document by LAMMPS with atoms."""
    head = plain.text_head
    return head.startswith(b"---") and _STARTS in head[:200] and b"natoms:" in head


def translate(plain: PlainFile, ask: Request) -> Translation:
    """See `translated`."""
    warnings: list[str] = []
    with DumpText() as text:
        n_frames, cut = _write_all(_frames(plain.file(warnings.append), plain.path), text)
        if not n_frames:
            raise NoFramesError(f"{plain.path} holds no complete frame of a LAMMPS yaml dump")
        content = text.mapped()
    if cut:
        warnings.append(f"{plain.path}: {cut} frames are incomplete and are left out ({n_frames} frames are used)")
    return Translation(content, warnings, [])


def _write_all(frames: Iterator[_Frame], text: DumpText) -> tuple[int, int]:
    """(Number of frames written, number of incomplete ones)."""
    n_frames, cut, units = 0, 0, ""
    for frame in frames:
        if not frame.complete:
            cut += 1
            continue
        if frame.units != units:
            units = frame.units
            text.write(f"ITEM: UNITS\n{units}\n".encode())
        text.header(frame.step, frame.n_atoms, frame.box, frame.columns, frame.time)
        text.write(b"".join(frame.rows))
        n_frames += 1
    return n_frames, cut


class _Frame:
    """One document: its header and rows of atoms."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.bounds: list[list[str]] = []
        self.columns: list[str] = []
        self.rows: list[bytes] = []

    @property
    def complete(self) -> bool:
        """Whether all announced atoms are there, the last with all its columns."""
        return (
            self.values.get("natoms", "").isdigit()
            and self.values.get("timestep", "").isdigit()
            and len(self.rows) == self.n_atoms
            and len(self.bounds) >= 3
            and len((self.rows or [b""])[-1].split()) == len(self.columns)
        )

    @property
    def step(self) -> int:
        """MD step."""
        return int(self.values["timestep"])

    @property
    def n_atoms(self) -> int:
        """As announced."""
        return int(self.values["natoms"])

    @property
    def units(self) -> str:
        """As named, or empty."""
        return self.values.get("units", "")

    @property
    def time(self) -> float | None:
        """In units of the file, if it is there."""
        return float(self.values["time"]) if "time" in self.values else None

    @property
    def box(self) -> str:
        """As after `ITEM: BOX BOUNDS`: three lines of bounds, of which the fourth of YAML are the tilts."""
        letters = _words(self.values.get("boundary", "p, p, p, p, p, p"))
        boundary = " ".join(a + b for a, b in zip(letters[::2], letters[1::2]))
        if len(self.bounds) == 3:
            return "\n".join([boundary, *(" ".join(row) for row in self.bounds)])
        rows = [[*row, tilt] for row, tilt in zip(self.bounds, self.bounds[3])]
        return "\n".join([f"xy xz yz {boundary}", *(" ".join(row) for row in rows)])


def _words(text: str) -> list[str]:
    return text.strip().strip("[]").replace(",", " ").split()


def _frames(file: Path, path: Path) -> Iterator[_Frame]:
    """The documents, complete or not.  Raises TrajectoryError for a line that belongs to no dump."""
    frame, section = None, ""
    with file.open("rb") as lines:
        for line in lines:
            stripped = line.strip()
            if not line.endswith(b"\n") and not stripped.endswith((b"]", b"...")):
                break  # cut within the line
            if stripped == b"---":
                if frame is not None:
                    yield frame
                frame, section = _Frame(), ""
            elif stripped.startswith(b"-") and frame is not None:
                if section == "data":
                    frame.rows.append(stripped[1:].strip(b" []").replace(b",", b" ") + b"\n")
                elif section == "box":
                    frame.bounds.append(_words(stripped[1:].decode()))
            elif b":" in stripped and frame is not None:
                key, _, value = stripped.decode(errors="replace").partition(":")
                section = key.strip()
                frame.values[section] = value.strip()
                frame.columns = _words(value) if section == "keywords" else frame.columns
            elif stripped not in (b"...", b""):
                raise TrajectoryError(f"{path}: {stripped[:60]!r} belongs to no LAMMPS yaml dump; it is damaged")
    if frame is not None:
        yield frame
