"""Everything else that ASE reads (.traj, XDATCAR, ...): slower, one frame at a time.

Units: Å, Å/ps.  Such files have neither steps nor times, so frame i is step `i * every`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.boundaries import PERIODIC, Boundaries, Periodic
from lmpdrive.trajectory.elements.identity import NOTHING_KNOWN, FileAtoms, Identity
from lmpdrive.trajectory.elements.names import VIRTUAL_SITE
from lmpdrive.trajectory.frames import ATOM_FRAMES_PER_CHUNK, Chunk, Trajectory
from lmpdrive.trajectory.given_cell import HOW_TO_GIVE_A_CELL
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.request import NOTHING_SAID, Request


class AseTrajectory(Trajectory):
    """A file read by ASE; elements and cell come from the file."""

    seeks = False

    def __init__(
        self,
        plain: PlainFile,
        identity: Identity = NOTHING_KNOWN,
        ask: Request = NOTHING_SAID,
    ) -> None:
        path = plain.path
        super().__init__(path)
        self._plain, self._cell = plain, ask.cell
        self._file = plain.file(self.warn)
        n_frames = 0
        first = None
        periodic: Periodic = PERIODIC
        cells = []
        for atoms in self._atoms(0, None):
            who = _who(atoms)
            if first is None:
                first = who
                self.topology = identity.topology_of(who, str(path), self.note)
                periodic = _periodic(atoms)
            if not _same(first, who):
                raise TrajectoryError(f"{path}: frame {n_frames} has other atoms than the ones before it")
            self._check_cell(atoms, n_frames)
            cells.append(np.array(self._cell_of(atoms)))
            n_frames += 1
        if n_frames == 0:
            raise TrajectoryError(f"{path} holds no frame")
        self.boundaries = Boundaries.around(periodic, np.array(cells), np.zeros((n_frames, 3)))
        self.steps = (ask.every or 1) * np.arange(n_frames, dtype=np.int64)
        self.times_ps = self.steps.astype(float) * (1e-3 * ask.timestep_fs if ask.timestep_fs else np.nan)

    def _atoms(self, start: int, stop: int | None) -> Iterator:
        import ase.io

        try:
            yield from ase.io.iread(str(self._file), index=slice(start, stop))
        except TrajectoryError:
            raise
        except Exception as error:  # ASE's readers raise anything, from KeyError to UnknownFileTypeError
            raise TrajectoryError(
                f"cannot read {self.path} ({type(error).__name__}: {error}); want a run directory, a DCD, a "
                "LAMMPS text dump, or a format that ASE reads"
            ) from error

    def _chunk(self, frames: list, start: int) -> Chunk:
        stop = start + len(frames)
        return Chunk(
            np.array([atoms.positions for atoms in frames]),
            np.array([self._cell_of(atoms) for atoms in frames]),
            np.zeros((len(frames), 3)),
            self.steps[start:stop],
            self.times_ps[start:stop],
            start,
            self._velocities(frames),
        )

    def _check_cell(self, atoms: Any, number: int) -> None:
        """Raise TrajectoryError for a frame without a cell where none was given."""
        if _has_cell(atoms):
            return
        if self._cell is None:
            raise TrajectoryError(
                f"{self.path}: frame {number} has no periodic cell; profiles need one: {HOW_TO_GIVE_A_CELL}"
            )
        if number == 0:
            self.take_cell(self._cell)

    def _cell_of(self, atoms: Any) -> NDArray[np.float64]:
        """(3, 3) Å; that which was given where the frame has none."""
        return atoms.cell[:] if self._cell is None or _has_cell(atoms) else self._cell.vectors

    @staticmethod
    def _velocities(frames: list) -> NDArray[np.float64] | None:
        """(F, N, 3) Å/ps, or None if a frame has none; ASE's unit of time is Å (u/eV)^1/2."""
        from ase import units

        if not all(atoms.has("momenta") for atoms in frames):
            return None
        return np.array([atoms.get_velocities() for atoms in frames]) * (1e3 * units.fs)

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive)."""
        return self._chunk(list(self._atoms(start, stop)), start)

    def chunks(self, size: int | None = None) -> Iterator[Chunk]:
        """As in `Trajectory`, in one pass: most of ASE's formats cannot seek."""
        size = size or max(1, ATOM_FRAMES_PER_CHUNK // self.n_atoms)
        source, start = self._atoms(0, self.n_frames), 0
        while frames := list(islice(source, size)):
            yield self._chunk(frames, start)
            start += len(frames)


def _periodic(atoms: Any) -> Periodic:
    """Which axes are periodic; ASE's default, none, means nothing beside a cell."""
    x, y, z = (bool(flag) for flag in atoms.pbc)
    return (x, y, z) if x or y or z else PERIODIC


def _who(atoms: Any) -> FileAtoms:
    """What a frame says of its atoms: types, symbols where it has any, masses where they are written."""
    types = atoms.arrays.get("type")
    labels = types is not None and types.dtype.kind not in "iu"
    symbols = np.array(atoms.get_chemical_symbols(), dtype=str)
    nameless = (symbols == VIRTUAL_SITE).all()  # ASE's symbol where a file names no species
    names = (types if labels else None) if nameless else symbols
    return FileAtoms(
        n_atoms=len(atoms),
        types=None if types is None or labels else types.astype(np.int64),
        names=None if names is None else names.astype(str),
        masses_u=atoms.arrays.get("masses"),
        by_type=bool(nameless and labels),
    )


def _same(first: FileAtoms, other: FileAtoms) -> bool:
    """Whether two frames have the same atoms."""
    pairs = ((first.names, other.names), (first.types, other.types))
    return first.n_atoms == other.n_atoms and all(
        a is None or (b is not None and np.array_equal(a, b)) for a, b in pairs
    )


def _has_cell(atoms: Any) -> bool:
    return abs(np.linalg.det(atoms.cell[:])) > 1e-6
