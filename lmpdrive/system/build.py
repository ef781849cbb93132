"""Slabs with an electrolyte film, and bulk liquids: `system.build`.  Lengths in Å."""

from __future__ import annotations

import numpy as np

from lmpdrive.config.build import Build
from lmpdrive.errors import StructureError
from lmpdrive.system.assemble import assemble
from lmpdrive.system.building.film import Film, make_film
from lmpdrive.system.building.liquid import make_liquid
from lmpdrive.system.model import BuiltSystem
from lmpdrive.system.overlaps import check_overlaps


def build(section: Build, *, fixed_layers: int = 0, two_sided: bool | None = None) -> BuiltSystem:
    """The system that `section` describes; the same section gives the same atoms.

    Raises StructureError when the cell is too small, an ion lies outside the film, or the molecules do not
    fit.
    """
    if section.liquid is not None:
        liquid = make_liquid(section)
        check_overlaps(liquid.atoms, "the built liquid", "Try another system.build.seed.")
        return assemble(
            liquid.atoms, source=f"built {liquid.name}, seed {section.seed}", fixed_layers=0, two_sided=True
        )
    film = make_film(section)
    check_overlaps(film.atoms, "the built system", "Move the ions (ion_heights_A), or try another system.build.seed.")
    two = f", {section.electrodes} electrodes" if section.electrodes > 1 else ""
    return assemble(
        film.atoms,
        source=f"built {film.slab.name} {section.repeat[0]}x{section.repeat[1]}{two}, seed {section.seed}",
        fixed_layers=fixed_layers,
        two_sided=film.closed if two_sided is None else two_sided,
        fixed=film.slab.fixed if film.slab.fixed is not None else _outermost(film, section, fixed_layers),
        film_A=section.water_thickness_A,
        notes=film.slab.notes,
    )


def _outermost(film: Film, section: Build, fixed_layers: int) -> np.ndarray | None:
    """The outer layers of two electrodes; None for one."""
    if section.electrodes == 1 or not fixed_layers or not film.slab.layers:
        return None
    layers = film.slab.layers
    each = len(layers) // 2
    if fixed_layers > each:
        raise StructureError(
            f"dynamics.fixed_layers: {fixed_layers}, but each electrode has {each} layers: choose 0 to {each}"
        )
    # in the order of a thick slab the backs of both electrodes are in its middle
    return np.sort(np.concatenate(layers[each - fixed_layers : each + fixed_layers]))
