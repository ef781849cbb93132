"""Frames whose cell is longer along the axes that are not periodic (`boundaries` says why)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lmpdrive.trajectory.boundaries import Boundaries, Periodic
from lmpdrive.trajectory.frames import Chunk, Trajectory


class LongerCell(Trajectory):
    """`whole` with cells and origins of `boundaries`."""

    def __init__(self, whole: Trajectory, boundaries: Boundaries) -> None:
        super().__init__(whole.path)
        self._whole, self.boundaries = whole, boundaries
        self.seeks, self.mapped = whole.seeks, whole.mapped
        self.topology, self.steps, self.times_ps = whole.topology, whole.steps, whole.times_ps
        self.warnings, self.notes = whole.warnings, whole.notes

    def _longer(self, chunk: Chunk) -> Chunk:
        return chunk.in_cells(*self.boundaries.applied(chunk.cells, chunk.origins))

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive)."""
        return self._longer(self._whole.read(start, stop))

    def chunks(self, size: int | None = None) -> Iterator[Chunk]:
        """As those of `whole`, which may be unable to seek."""
        yield from map(self._longer, self._whole.chunks(size))


def not_repeated(whole: Trajectory, periodic: Periodic) -> Trajectory:
    """`whole`, of a file that does not say which axes are periodic, with longer cells along those that are not."""
    if all(periodic) or not all(whole.periodic):
        return whole
    cells, origins = zip(*((chunk.cells, chunk.origins) for chunk in whole.chunks()), strict=True)
    whole.boundaries = Boundaries.around(periodic, np.concatenate(cells), np.concatenate(origins))
    return without_false_images(whole)


def without_false_images(whole: Trajectory) -> Trajectory:
    """The trajectory itself, or with longer cells where an axis is not periodic."""
    if all(whole.periodic):
        return whole
    if whole.boundaries.warning:
        whole.warn(f"{whole.path}: {whole.boundaries.warning}")
    if not whole.boundaries.note:
        return whole
    whole.note(whole.boundaries.note)
    first = whole.read(0, 1)
    return LongerCell(whole, whole.boundaries.with_atoms(first.positions[0], first.cells[0]))
