"""`PlainFile`: a trajectory file as its readers want it, unpacked where it is compressed.

What is compressed, or text in UTF-16 (as PowerShell writes it), is unpacked once into a temporary folder (in
`TMPDIR`), which goes when the last reader of it is gone.
"""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import IO

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.compression import DAMAGED, compression_of, open_plain

_PIECE = 1 << 20
_SUFFIXES = (".gz", ".bz2", ".xz", ".lzma", ".zst", ".zstd")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class PlainFile:
    """A file and its plain content.

    path : as the user named it; used in messages.
    head : the first 4096 bytes of the content.
    text_head : the same without byte order mark and blank lines before it: by this text formats are known.

    Raises TrajectoryError if the file is empty, cannot be unpacked, or is an archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with open_plain(path) as stream:
                self.head = _read(stream, 4096)
            self._copied = bool(compression_of(path)) or self.head.startswith(_UTF16)
        except DAMAGED as error:
            raise TrajectoryError(f"cannot read {path}: {error}") from error
        if not self.head:
            raise TrajectoryError(f"{path} is empty; did the run reach its first output?")
        if self.head[257:262] == b"ustar":
            raise TrajectoryError(f"{path} is an archive of files: unpack it (`tar xf {path.name}`) and give the files")
        if self.head.startswith(_UTF16):
            self.head = self.head.decode("utf-16", errors="ignore").encode()

    @property
    def text_head(self) -> bytes:
        """The head from its first printed character on."""
        return self.head.removeprefix(codecs.BOM_UTF8).lstrip()

    @property
    def name(self) -> str:
        """The file's name without the suffix of its compression."""
        return self.path.stem if self.path.suffix.lower() in _SUFFIXES else self.path.name

    @property
    def suffix(self) -> str:
        """Of the content, in lower case."""
        return Path(self.name).suffix.lower()

    def file(self, warn: Callable[[str], None]) -> Path:
        """Where the plain content is; it stays there as long as this object.

        Raises TrajectoryError if nothing of it can be unpacked; what is cut short is warned of.
        """
        if not self._copied:
            return self.path
        copy, message = self._copy
        if message:
            warn(message)
        return copy

    @cached_property
    def _copy(self) -> tuple[Path, str]:
        """(The unpacked copy, what is to be warned of.)"""
        folder = tempfile.mkdtemp(prefix="lmpdrive-")
        weakref.finalize(self, _remove, folder, os.getpid())
        copy, message = Path(folder) / self.name, ""
        try:
            with open_plain(self.path) as packed, copy.open("wb") as plain:
                try:
                    self._fill(packed, plain)
                except EOFError:
                    message = f"{self.path}: the compressed file is cut short; what could be unpacked is read"
        except DAMAGED as error:
            raise TrajectoryError(f"cannot read {self.path}: {error}") from error
        if copy.stat().st_size == 0:
            raise TrajectoryError(f"{self.path} is empty; did the run reach its first output?")
        return copy, message

    @staticmethod
    def _fill(packed: IO[bytes], plain: IO[bytes]) -> None:
        piece = _piece(packed)
        decoder = codecs.getincrementaldecoder("utf-16")() if piece.startswith(_UTF16) else None
        while piece:
            plain.write(decoder.decode(piece).encode() if decoder else piece)
            piece = _piece(packed)


def _remove(folder: str, creator: int) -> None:
    """Remove a temporary folder, unless in a process that was forked from the one that made it."""
    if os.getpid() == creator:
        shutil.rmtree(folder, ignore_errors=True)


def _piece(stream: IO[bytes]) -> bytes:
    """The next bytes: as many as come at once, so that of a file that is cut short nothing is lost."""
    read = getattr(stream, "read1", stream.read)
    return read(_PIECE)


def _read(stream: IO[bytes], size: int) -> bytes:
    """The first bytes, as many as there are if the stream is cut short."""
    head = b""
    try:
        while len(head) < size and (piece := _piece(stream)):
            head += piece
    except EOFError:
        if not head:
            raise
    return head[:size]
