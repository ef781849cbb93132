"""Everything else that ASE reads (extxyz, .traj, XDATCAR, ...): slower, one frame at a time.

Units: Å, Å/ps.  Such files have neither steps nor times, so frame i is step `i * every`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.frames import ATOM_FRAMES_PER_CHUNK, Chunk, Trajectory
from lmpdrive.trajectory.identity import NOTHING_KNOWN, FileAtoms, Identity
from lmpdrive.trajectory.names import VIRTUAL_SITE


class AseTrajectory(Trajectory):
    """A file read by ASE; elements and cell come from the file."""

    seeks = False

    def __init__(
        self,
        path: Path,
        identity: Identity = NOTHING_KNOWN,
        *,
        timestep_fs: float | None = None,
        every: int | None = None,
    ) -> None:
        super().__init__(path)
        n_frames = 0
        first = None
        for atoms in self._atoms(0, None):
            who = _who(atoms)
            if first is None:
                first = who
                self.topology = identity.topology_of(who, str(path), self.note)
            if not _same(first, who):
                raise TrajectoryError(f"{path}: frame {n_frames} has other atoms than the ones before it")
            if abs(np.linalg.det(atoms.cell[:])) < 1e-6:
                raise TrajectoryError(f"{path}: frame {n_frames} has no periodic cell; profiles need one")
            n_frames += 1
        if n_frames == 0:
            raise TrajectoryError(f"{path} holds no frame")
        self.steps = (every or 1) * np.arange(n_frames, dtype=np.int64)
        self.times_ps = self.steps.astype(float) * (1e-3 * timestep_fs if timestep_fs else np.nan)

    def _atoms(self, start: int, stop: int | None) -> Iterator:
        import ase.io

        try:
            yield from ase.io.iread(str(self.path), index=slice(start, stop))
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
            np.array([atoms.cell[:] for atoms in frames]),
            np.zeros((len(frames), 3)),
            self.steps[start:stop],
            self.times_ps[start:stop],
            start,
            self._velocities(frames),
        )

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
