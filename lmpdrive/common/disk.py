"""A full disk, in a sentence with the command that goes on once there is room."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lmpdrive.errors import RunDirectoryError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space, no quota, a file too large."""


@contextmanager
def told_if_full(folder: Path, then: str) -> Iterator[None]:
    """Raise RunDirectoryError in place of an OSError for want of space in `folder`; `then`: what to do with room."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise RunDirectoryError(f"{full(folder, str(error.strerror))}. Make room, then: {then}") from error


def full(folder: Path, reason: str) -> str:
    """ "the disk of runs/au is full (No space left on device; 0.1 MB are free now)"."""
    place = next((path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir()), Path("/"))
    free_MB = shutil.disk_usage(place).free / 1e6
    return f"the disk of {folder} is full, or your quota ({reason}; {free_MB:.3g} MB are free now)"
