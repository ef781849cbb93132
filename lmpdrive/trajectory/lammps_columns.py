"""What text and binary LAMMPS dumps share: named columns per atom, units, and the bounds of the box."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.frames import Chunk, Trajectory

PS_PER_TIME_UNIT = {"metal": 1.0, "real": 1e-3}
"""Units in which lengths are Å."""

COORDINATES = (("", False), ("u", False), ("s", True), ("su", True))
"""Suffix of x, y, z, in order of preference, and whether they are fractions of the cell."""


class LammpsColumns(Trajectory):
    """A dump whose frames are columns of numbers; a subclass reads them."""

    _ps_per_unit: float

    def _ps_per_unit_of(self, units: str) -> float | None:
        """ps in the dump's unit of time; None if it does not name its units."""
        if not units:
            return None
        if units not in PS_PER_TIME_UNIT:
            raise TrajectoryError(
                f"{self.path} is in `units {units}`; want lengths in Å: {' or '.join(PS_PER_TIME_UNIT)}"
            )
        return PS_PER_TIME_UNIT[units]

    def _set_times(
        self,
        steps: NDArray[np.int64],
        written: NDArray[np.float64],
        ps_per_unit: float | None,
        timestep_fs: float | None,
    ) -> None:
        """Steps and times of the frames: from the timestep if it is given, else as `written` in a known unit."""
        self.steps = steps
        times = 1e-3 * timestep_fs * steps if timestep_fs else written * (ps_per_unit or np.nan)
        self.times_ps = np.asarray(times, dtype=float)
        self._ps_per_unit = ps_per_unit or 1.0
        self.check_steps()

    def _chunk(
        self,
        frames: range,
        positions: NDArray[np.float64],
        velocities: NDArray[np.float64] | None,
        bounds: tuple[NDArray[np.float64], NDArray[np.int64]],
        scaled: bool,
    ) -> Chunk:
        """Frames from the numbers and the arguments of `cells_from_bounds` as they are in the file."""
        cells, origins = cells_from_bounds(*bounds)
        return Chunk(
            positions @ cells + origins[:, None, :] if scaled else positions,
            cells,
            origins,
            self.steps[frames.start : frames.stop],
            self.times_ps[frames.start : frames.stop],
            frames.start,
            None if velocities is None else velocities / self._ps_per_unit,
        )


def coordinate_columns(columns: Sequence[str], path: Path) -> tuple[list[int], bool]:
    """Where x, y, z are among the columns (in any of their forms), and whether they are fractions of the cell.

    Raises TrajectoryError if they are not there.
    """
    for suffix, scaled in COORDINATES:
        if all(axis + suffix in columns for axis in "xyz"):
            return [columns.index(axis + suffix) for axis in "xyz"], scaled
    raise TrajectoryError(f"{path} has no coordinates: want columns x y z (or xu, xs, xsu), found {' '.join(columns)}")


def velocity_columns(columns: Sequence[str]) -> list[int]:
    """Where vx, vy, vz are among the columns; an empty list if they are not."""
    return [columns.index(axis) for axis in ("vx", "vy", "vz")] if {"vx", "vy", "vz"} <= set(columns) else []


def cells_from_bounds(
    box: NDArray[np.float64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(F, 3, 4) BOX BOUNDS of which (F,) `columns` are used -> (F, 3, 3) cell rows and (F, 3) origins, Å.

    2: orthogonal, `lo hi`; 3: triclinic, `lo_bound hi_bound tilt` (bounding box of the tilted cell: the LAMMPS
    manual, Howto triclinic), which with tilts of 0 is the orthogonal case; 4: general triclinic, rows `a b c` with
    the origin in the last column.
    """
    low, high = box[:, :, 0].copy(), box[:, :, 1].copy()
    xy, xz, yz = np.where(columns[:, None] == 3, box[:, :, 2], 0.0).T
    zero = np.zeros_like(xy)
    low[:, 0] -= np.minimum.reduce([zero, xy, xz, xy + xz])
    high[:, 0] -= np.maximum.reduce([zero, xy, xz, xy + xz])
    low[:, 1] -= np.minimum(0.0, yz)
    high[:, 1] -= np.maximum(0.0, yz)
    a, b, c = (high - low).T
    cells = np.stack([a, zero, zero, xy, b, zero, xz, yz, c], axis=1).reshape(-1, 3, 3)
    general = columns == 4
    cells[general], low[general] = box[general, :, :3], box[general, :, 3]
    return cells, low
