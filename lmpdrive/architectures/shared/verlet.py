"""A neighbour list with a skin, made again only when an atom has moved far (Verlet, Phys. Rev. 159, 98 (1967))."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import sqrt
from typing import Any

import numpy as np

from lmpdrive.architectures import Configuration
from lmpdrive.common.compiled import load

SKIN_A = 0.3


@cache
def neighbours_within(cutoff_A: float) -> VerletList:
    """One list for each cutoff in this process, so that the members of a committee search once."""
    return VerletList(cutoff_A)


class VerletList:
    """All pairs within the cutoff, both ways, sorted by their first atom.

    builds : how often the list was made.
    """

    def __init__(self, cutoff_A: float, skin_A: float = SKIN_A) -> None:
        import vesin

        self.cutoff_A, self.skin_A = cutoff_A, skin_A
        self.builds = 0
        self._search = vesin.NeighborList(cutoff=cutoff_A + skin_A, full_list=True, sorted=True)
        self._of: Configuration | None = None
        self._last: Configuration | None = None
        self._found: Any = None
        self._cell = np.zeros((3, 3))
        self._within = load("lmpdrive.architectures.shared.pairs").within

    def pairs(self, configuration: Configuration) -> Any:
        """Atoms `i` and `j`, `vectors` from i to the image of j and their `lengths` [Å], of pairs within the cutoff.

        Asked again for the same object it has them still; they are not to be changed.
        """
        if configuration is not self._last:
            self._found, self._last = self._find(configuration), configuration
        return self._found

    def _find(self, configuration: Configuration) -> Any:
        if self._of is None or not self._holds(self._of, configuration):
            self._make(configuration)
        return self._within(configuration.positions, self._i, self._j, self._shift, self.cutoff_A)

    def _holds(self, of: Configuration, now: Configuration) -> bool:
        """Whether no pair can have come within the cutoff since the list was made.

        LAMMPS wraps and sorts its atoms now and then; a wrapped or sorted atom looks as if it had moved far.
        """
        if not np.array_equal(of.numbers, now.numbers) or tuple(of.pbc) != tuple(now.pbc):
            return False
        moved = now.positions - of.positions
        approach = 2 * sqrt(float(np.einsum("ij,ij->i", moved, moved).max()))
        if not np.array_equal(self._cell, now.cell):
            self._cell, self._shift = now.cell.copy(), self._images @ now.cell
        if not np.array_equal(of.cell, now.cell) and len(self._images):
            approach += float(np.linalg.norm(self._images @ (now.cell - of.cell), axis=1).max())
        return approach < self.skin_A

    def _make(self, configuration: Configuration) -> None:
        i, j, images = self._search.compute(
            points=configuration.positions, box=configuration.cell, periodic=configuration.pbc, quantities="ijS"
        )
        self._i, self._j, self._images = i.astype(np.int32), j.astype(np.int32), images.astype(float)
        self._cell = configuration.cell.copy()
        self._shift = self._images @ self._cell
        numbers, positions = configuration.numbers.copy(), configuration.positions.copy()
        self._of = replace(configuration, numbers=numbers, positions=positions, cell=self._cell)
        self.builds += 1
