"""Frames of a slab that is not repeated along its normal, for programs that repeat every cell.

Models, their trainers and most calculators repeat the cell along all axes, or build no neighbours at all.  In the cell
of the run the metal's lower face is then next to what evaporated to the other end of the cell.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmpdrive.trajectory.boundaries import VACUUM_A
from lmpdrive.trajectory.labelled import LabelledFrames


def with_room(frames: LabelledFrames) -> LabelledFrames:
    """Frames that may be repeated: where one axis was not, the cell reaches `VACUUM_A` beyond all atoms along it.

    Frames that are open along several axes (molecules), or have no cell along that one, stay as they are.
    """
    cells, pbc, end = frames.cells.copy(), frames.pbc.copy(), 0
    for number, count in enumerate(frames.counts):
        own, end = slice(end, end + int(count)), end + int(count)
        axes = np.flatnonzero(~frames.pbc[number])
        if len(axes) != 1 or np.linalg.det(frames.cells[number]) == 0:
            continue
        along = (frames.positions[own] @ np.linalg.inv(frames.cells[number]))[:, axes[0]]
        reach = max(1.0, along.max()) - min(0.0, along.min())
        length = np.linalg.norm(frames.cells[number, axes[0]])
        cells[number, axes[0]] *= reach + VACUUM_A / length
        pbc[number, axes[0]] = True
    return replace(frames, cells=cells, pbc=pbc)
