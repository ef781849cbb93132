"""Frames in memory: `Chunk` (some frames as arrays) and `Trajectory` (a file that yields chunks).

Units: Å, ps, MD steps.  A subclass of `Trajectory` sets the attributes below and implements `read`.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.boundaries import Boundaries, Periodic
from lmpdrive.trajectory.coordinates import Coordinates
from lmpdrive.trajectory.given_cell import GivenCell
from lmpdrive.trajectory.topology import Topology
from lmpdrive.trajectory.unwrapped import Unwrapped
from lmpdrive.trajectory.views.steps import irregular_steps

ATOM_FRAMES_PER_CHUNK = 100_000
"""Default chunk: 1.2 MB of 32-bit coordinates, so that they and what is made of them stay in the processor's cache."""

FRAMES_AT_ONCE = 100_000
"""Of a mapped file, of which only some are used."""


class NoFramesError(TrajectoryError):
    """A file of a known format without a complete frame."""


class Chunk:
    """Consecutive frames; all arrays are read-only.

    positions : (F, N, 3) Å, 64 bits, atoms in id order, wrapped or not as the file has them; made at first use
        where the file holds them in another layout.
    coordinates : the same numbers as the file has them, for compiled code (`Coordinates`).
    cells : (F, 3, 3) Å, rows are the cell vectors a, b, c.
    origins : (F, 3) Å, corner of the cell.
    steps : (F,) MD steps.
    times_ps : (F,) ps; NaN if the timestep is not known.
    first : number of the first of these frames within the trajectory.
    velocities : (F, N, 3) Å/ps, or None where the file has none.
    unwrapped : (F, N, 3) Å, positions that no boundary has wrapped, or None where the file does not tell; read at first
        use.

    Raises ValueError if the arrays differ in their number of frames.
    """

    def __init__(
        self,
        positions: NDArray[np.float64] | Coordinates,
        cells: NDArray[np.float64],
        origins: NDArray[np.float64],
        steps: NDArray[np.int64],
        times_ps: NDArray[np.float64],
        first: int = 0,
        velocities: NDArray[np.float64] | None = None,
        unwrapped: Unwrapped | None = None,
    ) -> None:
        if {len(cells), len(origins), len(steps), len(times_ps)} != {len(positions)}:
            raise ValueError("positions, cells, origins, steps and times_ps differ in their number of frames")
        for array in (positions, cells, origins, steps, times_ps, velocities):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
        self._given = positions
        self.cells, self.origins, self.steps, self.times_ps = cells, origins, steps, times_ps
        self.first, self.velocities = first, velocities
        self.deferred_unwrapped = unwrapped
        """What reads them."""

    @cached_property
    def positions(self) -> NDArray[np.float64]:
        """(F, N, 3) Å."""
        if not isinstance(self._given, Coordinates):
            return self._given
        positions = self._given.positions()
        positions.flags.writeable = False
        return positions

    @cached_property
    def coordinates(self) -> Coordinates:
        """The positions as they lie in memory."""
        return self._given if isinstance(self._given, Coordinates) else Coordinates.of(self._given)

    @property
    def has_unwrapped(self) -> bool:
        """Whether the file has unwrapped positions or image flags; reads nothing."""
        return self.deferred_unwrapped is not None

    @cached_property
    def unwrapped(self) -> NDArray[np.float64] | None:
        """(F, N, 3) Å."""
        return None if self.deferred_unwrapped is None else self.deferred_unwrapped.positions()

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, frames: slice) -> Chunk:
        """The same arrays for a slice of the frames (views, no copy)."""
        return Chunk(
            self._given[frames],
            self.cells[frames],
            self.origins[frames],
            self.steps[frames],
            self.times_ps[frames],
            self.first + frames.indices(len(self))[0],
            None if self.velocities is None else self.velocities[frames],
            None if self.deferred_unwrapped is None else self.deferred_unwrapped[frames],
        )

    def renamed(self, steps: NDArray[np.int64], times_ps: NDArray[np.float64], first: int) -> Chunk:
        """The same frames under other steps, times and numbers."""
        return Chunk(
            self._given, self.cells, self.origins, steps, times_ps, first, self.velocities, self.deferred_unwrapped
        )

    def of_atoms(self, atoms: NDArray[np.int64]) -> Chunk:
        """The same frames with some of the atoms only."""
        return Chunk(
            self.positions[:, atoms],
            self.cells,
            self.origins,
            self.steps,
            self.times_ps,
            self.first,
            None if self.velocities is None else self.velocities[:, atoms],
            None if self.deferred_unwrapped is None else self.deferred_unwrapped.of_atoms(atoms),
        )

    def in_cells(self, cells: NDArray[np.float64], origins: NDArray[np.float64]) -> Chunk:
        """The same frames in other cells."""
        return Chunk(
            self._given,
            cells,
            origins,
            self.steps,
            self.times_ps,
            self.first,
            self.velocities,
            self.deferred_unwrapped,
        )

    def wrapped_only(self) -> Chunk:
        """The same frames without `unwrapped`."""
        return Chunk(self._given, self.cells, self.origins, self.steps, self.times_ps, self.first, self.velocities)


