"""Where the frames of an XYZ file are, and what their comment lines say: one pass over the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.headers import Header, parse_header
from lmpdrive.trajectory.mapping import MappedFile
from lmpdrive.trajectory.readers.last_line import is_whole

_NEWLINE = 10
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Frame:
    """n_atoms; the comment line; and the offsets of the atom lines and of what follows them."""

    n_atoms: int
    header: Header
    body: int
    end: int


def find_frames(source: MappedFile, path: Path, warn: Callable[[str], None]) -> Iterator[Frame]:
    """The complete frames.

    Raises TrajectoryError where no number of atoms stands where a frame should begin.
    """
    at = len(_BOM) if source.buffer[:3] == _BOM else 0
    number, size = 0, 1 << 16
    while (at := _after_blanks(source, at)) < len(source):
        n_atoms, header, body = _head(source, at, number, path)
        end = _after_lines(source.bytes, body, n_atoms, size)
        if end is None and not _ends_whole(source, body, n_atoms, number):
            warn(f"{path}: the last frame is incomplete and is left out ({number} frames are used)")
            return
        at = len(source) if end is None else end
        yield Frame(n_atoms, header, body, at)
        source.release_before(at)
        size = max(1 << 12, (at - body) * 9 // 8)
        number += 1


def _after_blanks(source: MappedFile, at: int) -> int:
    """Offset of the next line that is not blank."""
    while at < len(source):
        end = source.buffer.find(b"\n", at)
        line = source.buffer[at : end if end >= 0 else len(source)]
        if line.strip():
            return at
        at = end + 1 if end >= 0 else len(source)
    return at


def _head(source: MappedFile, at: int, number: int, path: Path) -> tuple[int, Header, int]:
    """Number of atoms, what the comment line says, and where the atoms begin (at the end, if it is cut before)."""
    ends = [len(source), len(source)]
    if (first := source.buffer.find(b"\n", at)) >= 0:
        ends = [first, second if (second := source.buffer.find(b"\n", first + 1)) >= 0 else len(source)]
    count = source.buffer[at : ends[0]].strip()
    if not count.isdigit():
        raise TrajectoryError(
            f"{path}: want the number of atoms of frame {number}, found {count[:60].decode(errors='replace')!r}; was "
            "the file cut, or are lines missing?"
        )
    comment = source.buffer[ends[0] + 1 : ends[1]].decode(errors="replace")
    try:
        return int(count), parse_header(comment), min(ends[1] + 1, len(source))
    except ValueError as error:
        raise TrajectoryError(f"{path}: the header of frame {number} cannot be read: {error}") from error


def _after_lines(text: NDArray[np.uint8], at: int, n_lines: int, size: int) -> int | None:
    """Offset after so many lines; None if the text ends before.  `size` : how long they will be, about."""
    while n_lines:
        block = text[at : at + size]
        newlines = np.flatnonzero(block == _NEWLINE)
        if len(newlines) >= n_lines:
            return at + int(newlines[n_lines - 1]) + 1
        if not len(block):
            return None
        n_lines, at = n_lines - len(newlines), at + len(block)
    return at


def _ends_whole(source: MappedFile, body: int, n_atoms: int, number: int) -> bool:
    """Whether only the last newline is missing."""
    lines = bytes(source.buffer[body:]).split(b"\n")
    columns = len(lines[0].split())
    return len(lines) == n_atoms and is_whole(lines, columns, only_frame=number == 0)
