"""Files mapped into memory, whose pages are handed back once they were read."""

from __future__ import annotations

import mmap
from pathlib import Path

_PAGES = mmap.ALLOCATIONGRANULARITY


def map_file(path: Path) -> mmap.mmap:
    """The whole file, read-only."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def release(mapped: mmap.mmap, start: int, stop: int) -> int:
    """Hand back the whole pages between two offsets, and return where the next call may start.

    Arrays on these pages stay valid: what is touched again is read again from the file.
    """
    first, last = -(-start // _PAGES) * _PAGES, stop // _PAGES * _PAGES
    if last <= first:
        return start
    if hasattr(mmap, "MADV_DONTNEED"):  # not on every system; there the operating system decides alone
        mapped.madvise(mmap.MADV_DONTNEED, first, last - first)
    return last
