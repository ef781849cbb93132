"""Compressed files, known by their content and not by their name: gzip, bzip2, xz, lzma and zstd.

    with open_plain(path) as stream:        # the bytes that were compressed
        stream.read(4096)

Streams that were written one after the other (`cat a.gz b.gz`) are read as one.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import subprocess
import zlib
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from lmpdrive.errors import TrajectoryError

MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x5d\x00\x00": "lzma",
    b"\x28\xb5\x2f\xfd": "zstd",
}
UNREADABLE = {
    b"\x04\x22\x4d\x18": ("lz4", "lz4 -d"),
    b"\x1f\x9d": ("compress", "uncompress"),
    b"PK\x03\x04": ("zip", "unzip"),
    b"7z\xbc\xaf\x27\x1c": ("7-Zip", "7z x"),
}
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What the readers below raise for a file that cannot be unpacked; EOFError where it is cut short."""


def compression_of(path: Path) -> str:
    """Name of the compression, or empty.

    Raises TrajectoryError for those that are not read here; OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(8)
    for magic, (name, program) in UNREADABLE.items():
        if head.startswith(magic):
            raise TrajectoryError(f"{path} is compressed with {name}, which is not read here: `{program} {path}` first")
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")


def open_plain(path: Path) -> IO[bytes]:
    """The content, unpacked where it is compressed.

    Raises TrajectoryError where nothing here unpacks it.  Reading raises one of `DAMAGED`.
    """
    compression = compression_of(path)
    if compression == "zstd":
        return _open_zstd(path)
    if not compression:
        return path.open("rb")
    openers: dict[str, Any] = {
        "gzip": gzip.GzipFile,
        "bzip2": bz2.BZ2File,
        "xz": lzma.LZMAFile,
        "lzma": lzma.LZMAFile,
    }
    return cast(IO[bytes], openers[compression](path))


def _open_zstd(path: Path) -> IO[bytes]:
    """Through Python 3.14's own module, the package zstandard, or the program zstd: whichever is there."""
    if (module := _import("compression.zstd")) is not None:
        return cast(IO[bytes], module.open(path, "rb"))
    if (module := _import("zstandard")) is not None:
        return cast(IO[bytes], _Whole(module, path))
    if shutil.which("zstd"):
        return cast(IO[bytes], _Program(["zstd", "-dcq", "--", str(path)]))
    raise TrajectoryError(
        f"{path} is compressed with zstd, and nothing here unpacks it: pip install zstandard, or install the program "
        f"zstd, or unpack it where that is (`zstd -d {path.name}`)"
    )


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


class _Whole(io.RawIOBase):
    """A zstd file through the package zstandard, which ends in silence where the file is cut short."""

    def __init__(self, zstandard: Any, path: Path) -> None:
        self._source = path.open("rb")
        self._new, self._error = zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError
        self._frame, self._within = self._new(), False

    def read(self, size: int = -1) -> bytes:  # size is a wish: callers read until nothing comes
        """The next piece, empty at the end."""
        while packed := self._source.read(1 << 16):
            plain = b""
            while packed:
                try:
                    plain += self._frame.decompress(packed)
                except self._error as error:
                    raise OSError(str(error)) from error
                packed, self._within = self._frame.unused_data, not self._frame.eof
                if self._frame.eof:
                    self._frame = self._new()
            if plain:
                return plain
        if self._within:
            raise EOFError("the zstd stream ends before its end mark")
        return b""

    def close(self) -> None:
        """Close the file."""
        self._source.close()
        super().close()


class _Program(io.RawIOBase):
    """What a program prints; EOFError where it ends with an error after it printed something."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._printed = False

    def read(self, size: int = -1) -> bytes:
        """The next piece, empty at the end."""
        assert self._process.stdout is not None and self._process.stderr is not None
        if piece := self._process.stdout.read(1 << 16 if size < 0 else size):
            self._printed = True
            return piece
        said = self._process.stderr.read().decode(errors="replace").strip()
        if self._process.wait():
            raise (EOFError if self._printed else OSError)(said)
        return b""

    def close(self) -> None:
        """End the program, if it still runs."""
        self._process.kill()
        self._process.communicate()
        super().close()
