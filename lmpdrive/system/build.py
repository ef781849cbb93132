"""Slabs with an electrolyte film, and bulk liquids: `system.build`.  Lengths in Å."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lmpdrive.config.build import Build
from lmpdrive.errors import StructureError
from lmpdrive.system.assemble import assemble
from lmpdrive.system.building.film import Film, make_film
from lmpdrive.system.building.liquid import make_liquid
from lmpdrive.system.building.molecules import Species
from lmpdrive.system.building.slab import Slab
from lmpdrive.system.model import BuiltSystem, PlacedIons
from lmpdrive.system.overlaps import check_overlaps


def build(section: Build, *, fixed_layers: int = 0, two_sided: bool | None = None) -> BuiltSystem:
    """The system that `section` describes; the same section gives the same atoms.

    Raises StructureError when the cell is too small, an ion lies outside the film, or the molecules do not
    fit.
    """
    if section.liquid is not None:
        return _liquid(section)
    film = make_film(section)
    check_overlaps(film.atoms, "the built system", "Move the ions (ion_heights_A), or try another system.build.seed.")
    two = f", {section.electrodes} electrodes" if section.electrodes > 1 else ""
    ions = _placed([ion.species for ion in film.ions], len(film.atoms))
    name = f"{film.slab.name} {section.repeat[0]}x{section.repeat[1]}{two}{_solvents(film)}"
    system = assemble(
        film.atoms,
        source=f"built {name}, seed {section.seed}",
        fixed_layers=fixed_layers,
        two_sided=film.closed if two_sided is None else two_sided,
        fixed=_outermost(film.slab, section, fixed_layers) if film.slab.fixed is None else film.slab.fixed,
        film_A=section.water_thickness_A,
        notes=film.slab.notes,
        slab=film.slab.own,
        layers=film.slab.layers,
        ion_charge_e=_charge_e(ions),
    )
    return replace(system, placed_ions=ions)


def _solvents(film: Film) -> str:
    """Molecules other than `waters` in words."""
    others = [f"{c.count} {c.species.label}" for c in film.components if c.section is not None]
    return f" with {', '.join(others)}" if others else ""


def _liquid(section: Build) -> BuiltSystem:
    liquid = make_liquid(section)
    check_overlaps(liquid.atoms, "the built liquid", "Try another system.build.seed.")
    ions = _placed([species for species, count in liquid.ions for _ in range(count)], len(liquid.atoms))
    source = f"built {liquid.name}, seed {section.seed}"
    system = assemble(liquid.atoms, source=source, fixed_layers=0, two_sided=True, ion_charge_e=_charge_e(ions))
    return replace(system, placed_ions=ions)


def _charge_e(ions: Sequence[PlacedIons]) -> int:
    return sum(ion.charge_e for ion in ions)


def _placed(ions: Sequence[Species], n_atoms: int) -> tuple[PlacedIons, ...]:
    """By kind, from the ions in their order; they are the last of the atoms."""
    sizes = [len(ion.atoms) for ion in ions]
    first = n_atoms - sum(sizes) + np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    found: dict[str, PlacedIons] = {}
    for ion, start, size in zip(ions, first, sizes, strict=False):
        before = found.get(ion.label, PlacedIons(ion.label, np.zeros(0, dtype=int), 0))
        atoms = np.concatenate([before.atoms, np.arange(start, start + size)])
        found[ion.label] = PlacedIons(ion.label, atoms, before.charge_e + ion.charge_e)
    return tuple(found.values())


def _outermost(slab: Slab, section: Build, fixed_layers: int) -> np.ndarray | None:
    """The outer layers of two electrodes, which in a thick slab are in its middle; None for one."""
    if section.electrodes == 1 or not fixed_layers or not slab.layers:
        return None
    each = len(slab.layers) // 2
    if fixed_layers > each:
        raise StructureError(
            f"dynamics.fixed_layers: {fixed_layers}, but each electrode has {each} layers: choose 0 to {each}"
        )
    return np.sort(np.concatenate(slab.layers[each - fixed_layers : each + fixed_layers]))
