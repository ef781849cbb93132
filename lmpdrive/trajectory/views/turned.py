"""A trajectory with its axes renamed in cyclic order: the slab's normal becomes the third one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lmpdrive.trajectory.coordinates import Coordinates
from lmpdrive.trajectory.frames import Chunk, Trajectory


class Turned(Trajectory):
    """`whole` with the axis `normal` (0: x, 1: y) as the third, the two others in cyclic order before it.

    No coordinate is copied: the columns of the file are read in another order.
    """

    def __init__(self, whole: Trajectory, normal: int) -> None:
        super().__init__(whole.path)
        self._whole = whole
        self._order = [(normal + 1) % 3, (normal + 2) % 3, normal]
        self.topology, self.warnings, self.notes = whole.topology, whole.warnings, whole.notes
        self.boundaries = whole.boundaries.turned(self._order)
        self.steps, self.times_ps = whole.steps, whole.times_ps
        self.seeks, self.mapped = whole.seeks, whole.mapped

    def _turned(self, chunk: Chunk) -> Chunk:
        order, at = self._order, chunk.coordinates
        if at.stride == 3 and not np.array_equal(at.starts, np.arange(3)[order]):
            moved: Coordinates | np.ndarray = np.ascontiguousarray(chunk.positions[:, :, order])
        else:
            moved = Coordinates(at.records, at.starts[order], at.stride, at.n_atoms)
        return Chunk(
            moved,
            np.ascontiguousarray(chunk.cells[:, order][:, :, order]),
            np.ascontiguousarray(chunk.origins[:, order]),
            chunk.steps,
            chunk.times_ps,
            chunk.first,
            None if chunk.velocities is None else np.ascontiguousarray(chunk.velocities[:, :, order]),
            None if chunk.deferred_unwrapped is None else chunk.deferred_unwrapped.turned(order),
        )

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive)."""
        return self._turned(self._whole.read(start, stop))

    def chunks(self, size: int | None = None) -> Iterator[Chunk]:
        """All frames in order."""
        return (self._turned(chunk) for chunk in self._whole.chunks(size))
