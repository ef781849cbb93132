"""Which atoms of one configuration are the slab: a sheet of the bond graph, without what only sits on it.

1. Water, hydroxide and hydronium are no part of it: an O with two or more H is left out of the graph.
2. The core is a sheet (`networks`) of one element: a metal, carbon, silicon; or else a sheet of all atoms together: an
   oxide, a salt.
3. Another element is of the slab where it is bonded to two atoms of the slab at least (or to nothing but one) and is as
   common in it as an element of a compound (a quarter of the core), or where it is embedded like an atom of an alloy:
   six neighbours of a metal, or four of a non-metal, and not all of them on one side.  A hydroxyl that sits on top, an
   adsorbed ion or molecule is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmpdrive.constituents.bonds import Bonds, is_metal
from lmpdrive.constituents.networks import Network, networks

Mask = NDArray[np.bool_]

COMPOUND = 0.25
"""Least number of atoms of an element of a compound, per atom of the core: Al in mica has 3 for 12 O."""
TOUCHING = 2
IN_METAL, IN_OTHER = 6, 4
ONE_SIDED = 0.6
"""Mean unit vector to the neighbours: 0.27 in the face of fcc(111), 0.7 and more for what sits on it."""
SOLVATED = 3
"""A metal atom with so many O or anions around it is an ion, whatever other ions are near."""
SMALLEST = 3
"""A sheet of fewer atoms is a chain of ions that happens to cross the boundary."""
_ROUNDS = 10
OF_SALTS = frozenset("Li Na K Rb Cs Mg Ca Sr Ba F Cl Br I".split())  # noqa: SIM905 (readable)
"""On a metal these are ions, however many they are: an electrolyte, not an oxide film."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """What was found in one configuration.

    atoms : (N,) mask of the slab; normal : axis along which it ends, None where there is no slab.
    filled : (N,) mask of networks without an end along three directions, or along one: crystals, glasses, melts; wires.
    """

    atoms: Mask
    normal: int | None
    filled: Mask


def find_sheet(elements: NDArray[np.str_], bonds: Bonds) -> Sheet:
    """The slab of one configuration from its bonds."""
    dry = dry_atoms(elements, bonds)
    among = bonds.among(dry)
    none = np.zeros(len(elements), dtype=bool)
    parts = _of_one_element(elements, among)
    if not any(part.normal is not None for part in parts):
        parts = parts + networks(len(elements), among)
    sheets = [part for part in parts if part.normal is not None and len(part.atoms) >= SMALLEST]
    if not sheets:
        return Sheet(none, None, _endless(parts, none))
    normal = _commonest([(part.normal, len(part.atoms)) for part in sheets])
    core = none.copy()
    for part in sheets:
        if part.normal == normal:
            core[part.atoms] = True
    return Sheet(_with_the_rest(elements, among, core & (elements != "H")), normal, none)


def dry_atoms(elements: NDArray[np.str_], bonds: Bonds) -> Mask:
    """All atoms but those of water and hydronium, and the metal ions that these surround."""
    hydrogen, oxygen = elements == "H", elements == "O"
    wet = oxygen & (bonds.count_to(hydrogen) >= 2)
    solvated = is_metal(elements) & (bonds.count_to(wet) >= SOLVATED)
    return ~wet & ~(hydrogen & (bonds.count_to(wet) > 0)) & ~solvated


def _of_one_element(elements: NDArray[np.str_], bonds: Bonds) -> list[Network]:
    """Networks of one element, without atoms that are bonded as cations are: large ions nearly touch in a salt."""
    found = []
    metal = is_metal(elements)
    cation = metal & (bonds.count_to(~metal & (elements != "H")) >= SOLVATED)
    alike = bonds.among(~cation)
    alike = alike.take(elements[alike.first] == elements[alike.second])
    for element in np.unique(elements[alike.first]):
        if element != "H":
            found += networks(len(elements), alike.among(elements == element))
    return found


def _endless(parts: list[Network], none: Mask) -> Mask:
    filled = none.copy()
    for part in parts:
        if part.dimensions in (1, 3) and len(part.atoms) >= SMALLEST:
            filled[part.atoms] = True
    return filled


def _commonest(found: list[tuple[int | None, int]]) -> int:
    votes = np.zeros(3)
    for normal, n in found:
        if normal is not None:
            votes[normal] += n
    return int(votes.argmax())


def _with_the_rest(elements: NDArray[np.str_], bonds: Bonds, core: Mask) -> Mask:
    """The core and what is of the slab besides it; of a core of several elements, without what only sits on it."""
    metal = is_metal(elements)
    core_elements = set(elements[core].tolist())
    elemental = len(core_elements) == 1
    slab, neighbours = core.copy(), bonds.count_to(np.ones(len(elements), dtype=bool))
    for _ in range(_ROUNDS):
        to_metal, to_other = bonds.count_to(slab & metal), bonds.count_to(slab & ~metal)
        embedded = (to_metal >= IN_METAL) | (to_other >= IN_OTHER)
        embedded &= bonds.one_sidedness(slab) < ONE_SIDED
        bonded = to_metal + to_other
        touching = bonded >= TOUCHING
        most = max(np.sum(slab & (elements == element)) for element in np.unique(elements[slab]))
        now = slab & (touching | embedded)
        for element in np.unique(elements[touching & (elements != "H")]):
            own = elements == element
            common = np.sum(own & touching) >= COMPOUND * most
            common &= not (elemental and element in OF_SALTS and element not in core_elements)
            # the O that ends a cut oxide has one bond, as a hydroxyl or a carbonyl has, which hold H or C besides
            of_slab = touching | ((bonded >= 1) & (neighbours == bonded))
            now = np.where(own, np.where(common, of_slab, touching & embedded), now)
        if (now == slab).all() or not now.any():
            break
        slab = now
    return slab
