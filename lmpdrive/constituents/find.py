"""`find_constituents`: who is slab, water, ion, adsorbate or other molecule, from a few configurations.

Nothing is decided by the element alone: Zn may be an electrode or an ion, O of water, of an oxide or of an anion.
See `slab`, `faces`, `layers` and `molecules` for the rules, and docs/interfaces.md for how to override them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lmpdrive.constituents.bonds import Array, Bonds, Indices, find_bonds, is_metal
from lmpdrive.constituents.faces import Slab, slabs_of
from lmpdrive.constituents.molecules import Molecules, Species, find_molecules, lasting
from lmpdrive.constituents.slab import SMALLEST, find_sheet
from lmpdrive.errors import TrajectoryError

APART_A = 4.5
"""Parts further apart along the normal are slabs of their own: more than any spacing of lattice planes, or of layers of
graphite (3.35 Å)."""
LEAST_PART = 0.05
"""Of the largest slab: fewer atoms apart from it are none, whoever named them."""
AXES = "xyz"


@dataclass(frozen=True, eq=False)
class Configuration:
    """One frame: (N, 3) positions and (3, 3) cell, Å."""

    positions: Array
    cell: Array


@dataclass(frozen=True, eq=False)
class Constituents:
    """What the atoms of a system are.

    elements : (N,); slabs : bottom to top along the normal, empty without a slab; normal : axis of the cell (0, 1, 2)
    that leaves the slab; solid : atoms of a crystal, glass, melt, wire or particle, which is no slab.
    molecules : what is neither.  notes : what had to be assumed.
    axis : name of the normal in the axes of the file, which may have been turned since.
    """

    elements: NDArray[np.str_]
    slabs: tuple[Slab, ...]
    normal: int
    solid: Indices
    molecules: Molecules
    notes: tuple[str, ...] = ()
    n_configurations: int = 1
    axis: str = "z"

    @cached_property
    def slab(self) -> Indices:
        """Atoms of all slabs."""
        return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *(one.atoms for one in self.slabs)]))

    @cached_property
    def water_oxygens(self) -> Indices:
        """O of water, hydroxide and hydronium."""
        found = self.molecules
        return np.sort(np.concatenate([found.water, found.hydroxide, found.hydronium]))

    @cached_property
    def ions(self) -> dict[str, Species]:
        """Ions by name, "Na" or "ClO4": of one atom, or of a known formula."""
        return {one.name: one for one in self.molecules.species if one.is_ion and not self._is_fragment(one)}

    @cached_property
    def others(self) -> dict[str, Species]:
        """Molecules that are no ions, free or bonded to the slab."""
        return {one.name: one for one in self.molecules.species if not one.is_ion and not self._is_fragment(one)}

    @cached_property
    def fragments(self) -> dict[str, Species]:
        """What is made of O and H alone and is no water: adsorbed O, H and OH, O2, H2."""
        return {one.name: one for one in self.molecules.species if self._is_fragment(one)}

    def _is_fragment(self, one: Species) -> bool:
        return set(self.elements[one.members[0]].tolist()) <= {"O", "H"}

    def lines(self) -> list[str]:
        """A table for a person: what was found, atom by atom counted."""
        seen = f"{self.n_configurations} frames" if self.n_configurations > 1 else "one frame"
        rows = [f"what is what, from {seen} (--slab, --surface and --normal override it):"]
        for number, one in enumerate(self.slabs, start=1):
            name = "slab" if len(self.slabs) == 1 else f"slab {number}"
            layers = f"{len(one.layers)} layers" if len(one.layers) > 1 else "one layer" if one.layers else "no layers"
            rows.append(
                f"  {name:10}{composition(self.elements[one.atoms])}: {layers}, normal along {self.axis}; "
                f"surface plane: {one.plane_in_words(self.elements)}"
            )
        if not self.slabs:
            rows.append("  slab      none")
        if len(self.solid):
            rows.append(f"  solid     {composition(self.elements[self.solid])}: fills the cell, or has no plane")
        found = self.molecules
        wet = {"H2O": found.water, "OH": found.hydroxide, "H3O": found.hydronium}
        rows.append("  water     " + (", ".join(f"{len(o)} {name}" for name, o in wet.items() if len(o)) or "none"))
        for title, group in (("ions", self.ions), ("molecules", self.others), ("pieces", self.fragments)):
            if group:
                rows.append(f"  {title:10}" + ", ".join(self._counted(one) for one in group.values()))
        return rows

    def _counted(self, one: Species) -> str:
        text = f"{len(one.members)} {one.name}"
        return text if len(one.members[0]) == 1 else f"{text} (counted at {self.elements[one.centres[0]]})"


def composition(elements: NDArray[np.str_]) -> str:
    """Elements and numbers of atoms: "Ti48 O96", metals first."""
    count = Counter(elements.tolist())
    order = sorted(count, key=lambda element: (not bool(is_metal(np.array([element]))[0]), element))
    return " ".join(f"{element}{count[element]}" for element in order)


def find_constituents(
    elements: NDArray[np.str_],
    configurations: Sequence[Configuration],
    *,
    slab: Indices | None = None,
    layers: Sequence[Indices] = (),
    normal: int | None = None,
) -> Constituents:
    """What the atoms are, from configurations of one system, the more apart in time the better.

    slab, layers : atoms of the slab, and its layers bottom to top, where they are known; an empty slab means none.
    normal : axis of the cell that leaves the slab, where it is known; else where the slab ends, c without a slab.

    Raises TrajectoryError if there is no configuration.
    """
    if not configurations:
        raise TrajectoryError("no configuration was given")
    bonds = [find_bonds(elements, one.positions, one.cell) for one in configurations]
    found_normal, solid = 2 if normal is None else normal, np.zeros(len(elements), dtype=bool)
    notes: list[str] = []
    if slab is None:
        slab, found_normal, solid = _vote(elements, bonds, normal)
    axis = found_normal if normal is None else normal
    frames = [turned(one, axis) for one in configurations]
    slabs = tuple(slabs_of(elements, np.sort(slab), frames, APART_A, layers)) if len(slab) else ()
    largest = max((len(one.atoms) for one in slabs), default=0)
    slabs = tuple(one for one in slabs if len(one.atoms) >= max(SMALLEST, LEAST_PART * largest))
    if len(slab) and not slabs:
        notes.append("The slab fills the cell along the normal: there is no surface.")
        solid[slab] = True
    inside = np.zeros(len(elements), dtype=bool)
    for one in slabs:
        inside[one.atoms] = True
    solid &= ~inside
    molecules = find_molecules(elements, lasting(bonds, len(elements)), inside | solid)
    found = (slabs, axis, np.flatnonzero(solid), molecules, tuple(notes), len(configurations), AXES[axis])
    return Constituents(elements, *found)


def turned(one: Configuration, normal: int) -> tuple[Array, Array]:
    """Positions and cell with the axes in cyclic order so that `normal` comes last."""
    order = [(normal + 1) % 3, (normal + 2) % 3, normal]
    return one.positions[:, order], one.cell[np.ix_(order, order)]


def _vote(
    elements: NDArray[np.str_], bonds: Sequence[Bonds], normal: int | None
) -> tuple[Indices, int, NDArray[np.bool_]]:
    """The atoms that are slab in most configurations, the normal, and what fills the cell in most."""
    sheets = [find_sheet(elements, one) for one in bonds]
    with_slab = [sheet for sheet in sheets if sheet.normal is not None]
    none = np.zeros(0, dtype=np.int64)
    if 2 * len(with_slab) <= len(sheets):
        filled = np.mean([sheet.filled for sheet in sheets], axis=0) > 0.5
        return none, 2 if normal is None else normal, filled
    axis = Counter(int(sheet.normal) for sheet in with_slab if sheet.normal is not None).most_common(1)[0][0]
    share = np.mean([sheet.atoms for sheet in with_slab], axis=0)
    return np.flatnonzero(share > 0.5), axis, np.zeros(len(elements), dtype=bool)


def known_slab(groups: Mapping[str, Indices]) -> tuple[Indices | None, list[Indices]]:
    """Slab and layers from the groups that a run's builder wrote: `metal`, `layer_1`, `layer_2`, ...; None if none."""
    numbered = sorted((int(name[6:]), name) for name in groups if name[:6] == "layer_" and name[6:].isdigit())
    return groups.get("metal"), [groups[name] for _, name in numbered]
