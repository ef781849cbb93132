"""LAMMPS text dumps (`dump custom`, `dump atom`), any column order, orthogonal or triclinic.

Coordinates may be x (wrapped), xu (unwrapped), xs or xsu (fractions of the cell): all become Å in the frame's own
axes, box origin included.  vx vy vz become velocities in Å/ps.  Atoms are sorted by id.  Units are `metal` unless the
dump says `real` (`dump_modify units yes`); other units are refused, because their lengths are not in Å.

One pass finds the frames (`dump_index`); a compiled parser then reads whole chunks, and what it cannot read (a number
written as NaN, say) pandas tries again.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.boundaries import Periodic
from lmpdrive.trajectory.elements.agreement import check_kinds
from lmpdrive.trajectory.elements.identity import NOTHING_KNOWN, FileAtoms, Identity
from lmpdrive.trajectory.frames import Chunk, NoFramesError
from lmpdrive.trajectory.kernels import load
from lmpdrive.trajectory.lammps_units import UNKNOWN, Units
from lmpdrive.trajectory.mapping import MappedFile
from lmpdrive.trajectory.readers.dump_index import DumpIndex, scan, usable_frames
from lmpdrive.trajectory.readers.lammps_columns import LammpsColumns, coordinate_columns, velocity_columns

_MOST_IDS = 1 << 27
_NEWLINE = 10


class LammpsDumpTrajectory(LammpsColumns):
    """A text dump; `identity` and `units` are what is known beside it."""

    _ids: NDArray[np.int64]

    def __init__(
        self,
        path: Path,
        identity: Identity = NOTHING_KNOWN,
        *,
        units: Units = UNKNOWN,
        timestep_fs: float | None = None,
        content: MappedFile | None = None,
    ) -> None:
        """`content` : the dump, where `path` is compressed or holds it in another form (`translated`)."""
        super().__init__(path)
        self._map = MappedFile(path) if content is None else content
        self._text = self._map.bytes
        index = scan(self._map)
        if not len(index):
            raise NoFramesError(f"{path} holds no complete frame of a LAMMPS text dump")
        ps_per_unit = self._ps_per_unit_of(_units(self._header(index, 0)), units)
        self._index = index = usable_frames(index, path, self.warn)
        if self._text[-1] != _NEWLINE and index.ends[-1] == len(self._text):
            self.note(f"The last line of {path.name} has no newline; it is taken as whole.")
        self._columns_line = self._line_before(int(index.bodies[0]))
        self._columns = tuple(self._columns_line.decode(errors="replace").split()[2:])
        self._n_atoms = int(index.n_atoms[0])
        self._check_columns()
        self._check_lines()
        self._map.release_before(len(self._map))
        self._set_times(index.steps, index.times, ps_per_unit, timestep_fs)
        self._set_boundaries(self._periodic(), (index.box, index.box_columns))
        first = self._table(0)
        if "id" in first and first["id"].dtype.kind not in "iu":
            raise TrajectoryError(f"{path}: the ids of step {self.steps[0]} are no integers; the file is damaged")
        self._ids = np.sort(first["id"]) if "id" in first else np.zeros(0, dtype=np.int64)
        if len(np.unique(self._ids)) != len(self._ids):
            raise TrajectoryError(f"{path}: atom ids come twice in the frame of step {self.steps[0]}")
        atoms = self._atoms(first)
        self.topology = identity.topology_of(atoms, str(path), self.note)
        self._kind, self._kinds = _kinds(atoms, self._columns)

    def _line_before(self, offset: int) -> bytes:
        """The line that ends just before `offset`."""
        part = bytes(self._text[max(0, offset - 4096) : offset])
        return part[part.rstrip(b"\n").rfind(b"\n") + 1 :]

    def _check_columns(self) -> None:
        """All frames must have the columns of the first."""
        want, length = np.frombuffer(self._columns_line, np.uint8), len(self._columns_line)
        for start in range(0, len(self._index), 1024):
            places = self._index.bodies[start : start + 1024, None] - length + np.arange(length)
            same = (self._text[places] == want).all(axis=1)
            if not same.all():
                step = self._index.steps[start + int((~same).argmax())]
                raise TrajectoryError(f"{self.path}: the columns change at step {step}")
            self._map.release_before(int(self._index.starts[start]))

    def _check_lines(self) -> None:
        """No frame may have more atom lines than it announces; blank ones do not count."""
        for frame in np.flatnonzero(self._index.n_lines > self._n_atoms):
            lines = bytes(self._text[self._index.bodies[frame] : self._index.ends[frame]]).split(b"\n")
            if (n := sum(bool(line.strip()) for line in lines)) > self._n_atoms:
                raise TrajectoryError(
                    f"{self.path}: step {self._index.steps[frame]} holds {n} atom lines where {self._n_atoms} were "
                    "announced; the file is damaged"
                )

    def _table(self, frame: int) -> dict[str, NDArray]:
        """Columns of one frame by name, as pandas reads them, in the order of the file."""
        import pandas as pd

        body = bytes(self._text[self._index.bodies[frame] : self._index.ends[frame]])
        for line in body.splitlines():
            if len(line.split()) not in (0, len(self._columns)):
                raise TrajectoryError(
                    f"{self.path}: step {self.steps[frame]}: want {len(self._columns)} columns "
                    f"({' '.join(self._columns)}), found {line.decode(errors='replace').strip()!r}"
                )
        try:
            # Na is an element, not a missing value
            table = pd.read_csv(
                io.BytesIO(body), sep=r"\s+", header=None, names=list(self._columns), index_col=False, na_filter=False
            )
        except ValueError as error:
            raise TrajectoryError(f"{self.path}: step {self.steps[frame]} cannot be read: {error}") from error
        return {name: table[name].to_numpy() for name in self._columns}

    def _header(self, index: DumpIndex, frame: int) -> list[str]:
        """Lines of a frame's header."""
        lines = bytes(self._text[int(index.starts[frame]) : max(0, int(index.bodies[frame]))])
        return lines.decode(errors="replace").splitlines()

    def _periodic(self) -> Periodic:
        """Which axes are periodic by the letters of BOX BOUNDS; all, where old files have none.

        Raises TrajectoryError where the last frame has others than the first.
        """
        first, last = (_boundary_letters(self._header(self._index, frame)) for frame in (0, -1))
        if first != last:
            raise TrajectoryError(
                f"{self.path}: the boundaries change from {' '.join(first)} to {' '.join(last)} during the run; "
                "analyse its parts apart"
            )
        x, y, z = (letters == "pp" for letters in first or ("pp", "pp", "pp"))
        return x, y, z

    def _atoms(self, columns: dict[str, NDArray]) -> FileAtoms:
        """What a frame says of its atoms, in id order."""
        order = np.argsort(columns["id"], kind="stable") if "id" in columns else slice(None)
        types = columns["type"][order] if "type" in columns else None
        labels = columns["type"] if types is not None and types.dtype.kind not in "iu" else columns.get("typelabel")
        names = columns.get("element", labels)
        return FileAtoms(
            n_atoms=self._n_atoms,
            ids=self._ids if "id" in columns else None,
            types=types if types is not None and types.dtype.kind in "iu" else None,
            names=None if names is None else names[order].astype(str),
            masses_u=columns["mass"][order].astype(float) if "mass" in columns else None,
            by_type=labels is not None and "element" not in columns,
        )

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive), atoms sorted by id."""
        frames = range(self.n_frames)[start:stop]
        places, scaled = coordinate_columns(self._columns, self.path)
        moving = velocity_columns(self._columns)
        self._map.release_before(int(self._index.starts[frames.start]) if frames else 0)
        wanted = np.arange(frames.start, frames.stop)
        numbers = self._read_columns(wanted, [*places, *moving])
        return self._chunk(frames, numbers[0], numbers[1] if moving else None, self._bounds(wanted), scaled)

    def _bounds(self, frames: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        return self._index.box[frames], self._index.box_columns[frames]

    def _read_columns(
        self, frames: NDArray[np.int64], places: Sequence[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        kernels = load("dump_text")
        roles = np.array([0 if name == "id" else kernels.SKIP for name in self._columns], dtype=np.int64)
        roles[[self._columns.index(self._kind)] if self._kind else []] = kernels.KIND
        roles[list(places)] = 1 + np.arange(len(places))
        shape = (len(frames), self._n_atoms, 3)
        first, second = np.empty(shape), np.empty(shape if len(places) > 3 else (0, 0, 3))
        low = int(self._ids[0]) if len(self._ids) else 0
        span = int(self._ids[-1]) - low + 1 if len(self._ids) else 0
        done = 0
        if span <= _MOST_IDS:
            slots = np.full(span, -1, dtype=np.int64)
            slots[self._ids - low] = np.arange(len(self._ids))
            bodies, ends = self._index.bodies[frames], self._index.ends[frames]
            found, frame = kernels.read_frames(self._text, bodies, ends, roles, slots, low, self._kinds, first, second)
            done = len(frames) if found == kernels.READ else frame
        for i in range(done, len(frames)):
            numbers = self._slow_numbers(int(frames[i]), [self._columns[place] for place in places])
            first[i] = numbers[:, :3]
            if len(second):
                second[i] = numbers[:, 3:]
        return first, second

    def _slow_numbers(self, frame: int, wanted: list[str]) -> NDArray[np.float64]:
        """(N, wanted) of one frame as pandas reads it, sorted by id.

        Raises TrajectoryError where other atoms are there than in the first frame, or a word in place of a number.
        """
        columns = self._table(frame)
        order = np.arange(self._n_atoms)
        if "id" in columns:
            order = np.argsort(columns["id"], kind="stable")
            if not np.array_equal(columns["id"][order], self._ids):
                raise TrajectoryError(
                    f"{self.path}: step {self.steps[frame]} has other atom ids than step {self.steps[0]}"
                )
        if self._kind:
            steps = int(self.steps[0]), int(self.steps[frame])
            kinds = _packed(columns[self._kind][order])
            check_kinds(kinds, self._kinds, self._ids, self._kind, steps, str(self.path))
        try:
            return np.stack([columns[name][order].astype(float) for name in wanted], axis=-1)
        except ValueError as error:
            raise TrajectoryError(
                f"{self.path}: step {self.steps[frame]} holds a word where a number was expected: {error}"
            ) from error


def _kinds(atoms: FileAtoms, columns: Sequence[str]) -> tuple[str, NDArray[np.uint64]]:
    """Name of the column that tells what an atom is (empty if there is none), and (N,) its packed words, else 0."""
    name = next((column for column in ("type", "element", "typelabel") if column in columns), "")
    words = atoms.types if name == "type" and atoms.types is not None else atoms.names
    return name, np.zeros(atoms.n_atoms, np.uint64) if not name or words is None else _packed(words)


def _packed(words: NDArray) -> NDArray[np.uint64]:
    """(N,) last eight characters of each word as one number, as `read_frames` compares them."""
    unique, inverse = np.unique(words.astype(str), return_inverse=True)
    numbers = [int.from_bytes(word.encode()[-8:], "big") for word in unique]
    return np.array(numbers, dtype=np.uint64)[inverse]


def _boundary_letters(header: Sequence[str]) -> tuple[str, ...]:
    """Three pairs of letters (pp, ff, ss, ...) of a header; none in old files."""
    line = next((line for line in header if line.startswith("ITEM: BOX BOUNDS")), "")
    letters = line.split()[-3:]
    return tuple(letters) if all(len(pair) == 2 and set(pair) <= set("pfsm") for pair in letters) else ()


def _units(header: Sequence[str]) -> str:
    """The units that the first frame's header names; empty if it names none."""
    return next((header[i + 1].strip() for i, line in enumerate(header[:-1]) if line.startswith("ITEM: UNITS")), "")
