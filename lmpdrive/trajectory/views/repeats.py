"""A trajectory in which every step is once: without frames that a restart wrote again, and with rising steps."""

from __future__ import annotations

import numpy as np

from lmpdrive.trajectory.frames import Trajectory
from lmpdrive.trajectory.views.joined import Joined
from lmpdrive.trajectory.views.resets import counted_on, displacement, stages, times_counted_on
from lmpdrive.trajectory.views.steps import last_copies


def without_repeats(whole: Trajectory, timestep_fs: float | None = None, *, may_reset: bool = True) -> Trajectory:
    """The trajectory itself if its steps rise, else what counts of it; warns of what was left out or counted on.

    timestep_fs : if it is known, times are steps times this.
    may_reset : False where steps fall after restarts only, as in a run directory.
    """
    steps = whole.steps
    if (steps[1:] > steps[:-1]).all():
        whole.check_steps()
        return whole
    difference = displacement(whole)
    starts = stages(steps, difference) if may_reset else [0]
    counted = counted_on(steps, starts, difference)
    if len(starts) > 1:
        first = starts[1]
        whole.warn(
            f"{whole.path}: the steps fall {len(starts) - 1} times, first from {steps[first - 1]} to {steps[first]}, "
            "and the frames there differ from those with the same steps before: the count of steps was reset. All "
            "frames are kept; steps and times are counted on. If these are files of several runs, or joined in the "
            "wrong order, analyse them apart"
        )
    times = times_counted_on(whole.times_ps, counted, steps, starts)
    if timestep_fs:
        times = np.asarray(1e-3 * timestep_fs * counted, dtype=float)
    keep = last_copies(counted, whole.path, whole.warn)
    trajectory = Joined.of_frames(whole, keep, counted[keep], times[keep])
    trajectory.check_steps()
    return trajectory
