"""What the caller of `open_trajectory` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.given_cell import GivenCell


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is None was not said.

    data : data file or structure file; elements : in type order.
    timestep_fs : fs; every : steps between frames.
    units : LAMMPS units of the run, where no file says so.
    cell : for files that have none; origin : (3,) Å, corner of the cell where the file has none.
    in_run_directory : whether lmpdrive wrote it, whose steps fall after restarts only.
    """

    data: str | Path | None = None
    elements: Sequence[str] | None = None
    timestep_fs: float | None = None
    every: int | None = None
    units: str | None = None
    cell: GivenCell | None = None
    in_run_directory: bool = False
    origin: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))

    def check(self) -> None:
        """Raise TrajectoryError for numbers that cannot be."""
        if self.timestep_fs is not None and not self.timestep_fs > 0:
            raise TrajectoryError(f"timestep_fs is {self.timestep_fs}; want a positive number of fs")
        if self.every is not None and self.every < 1:
            raise TrajectoryError(f"every is {self.every}; want the number of steps between frames, at least 1")


NOTHING_SAID = Request()
