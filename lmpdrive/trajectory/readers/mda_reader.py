"""XTC, TRR, H5MD, TNG through MDAnalysis (`pip install "lmpdrive[formats]"`): slower, one frame at a time.

Units: Å, ps, Å/ps, as MDAnalysis converts them.  XTC rounds positions to 0.01 Å.  These files hold no elements and no
corner of the box, so both come from the caller.  DCD and LAMMPS dumps are not read this way: MDAnalysis takes the DCD's
time as fs, and its LAMMPS reader stops at `ITEM: UNITS`.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.frames import Chunk, WithoutOrigin
from lmpdrive.trajectory.given_cell import HOW_TO_GIVE_A_CELL, GivenCell
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.request import Request
from lmpdrive.trajectory.topology import Topology

SUFFIXES = (".xtc", ".trr", ".h5md", ".tng")


class MdaTrajectory(WithoutOrigin):
    """A file read by MDAnalysis; the request's `every` and cell serve a file that has no steps or no cell."""

    def __init__(self, plain: PlainFile, topology: Topology, ask: Request) -> None:
        path, timestep_fs, every = plain.path, ask.timestep_fs, ask.every
        super().__init__(path, topology, ask.origin)
        self._plain = plain  # keeps the unpacked copy
        self._reader = self._open(plain.file(self.warn))
        self.check_atoms(self._reader.n_atoms, topology)
        seen = [(int(ts.data.get("step", ts.frame * (every or 1))), float(ts.time)) for ts in self._reader]
        if not seen:
            raise TrajectoryError(f"{path} holds no frame")
        self.steps = np.array([step for step, _ in seen])
        times = np.array([time for _, time in seen])
        self.times_ps = np.asarray(self.steps * (1e-3 * timestep_fs) if timestep_fs else times, dtype=float)
        self._cell = self._cell_for(ask.cell)

    def _open(self, path: Path) -> Any:
        try:
            import MDAnalysis as mda
        except ImportError as error:
            raise TrajectoryError(
                f'reading {path.suffix} files needs MDAnalysis: pip install "lmpdrive[formats]"; or convert it to DCD'
            ) from error
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of missing masses and index files beside the trajectory
                return mda.Universe.empty(self.topology.n_atoms, trajectory=True).load_new(str(path)).trajectory
        except (OSError, ValueError, TypeError, KeyError, ImportError) as error:
            raise TrajectoryError(f"MDAnalysis cannot read {self.path}: {error}") from error

    def _cell_for(self, given: GivenCell | None) -> NDArray[np.float64] | None:
        """The (3, 3) cell that was given, where the first frame has none; None where it has one.

        Raises TrajectoryError if there is neither.
        """
        if self._reader[0].dimensions is not None:
            return None
        if given is None:
            raise TrajectoryError(f"{self.path} has no periodic cell; profiles need one: {HOW_TO_GIVE_A_CELL}")
        self.take_cell(given)
        return given.vectors

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive)."""
        numbers = range(self.n_frames)[start:stop]
        positions, cells = np.empty((len(numbers), self.n_atoms, 3)), np.empty((len(numbers), 3, 3))
        velocities: list[NDArray] = []
        for i, number in enumerate(numbers):
            frame = self._reader[number]
            if self._cell is None and frame.dimensions is None:
                raise TrajectoryError(f"{self.path}: frame {number} has no periodic cell, as those before it have")
            positions[i] = frame.positions
            cells[i] = frame.triclinic_dimensions if self._cell is None else self._cell
            if frame.has_velocities:
                velocities.append(frame.velocities.astype(float))
        return Chunk(
            positions,
            cells,
            self._origins(len(numbers)),
            self.steps[start:stop],
            self.times_ps[start:stop],
            start,
            np.array(velocities) if velocities and len(velocities) == len(numbers) else None,
        )
