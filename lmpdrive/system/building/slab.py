"""The slab that `system.build` asks for, alone in its cell, with the words for it.  Lengths in Å.

Its lowest atom is at 1 Å; a lies along x, b in the xy plane and c along z.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.config.build import Build
from lmpdrive.config.substances import SLABS
from lmpdrive.errors import StructureError
from lmpdrive.system.assemble import BOTTOM_A

if TYPE_CHECKING:
    from ase import Atoms

NARROWEST_A = 5.0
"""A narrower cell lets a water molecule touch its own image."""
ASIDE_A = 0.4
"""Sideways for the same reason as BOTTOM_A: rows of atoms lie on x = 0 and y = 0 otherwise."""


@dataclass(frozen=True, eq=False)
class Slab:
    """Atoms of a slab, and what is known of them."""

    atoms: Atoms
    name: str
    """In words, for example `Cu(211)`."""
    layers: tuple[np.ndarray, ...] = ()
    """Indices of each layer, bottom to top, where the builder knows them."""
    fixed: np.ndarray | None = None
    """Indices that a file fixes; None where it says nothing."""
    notes: tuple[str, ...] = ()

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

    def in_cell_of_height(self, height_A: float) -> Slab:
        """The same with another height of the cell; positions stay."""
        atoms = self.atoms.copy()
        atoms.cell[2] = (0, 0, height_A)
        return replace(self, atoms=atoms)


def make_slab(section: Build) -> Slab:
    """Of a metal, by name, or from a file.  Raises StructureError for a cell too narrow for a molecule."""
    from lmpdrive.system.building import named, slab_file
    from lmpdrive.system.building.metals import metal_slab

    if section.metal is not None:
        slab = metal_slab(section)
    elif section.slab in SLABS:
        slab = named.named_slab(section)
    else:
        slab = slab_file.slab_of_file(section)
    return _placed(slab, section)


def _placed(slab: Slab, section: Build) -> Slab:
    """Off the boundaries of the cell, wide enough, and from the bottom upwards."""
    atoms = slab.atoms.copy()
    widths = slab.area_A2 / atoms.cell.lengths()[[1, 0]]  # between opposite sides
    if widths.min() < NARROWEST_A:
        nx, ny = section.repeat
        raise StructureError(
            f"system.build.repeat: [{nx}, {ny}] gives a cell of {widths[0]:.2f} x {widths[1]:.2f} Å; at least "
            f"{NARROWEST_A:g} Å are needed each way, else a molecule touches its own image: repeat more."
        )
    z = atoms.positions[:, 2]
    atoms.positions += (ASIDE_A, ASIDE_A, BOTTOM_A - z.min())
    atoms.cell[2] = (0, 0, slab.thickness_A + section.water_thickness_A + section.vacuum_A)
    atoms.set_pbc(True)
    atoms.wrap()
    order = np.lexsort((atoms.positions[:, 0], atoms.positions[:, 1].round(6), atoms.positions[:, 2].round(6)))
    place = np.argsort(order)
    return replace(
        slab,
        atoms=atoms[order],
        layers=tuple(np.sort(place[layer]) for layer in slab.layers),
        fixed=None if slab.fixed is None else np.sort(place[slab.fixed]),
    )
