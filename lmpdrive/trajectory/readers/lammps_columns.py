"""What text and binary LAMMPS dumps share: named columns per atom, units, and the bounds of the box."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.boundaries import Boundaries, Periodic
from lmpdrive.trajectory.frames import Chunk, Trajectory
from lmpdrive.trajectory.lammps_units import PS_PER_TIME_UNIT, Units
from lmpdrive.trajectory.unwrapped import Unwrapped

COORDINATES = (("", False), ("u", False), ("s", True), ("su", True))
"""Suffix of x, y, z, in order of preference, and whether they are fractions of the cell."""


class LammpsColumns(Trajectory):
    """A dump whose frames are columns of numbers; a subclass reads them."""

    _columns: tuple[str, ...]
    _ps_per_unit: float
    _units_note: str = ""

    def _ps_per_unit_of(self, written: str, units: Units) -> float | None:
        """ps in the dump's unit of time; None if neither the dump (`written`) nor anything beside it names its units.

        Raises TrajectoryError for units whose lengths are not in Å, or others than those that were asked for.
        """
        if written and units.asked and written != units.asked:
            raise TrajectoryError(f"{self.path} is in `units {written}`, not {units.asked} as was said; leave it out")
        found = written or units.name
        if not found:
            return None
        if found not in PS_PER_TIME_UNIT:
            source = f", {units.source}; if that is another run, give --units metal or real" if not written else ""
            raise TrajectoryError(
                f"{self.path} is in `units {found}`; want lengths in Å: {' or '.join(PS_PER_TIME_UNIT)}{source}"
            )
        if not written and found != "metal":
            self._units_note = f"Units of {self.path.name}: {found}, {units.source}."
        return PS_PER_TIME_UNIT[found]

    def _note_units(self, known: bool) -> None:
        """Say in which units the velocities are, if the dump does not."""
        if not velocity_columns(self._columns):
            return
        if not known:
            self._units_note = (
                f"The units of {self.path.name} are not known: its velocities are taken as Å/ps (units metal). "
                "If the run had `units real`, give units='real' (--units real)."
            )
        if self._units_note:
            self.note(self._units_note)

    def _set_boundaries(self, periodic: Periodic, bounds: tuple[NDArray[np.float64], NDArray[np.int64]]) -> None:
        """Which axes are periodic, and the arguments of `cells_from_bounds` for all frames."""
        if not all(periodic):
            self.boundaries = Boundaries.around(periodic, *cells_from_bounds(*bounds))

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
        self._note_units(ps_per_unit is not None)

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
        if scaled:
            positions = positions @ cells + origins[:, None, :]
        return Chunk(
            positions,
            cells,
            origins,
            self.steps[frames.start : frames.stop],
            self.times_ps[frames.start : frames.stop],
            frames.start,
            None if velocities is None else velocities / self._ps_per_unit,
            self._unwrapped(frames, positions),
        )

    def _unwrapped(self, frames: range, positions: NDArray[np.float64]) -> Unwrapped | None:
        """Unwrapped positions of some frames, of which `positions` are those of `coordinate_columns`."""
        columns = unwrapped_columns(self._columns)
        if columns is None:
            return None
        if columns.places == coordinate_columns(self._columns, self.path)[0] and not columns.images:
            return Unwrapped(lambda wanted: positions[wanted], np.arange(len(frames)))
        return Unwrapped(partial(self._read_unwrapped, columns), np.arange(frames.start, frames.stop))

    def _read_unwrapped(self, columns: UnwrappedColumns, frames: NDArray[np.int64]) -> NDArray[np.float64]:
        """(F, N, 3) Å."""
        positions, images = self._read_columns(frames, [*columns.places, *columns.images])
        cells, origins = cells_from_bounds(*self._bounds(frames))
        if columns.scaled:
            positions = positions @ cells + origins[:, None, :]
        return positions + images @ cells if columns.images else positions

    @abstractmethod
    def _read_columns(
        self, frames: NDArray[np.int64], places: Sequence[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(F, N, 3) numbers of three columns, and of three more (empty if only three are wanted), sorted by id."""

    @abstractmethod
    def _bounds(self, frames: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The arguments of `cells_from_bounds` of some frames."""


def coordinate_columns(columns: Sequence[str], path: Path) -> tuple[list[int], bool]:
    """Where x, y, z are among the columns (in any of their forms), and whether they are fractions of the cell.

    Raises TrajectoryError if they are not there.
    """
    for suffix, scaled in COORDINATES:
        if all(axis + suffix in columns for axis in "xyz"):
            return [columns.index(axis + suffix) for axis in "xyz"], scaled
    raise TrajectoryError(f"{path} has no coordinates: want columns x y z (or xu, xs, xsu), found {' '.join(columns)}")


@dataclass(frozen=True)
class UnwrappedColumns:
    """Where coordinates are that give unwrapped positions, with image flags (`images`) or without."""

    places: list[int]
    images: list[int]
    scaled: bool


def unwrapped_columns(columns: Sequence[str]) -> UnwrappedColumns | None:
    """xu yu zu, xsu ysu zsu, or x y z (xs ys zs) with ix iy iz; None if the columns have none of these."""
    for suffix, images, scaled in (("u", "", False), ("su", "", True), ("", "i", False), ("s", "i", True)):
        names = [axis + suffix for axis in "xyz"]
        flags = [images + axis for axis in "xyz"] if images else []
        if {*names, *flags} <= set(columns):
            return UnwrappedColumns([columns.index(n) for n in names], [columns.index(n) for n in flags], scaled)
    return None


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
