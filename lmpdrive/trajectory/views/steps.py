"""Which frames count, by their steps: frames that a restart wrote again, and frames that are missing.

A run that was continued from a restart writes the steps since the restart again.  The later copy continues the
trajectory, so the earlier one goes, and so do frames beyond the point to which the run was taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def last_copies(steps: NDArray[np.int64], path: Path, warn: Callable[[str], None]) -> NDArray[np.bool_]:
    """(F,) which frames have a step below that of all later frames; warns of those that are dropped."""
    later = np.minimum.accumulate(steps[::-1])[::-1]
    keep = np.append(steps[:-1] < later[1:], True)
    dropped = steps[~keep]
    if len(dropped):
        again = np.isin(dropped, steps[keep])
        if again.any():
            warn(f"{path}: {int(again.sum())} frames that a restart wrote again are read only once")
        if not again.all():
            gone = dropped[~again]
            warn(
                f"{path}: {len(gone)} frames (steps {gone.min()} to {gone.max()}) stand before frames of earlier steps "
                "and are left out; were files joined in the wrong order, or was the step count reset?"
            )
    return keep


def irregular_steps(steps: NDArray[np.int64]) -> str:
    """A message if frames are not evenly spaced, else empty."""
    intervals = np.diff(steps)
    if len(intervals) < 2 or (intervals == intervals[0]).all():
        return ""
    usual = int(np.median(intervals))
    odd = np.flatnonzero(intervals != usual)
    return (
        f"frames are not evenly spaced: {len(odd)} of {len(intervals)} intervals differ from {usual} steps, the first "
        f"between steps {steps[odd[0]]} and {steps[odd[0] + 1]}; are frames missing? Times of correlations assume even "
        "spacing"
    )
