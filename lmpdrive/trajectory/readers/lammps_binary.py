"""LAMMPS binary dumps (`dump custom ... file.bin`, `dump atom`): 64-bit reals, nothing to parse.

A frame is a header (step, atoms, box, and since 2020 a format revision, units, time and the column names) and one
block of reals for each process that wrote.  Dumps without column names (before revision 2) are refused: nothing in
them says which column is x.  Sources: LAMMPS `dump_custom.cpp` and `tools/binary2txt.cpp`, which write and read it.
Words (the element column) are not in a binary dump, so elements come from the types.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.boundaries import Periodic
from lmpdrive.trajectory.elements.agreement import check_kinds
from lmpdrive.trajectory.elements.identity import NOTHING_KNOWN, FileAtoms, Identity
from lmpdrive.trajectory.frames import Chunk, NoFramesError
from lmpdrive.trajectory.lammps_units import UNKNOWN, Units
from lmpdrive.trajectory.mapping import MappedFile
from lmpdrive.trajectory.readers.lammps_columns import LammpsColumns, coordinate_columns, velocity_columns


def is_binary_dump(head: bytes) -> bool:
    """Whether a file starts like a binary dump with a format revision: minus the length of a word, then the word."""
    if len(head) < 24:
        return False
    length = -struct.unpack("<q", head[:8])[0]
    return 0 < length < 24 and head[8 : 8 + length].startswith(b"DUMP")


@dataclass(frozen=True)
class _Frame:
    start: int
    step: int
    time: float
    units: str
    columns: tuple[str, ...]
    box: NDArray[np.float64]
    box_columns: int
    periodic: Periodic
    blocks: tuple[tuple[int, int], ...]
    """(offset, number of reals) of each process's block."""

    n_atoms: int
    stop: int


