"""Slabs known by name: graphene, graphite, rutile (110).  Lengths in Å."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lmpdrive.config.build import Build
from lmpdrive.system.building.cut import cut
from lmpdrive.system.building.slab import Slab

if TYPE_CHECKING:
    from ase import Atoms

GRAPHITE_A, GRAPHITE_C = 2.464, 6.711
"""Trucano and Chen, Nature 258, 136 (1975): C-C 1.423 Å, layers 3.356 Å apart."""


class Rutile(NamedTuple):
    """Space group P4_2/mnm; O at (u, u, 0)."""

    a_A: float
    c_A: float
    u: float


RUTILES = {
    "Ti": Rutile(4.593, 2.959, 0.3051),
    "Ru": Rutile(4.4919, 3.1066, 0.3058),
    "Ir": Rutile(4.5051, 3.1586, 0.3077),
}
"""TiO2: Abrahams and Bernstein, J. Chem. Phys. 55, 3206 (1971); RuO2: Boman, Acta Chem. Scand. 24, 116 (1970); IrO2:
Bolzan et al., Acta Cryst. B 53, 373 (1997)."""


def named_slab(section: Build) -> Slab:
    """The slab called `section.slab`; a layer is a sheet of carbon, or O-M2O2-O of an oxide."""
    assert section.slab and section.layers
    metal, oxide, _ = section.slab.partition("O2(110)")
    if oxide:
        return cut(_rutile(metal), (1, 1, 0), section.layers, section.repeat, section.slab)
    several = f"graphene of {section.layers} layers" if section.layers > 1 else "graphene"
    return _carbon(section.layers, section.repeat, several if section.slab == "graphene" else "graphite(0001)")


def _rutile(metal: str) -> Atoms:
    from ase.spacegroup import crystal

    a, c, u = RUTILES[metal]
    atoms: Atoms = crystal([metal, "O"], [(0, 0, 0), (u, u, 0)], spacegroup=136, cellpar=(a, a, c, 90, 90, 90))
    return atoms


def _carbon(layers: int, repeat: tuple[int, int], name: str) -> Slab:
    """Sheets in AB stacking: in the orthogonal cell (a, √3 a) every other one is shifted by a bond along y."""
    from ase import Atoms as _Atoms

    width = np.sqrt(3) * GRAPHITE_A
    sheet = np.array([(0, 0, 0), (0, 1 / 3, 0), (1 / 2, 1 / 2, 0), (1 / 2, 5 / 6, 0)])
    scaled = np.concatenate([sheet + np.array([0, (k % 2) / 3, k]) for k in range(layers)])
    cell = (GRAPHITE_A, width, GRAPHITE_C / 2)
    atoms = _Atoms(f"C{len(scaled)}", positions=scaled * cell, cell=cell, pbc=True).repeat((*repeat, 1))
    atoms.wrap(pbc=(True, True, False))
    sheets = np.rint(atoms.positions[:, 2] / cell[2]).astype(int)
    return Slab(atoms, name, tuple(np.flatnonzero(sheets == k) for k in range(layers)))
