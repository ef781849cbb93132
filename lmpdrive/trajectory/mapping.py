"""A file mapped into memory, whose pages are released once they have been read."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_PAGE = mmap.ALLOCATIONGRANULARITY


class MappedFile:
    """A file's bytes, read-only.

    Raises OSError if the file cannot be read, ValueError if it is empty.
    """

    def __init__(self, file: Path | int) -> None:
        """`file` : its path, or a descriptor of an open file."""
        if isinstance(file, int):
            self.buffer = mmap.mmap(file, 0, access=mmap.ACCESS_READ)
        else:
            with file.open("rb") as opened:
                self.buffer = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        self._released = 0

    def __len__(self) -> int:
        return len(self.buffer)

    @property
    def bytes(self) -> NDArray[np.uint8]:
        """All of it, as an array."""
        return np.frombuffer(self.buffer, np.uint8)

    def release_before(self, offset: int) -> None:
        """Release the pages before an offset; call it while reading forward, so that memory does not grow.

        Arrays on these pages stay valid: what is touched again is read again from the file.
        """
        if offset < self._released:  # reading starts again from the beginning
            self._released = 0
        stop = offset // _PAGE * _PAGE
        if stop > self._released and hasattr(mmap, "MADV_DONTNEED"):  # elsewhere the system decides alone
            self.buffer.madvise(mmap.MADV_DONTNEED, self._released, stop - self._released)
            self._released = stop
