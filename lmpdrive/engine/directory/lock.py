"""One driver in a run directory at a time.

`.lock` is held with flock(2), which the kernel gives up when its holders are gone, however they died; the worker holds
it too, so a run whose driver was killed counts as running until its worker has ended.  The file says who holds it.

Some shared file systems know flock on one machine only, or not at all.  So the entry also counts up a number in the
file, and a lock that was left by another machine is taken over only when that number stands still.  No clock is
compared.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lmpdrive.common.say import Say, silent
from lmpdrive.errors import InUseError, RunDirectoryError

LOCK = ".lock"
BEAT_S = 5.0
"""The entry counts this often."""
SILENCE_S = 16.0
"""Without a count for so long, the entry on another machine is gone."""
WORKER_ENDS_S = 90.0
"""A worker that lost its driver stops, and writes its restart, within this time."""


@contextmanager
def locked(folder: Path, say: Say = silent) -> Iterator[int]:
    """Hold the run directory; yields the file descriptor that a worker must inherit.

    Raises InUseError, saying who holds it; RunDirectoryError if the folder cannot be written.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise RunDirectoryError(f"cannot write in {folder}: {error.strerror}") from None
    try:
        _acquire(descriptor, folder, say)
        me = {
            "host": platform.node(),
            "pid": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:500],
        }
        _write(descriptor, me | {"count": 0})
        ended = threading.Event()
        beating = threading.Thread(target=_beat, args=(descriptor, me, ended), daemon=True)
        beating.start()
        try:
            yield descriptor
        finally:
            ended.set()
            beating.join()
            os.ftruncate(descriptor, 0)  # an empty file: left in order
    finally:
        os.close(descriptor)


def holder(folder: Path) -> str:
    """Who holds, or held, the lock: "process 12 on node7 since 2026-11-21T10:00:00 (lmpdrive resume run)"."""
    try:
        entry = json.loads((folder / LOCK).read_text())
        return f"process {entry['pid']} on {entry['host']} since {entry['since']} ({entry['command']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _acquire(descriptor: int, folder: Path, say: Say) -> None:
    known = True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        entry = _read(descriptor)
        if entry.get("host") != platform.node() or _alive(entry.get("pid")):
            raise _refused(folder) from None
        say(f"the driver of {folder} is gone ({holder(folder)}); its worker still stops: waiting for it")
        _wait(descriptor, folder)
    except OSError:
        known = False  # this file system has no flock
    left = _read(descriptor)
    if left.get("host", platform.node()) != platform.node():
        say(f"{folder} was left by {holder(folder)}: looking {SILENCE_S:.0f} s for a sign of life")
        if _beats(folder, left):
            raise _refused(folder)
    elif left and not known and _alive(left.get("pid")):
        raise _refused(folder)


def _refused(folder: Path) -> InUseError:
    return InUseError(
        f"{folder} is in use by {holder(folder)}. Wait for it, or stop it with Ctrl-C or kill; nothing was changed."
    )


def _wait(descriptor: int, folder: Path) -> None:
    end = time.monotonic() + WORKER_ENDS_S
    while time.monotonic() < end:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
        else:
            return
    raise _refused(folder)


def _beats(folder: Path, before: dict[str, Any]) -> bool:
    end = time.monotonic() + SILENCE_S
    while time.monotonic() < end:
        time.sleep(0.5)
        try:  # opened afresh: a network file system looks at the server then
            now = json.loads((folder / LOCK).read_text() or "{}")
        except (OSError, ValueError):
            continue  # in the middle of a write
        if now != before:
            return True
    return False


def _beat(descriptor: int, me: dict[str, Any], ended: threading.Event) -> None:
    count = 0
    while not ended.wait(BEAT_S):
        count += 1
        try:
            _write(descriptor, me | {"count": count})
        except OSError:
            return  # a full disk stops the run elsewhere


def _read(descriptor: int) -> dict[str, Any]:
    try:
        entry = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _write(descriptor: int, entry: dict[str, Any]) -> None:
    text = json.dumps(entry).encode() + b"\n"
    os.pwrite(descriptor, text, 0)
    os.ftruncate(descriptor, len(text))


def _alive(pid: Any) -> bool:
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