class Trajectory(ABC):
    """A readable trajectory: what it is made of, how long it is, and its frames in bounded pieces.

    Attributes
    ----------
    topology : elements (and groups, if known) of the atoms in id order.
    steps : (n_frames,) MD step of each frame.
    times_ps : (n_frames,) ps; all NaN if the timestep is not known.
    warnings : what the reader had to leave out (also issued as Python warnings).
    notes : what a reader of the results should know: names taken as elements, sites left out, axes without periods.
    boundaries : which axes are periodic, and how far the cell reaches along the others.
    seeks : False where reading one frame means reading those before it.
    mapped : True where frames that are read cost nothing until their coordinates are used.
    """

    seeks: bool = True
    mapped: bool = False
    boundaries: Boundaries = Boundaries()
    _ids: NDArray[np.int64] | None = None
    """(N,) ascending ids of the atoms, where the file has some; as long as 0 or None where it has none."""

    path: Path
    topology: Topology
    steps: NDArray[np.int64]
    times_ps: NDArray[np.float64]

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warnings: list[str] = []
        self.notes: list[str] = []

    @property
    def n_frames(self) -> int:
        """Number of complete frames."""
        return len(self.steps)

    @property
    def n_atoms(self) -> int:
        """Number of atoms, the same in every frame."""
        return self.topology.n_atoms

    @property
    def periodic(self) -> Periodic:
        """Whether a, b and c are periodic."""
        return self.boundaries.periodic

    @property
    def times_known(self) -> bool:
        """False if the file has steps only and no timestep was given."""
        return bool(np.isfinite(self.times_ps).all())

    @property
    def frame_interval_ps(self) -> float:
        """Median time between frames [ps]; NaN for one frame or unknown times."""
        return float(np.median(np.diff(self.times_ps))) if self.n_frames > 1 else float("nan")

    @abstractmethod
    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive)."""

    def chunks(self, size: int | None = None) -> Iterator[Chunk]:
        """All frames in order, `size` at a time (default: as many as fit a fixed small memory)."""
        size = size or max(1, ATOM_FRAMES_PER_CHUNK // max(1, self.n_atoms))
        for start in range(0, self.n_frames, size):
            yield self.read(start, min(start + size, self.n_frames))

    def spread(self, most: int) -> Iterator[Chunk]:
        """At most `most` frames, evenly spread over all of them, in order: every k-th."""
        step = -(-self.n_frames // most)
        if step == 1:
            yield from self.chunks()
        elif self.seeks and not self.mapped:
            yield from (self.read(frame, frame + 1) for frame in range(0, self.n_frames, step))
        else:
            for chunk in self.chunks(FRAMES_AT_ONCE if self.mapped else None):
                if len(picked := chunk[-chunk.first % step :: step]):
                    yield picked

    def check_atoms(self, n_atoms: int, topology: Topology) -> None:
        """Raise TrajectoryError unless the file has as many atoms as the structure given with it."""
        if n_atoms != topology.n_atoms:
            raise TrajectoryError(
                f"{self.path} has {n_atoms} atoms but the structure given with it has {topology.n_atoms}; "
                "are they of the same run? The file has no ids, so one of some atoms only needs a structure of these"
            )

    def check_steps(self) -> None:
        """Warn where frames are not evenly spaced in steps."""
        if message := irregular_steps(self.steps):
            self.warn(f"{self.path}: {message}")

    def note(self, message: str) -> None:
        """Keep what a reader of the results should know, once."""
        if message not in self.notes:
            self.notes.append(message)

    def take_cell(self, given: GivenCell) -> None:
        """Say that a given cell is used: a note, and a warning where it is only that of a data file."""
        (self.note if given.by_user else self.warn)(given.said_of(self.path))

    def warn(self, message: str) -> None:
        """Keep a warning for the report and show it."""
        self.warnings.append(message)
        warnings.warn(message, stacklevel=3)


class WithoutOrigin(Trajectory):
    """A file that holds neither elements nor the corner of the box: both come from the caller.

    origin : corner of the box (Å), the same in all frames; 0 if None.
    """

    def __init__(self, path: Path, topology: Topology, origin: NDArray[np.float64] | None = None) -> None:
        super().__init__(path)
        self.topology = topology
        self._origin = np.zeros(3) if origin is None else np.asarray(origin, dtype=float)

    def _origins(self, n_frames: int) -> NDArray[np.float64]:
        return np.tile(self._origin, (n_frames, 1))
