"""How many molecules fill a volume.  Volumes in Å^3, densities in g/cm^3.

The molecules' volumes add up (ideal mixing): v = M / density; an ion takes the room of some waters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lmpdrive.common.units import G_PER_CM3_PER_U_PER_A3, WATER_MOLAR_MASS_G_PER_MOL
from lmpdrive.config.electrolyte import Electrolyte, Solvent
from lmpdrive.system.building.molecules import Species, solvent, water
from lmpdrive.system.packmol import Kind

if TYPE_CHECKING:
    from lmpdrive.config.build import Liquid

WATER_DENSITY_G_PER_CM3 = 0.997
"""Liquid water at 298 K."""
WATER_VOLUME_A3 = WATER_MOLAR_MASS_G_PER_MOL * G_PER_CM3_PER_U_PER_A3 / WATER_DENSITY_G_PER_CM3


@dataclass(frozen=True, eq=False)
class Component:
    """A kind of molecule, how many there are, and the volume of one."""

    species: Species
    count: int
    volume_A3: float
    section: Solvent | None = None
    """None for `waters`."""

    @property
    def kind(self) -> Kind:
        """As packmol takes it."""
        return Kind(self.species.label, self.species.atoms, self.count)


def components(
    section: Electrolyte, volume_A3: float, ions: Sequence[Species], density_g_per_cm3: float | None = None
) -> list[Component]:
    """Waters and solvents of `section` in a volume; counts that are `auto` fill what the others and the ions leave.

    With a density, they fill up the mass.  A count is negative where there is no room.
    """
    found = [_of(s) for s in section.solvent]
    if density_g_per_cm3 is not None:
        mass = density_g_per_cm3 * volume_A3 / G_PER_CM3_PER_U_PER_A3 - sum(ion.mass_u for ion in ions)
        return _of_mass(section, found, mass)
    displaced = sum(species.waters_displaced for species in ions)
    if section.waters_fill:
        room = volume_A3 - sum(c.count * c.volume_A3 for c in found)
        waters = round(room / WATER_VOLUME_A3) - displaced
    else:
        waters = 0 if section.waters == "auto" else int(section.waters)
        room = volume_A3 - (waters + displaced) * WATER_VOLUME_A3 - sum(c.count * c.volume_A3 for c in found)
        found = _filled(found, room)
    return [Component(water(), waters, WATER_VOLUME_A3), *found]


def volume_of(section: Liquid, ions: Sequence[Species]) -> float:
    """Volume that the counts give: at the density of the whole liquid where it is given, else at the molecules' own."""
    parts = [Component(water(), 0 if section.waters == "auto" else section.waters, WATER_VOLUME_A3)]
    parts += [_of(s) for s in section.solvent]
    if section.density_g_per_cm3 is not None:
        mass = sum(c.count * c.species.mass_u for c in parts) + sum(ion.mass_u for ion in ions)
        return mass * G_PER_CM3_PER_U_PER_A3 / section.density_g_per_cm3
    displaced = sum(ion.waters_displaced for ion in ions) * WATER_VOLUME_A3
    return displaced + sum(c.count * c.volume_A3 for c in parts)


def _of(section: Solvent) -> Component:
    species = solvent(section)
    volume = species.mass_u * G_PER_CM3_PER_U_PER_A3 / section.pure_density_g_per_cm3
    return Component(species, 0 if section.molecules == "auto" else section.molecules, volume, section)


def _of_mass(section: Electrolyte, found: list[Component], mass_u: float) -> list[Component]:
    """Counts with which waters and solvents together have a mass."""
    rest = mass_u - sum(c.count * c.species.mass_u for c in found)
    waters = 0 if section.waters == "auto" else int(section.waters)
    if section.waters_fill:
        waters = round(rest / water().mass_u)
    else:
        rest -= waters * water().mass_u
        each = sum(_fraction(c) * c.species.mass_u for c in found)
        found = [replace(c, count=round(rest * _fraction(c) / each)) if _fraction(c) else c for c in found]
    return [Component(water(), waters, WATER_VOLUME_A3), *found]


def _fraction(component: Component) -> float:
    """Of the molecules that fill the room; 0 for those whose number is given."""
    section = component.section
    return section.fraction if section and section.molecules == "auto" else 0.0


def _filled(found: list[Component], room_A3: float) -> list[Component]:
    """With counts for those that are `auto`, in the ratio of their fractions."""
    each = sum(_fraction(c) * c.volume_A3 for c in found)
    return [replace(c, count=round(room_A3 * _fraction(c) / each)) if _fraction(c) else c for c in found]
