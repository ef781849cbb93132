"""What a run directory says about its run, however badly it was left."""

from __future__ import annotations

import time
from pathlib import Path

from lmpdrive.common.manifest import Manifest, read_manifest
from lmpdrive.common.progress_file import read_progress
from lmpdrive.engine.directory.lock import LOCK
from lmpdrive.errors import RunDirectoryError

SIGN_OF_LIFE_S = 30.0
"""A run whose lock was not written for longer has no driver any more; it is written every five seconds."""


def manifest_of(folder: Path) -> Manifest:
    """The manifest; empty where it is absent or damaged."""
    try:
        return read_manifest(folder)
    except RunDirectoryError:
        return Manifest()


def step_of(folder: Path) -> int:
    """The last step that was seen."""
    progress = read_progress(folder)
    return progress.step if progress else 0


def analysed(folder: Path) -> bool:
    """Whether the results are newer than what was run."""
    results = [path for name in ("observables/results.nc", "report.html") if (path := folder / name).is_file()]
    logs = [path.stat().st_mtime for path in folder.glob("log*.lammps")]
    return bool(results) and max(path.stat().st_mtime for path in results) >= max(logs, default=0.0)


def alive(folder: Path) -> bool:
    """Whether some process works in the directory, by the lock that it writes again and again."""
    try:
        status = (folder / LOCK).stat()
    except OSError:
        return False
    return status.st_size > 0 and time.time() - status.st_mtime < SIGN_OF_LIFE_S
