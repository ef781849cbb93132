"""A new run directory: complete or absent, never over another one."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.shell import to_paste
from lmpdrive.errors import RunDirectoryError

LONGEST_NAME = 255
"""Bytes, on the file systems of Linux."""
LONGEST_PATH = 4000
"""Bytes of a whole path: Linux takes 4096, with the files of the run."""
LONGEST_IN_TEMPORARY = 60
"""Characters of a folder's name that its temporary name keeps."""
CANNOT_BE_REPLACED = (errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM)
"""Where the folder is a mount point, or belongs to somebody else."""


@contextmanager
def new_directory(target: Path) -> Iterator[Path]:
    """A folder to fill, renamed to `target` at the end; after an error nothing is left.

    A `target` that is a link is the folder that it leads to.  An empty folder that cannot be replaced (a mount point)
    is filled in place.  Raises RunDirectoryError when `target` has something in it, or cannot be written.
    """
    target = _followed(target)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunDirectoryError(
            f"{target} exists and is not empty: it is never overwritten. {_stopped(target)}"
            f"`simulate --new` takes {next_free(target).name}; or name another folder with --out, or remove it."
        )
    temporary = _temporary(target)
    try:
        temporary.chmod(0o755)
        yield temporary
        _put(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def next_free(target: Path) -> Path:
    """`target` if nothing is there, else the first of `target-2`, `target-3`, ... that is not."""
    found, number = target, 1
    while found.exists() and (not found.is_dir() or any(found.iterdir())):
        number += 1
        found = target.with_name(f"{target.name}-{number}")
    return found


def _followed(target: Path) -> Path:
    """The folder that a link leads to, even if it is not there yet."""
    target = target.absolute()
    longest = max(target.parts, key=lambda part: len(os.fsencode(part)))
    for name, length, most in (
        (longest, len(os.fsencode(longest)), LONGEST_NAME),
        (target, len(os.fsencode(target)), LONGEST_PATH),
    ):
        if length > most:
            raise RunDirectoryError(
                f"--out: {str(name)[:30]}... has {length} bytes; at most {most} are possible. Name a shorter one."
            )
    try:
        return Path(os.path.realpath(target)) if target.is_symlink() else target
    except OSError as error:
        raise _cannot_write(target, error) from None


def _temporary(target: Path) -> Path:
    prefix = f".{target.name[:LONGEST_IN_TEMPORARY]}-"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    except OSError as error:
        if not target.is_dir():
            raise _cannot_write(target.parent, error) from None
    try:
        return Path(tempfile.mkdtemp(prefix=prefix, dir=target))
    except OSError as error:
        raise _cannot_write(target, error) from None


def _cannot_write(folder: Path, error: OSError) -> RunDirectoryError:
    return RunDirectoryError(f"cannot write in {folder}: {error.strerror}. Name a writable folder with --out.")


def _put(temporary: Path, target: Path) -> None:
    """Rename to `target`, over an empty folder too; or move what is inside into it."""
    if temporary.parent != target:
        try:
            temporary.rename(target)
            return
        except OSError as error:
            if error.errno not in CANNOT_BE_REPLACED or not target.is_dir():
                raise RunDirectoryError(
                    f"{target} was made by another process meanwhile ({error.strerror}). Name another one with --out."
                ) from None
    for path in temporary.iterdir():
        shutil.move(path, target / path.name)
    temporary.rmdir()


def _stopped(folder: Path) -> str:
    """How to resume the run there, if it has not finished."""
    try:
        state = read_manifest(folder).state
    except RunDirectoryError:
        return ""
    if state in (None, "finished"):
        return ""
    return f"There is a run in it (state: {state}); `{to_paste('resume', folder)}` continues it. "
