"""LAMMPS text dumps (`dump custom`, `dump atom`), any column order, orthogonal or triclinic.

Coordinates may be x (wrapped), xu (unwrapped), xs or xsu (fractions of the cell): all become Å in the frame's own
axes, box origin included.  vx vy vz become velocities in Å/ps.  Atoms are sorted by id.  Units are `metal` unless the
dump says `real` (`dump_modify units yes`); other units are refused, because their lengths are not in Å.

One pass finds the frames (`dump_index`); a compiled parser then reads whole chunks, and what it cannot read (a number
written as NaN, say) pandas tries again.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.dump_index import scan, usable_frames
from lmpdrive.trajectory.frames import Chunk, NoFramesError
from lmpdrive.trajectory.kernels import load
from lmpdrive.trajectory.lammps_columns import LammpsColumns, coordinate_columns, velocity_columns
from lmpdrive.trajectory.mapping import MappedFile
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.topology import HOW_TO_NAME_ELEMENTS, Topology, name_types

_MOST_IDS = 1 << 27


class LammpsDumpTrajectory(LammpsColumns):
    """A text dump.  `names` maps types to elements (list in type order); an `element` column wins over it.

    text : the dump, where the file holds its content in another form (`translated`).
    """

    def __init__(
        self,
        plain: PlainFile,
        topology: Topology | None = None,
        *,
        text: MappedFile | None = None,
        names: Mapping[int, str] | Sequence[str] | None = None,
        timestep_fs: float | None = None,
    ) -> None:
        path = plain.path
        super().__init__(path)
        self._map = MappedFile(plain.file(self.warn)) if text is None else text
        self._text = self._map.bytes
        index = scan(self._map)
        if not len(index):
            raise NoFramesError(f"{path} holds no complete frame of a LAMMPS text dump")
        ps_per_unit = self._ps_per_unit_of(_units(bytes(self._text[: max(0, int(index.bodies[0]))])))
        self._index = index = usable_frames(index, path, self.warn)
        self._columns_line = self._line_before(int(index.bodies[0]))
        self._columns = tuple(self._columns_line.decode(errors="replace").split()[2:])
        self._n_atoms = int(index.n_atoms[0])
        self._check_columns()
        self._check_lines()
        self._map.release_before(len(self._map))
        self._set_times(index.steps, index.times, ps_per_unit, timestep_fs)
        if topology is not None:
            self.check_atoms(self._n_atoms, topology)
        first = self._table(0)
        self._ids = np.sort(first["id"]) if "id" in first else np.zeros(0, dtype=np.int64)
        if len(np.unique(self._ids)) != len(self._ids):
            raise TrajectoryError(f"{path}: atom ids come twice in the frame of step {self.steps[0]}")
        self.topology = topology or Topology(self._elements(first, names))

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

    def _elements(self, columns: dict[str, NDArray], names: Mapping[int, str] | Sequence[str] | None) -> NDArray:
        """(N,) elements in id order."""
        order = np.argsort(columns["id"], kind="stable") if "id" in columns else slice(None)
        if "element" in columns:
            return columns["element"][order].astype(str)
        if "type" not in columns:
            raise TrajectoryError(f"{self.path} has neither an `element` nor a `type` column; {HOW_TO_NAME_ELEMENTS}")
        types = columns["type"][order]
        return name_types(types, names, str(self.path)) if types.dtype.kind in "iu" else types.astype(str)  # labels

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive), atoms sorted by id."""
        frames = range(self.n_frames)[start:stop]
        places, scaled = coordinate_columns(self._columns, self.path)
        moving = velocity_columns(self._columns)
        self._map.release_before(int(self._index.starts[frames.start]) if frames else 0)
        numbers = self._numbers(frames, [self._columns[place] for place in (*places, *moving)])
        bounds = self._index.box[start:stop], self._index.box_columns[start:stop]
        return self._chunk(frames, numbers[0], numbers[1] if moving else None, bounds, scaled)

    def _numbers(self, frames: range, wanted: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(F, N, 3) positions and velocities (empty if not wanted) as the file has them, sorted by id."""
        kernels = load("dump_text")
        roles = [wanted.index(name) + 1 if name in wanted else 0 if name == "id" else -1 for name in self._columns]
        shape = (len(frames), self._n_atoms, 3)
        positions, velocities = np.empty(shape), np.empty(shape if len(wanted) > 3 else (0, 0, 3))
        low = int(self._ids[0]) if len(self._ids) else 0
        span = int(self._ids[-1]) - low + 1 if len(self._ids) else 0
        done = 0
        if span <= _MOST_IDS:
            slots = np.full(span, -1, dtype=np.int64)
            slots[self._ids - low] = np.arange(len(self._ids))
            found, frame = kernels.read_frames(
                self._text,
                self._index.bodies[frames.start : frames.stop],
                self._index.ends[frames.start : frames.stop],
                np.array(roles, dtype=np.int64),
                slots,
                low,
                positions,
                velocities,
            )
            done = len(frames) if found == kernels.READ else frame
        for i in range(done, len(frames)):
            columns = self._table(frames[i])
            order = np.arange(self._n_atoms)
            if "id" in columns:
                order = np.argsort(columns["id"], kind="stable")
                if not np.array_equal(columns["id"][order], self._ids):
                    raise TrajectoryError(
                        f"{self.path}: step {self.steps[frames[i]]} has other atom ids than step {self.steps[0]}"
                    )
            try:
                numbers = np.stack([columns[name][order].astype(float) for name in wanted], axis=-1)
            except ValueError as error:
                raise TrajectoryError(
                    f"{self.path}: step {self.steps[frames[i]]} holds a word where a number was expected: {error}"
                ) from error
            positions[i] = numbers[:, :3]
            if len(velocities):
                velocities[i] = numbers[:, 3:]
        return positions, velocities


def _units(head: bytes) -> str:
    """The units that the first frame's header names; empty if it names none."""
    lines = head.decode(errors="replace").splitlines()
    return next((lines[i + 1].strip() for i, line in enumerate(lines[:-1]) if line.startswith("ITEM: UNITS")), "")
