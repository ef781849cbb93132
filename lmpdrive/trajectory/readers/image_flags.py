"""Whether the image flags of a run in several files go on from file to file, or start over."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lmpdrive.trajectory.frames import Trajectory

_LONGEST = 0.5
"""Part of a cell that an atom may travel between two frames; more, if it does within the files too."""
_USUAL = 2.0


def start_over(parts: Sequence[Trajectory]) -> Trajectory | None:
    """The first part whose unwrapped positions do not follow those of the part before it, or None.

    A run that was continued from a data file without image flags counts its images from 0 again: atoms then jump by
    whole cells, further than between any two frames of the part before.  Parts of one frame cannot be compared.
    """
    for before, after in pairwise(parts):
        if before.n_frames < 2:
            continue
        last, first = before.read(before.n_frames - 2, before.n_frames), after.read(0, 1)
        if last.unwrapped is None or first.unwrapped is None:
            continue
        to_cell = np.linalg.inv(first.cells[0])
        jump = np.abs((first.unwrapped[0] - last.unwrapped[1]) @ to_cell).max()
        usual = np.abs((last.unwrapped[1] - last.unwrapped[0]) @ to_cell).max()
        if jump > max(_LONGEST, _USUAL * usual):
            return after
    return None
