"""Several files of one run, or some frames of a file, as one trajectory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.boundaries import around_all
from lmpdrive.trajectory.frames import ATOM_FRAMES_PER_CHUNK, Chunk, Trajectory
from lmpdrive.trajectory.readers.image_flags import start_over
from lmpdrive.trajectory.unwrapped import joined

_SHORT = 4
"""Parts are short where a chunk holds more than this many of them: then frames are copied together."""


class Joined(Trajectory):
    """All frames of parts one after the other; `repeats` tells which of them count.

    Raises TrajectoryError if the parts differ in their atoms.
    """

    _unwrapped: bool = True
    """Whether the unwrapped positions of the parts follow each other."""

    def __init__(self, parts: Sequence[Trajectory]) -> None:
        super().__init__(parts[0].path)
        self.topology = parts[0].topology
        for part in parts[1:]:
            if part.n_atoms != self.n_atoms or (part.topology.elements != self.topology.elements).any():
                raise TrajectoryError(f"{part.path} has other atoms than {self.path}; are they of the same run?")
            if not same_ids(parts[0], part):
                raise TrajectoryError(
                    f"{part.path} has other atom ids than {self.path}; are they of the same run? Files that each "
                    "process wrote for itself (`dump ... file.%`) are no trajectory: write one file"
                )
        self.warnings = _once_for_all([(part.path, part.warnings) for part in parts])
        self.notes = _once_for_all([(part.path, part.notes) for part in parts])
        self._ids = parts[0]._ids
        self.boundaries = around_all([part.boundaries for part in parts], str(self.path))
        steps = np.concatenate([part.steps for part in parts])
        times_ps = np.concatenate([part.times_ps for part in parts])
        self._set(parts, np.ones(len(steps), bool), steps, times_ps)
        self._set_unwrapped(parts)

    @classmethod
    def of_frames(
        cls, whole: Trajectory, keep: NDArray[np.bool_], steps: NDArray[np.int64], times_ps: NDArray[np.float64]
    ) -> Joined:
        """Some frames of one trajectory, with the steps and times that they really have."""
        self = cls.__new__(cls)
        Trajectory.__init__(self, whole.path)
        self.topology, self.warnings, self.notes = whole.topology, whole.warnings, whole.notes
        self.boundaries, self._ids = whole.boundaries, whole._ids
        self._set([whole], keep, steps, times_ps)
        return self

    def _set_unwrapped(self, parts: Sequence[Trajectory]) -> None:
        """Whether the image flags of all parts count on."""
        if (odd := start_over(parts)) is not None:
            self._unwrapped = False
            self.note(
                f"The image flags of {odd.path.name} do not follow those of the file before it: they are not used, and "
                "displacements are by the minimum image."
            )

    def _set(
        self,
        parts: Sequence[Trajectory],
        keep: NDArray[np.bool_],
        steps: NDArray[np.int64],
        times_ps: NDArray[np.float64],
    ) -> None:
        self._parts = parts
        self.seeks = all(part.seeks for part in parts)
        self.mapped = all(part.mapped for part in parts)
        lengths = [part.n_frames for part in parts]
        self._part = np.repeat(np.arange(len(parts)), lengths)[keep]
        self._frame = np.concatenate([np.arange(length) for length in lengths])[keep]
        self.steps, self.times_ps = steps, times_ps

    def _runs(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Pieces of `start` to `stop` that are contiguous within one part."""
        part, frame = self._part[start:stop], self._frame[start:stop]
        edges = np.flatnonzero((np.diff(part) != 0) | (np.diff(frame) != 1)) + start + 1
        bounds = [start, *edges.tolist(), stop]
        yield from pairwise(bounds)

    def _piece(self, start: int, stop: int) -> Chunk:
        first = int(self._frame[start])
        chunk = self._parts[self._part[start]].read(first, first + stop - start)
        chunk = chunk if self._unwrapped else chunk.wrapped_only()
        return chunk.renamed(self.steps[start:stop], self.times_ps[start:stop], start)

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive); a view if they are contiguous in one part."""
        stop = min(stop, self.n_frames)
        pieces = [self._piece(*run) for run in self._runs(start, stop) if run[1] > run[0]]
        if len(pieces) == 1:
            return pieces[0]
        moving = [piece.velocities for piece in pieces if piece.velocities is not None]
        return Chunk(
            np.concatenate([piece.positions for piece in pieces]),
            np.concatenate([piece.cells for piece in pieces]),
            np.concatenate([piece.origins for piece in pieces]),
            self.steps[start:stop],
            self.times_ps[start:stop],
            start,
            np.concatenate(moving) if len(moving) == len(pieces) else None,
            joined([piece.deferred_unwrapped for piece in pieces]),
        )

    def chunks(self, size: int | None = None) -> Iterator[Chunk]:
        """All frames in order, at most `size` at a time, cut where a part ends unless the parts are short."""
        size = size or max(1, ATOM_FRAMES_PER_CHUNK // max(1, self.n_atoms))
        if not self.mapped and len(self._parts) * size > _SHORT * self.n_frames:  # many short parts
            yield from super().chunks(size)
            return
        for first, last in self._runs(0, self.n_frames):
            for start in range(first, last, size):
                yield self._piece(start, min(start + size, last))


def same_ids(one: Trajectory, other: Trajectory) -> bool:
    """Whether two files have the same ids, or one of them has none."""
    a, b = one._ids, other._ids
    return a is None or b is None or not len(a) or not len(b) or np.array_equal(a, b)


def _once_for_all(said: Sequence[tuple[Path, Sequence[str]]]) -> list[str]:
    """(File, messages) -> messages, each once; what is said of more than a few files, of the first only."""
    alike: dict[str, list[str]] = {}
    for path, messages in said:
        for message in messages:
            alike.setdefault(message.replace(str(path), "").replace(path.name, ""), []).append(message)
    found: list[str] = []
    for group in map(list, map(dict.fromkeys, alike.values())):
        few = len(group) <= _SHORT
        found += group if few else [f"{group[0]} (and the same of {len(group) - 1} files more)"]
    return found
