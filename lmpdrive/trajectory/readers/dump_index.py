"""Where the frames of a LAMMPS text dump are, and the content of their headers: one pass over the file.

Which frames count: complete ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.frames import NoFramesError
from lmpdrive.trajectory.kernels import load
from lmpdrive.trajectory.mapping import MappedFile
from lmpdrive.trajectory.readers.last_line import is_whole

_BLOCK = 1 << 26
_ITEMS = 1 << 16
_LAST = 1 << 13
"""Bytes at the end of a file that hold its last lines."""


@dataclass(frozen=True, eq=False)
class DumpIndex:
    """One entry per frame.

    starts, bodies, ends : offsets of the frame, of its atom lines, and of what follows.
    steps : MD step; n_atoms : announced, -1 if the header is not complete; n_lines : atom lines that are there.
    box : (F, 3, 4) bounds as written; box_columns : how many numbers a line of them has.
    times : as written (in the dump's units), nan if there is none.
    """

    starts: NDArray[np.int64]
    steps: NDArray[np.int64]
    n_atoms: NDArray[np.int64]
    bodies: NDArray[np.int64]
    ends: NDArray[np.int64]
    n_lines: NDArray[np.int64]
    box: NDArray[np.float64]
    box_columns: NDArray[np.int64]
    times: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)

    def take(self, frames: NDArray) -> DumpIndex:
        """Some of the frames."""
        return DumpIndex(*(getattr(self, field.name)[frames] for field in fields(self)))

    def complete(self) -> NDArray[np.bool_]:
        """(F,) whether the header and all announced atom lines are there."""
        return (self.n_atoms >= 0) & (self.n_lines >= self.n_atoms)


def scan(file: MappedFile) -> DumpIndex:
    """All frames of a text dump, complete or not."""
    text = file.bytes
    kernels = load("dump_text")
    parts: list[tuple[NDArray, ...]] = []
    pending: list[tuple[NDArray, ...]] = []
    at = lines_before = 0
    while at < len(text):
        offsets, kinds, lines, at, n = kernels.find_items(text, at, min(at + _BLOCK, len(text)), _ITEMS)
        pending.append((offsets, kinds, lines + lines_before))
        lines_before += n
        items = [np.concatenate(column) for column in zip(*pending)]
        cut = len(items[0]) if at >= len(text) else _start_of_last_frame(items[1], kernels)
        stop, n_lines = (len(text), lines_before) if at >= len(text) else (0, 0)
        if cut < len(items[0]):
            stop, n_lines = int(items[0][cut]), int(items[2][cut])
        if cut or at >= len(text):
            parts.append(kernels.read_headers(text, *(column[:cut] for column in items), stop, n_lines))
        pending = [tuple(column[cut:] for column in items)]
        if stop:
            file.release_before(stop)
    whole, box, columns, times = (np.concatenate(column) for column in zip(*parts))
    starts, steps, n_atoms, bodies, ends, n_lines = whole.T
    if len(n_lines) and _lacks_only_a_newline(text, whole[-1], only_frame=len(whole) == 1):
        n_lines[-1] += 1
    return DumpIndex(starts, steps, n_atoms, bodies, ends, n_lines, box, columns, times)


def _lacks_only_a_newline(text: NDArray[np.uint8], last: NDArray[np.int64], *, only_frame: bool) -> bool:
    """Whether the last frame's last atom line is whole and merely has no newline."""
    _, _, n_atoms, body, _, n_lines = last
    if n_atoms < 1 or body < 0 or n_lines != n_atoms - 1:
        return False
    names = bytes(text[max(0, body - 4096) : body]).rsplit(b"ITEM: ATOMS", 1)[-1].split()
    lines = bytes(text[max(body, len(text) - _LAST) :]).split(b"\n")
    return is_whole(lines, len(names), only_frame=only_frame)


def _start_of_last_frame(kinds: NDArray[np.int64], kernels: object) -> int:
    """The item with which the last frame begins: it may extend beyond the part that was searched."""
    steps = np.flatnonzero(kinds == kernels.TIMESTEP)  # type: ignore[attr-defined]
    first = int(steps[-1]) if len(steps) else 0
    while first and kinds[first - 1] in (kernels.UNITS, kernels.TIME):  # type: ignore[attr-defined]
        first -= 1
    return first


def usable_frames(index: DumpIndex, path: Path, warn: Callable[[str], None]) -> DumpIndex:
    """The frames that count (see above); reports through `warn` what was left out.

    Raises TrajectoryError if no frame is complete, or the number of atoms changes.
    """
    complete = index.complete()
    if len(index) and not complete[-1]:
        warn(f"{path}: the last frame is incomplete and is left out ({int(complete.sum())} frames are used)")
    cut_short = np.flatnonzero(~complete[:-1])
    if len(cut_short):
        warn(
            f"{path}: {len(cut_short)} frames were cut short and are left out, the first at step "
            f"{index.steps[cut_short[0]]} (a run that was killed and resumed?)"
        )
    index = index.take(complete)
    if not len(index):
        raise NoFramesError(f"{path} holds no complete frame of a LAMMPS text dump")
    other = np.flatnonzero(index.n_atoms != index.n_atoms[0])
    if len(other):
        raise TrajectoryError(
            f"{path}: {index.n_atoms[other[0]]} atoms at step {index.steps[other[0]]}, {index.n_atoms[0]} before; "
            "were atoms lost?"
        )
    return index
