"""A bulk liquid or electrolyte in a periodic orthogonal cell.  Lengths in Å."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.config.build import Build, Liquid
from lmpdrive.errors import StructureError
from lmpdrive.system.building.amounts import Component, components, volume_of
from lmpdrive.system.building.film import DENSEST, copies
from lmpdrive.system.building.molecules import Species, ion
from lmpdrive.system.building.slab import NARROWEST_A
from lmpdrive.system.packmol import Kind, pack

if TYPE_CHECKING:
    from ase import Atoms

KEY = "system.build.liquid"


@dataclass(frozen=True, eq=False)
class BulkLiquid:
    """Molecules, then ions, in the order of the YAML file."""

    atoms: Atoms
    name: str
    components: list[Component]
    ions: list[tuple[Species, int]]


def make_liquid(section: Build) -> BulkLiquid:
    """The liquid of `section.liquid`.  Raises StructureError for a cell that is too narrow or too full."""
    from ase import Atoms as _Atoms

    liquid = section.liquid
    assert liquid is not None
    if liquid.cell_A is None and liquid.waters == "auto":
        liquid = liquid.model_copy(update={"waters": 0})  # the cell has just the room that the numbers need
    ions = [(ion(name, liquid), count) for name, count in liquid.ions.items() if count]
    cell = _cell(liquid, ions)
    volume = float(np.prod(cell))
    density = liquid.density_g_per_cm3 if liquid.cell_A is not None else None
    amounts = components(liquid, volume, [species for species, count in ions for _ in range(count)], density)
    _must_fit(amounts, volume, cell)
    kinds = [c.kind for c in amounts if c.count]
    kinds += [Kind(species.label, species.atoms, count, species.radius_A) for species, count in ions]
    cure = f"Raise {KEY}.cell_A, lower its density_g_per_cm3 or the numbers of molecules"
    atoms = _Atoms(cell=cell, pbc=True)
    for kind, positions in zip(kinds, pack(kinds, [], np.diag(cell), section.seed, cure=cure), strict=True):
        atoms += copies(kind.atoms, positions)
    return BulkLiquid(atoms, f"bulk liquid ({', '.join(f'{k.count} {k.label}' for k in kinds)})", amounts, ions)


def _cell(liquid: Liquid, ions: list[tuple[Species, int]]) -> np.ndarray:
    """Edges of the cell."""
    if liquid.cell_A is not None:
        cell = np.broadcast_to(np.array(liquid.cell_A, dtype=float), (3,))
    else:
        volume = volume_of(liquid, [species for species, count in ions for _ in range(count)])
        cell = np.full(3, np.cbrt(volume))
    if cell.min() < NARROWEST_A:
        raise StructureError(
            f"{KEY}: the cell is {' x '.join(f'{edge:.2f}' for edge in cell)} Å; at least {NARROWEST_A:g} Å are needed "
            "each way, else a molecule touches its own image: take more molecules or a larger cell_A."
        )
    return cell


def _must_fit(amounts: list[Component], volume_A3: float, cell: np.ndarray) -> None:
    edges = " x ".join(f"{edge:.2f}" for edge in cell)
    used = sum(c.count * c.volume_A3 for c in amounts)
    if min(c.count for c in amounts) < 0:
        raise StructureError(f"{KEY}: the ions leave no room for molecules in {edges} Å: raise cell_A or lower ions")
    if used > DENSEST * volume_A3:
        raise StructureError(
            f"{KEY}: the molecules need {used:.0f} Å^3 at the densities of the pure liquids, but {edges} Å are "
            f"{volume_A3:.0f} Å^3: lower their numbers or the density, or raise cell_A."
        )
