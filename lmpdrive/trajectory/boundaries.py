"""Cells of which not all axes are periodic: made longer, so that nothing is wrapped across a boundary that is none.

Units: Å.  A shrink-wrapped box (`s`, `m`) ends at its outermost atoms, and a fixed one (`f`) may: with that cell the
slab's image would touch the liquid, which would then have a second surface.  Along each such axis all frames get one
cell, from the lowest to the highest bound of all of them and `VACUUM_A` more.

That axis is the normal of the slab: the one that is not periodic, and c where several are not.  The others keep their
length, because profiles are per area of the box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError

VACUUM_A = 20.0
"""Longer than the range of every observable that counts pairs."""

Periodic = tuple[bool, bool, bool]
PERIODIC: Periodic = (True, True, True)

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Which axes are periodic, and from where to where the cell reaches along those that are not.

    low, high : (3,) Å along each cell vector from the origin of space; of use where an axis is not periodic.
    """

    periodic: Periodic = PERIODIC
    low: Array | None = None
    high: Array | None = None

    @classmethod
    def around(cls, periodic: Periodic, cells: Array, origins: Array) -> Self:
        """From the (F, 3, 3) cells and (F, 3) origins of all frames."""
        if all(periodic):
            return cls()
        lengths = np.linalg.norm(cells, axis=2)
        starts = _along(cells, origins)
        return cls(periodic, starts.min(axis=0), (starts + lengths).max(axis=0))

    def with_atoms(self, positions: Array, cell: Array) -> Boundaries:
        """Reaching as far as (N, 3) atoms that lie outside the (3, 3) cell, where that is not periodic."""
        if self.low is None or self.high is None:
            return self
        along = _along(np.tile(cell, (len(positions), 1, 1)), positions)
        low, high = np.minimum(self.low, along.min(axis=0)), np.maximum(self.high, along.max(axis=0))
        return Boundaries(self.periodic, low, high)

    def applied(self, cells: Array, origins: Array) -> tuple[Array, Array]:
        """Cells and origins of some frames, longer along the axes that are not periodic."""
        if self.low is None or self.high is None:
            return cells, origins
        longer, corners = cells.copy(), origins.copy()
        starts = _along(cells, origins)
        for axis in self._longer:
            direction = cells[:, axis] / np.linalg.norm(cells[:, axis], axis=1)[:, None]
            longer[:, axis] = direction * (self.high[axis] - self.low[axis] + VACUUM_A)
            corners += direction * (self.low[axis] - starts[:, axis])[:, None]
        return longer, corners

    def without_vacuum(self, cells: Array) -> Array:
        """(..., 3, 3) cells of `applied`, no longer than what they are around."""
        shorter = cells.copy()
        if self.low is not None and self.high is not None:
            for axis in self._longer:
                lengths = np.linalg.norm(cells[..., axis, :], axis=-1)[..., None]
                shorter[..., axis, :] *= 1 - VACUUM_A / lengths
        return shorter

    @property
    def _open(self) -> list[int]:
        return [axis for axis, periodic in enumerate(self.periodic) if not periodic]

    @property
    def _longer(self) -> list[int]:
        """The axes along which the cell is made longer."""
        return self._open if len(self._open) == 1 else [axis for axis in self._open if axis == 2]

    @property
    def note(self) -> str:
        """What a reader should know; empty where all axes are periodic, or none is made longer."""
        if not self._longer:
            return ""
        return (
            f"Along {'xyz'[self._longer[0]]} the box is not periodic: the cell is taken {VACUUM_A:g} Å longer there, "
            "and nothing is wrapped across."
        )

    @property
    def warning(self) -> str:
        """What may be wrong; empty if nothing is."""
        kept = ["xyz"[axis] for axis in self._open if axis not in self._longer]
        if not kept:
            return ""
        return (
            f"along {' and '.join(kept)} the box is not periodic, but the analysis takes it as periodic: what is near "
            "its edges there gets neighbours that it did not have"
        )

    def turned(self, order: Sequence[int]) -> Boundaries:
        """With the axes in another order."""
        periodic = tuple(self.periodic[axis] for axis in order)
        low, high = (None if bounds is None else bounds[list(order)] for bounds in (self.low, self.high))
        return Boundaries((periodic[0], periodic[1], periodic[2]), low, high)


def _along(cells: Array, origins: Array) -> Array:
    """(F, 3) where the cell begins along each cell vector [Å]: the origin in terms of unit vectors."""
    directions = cells / np.linalg.norm(cells, axis=2)[:, :, None]
    return np.linalg.solve(directions.swapaxes(1, 2), origins[:, :, None])[:, :, 0]


def around_all(parts: Sequence[Boundaries], where: str) -> Boundaries:
    """Those of a run in several files.  Raises TrajectoryError where other axes are periodic in one of them."""
    if len({part.periodic for part in parts}) > 1:
        raise TrajectoryError(f"{where}: the files of this run have different boundaries (p, f, s); analyse them apart")
    lows = [part.low for part in parts if part.low is not None]
    highs = [part.high for part in parts if part.high is not None]
    if not lows:
        return parts[0]
    return Boundaries(parts[0].periodic, np.min(lows, axis=0), np.max(highs, axis=0))
