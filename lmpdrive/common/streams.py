"""Output that outlives its reader: a `tee`, `head` or pager that ends does not end a run of days.

When nobody reads a pipe any more, what is written there goes to /dev/null from then on, and the manifest of a run says
since when (`parts`, `output_closed`).
"""

from __future__ import annotations

import io
import os
import stat
import sys
from datetime import UTC, datetime
from typing import Any

_closed: list[str] = []


def outlive_readers() -> None:
    """Make stdout and stderr go on without their reader, where they are pipes or sockets."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and _has_reader(number):
            stream.flush()
            setattr(sys, name, _patient(stream, number))


def closed_at() -> str | None:
    """When the first of them lost its reader (UTC); None if none has."""
    return _closed[0] if _closed else None


def _has_reader(number: int) -> bool:
    try:
        mode = os.fstat(number).st_mode
    except OSError:  # closed
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _patient(stream: io.TextIOWrapper, number: int) -> io.TextIOWrapper:
    buffer = io.BufferedWriter(_Pipe(number, "wb", closefd=False))
    return io.TextIOWrapper(buffer, stream.encoding, stream.errors, line_buffering=stream.line_buffering)


class _Pipe(io.FileIO):
    """A pipe that becomes /dev/null when it has no reader."""

    def write(self, content: Any) -> int:
        """As of a file."""
        try:
            return super().write(content)
        except BrokenPipeError:
            _closed.append(datetime.now(UTC).isoformat(timespec="seconds"))
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            return super().write(content)
