"""Slab, electrolyte film and vacuum, or two slabs that face each other across the film.  Lengths in Å.

From below: the slab (lowest atom at 1 Å), the film of `water_thickness_A` above its highest atom, then vacuum; without
vacuum the film ends at the slab's next image.  With two electrodes the film ends at the second one, and the vacuum is
behind both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.config.build import Build
from lmpdrive.errors import StructureError
from lmpdrive.system.assemble import CONTACT_A, VACUUM_GAP_A
from lmpdrive.system.building.amounts import WATER_DENSITY_G_PER_CM3, WATER_VOLUME_A3, Component, components
from lmpdrive.system.building.ions import Placed, place_ions
from lmpdrive.system.building.make_slab import make_slab
from lmpdrive.system.building.slab import Slab
from lmpdrive.system.packmol import Obstacle, pack

if TYPE_CHECKING:
    from ase import Atoms

DENSEST = 1.35 / WATER_DENSITY_G_PER_CM3
"""No packing of molecules 2 Å apart is worth trying above this (water at 1 GPa has 1.23 g/cm^3)."""


@dataclass(frozen=True, eq=False)
class Film:
    """Everything that was built; `molecules` and `ions` follow the slabs in the atoms."""

    slab: Slab
    """One slab, or two as one."""
    atoms: Atoms
    components: list[Component]
    ions: list[Placed]
    closed: bool
    """Whether the film ends at a wall."""


def make_film(section: Build) -> Film:
    """The slab or slabs of `section`, with the electrolyte.

    Raises StructureError when an ion lies outside the film, or the molecules do not fit.
    """
    lower, whole, closed = _slabs(section)
    film_A = section.water_thickness_A
    ions = place_ions(section, lower, film_A, closed=closed)
    volume = lower.area_A2 * max(film_A - 2 * CONTACT_A, 0.0)
    amounts = components(section, volume, [ion.species for ion in ions])
    _must_fit(section, amounts, volume, lower.area_A2, [ion.species.waters_displaced for ion in ions])
    atoms = whole.atoms.copy()
    bottom, top = lower.surface_A + CONTACT_A, lower.surface_A + film_A - CONTACT_A
    obstacles = [Obstacle(whole.atoms), *(Obstacle(ion.atoms, ion.species.radius_A) for ion in ions)]
    kinds = [component.kind for component in amounts if component.count]
    for kind, positions in zip(
        kinds, pack(kinds, obstacles, whole.atoms.cell, section.seed, (bottom, top)), strict=True
    ):
        atoms += copies(kind.atoms, positions)
    for ion in ions:
        atoms += ion.atoms
    return Film(whole, atoms, amounts, ions, closed)


def _slabs(section: Build) -> tuple[Slab, Slab, bool]:
    """The slab below the film, all slabs as one, and whether the film ends at a wall."""
    if section.electrodes == 1:
        slab = make_slab(section)
        return slab, slab, section.vacuum_A == 0
    if section.vacuum_A == 0:
        if section.layers is None:
            raise StructureError(
                "system.build.electrodes: 2 without vacuum is one thick slab, but a slab from a file is taken as it "
                f"is: set vacuum_A to {VACUUM_GAP_A:g} or more, or electrodes: 1"
            )
        slab = make_slab(section.model_copy(update={"layers": 2 * section.layers}))
        return slab, slab, True
    if section.vacuum_A <= VACUUM_GAP_A:
        raise StructureError(
            f"system.build.vacuum_A: {section.vacuum_A:g} Å is too narrow behind two electrodes: their backs would "
            f"feel each other. Choose more than {VACUUM_GAP_A:g} Å, or 0 for one thick slab."
        )
    lower = make_slab(section)
    return lower, _facing(lower, section), True


def _facing(lower: Slab, section: Build) -> Slab:
    """`lower` and its mirror image on the other side of the film, as one."""
    film_A = section.water_thickness_A
    upper = lower.atoms.copy()
    upper.positions[:, 2] = 2 * lower.surface_A + film_A - upper.positions[:, 2]
    n = len(upper)
    both = lower.atoms + upper
    both.cell[2] = (0, 0, 2 * lower.thickness_A + film_A + section.vacuum_A)
    fixed, adsorbed = (None if own is None else np.concatenate([own, own + n]) for own in (lower.fixed, lower.adsorbed))
    # the electrolyte is above the last layer and below the first one, as in a thick slab of which it is both faces
    layers = (*(layer + n for layer in reversed(lower.layers)), *lower.layers)
    return replace(lower, atoms=both, layers=layers, adsorbed=adsorbed, fixed=fixed)


def _must_fit(section: Build, amounts: list[Component], volume_A3: float, area_A2: float, displaced: list[int]) -> None:
    thickness = section.water_thickness_A
    fills = section.waters_fill or any(s.molecules == "auto" for s in section.solvent)
    if (fills and min(c.count for c in amounts) < 0) or (fills and not any(c.count for c in amounts)):
        raise StructureError(
            f"system.build.water_thickness_A: {thickness:g} Å leaves no room for {_liquid(section)} beside "
            f"{_beside(section, len(displaced))} ({CONTACT_A} Å stay empty at either side): raise it, or repeat the "
            "cell more."
        )
    used = sum(c.count * c.volume_A3 for c in amounts)
    most = DENSEST * volume_A3 - sum(displaced) * WATER_VOLUME_A3
    if used <= most:
        return
    if section.solvent:
        raise StructureError(
            f"system.build.solvent: the molecules need {used:.0f} Å^3 at the densities of the pure liquids, but "
            f"{area_A2:.1f} Å^2 x {thickness:g} Å hold at most {max(most, 0):.0f} Å^3: lower molecules and waters, or "
            "raise water_thickness_A."
        )
    fit = round(volume_A3 / WATER_VOLUME_A3) - sum(displaced)
    raise StructureError(
        f"system.build.waters: {section.waters} do not fit: {area_A2:.1f} Å^2 x {thickness:g} Å hold {fit} at "
        f"{WATER_DENSITY_G_PER_CM3} g/cm^3 (waters: auto) and at most {max(int(most / WATER_VOLUME_A3), 0)}. Lower "
        "waters or raise water_thickness_A."
    )


def _liquid(section: Build) -> str:
    return "water" if section.waters_fill else ", ".join(s.label for s in section.solvent)


def _beside(section: Build, n_ions: int) -> str:
    given = [f"{s.molecules} {s.label}" for s in section.solvent if s.molecules != "auto"]
    return " and ".join([f"{n_ions} ions", *given])


def copies(template: Atoms, positions: np.ndarray) -> Atoms:
    """Molecules at `positions` (count, atoms, 3)."""
    from ase import Atoms as _Atoms

    return _Atoms(template.get_chemical_symbols() * len(positions), positions=positions.reshape(-1, 3))
