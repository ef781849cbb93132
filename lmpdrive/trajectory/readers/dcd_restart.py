"""A DCD to which a continued run was appended: find the frames that are there twice.

A DCD has no step at each frame.  But a run that is continued from a restart writes the restart's frame again, bit for
bit, so the frame where an earlier one comes back is where the run was taken back to.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from lmpdrive.trajectory.frames import Trajectory
from lmpdrive.trajectory.readers.dcd import DcdTrajectory
from lmpdrive.trajectory.views.joined import Joined
from lmpdrive.trajectory.views.steps import last_copies

_ATOMS = 64
"""Atoms compared: as many coordinates agree to the last bit in the same frame only."""


def without_repeats(trajectory: DcdTrajectory) -> Trajectory:
    """The trajectory itself if its header announces all frames, else without the frames written again."""
    if trajectory.n_frames <= max(trajectory.announced, 1):
        return trajectory
    numbers = np.zeros(trajectory.n_frames, dtype=np.int64)
    seen: dict[bytes, int] = {}
    number = -1
    for chunk in trajectory.chunks():
        axes = [chunk.coordinates.along(axis)[:, :_ATOMS] for axis in range(3)]
        for i in range(len(chunk)):
            places = b"".join(axis[i].tobytes() for axis in axes)
            key = blake2b(places, digest_size=16).digest()
            number = seen.get(key, number + 1)
            numbers[chunk.first + i] = seen[key] = number
    keep = last_copies(numbers, trajectory.path, trajectory.warn)
    if keep.all():
        trajectory.warn(
            f"{trajectory.path}: the header announces {trajectory.announced} frames, the file holds "
            f"{trajectory.n_frames}; steps are counted from frame to frame"
        )
        return trajectory
    steps, times = trajectory.steps[numbers[keep]], trajectory.times_ps[numbers[keep]]
    return Joined.of_frames(trajectory, keep, steps, times)
