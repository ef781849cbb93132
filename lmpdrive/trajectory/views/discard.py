"""A trajectory without its start."""

from __future__ import annotations

import numpy as np

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.frames import Chunk, Trajectory


class Discarded(Trajectory):
    """`whole` without the frames of its first `discard_ps` [ps].

    Raises TrajectoryError when times are unknown or nothing is left.
    """

    def __init__(self, whole: Trajectory, discard_ps: float) -> None:
        super().__init__(whole.path)
        if not whole.times_known:
            raise TrajectoryError(
                f"discard {discard_ps:g} ps: the times of {whole.path.name} are unknown; "
                "give the timestep with --timestep-fs"
            )
        elapsed = whole.times_ps - whole.times_ps[0]
        self._first = int(np.searchsorted(elapsed, discard_ps - 1e-9))
        if self._first >= whole.n_frames:
            raise TrajectoryError(f"discard {discard_ps:g} ps of {elapsed[-1]:g} ps leaves no frame: discard less")
        self._whole, self.seeks, self.mapped = whole, whole.seeks, whole.mapped
        self.topology = whole.topology
        self.steps = whole.steps[self._first :]
        self.times_ps = whole.times_ps[self._first :]
        self.warnings, self.notes, self.boundaries = whole.warnings, whole.notes, whole.boundaries

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive) of what is left."""
        chunk = self._whole.read(self._first + start, self._first + stop)
        return chunk.renamed(chunk.steps, chunk.times_ps, start)
