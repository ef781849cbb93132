"""DCD (CHARMM layout, as LAMMPS `dump dcd` writes it): memory-mapped, 32-bit coordinates in Å.

Every frame has the same length, so frame i is at a known offset, nothing is parsed and nothing is copied.  A frame is
the unit cell record [a, cos γ, b, cos β, cos α, c] (8-byte reals; older writers store angles in degrees) and one
record each for x, y, z.  DCD knows no species, no box origin and no trustworthy timestep (LAMMPS
writes it in whatever units the run had), so these come from the run directory or the caller.
"""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.coordinates import Coordinates
from lmpdrive.trajectory.frames import Chunk, NoFramesError, WithoutOrigin
from lmpdrive.trajectory.given_cell import HOW_TO_GIVE_A_CELL, GivenCell
from lmpdrive.trajectory.mapping import MappedFile
from lmpdrive.trajectory.request import NOTHING_SAID, Request
from lmpdrive.trajectory.topology import Topology


class DcdTrajectory(WithoutOrigin):
    """A DCD file; the request's `every` overrides the header's step interval, its cell serves a file that has none.

    announced : number of frames by the header; further frames were appended by another program.
    """

    def __init__(
        self, path: Path, topology: Topology, ask: Request = NOTHING_SAID, *, file: Path | None = None
    ) -> None:
        """`file` : where the content is, if `path` is compressed."""
        super().__init__(path, topology, ask.origin)
        file = file or path
        start, interval, announced, frame = self._read_header(file)
        size = file.stat().st_size - self._offset
        n_frames, rest = divmod(size, frame.itemsize)
        if rest:
            self.warn(f"{path}: the last frame is incomplete and is left out ({n_frames} frames are used)")
        if n_frames == 0:
            raise NoFramesError(f"{path} holds no complete frame; did the run reach its first output?")
        self._map = MappedFile(file)
        self._field_offsets = {name: place[1] for name, place in (frame.fields or {}).items()}
        self._frames = np.ndarray((n_frames,), frame, self._map.buffer, self._offset)
        self._check_records()
        self._constant_cell = self._cell_for(ask.cell)
        self.mapped = frame["x"].base.isnative and self._offset % 4 == 0 and frame.itemsize % 4 == 0
        self.announced = announced
        step = ask.every or interval or 1
        self.steps = start + step * np.arange(len(self._frames), dtype=np.int64)
        self.times_ps = self.steps.astype(float) * (1e-3 * ask.timestep_fs if ask.timestep_fs else np.nan)

    def _read_header(self, plain: Path) -> tuple[int, int, int, np.dtype]:
        """First step, steps between frames, frames that the header announces, and the layout of one frame."""
        path = self.path
        with plain.open("rb") as file:
            head = file.read(92)
            order = next((o for o in "<>" if head[:4] == np.array(84, f"{o}i4").tobytes()), None)
            if not head:
                raise TrajectoryError(f"{path} is empty; did the run reach its first output?")
            if order is None or head[4:8] != b"CORD":
                raise TrajectoryError(f"{path} is not a DCD file with 32-bit record marks")
            if len(head) < 92:
                raise NoFramesError(f"{path} ends within its header; did the run reach its first output?")
            control = np.frombuffer(head, f"{order}i4", 20, offset=8)
            title = file.read(4)
            if len(title) == 4:
                length = int(np.frombuffer(title, f"{order}i4")[0])
                if length < 0:
                    raise TrajectoryError(f"{path} is damaged: its title has a length of {length}")
                file.seek(length + 4, 1)
            count = file.read(12)
            if len(count) < 12:
                raise NoFramesError(f"{path} ends within its header; did the run reach its first output?")
            n_atoms = int(np.frombuffer(count, f"{order}i4")[1])
            self._offset = file.tell()
        self.check_atoms(n_atoms, self.topology)
        if control[8]:
            raise TrajectoryError(f"{path} leaves fixed atoms out of its frames, which is not supported")
        real, mark = f"{order}f4", f"{order}i4"
        fields: list[tuple] = []
        if control[10]:
            fields += [("cell_", mark), ("cell", f"{order}f8", 6), ("_cell", mark)]
        axes = "xyzw" if control[11] else "xyz"
        for axis in axes:
            fields += [(f"{axis}_", mark), (axis, real, n_atoms), (f"_{axis}", mark)]
        return int(control[1]), int(control[2]), int(control[0]), np.dtype(fields)

    def _check_records(self) -> None:
        """The records must have the lengths that the layout predicts: in the first frame, and as far as they do.

        A full disk leaves part of a frame out, and what follows is shifted.
        """

        def damaged(index: int) -> bool:
            return self._frames[index]["x_"] != 4 * self.n_atoms or self._frames[index]["_z"] != 4 * self.n_atoms

        if damaged(0):
            raise TrajectoryError(f"{self.path} is damaged: its records do not have the expected length")
        if damaged(-1):
            first = bisect_left(range(len(self._frames)), True, key=damaged)
            damaged_frames = len(self._frames) - first
            self.warn(f"{self.path} is damaged after frame {first}: the {damaged_frames} frames there are left out")
            self._frames = self._frames[:first]

    def _cell_for(self, given: GivenCell | None) -> NDArray[np.float64] | None:
        """The (3, 3) cell that was given, where the file has none; None where it has one.

        Raises TrajectoryError if there is neither.
        """
        if "cell" in self._field_offsets and self._frames[0]["cell"][[0, 2, 5]].all():
            return None
        if given is None:
            raise TrajectoryError(f"{self.path} has no unit cell; profiles need one: {HOW_TO_GIVE_A_CELL}")
        self.take_cell(given)
        return given.vectors

    def _cells(self, frames: NDArray[Any]) -> NDArray[np.float64]:
        """(F, 3, 3) Å."""
        if self._constant_cell is not None:
            return np.repeat(self._constant_cell[None], len(frames), axis=0)
        return cells_from_lengths_and_angles(np.asarray(frames["cell"], dtype=float))

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive); the coordinates stay in the mapped file."""
        frames = self._frames[start:stop]
        self._map.release_before(self._offset + start * self._frames.itemsize)
        return Chunk(
            self._coordinates(start, frames),
            self._cells(frames),
            self._origins(len(frames)),
            self.steps[start:stop],
            self.times_ps[start:stop],
            start,
        )

    def _coordinates(self, start: int, frames: NDArray[Any]) -> Coordinates | NDArray[np.float64]:
        """The frames as they are; a copy if the file has another byte order or is not aligned in memory."""
        layout = frames.dtype
        if self.mapped:
            records = np.ndarray(
                (len(frames), layout.itemsize // 4),
                np.float32,
                self._map.buffer,
                self._offset + start * layout.itemsize,
            )
            starts = np.array([self._field_offsets[axis] // 4 for axis in "xyz"])
            return Coordinates(records, starts, 1, self.n_atoms)
        return np.stack([frames[axis].astype(float) for axis in "xyz"], axis=-1)


def cells_from_lengths_and_angles(record: NDArray[np.float64]) -> NDArray[np.float64]:
    """(F, 6) DCD records [a, cos γ, b, cos β, cos α, c] -> (F, 3, 3) cells with a along x, b in the xy plane.

    Angles above 1 in magnitude are degrees (CHARMM, OpenMM); LAMMPS and NAMD write cosines.
    """
    if len(record) > 1 and (record == record[0]).all():  # constant volume
        return np.repeat(cells_from_lengths_and_angles(record[:1]), len(record), axis=0)
    a, b, c = record[:, 0], record[:, 2], record[:, 5]
    angles = record[:, [4, 3, 1]]
    # a cosine from rounding is never above 1 by more than this, and no cell has an angle below 2 degrees
    cosines = np.where(np.abs(angles).max(axis=1, keepdims=True) > 1.0 + 1e-6, _cos_degrees(angles), angles)
    cos_alpha, cos_beta, cos_gamma = cosines.T
    sin_gamma = np.sqrt(1.0 - cos_gamma**2)
    c_y = c * (cos_alpha - cos_beta * cos_gamma) / sin_gamma
    cells = np.zeros((len(record), 3, 3))
    cells[:, 0, 0] = a
    cells[:, 1, 0], cells[:, 1, 1] = b * cos_gamma, b * sin_gamma
    cells[:, 2, 0], cells[:, 2, 1] = c * cos_beta, c_y
    cells[:, 2, 2] = np.sqrt(np.maximum(c**2 - cells[:, 2, 0] ** 2 - c_y**2, 0.0))
    return cells


def _cos_degrees(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine with 90 degrees exactly 0, so that an orthogonal cell stays orthogonal."""
    return np.where(angles == 90.0, 0.0, np.cos(np.radians(angles)))
