"""Several files as one trajectory: patterns, the order of the files, and thousands of files with one frame each.

    open_trajectory("dump.*")               # a pattern: the files by their steps
    open_trajectory(["a.dcd", "b.dcd"])     # in this order, unless the steps say that it is another one

Units: MD steps, ps.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from glob import glob, has_magic
from itertools import pairwise
from pathlib import Path

import numpy as np

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.frames import Chunk, NoFramesError, Trajectory
from lmpdrive.trajectory.views.joined import Joined, same_ids

MOST_OPEN = 100
"""Files that are kept open at once; more are opened again whenever their frames are read."""

Opener = Callable[[], Trajectory]


def expanded(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files that are meant: each path itself, or those that fit it as a pattern, in natural order of their names.

    Raises TrajectoryError where nothing is meant, or nothing fits.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    found: list[Path] = []
    for path in map(Path, given):
        if path.exists() or not has_magic(str(path)):
            found.append(path)
            continue
        fitting = sorted(map(Path, glob(str(path))), key=_natural)
        if not fitting:
            raise TrajectoryError(f"no file fits the pattern {path}")
        found += fitting
    if not found:
        raise TrajectoryError("no trajectory file was given")
    return found


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """So that dump.200 comes before dump.1000."""
    parts = re.split(r"(\d+)", str(path))
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]


class Reopened(Trajectory):
    """A file that is opened again whenever frames of it are read, so that thousands of them need no open files."""

    def __init__(self, opener: Opener) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `Joined` shows them, once for all files
            whole = opener()
        super().__init__(whole.path)
        self._opener = opener
        self.topology, self.steps, self.times_ps = whole.topology, whole.steps, whole.times_ps
        self.warnings, self.notes, self.boundaries = whole.warnings, whole.notes, whole.boundaries
        self.seeks, self._ids = whole.seeks, whole._ids

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._opener().read(start, stop)


def parts_with_frames(openers: Sequence[Opener]) -> list[Trajectory]:
    """The parts that hold a frame: a run may end before its first output.  Raises if none does."""
    parts: list[Trajectory] = []
    empty: list[NoFramesError] = []
    for opener in openers:
        try:
            part = Reopened(opener) if len(openers) > MOST_OPEN else opener()
        except NoFramesError as error:
            empty.append(error)
            continue
        if parts and np.array_equal(part.topology.elements, parts[0].topology.elements):
            part.topology = parts[0].topology  # one copy of it, and of the ids
            part._ids = parts[0]._ids if same_ids(part, parts[0]) else part._ids
        parts.append(part)
    if not parts:
        raise empty[0]
    return parts


def in_order(parts: Sequence[Trajectory]) -> list[Trajectory]:
    """The parts by their first steps, where these show that they were given in another order.

    They do where each part is one frame, or where the parts follow each other without a gap once they are sorted.
    Otherwise the order is kept: a later part with earlier steps is a run that was taken back, or another stage.
    """
    by_step = sorted(parts, key=lambda part: int(part.steps[0]))
    if all(a is b for a, b in zip(parts, by_step)):
        return list(parts)
    single = all(part.n_frames == 1 for part in parts)
    if single or _follow_each_other(by_step):
        if not single:
            by_step[0].warn(f"{by_step[0].path}: the files are taken in the order of their steps, not in the one given")
        return by_step
    return list(parts)


def _follow_each_other(parts: Sequence[Trajectory]) -> bool:
    """Whether each part begins where the one before it ends: one interval later, or at the same step."""
    intervals = [int(np.median(np.diff(part.steps))) for part in parts if part.n_frames > 1]
    usual = max(intervals, default=0)
    gaps = [int(b.steps[0] - a.steps[-1]) for a, b in pairwise(parts)]
    return all(0 <= gap <= usual for gap in gaps)


def joined(parts: Sequence[Trajectory], every: int | None, timestep_fs: float | None) -> Trajectory:
    """All frames of the parts, one after the other; files of one frame and the same step are counted."""
    if len(parts) == 1:
        return parts[0]
    whole = Joined(in_order(parts))
    if any(isinstance(part, Reopened) for part in parts):
        for message in whole.warnings:
            warnings.warn(message, stacklevel=2)
    if len(whole.steps) == len(parts) and (whole.steps == whole.steps[0]).all():
        whole.note("All files have the same step, so they are counted in the order of their names.")
        whole.steps = (every or 1) * np.arange(len(parts), dtype=np.int64)
        whole.times_ps = whole.steps.astype(float) * (1e-3 * timestep_fs if timestep_fs else np.nan)
    return whole


def openers_of(paths: Sequence[Path], opener: Callable[[Path], Trajectory]) -> list[Opener]:
    """One for each file.  Raises TrajectoryError for a file that is not there."""
    for path in paths:
        if not path.is_file():
            raise TrajectoryError(f"there is no trajectory {path}")
    return [partial(opener, path) for path in paths]
