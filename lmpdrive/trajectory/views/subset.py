"""A trajectory with some of its atoms only: without virtual sites, which are no atoms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.elements.names import VIRTUAL_SITE
from lmpdrive.trajectory.frames import Chunk, Trajectory


class Subset(Trajectory):
    """`whole` with the given atoms (ascending 0-based indices) only; groups and charges are re-indexed."""

    def __init__(self, whole: Trajectory, atoms: NDArray[np.int64]) -> None:
        super().__init__(whole.path)
        self._whole, self._atoms = whole, atoms
        self.seeks, self.mapped, self.boundaries = whole.seeks, whole.mapped, whole.boundaries
        self.topology = whole.topology.take(atoms)
        self.steps, self.times_ps = whole.steps, whole.times_ps
        self.warnings, self.notes = whole.warnings, whole.notes

    def read(self, start: int, stop: int) -> Chunk:
        """Frames `start` to `stop` (exclusive)."""
        return self._whole.read(start, stop).of_atoms(self._atoms)

    def chunks(self, size: int | None = None) -> Iterator[Chunk]:
        """As those of `whole`, which may be unable to seek."""
        yield from (chunk.of_atoms(self._atoms) for chunk in self._whole.chunks(size))


def without_virtual_sites(whole: Trajectory) -> Trajectory:
    """The trajectory itself, or without its virtual sites.  Raises TrajectoryError if it has nothing else.

    Charges go too where the sites have some: what is left of them is not neutral.
    """
    sites = whole.topology.elements == VIRTUAL_SITE
    if not sites.any():
        return whole
    if sites.all():
        raise TrajectoryError(f"{whole.path} holds virtual sites only, no atoms; are the elements right?")
    whole.note(f"Left out as virtual sites, which are no atoms: {int(sites.sum())} of {whole.n_atoms}.")
    subset = Subset(whole, np.flatnonzero(~sites))
    charges = whole.topology.charges_e
    if charges is not None and charges[sites].any():
        subset.topology = replace(subset.topology, charges_e=None)
        whole.note("The virtual sites carry charges, so those of the atoms are not used.")
    return subset
