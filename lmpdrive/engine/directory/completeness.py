"""Whether a run wrote all that it should have: frames without a gap, and the files of its end."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.manifest import read_manifest, update_manifest
from lmpdrive.common.run_files import LAST_RESTART
from lmpdrive.common.shell import to_paste
from lmpdrive.deck.commands import read_deck
from lmpdrive.engine.restart.deck import end_of
from lmpdrive.engine.restart.files import inspect
from lmpdrive.errors import DeckError, RunDirectoryError, TrajectoryError


def last_frame(folder: Path) -> int | None:
    """The step up to which the frames of the production are there without a hole; None if there are none."""
    steps = _steps(folder)
    if len(steps) < 3:
        return int(steps[-1]) if len(steps) else None
    hole = np.flatnonzero(np.diff(steps) > 1.5 * np.median(np.diff(steps)))
    return int(steps[hole[0]] if len(hole) else steps[-1])


def raise_if_incomplete(folder: Path) -> None:
    """Raise RunDirectoryError, and say so in the manifest, if a run that ended did not write all of its files."""
    missing = missing_output(folder, read_manifest(folder).last_part.deck)
    if not missing:
        return
    update_manifest(folder, state="failed")
    free_MB = shutil.disk_usage(folder).free / 1e6
    raise RunDirectoryError(
        f"LAMMPS said nothing, but {missing}: was the disk full ({free_MB:.0f} MB are free in {folder} now), or your "
        f"quota? Make room, then: {to_paste('resume', folder)}"
    )


def missing_output(folder: Path, deck: str) -> str:
    """What a run that says it has ended did not write; empty if nothing is missing.

    LAMMPS does not check whether the disk took what it wrote.
    """
    restart = folder / LAST_RESTART
    if restart.is_file() and (problem := inspect(restart).problem):
        return f"{restart.name} {problem}"
    try:
        end = end_of(read_deck(folder / deck))
    except DeckError:
        return ""
    steps = _steps(folder)
    every = int(np.median(np.diff(steps))) if len(steps) > 2 else 0
    if every and steps[-1] + every <= end:
        return f"the trajectory ends at step {steps[-1]}, the run at {end}"
    return ""


def _steps(folder: Path) -> NDArray[np.int64]:
    from lmpdrive.trajectory import open_trajectory

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return open_trajectory(folder).steps
        except TrajectoryError:
            return np.array([], dtype=int)
