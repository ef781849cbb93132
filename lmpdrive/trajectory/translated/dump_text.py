"""What a translation gives (`Translation`), and the headers of a text dump (`DumpText`)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from lmpdrive.trajectory.mapping import MappedFile


@dataclass(frozen=True)
class Translation:
    """content : the dump; warnings : what was left out; notes : what was assumed."""

    content: MappedFile
    warnings: list[str]
    notes: list[str]


class DumpText:
    """A text dump that is being written into a temporary file."""

    def __init__(self, units: str = "") -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - __exit__ closes it
        if units:
            self.write(f"ITEM: UNITS\n{units}\n".encode())

    def write(self, text: bytes) -> None:
        """Append to the file."""
        self._file.write(text)

    def header(
        self,
        step: int,
        n_atoms: int,
        box: str,
        columns: Sequence[str],
        time: float | None = None,
    ) -> None:
        """The header of a frame; `box` is what follows `ITEM: BOX BOUNDS `, three lines of bounds included."""
        self.write((f"ITEM: TIME\n{time!r}\n" if time is not None else "").encode())
        self.write(
            f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{n_atoms}\nITEM: BOX BOUNDS {box}\n"
            f"ITEM: ATOMS {' '.join(columns)}\n".encode()
        )

    def mapped(self) -> MappedFile:
        """What was written, mapped; the file itself goes with the last use of it."""
        self._file.flush()
        return MappedFile(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def box_text(
    cell: NDArray[np.float64], origin: NDArray[np.float64], periodic: tuple[bool, bool, bool] = (True, True, True)
) -> str:
    """The box as a dump has it: `lo hi` where the cell is orthogonal, else as a general triclinic cell."""
    boundary = " ".join("pp" if flag else "ff" for flag in periodic)
    if (cell == np.diag(np.diag(cell))).all():
        rows = [[low, low + length] for low, length in zip(origin.tolist(), np.diag(cell).tolist())]
        return "\n".join([boundary, *(" ".join(map(repr, row)) for row in rows)])
    rows = [[*vector, low] for vector, low in zip(cell.tolist(), origin.tolist())]
    return "\n".join([f"abc origin {boundary}", *(" ".join(map(repr, row)) for row in rows)])
