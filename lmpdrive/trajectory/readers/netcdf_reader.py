"""NetCDF trajectories in AMBER's convention, as LAMMPS (`dump netcdf`), AMBER and MDAnalysis write them.

Units: Å, ps, Å/ps.  Atoms are sorted by the variable `id`, which LAMMPS writes if asked for (`dump 1 all netcdf 100
traj.nc id type x y z`).  Elements come from the variable `type` with `elements` or a data file, else from the data file
alone.  LAMMPS stores the MD step as the time, and the timestep as its scale factor.

Source: LAMMPS `dump_netcdf.cpp`; AMBER, "NetCDF Trajectory Convention" 1.0 revision B.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.boundaries import Boundaries, Periodic
from lmpdrive.trajectory.elements.agreement import check_kinds
from lmpdrive.trajectory.elements.identity import FileAtoms, Identity
from lmpdrive.trajectory.frames import Chunk, NoFramesError, Trajectory
from lmpdrive.trajectory.given_cell import HOW_TO_GIVE_A_CELL
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.readers.dcd import cells_from_lengths_and_angles
from lmpdrive.trajectory.readers.netcdf_classic import MAGIC
from lmpdrive.trajectory.readers.netcdf_variables import HDF5, SUFFIXES, Variables
from lmpdrive.trajectory.request import Request
from lmpdrive.trajectory.unwrapped import Unwrapped

Array = NDArray[np.float64]

_COORDINATES = ("coordinates", "unwrapped_coordinates", "scaled_coordinates")
_TIMESTEPS_FS = (1e-3, 1e2)
_SMALLEST_A3 = 1e-6
"""A smaller volume is none."""


def recognises(plain: PlainFile) -> bool:
    """NetCDF by its first bytes; HDF5 may be another format, so its name counts too."""
    return plain.head.startswith(MAGIC) or (plain.head.startswith(HDF5) and plain.suffix in SUFFIXES)


class NetcdfTrajectory(Trajectory):
    """A NetCDF file; the request's `every` and cell serve one that has no steps or no cell."""

    def __init__(self, plain: PlainFile, identity: Identity, ask: Request) -> None:
        super().__init__(plain.path)
        self._plain = plain  # keeps the unpacked copy
        self._data = Variables(plain.file(self.warn), plain.path, plain.head)
        if not self._data.n_frames:
            raise NoFramesError(f"{plain.path} holds no complete frame; did the run reach its first output?")
        if self._data.cut:
            self.warn(
                f"{plain.path}: the last frame is incomplete and is left out ({self._data.n_frames} frames are used)"
            )
        self._name = next((name for name in _COORDINATES if name in self._data.by_name), "")
        if not self._name:
            raise TrajectoryError(
                f"{plain.path} has no coordinates; it has {', '.join(self._data.by_name) or 'nothing'}"
            )
        atoms = self._atoms()
        self._ids, self._types = atoms.ids, atoms.types
        self.topology = identity.topology_of(atoms, str(plain.path), self.note)
        self._set_times(ask)
        self._set_cells(ask)

    def _atoms(self) -> FileAtoms:
        """What the first frame says of its atoms, in id order."""
        n_atoms = self._data.by_name[self._name].values.shape[1]
        order = self._order(0, 1)[0]
        ids = self._data.integers("id", 0, 1)[0][order] if "id" in self._data.by_name else None
        if ids is not None and len(np.unique(ids)) != n_atoms:
            raise TrajectoryError(f"{self.path}: atom ids come twice in the first frame")
        types = self._data.integers("type", 0, 1)[0][order] if "type" in self._data.by_name else None
        return FileAtoms(n_atoms=n_atoms, ids=ids, types=types)

    def _order(self, start: int, stop: int) -> NDArray[np.int64]:
        """(F, N) where the atoms of ascending id are in each frame."""
        if "id" in self._data.by_name:
            return np.argsort(self._data.integers("id", start, stop), axis=1, kind="stable")
        n_atoms = self._data.by_name[self._name].values.shape[1]
        return np.tile(np.arange(n_atoms), (stop - start, 1))

    def _set_times(self, ask: Request) -> None:
        """Steps and times: LAMMPS' are steps and their scale factor the timestep; others have times only."""
        data = self._data
        times = data.numbers("time", 0, data.n_frames) if "time" in data.by_name else np.full(data.n_frames, np.nan)
        written = self._written_steps()
        self.steps = _counted(times, ask) if written is None else written
        self.times_ps = np.asarray(1e-3 * ask.timestep_fs * self.steps if ask.timestep_fs else times, dtype=float)

    def _written_steps(self) -> NDArray[np.int64] | None:
        """(F,) of LAMMPS: a variable of its thermo output, or the integers that it writes as times."""
        data = self._data
        if "Step" in data.by_name:
            return data.integers("Step", 0, data.n_frames)
        if data.attributes.get("program") != "LAMMPS" or "time" not in data.by_name:
            return None
        written = np.asarray(data.by_name["time"].values[: data.n_frames], dtype=float)
        is_timestep = _TIMESTEPS_FS[0] <= 1e3 * data.scale("time") <= _TIMESTEPS_FS[1]
        return written.astype(np.int64) if is_timestep and (written == np.rint(written)).all() else None

    def _set_cells(self, ask: Request) -> None:
        """The (F, 3, 3) cells and (F, 3) origins of all frames; lengths of 0 mean that an axis is not periodic."""
        data, n_frames = self._data, self._data.n_frames
        has_origin = "cell_origin" in data.by_name
        self._origins = data.numbers("cell_origin", 0, n_frames) if has_origin else np.tile(ask.origin, (n_frames, 1))
        lengths = (
            data.numbers("cell_lengths", 0, n_frames) if "cell_lengths" in data.by_name else np.zeros((n_frames, 3))
        )
        if not lengths.any():
            if ask.cell is None:
                raise TrajectoryError(f"{self.path} has no periodic cell; profiles need one: {HOW_TO_GIVE_A_CELL}")
            self.take_cell(ask.cell)
            self._cells = np.tile(ask.cell.vectors, (n_frames, 1, 1))
            return
        a, b, c = (bool(lengths[:, axis].all()) for axis in range(3))
        for axis in np.flatnonzero(~np.array([a, b, c])):
            lengths[:, axis] = self._length_along(int(axis), ask)
        angles = np.asarray(data.by_name["cell_angles"].values[:n_frames], dtype=float)
        columns = [lengths[:, 0], angles[:, 2], lengths[:, 1], angles[:, 1], angles[:, 0], lengths[:, 2]]
        self._cells = cells_from_lengths_and_angles(np.stack(columns, axis=1))
        volumes = np.abs(np.linalg.det(self._cells))
        if len(flat := np.flatnonzero(~(np.isfinite(volumes) & (volumes > _SMALLEST_A3)))):
            raise TrajectoryError(f"{self.path}: frame {flat[0]} has a cell without volume; the file is damaged")
        self._note_open_axes((a, b, c))

    def _length_along(self, axis: int, ask: Request) -> float:
        """Length of the box along an axis that is not periodic, which the file lacks: as given, or to the last atom."""
        if ask.cell is not None:
            return float(np.linalg.norm(ask.cell.vectors[axis]))
        if self._name == "scaled_coordinates":
            raise TrajectoryError(f"{self.path} has fractions of a cell that it does not have; {HOW_TO_GIVE_A_CELL}")
        pieces = [self._positions(i, i + 1)[0, :, axis] for i in range(self._data.n_frames)]
        low, high = min(p.min() for p in pieces), max(p.max() for p in pieces)
        self._origins[:, axis] = low
        return float(max(high - low, 1.0))

    def _note_open_axes(self, periodic: Periodic) -> None:
        if not all(periodic):
            self.boundaries = Boundaries.around(periodic, self._cells, self._origins)

    def _positions(self, start: int, stop: int) -> Array:
        """(F, N, 3) as in the file, in id order."""
        return np.take_along_axis(
            self._data.numbers(self._name, start, stop), self._order(start, stop)[:, :, None], axis=1
        )

    def _absolute(self, start: int, stop: int) -> Array:
        """(F, N, 3) Å.  Raises TrajectoryError where a frame has other atoms than the first, or of other types."""
        if self._ids is not None:
            ids = np.sort(self._data.integers("id", start, stop), axis=1)
            if len(other := np.flatnonzero((ids != self._ids).any(axis=1))):
                raise TrajectoryError(
                    f"{self.path}: step {self.steps[start + other[0]]} has other atom ids than the first"
                )
        if self._types is not None:
            types = np.take_along_axis(self._data.integers("type", start, stop), self._order(start, stop), axis=1)
            for now, step in zip(types, self.steps[start:stop], strict=True):
                check_kinds(now, self._types, self._ids, "type", (int(self.steps[0]), int(step)), str(self.path))
        positions = self._positions(start, stop)
        if self._name == "scaled_coordinates":
            return positions @ self._cells[start:stop] + self._origins[start:stop, None]
        return positions

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive), atoms sorted by id."""
        stop = min(stop, self.n_frames)
        positions, velocities = self._absolute(start, stop), None
        if "velocities" in self._data.by_name:
            order = self._order(start, stop)[:, :, None]
            velocities = np.take_along_axis(self._data.numbers("velocities", start, stop), order, axis=1)
        return Chunk(
            positions,
            self._cells[start:stop],
            self._origins[start:stop],
            self.steps[start:stop],
            self.times_ps[start:stop],
            start,
            velocities,
            self._unwrapped(start, stop),
        )

    def _unwrapped(self, start: int, stop: int) -> Unwrapped | None:
        """From the variable of that name."""
        name = "unwrapped_coordinates"
        if name not in self._data.by_name:
            return None

        def read(frames: NDArray[np.int64]) -> Array:
            numbers = [
                self._data.numbers(name, int(i), int(i) + 1)[0][self._order(int(i), int(i) + 1)[0]] for i in frames
            ]
            return np.array(numbers).reshape(len(frames), self.n_atoms, 3)

        return Unwrapped(read, np.arange(start, stop))


def _counted(times: Array, ask: Request) -> NDArray[np.int64]:
    """Steps where the file has none: times over the timestep, or the number of the frame times `every`."""
    if ask.timestep_fs and ask.every is None and np.isfinite(times).all():
        steps = 1e3 * times / ask.timestep_fs
        if np.allclose(steps, np.rint(steps), atol=0.02):
            return np.rint(steps).astype(np.int64)
    return (ask.every or 1) * np.arange(len(times), dtype=np.int64)