class LammpsBinaryTrajectory(LammpsColumns):
    """A binary dump; `identity` and `units` are what is known beside it."""

    def __init__(
        self,
        path: Path,
        identity: Identity = NOTHING_KNOWN,
        *,
        units: Units = UNKNOWN,
        timestep_fs: float | None = None,
        content: MappedFile | None = None,
    ) -> None:
        """`content` : what `path` holds, where it is compressed."""
        super().__init__(path)
        self._map = MappedFile(path) if content is None else content
        frames = list(self._find_frames())
        if not frames:
            raise NoFramesError(f"{path} holds no complete frame of a LAMMPS binary dump")
        first = frames[0]
        for frame in frames:
            if frame.n_atoms != first.n_atoms:
                raise TrajectoryError(
                    f"{path}: {frame.n_atoms} atoms at step {frame.step}, {first.n_atoms} before; were atoms lost?"
                )
            if frame.columns != first.columns:
                raise TrajectoryError(f"{path}: the columns change at step {frame.step}")
        self._frames = frames
        self._columns = first.columns
        self._set_times(
            np.array([frame.step for frame in self._frames]),
            np.array([frame.time for frame in self._frames]),
            self._ps_per_unit_of(first.units, units),
            timestep_fs,
        )
        if any(frame.periodic != first.periodic for frame in self._frames):
            raise TrajectoryError(f"{path}: the boundaries (p, f, s) change during the run; analyse its parts apart")
        self._set_boundaries(first.periodic, self._bounds(np.arange(len(self._frames))))
        atoms = self._atoms(self._table(self._frames[0]))
        self._ids, self._types = atoms.ids, atoms.types
        self.topology = identity.topology_of(atoms, str(path), self.note)

    def _find_frames(self) -> Iterator[_Frame]:
        at = 0
        n_frames = 0
        units = ""
        while at < len(self._map):
            try:
                frame = self._header(at, units)
            except (struct.error, UnicodeDecodeError, IndexError):
                frame = None
            if frame is None or frame.stop > len(self._map):
                self.warn(f"{self.path}: the last frame is incomplete and is left out ({n_frames} frames are used)")
                return
            units = frame.units
            yield frame
            n_frames += 1
            at = frame.stop
            self._map.release_before(at)

    def _header(self, start: int, units: str) -> _Frame:
        """The header at an offset; `units` are those of the frame before (written in the first one only).

        Raises struct.error where the file ends within it.
        """
        cursor = _Cursor(self._map.buffer, start)
        step = cursor.one("q")
        if step >= 0:
            raise TrajectoryError(
                f"{self.path} is a binary dump of an old revision, without column names; convert it with LAMMPS' "
                "binary2txt, or write text, DCD, or binary with a newer LAMMPS"
            )
        cursor.at += -step  # the word DUMPCUSTOM or DUMPATOM
        order, revision, step, n_atoms, triclinic = cursor.one("i"), cursor.one("i"), *cursor.many("qqi")
        if order != 1 or revision < 2:
            raise TrajectoryError(
                f"{self.path} is a binary dump of revision {revision} or of another byte order (want revision 2 or "
                "later, written on a machine like this one); convert it with LAMMPS' binary2txt where it was written"
            )
        kinds = cursor.many("6i")  # of the lower and upper boundary of x, y and z; 0 is periodic
        periodic = kinds[:2] == (0, 0), kinds[2:4] == (0, 0), kinds[4:] == (0, 0)
        box, box_columns = np.zeros((3, 4)), 2
        if triclinic == 2:
            numbers = np.array(cursor.many("12d")).reshape(4, 3)
            box[:, :3], box[:, 3], box_columns = numbers[:3], numbers[3], 4
        else:
            box[:, :2] = np.array(cursor.many("6d")).reshape(3, 2)
            if triclinic:
                box[:, 2], box_columns = cursor.many("3d"), 3
        width = cursor.one("i")
        units = cursor.text(cursor.one("i")) or units
        time = cursor.one("d") if cursor.one("c") != b"\0" else float("nan")
        columns = tuple(cursor.text(cursor.one("i")).split())
        blocks = []
        for _ in range(cursor.one("i")):
            n = cursor.one("i")
            blocks.append((cursor.at, n))
            cursor.at += 8 * n
        if len(columns) != width or sum(n for _, n in blocks) != n_atoms * width:
            raise TrajectoryError(f"{self.path}: step {step} does not hold what its header announces; it is damaged")
        return _Frame(start, step, time, units, columns, box, box_columns, periodic, tuple(blocks), n_atoms, cursor.at)

    def _table(self, frame: _Frame) -> NDArray[np.float64]:
        """(N, columns) of one frame, sorted by id."""
        parts = [np.frombuffer(self._map.buffer, "<f8", n, offset) for offset, n in frame.blocks]
        table = np.concatenate(parts).reshape(frame.n_atoms, len(self._columns))
        if "id" not in self._columns:
            return table
        ids = table[:, self._columns.index("id")]
        return table if (np.diff(ids) > 0).all() else table[np.argsort(ids, kind="stable")]

    def columns(self, frame: int, names: Sequence[str]) -> NDArray[np.float64]:
        """(N, names) numbers of one frame as the file has them, sorted by id; raises ValueError for other names."""
        return self._table(self._frames[frame])[:, [self._columns.index(name) for name in names]]

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive), atoms sorted by id."""
        places, scaled = coordinate_columns(self._columns, self.path)
        moving = velocity_columns(self._columns)
        frames = range(self.n_frames)[start:stop]
        wanted = np.arange(frames.start, frames.stop)
        self._map.release_before(self._frames[frames.start].start if frames else 0)
        numbers = self._read_columns(wanted, [*places, *moving])
        return self._chunk(frames, numbers[0], numbers[1] if moving else None, self._bounds(wanted), scaled)

    def _bounds(self, frames: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        headers = [self._frames[frame] for frame in frames]
        box = np.array([header.box for header in headers]).reshape(-1, 3, 4)
        return box, np.array([header.box_columns for header in headers], dtype=np.int64)

    def _read_columns(
        self, frames: NDArray[np.int64], places: Sequence[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        shape = (len(frames), self.n_atoms, 3)
        first, second = np.empty(shape), np.empty(shape if len(places) > 3 else (0, 0, 3))
        for i, frame in enumerate(frames):
            table = self._table(self._frames[frame])
            self._check_same(self._atoms(table), int(frame))
            first[i] = table[:, places[:3]]
            if len(second):
                second[i] = table[:, places[3:]]
        return first, second

    def _atoms(self, table: NDArray[np.float64]) -> FileAtoms:
        """What a frame says of its atoms."""

        def column(name: str, dtype: type) -> NDArray | None:
            return table[:, self._columns.index(name)].astype(dtype) if name in self._columns else None

        ids, types, masses = column("id", np.int64), column("type", np.int64), column("mass", float)
        types = types if types is not None else column("typelabel", np.int64)  # numbers in a binary dump
        return FileAtoms(len(table), ids=ids, types=types, masses_u=masses)

    def _check_same(self, atoms: FileAtoms, frame: int) -> None:
        """Raise where a frame has other atoms than the first."""
        if self._ids is not None and not np.array_equal(np.asarray(atoms.ids), self._ids):
            raise TrajectoryError(f"{self.path}: step {self.steps[frame]} has other atom ids than step {self.steps[0]}")
        if self._types is not None:
            steps = int(self.steps[0]), int(self.steps[frame])
            check_kinds(np.asarray(atoms.types), self._types, self._ids, "type", steps, str(self.path))


class _Cursor:
    """Little-endian values one after the other, without padding."""

    def __init__(self, data: Any, at: int) -> None:
        self._data, self.at = data, at

    def many(self, layout: str) -> tuple[Any, ...]:
        """Values of a `struct` layout."""
        values = struct.unpack_from("<" + layout, self._data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def one(self, layout: str) -> Any:
        """One value."""
        return self.many(layout)[0]

    def text(self, length: int) -> str:
        """A word of known length."""
        self.at += length
        return bytes(self._data[self.at - length : self.at]).decode().rstrip("\0")
