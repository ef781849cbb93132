"""A slab alone in its cell, with the words for it.  Lengths in Å; a along x, b in the xy plane, c along z."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

NARROWEST_A = 5.0
"""A narrower cell lets a water molecule touch its own image."""


@dataclass(frozen=True, eq=False)
class Slab:
    """Atoms of a slab, and what is known of them."""

    atoms: Atoms
    name: str
    """In words, for example `Cu(211)`."""
    layers: tuple[np.ndarray, ...] = ()
    """Indices of each layer, bottom to top, where the builder knows them."""
    adsorbed: np.ndarray | None = None
    """Indices of what only sits on the slab of a file; None for nothing."""
    fixed: np.ndarray | None = None
    """Indices that a file fixes; None where it says nothing."""
    notes: tuple[str, ...] = ()

    @property
    def own(self) -> np.ndarray:
        """Indices of the slab without adsorbates."""
        every = np.arange(len(self.atoms))
        return every if self.adsorbed is None else np.setdiff1d(every, self.adsorbed)

    @property
    def surface_A(self) -> float:
        """Height of the highest atom."""
        return float(self.atoms.positions[:, 2].max())

    @property
    def thickness_A(self) -> float:
        """From the lowest atom to the highest."""
        return float(np.ptp(self.atoms.positions[:, 2]))

    @property
    def area_A2(self) -> float:
        """Of the cell in the plane of the surface."""
        return float(self.atoms.cell[0, 0] * self.atoms.cell[1, 1])
