"""Was the run taken back to a restart, or was its count of steps reset, where steps fall from one frame to the next?

After a restart the run writes steps again that are there already, and the first frame of such a step is the same
configuration as before, or nearly: thermostats with random forces and other numbers of processes lead apart in time.
After `reset_timestep`, or where files of several stages were joined, it is another one.

Units: Å, MD steps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.frames import Trajectory

_SAME_A = 1e-3
"""Displacement (root mean square) below which two frames are the same configuration, rounded otherwise."""

_SAME_STEP_A = 0.02
"""The same where a step comes twice in a row: there is no frame after it to compare with."""

_NEAR_A = 0.3
"""Displacement below which frames may be of the same step, if they are nearer to each other than to the last frame."""

Steps = NDArray[np.int64]
Difference = Callable[[int, int], float]


def displacement(whole: Trajectory) -> Difference:
    """Root mean square displacement [Å] between two frames, by the nearest image; nan if one cannot be read."""

    def between(i: int, j: int) -> float:
        try:
            a, b = whole.read(i, i + 1), whole.read(j, j + 1)
        except TrajectoryError:
            return float("nan")
        moved = np.linalg.solve(a.cells[0].T, (b.positions[0] - a.positions[0]).T).T
        moved = (moved - np.rint(moved)) @ a.cells[0]
        return float(np.sqrt((moved**2).sum(axis=1).mean()))

    return between


def stages(steps: Steps, difference: Difference) -> list[int]:
    """First frames of the stages of a run: 0, and each frame at which the count of steps was reset."""
    falls = np.flatnonzero(np.diff(steps) <= 0) + 1
    starts = [0]
    for fall, end in zip(falls, [*falls[1:], len(steps)]):
        if _is_reset(steps, starts[-1], int(fall), int(end), difference):
            starts.append(int(fall))
    return starts


def _is_reset(steps: Steps, start: int, fall: int, end: int, difference: Difference) -> bool:
    """Whether the frames `fall` to `end` begin a stage, after one that began at `start`."""
    before = steps[start:fall]
    again = next((frame for frame in range(fall, end) if steps[frame] in before), None)
    if again is None:  # a run that was taken back begins between steps that are there
        return bool(steps[fall] < before.min())
    earlier = start + int(np.flatnonzero(before == steps[again])[-1])
    apart = difference(earlier, again)
    if np.isnan(apart) or apart <= _SAME_A:
        return False
    if earlier == fall - 1:
        return apart > _SAME_STEP_A
    return not apart < min(_NEAR_A, 0.5 * difference(fall - 1, again))


def counted_on(steps: Steps, starts: list[int], difference: Difference) -> Steps:
    """Steps that go on where a stage begins: one interval after the last frame before it, none if it is the same."""
    counted = steps.copy()
    for start, end in zip(starts[1:], [*starts[2:], len(steps)]):
        own, before = np.diff(steps[start:end]), np.diff(counted[:start])
        rising = own[own > 0] if (own > 0).any() else before[before > 0]
        interval = int(np.median(rising)) if len(rising) else 1
        if difference(start - 1, start) <= _SAME_A:
            interval = 0
        counted[start:end] = steps[start:end] - steps[start] + counted[start - 1] + interval
    return counted


def times_counted_on(
    times_ps: NDArray[np.float64], counted: Steps, steps: Steps, starts: list[int]
) -> NDArray[np.float64]:
    """Times to go with `counted` steps, where they fall as the steps do; nan where nothing tells how long a step is."""
    times, intervals = times_ps.copy(), np.diff(steps)
    rising = intervals > 0
    ps_per_step = float(np.median(np.diff(times_ps)[rising] / intervals[rising])) if rising.any() else float("nan")
    for start, end in zip(starts[1:], [*starts[2:], len(steps)]):
        if times_ps[start] > times[start - 1]:  # the program counted them on
            continue
        times[start:end] = times_ps[start:end] + ps_per_step * (counted[start] - steps[start])
    return times
