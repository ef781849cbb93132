"""The slab that `system.build` asks for, its lowest atom at 1 Å.  Lengths in Å."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmpdrive.config.build import Build
from lmpdrive.config.substances import SLABS
from lmpdrive.errors import StructureError
from lmpdrive.system.assemble import BOTTOM_A
from lmpdrive.system.building.metals import metal_slab
from lmpdrive.system.building.named import named_slab
from lmpdrive.system.building.slab import NARROWEST_A, Slab
from lmpdrive.system.building.slab_file import slab_of_file

ASIDE_A = 0.4
"""Sideways for the same reason as BOTTOM_A: rows of atoms lie on x = 0 and y = 0 otherwise."""


def make_slab(section: Build) -> Slab:
    """Of a metal, by name, or from a file.  Raises StructureError for a cell too narrow for a molecule."""
    if section.metal is not None:
        slab = metal_slab(section)
    elif section.slab in SLABS:
        slab = named_slab(section)
    else:
        slab = slab_of_file(section)
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
        adsorbed=None if slab.adsorbed is None else np.sort(place[slab.adsorbed]),
        fixed=None if slab.fixed is None else np.sort(place[slab.fixed]),
    )
