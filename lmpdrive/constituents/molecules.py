"""What the other atoms belong to: water, hydroxide, hydronium, ions and molecules, from bonds that last.

A bond of the consensus is there in more than half of the configurations examined.  Between metals, and between a metal
and anything, there is none: Zn in [Zn(OH2)6] and Na beside ClO4 are ions of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmpdrive.constituents.bonds import Bonds, Indices, is_metal
from lmpdrive.constituents.networks import networks

IONS = {
    "HO": -1, "H3O": 1, "H4N": 1, "ClO4": -1, "ClO3": -1, "NO3": -1, "NO2": -1, "O4S": -2, "HO4S": -1, "O4P": -3,
    "HO4P": -2, "H2O4P": -1, "CO3": -2, "CHO3": -1, "F6P": -1, "BF4": -1, "CHO2": -1, "C2H3O2": -1, "CNS": -1, "CN": -1,
    "N3": -1, "C2F6NO4S2": -1, "F2NO4S2": -1, "CF3O3S": -1, "BrO3": -1, "IO3": -1, "I3": -1, "BH4": -1, "F2H": -1,
}  # fmt: skip
"""Formula (Hill's order) of polyatomic ions -> charge in e; every other molecule is taken to be neutral."""

ATOMIC_IONS = dict.fromkeys(("Li", "Na", "K", "Rb", "Cs", "Ag", "Tl"), 1)
ATOMIC_IONS |= dict.fromkeys(("F", "Cl", "Br", "I"), -1)
ATOMIC_IONS |= dict.fromkeys(("Be", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd", "Cu", "Ni", "Co", "Mn", "Fe", "Pb"), 2)
ATOMIC_IONS |= dict.fromkeys(("Al", "Ga", "In", "Sc", "Y", "La", "Gd", "Cr"), 3)
"""Usual charge in water of an ion of one atom, in e."""

USUAL_NAMES = {
    "HO": "OH", "H4N": "NH4", "O4S": "SO4", "HO4S": "HSO4", "O4P": "PO4", "HO4P": "HPO4", "H2O4P": "H2PO4",
    "F6P": "PF6", "CHO3": "HCO3", "CNS": "SCN", "C2F6NO4S2": "TFSI", "F2NO4S2": "FSI", "F2H": "HF2", "CHO2": "HCOO",
    "C2H3O2": "CH3COO", "CF3O3S": "CF3SO3", "CH4O": "CH3OH", "C2H6O": "C2H5OH", "C2H3N": "CH3CN", "H3N": "NH3",
}  # fmt: skip
"""Where chemists write another formula; of isomers the common one."""


@dataclass(frozen=True, eq=False)
class Species:
    """All ions or molecules of one formula.

    name : "Na", "ClO4", "CH3OH"; members : atoms of each; centres : (n,) the atom at which each is counted: the one
    with the most bonds, of several the heaviest.
    """

    name: str
    members: tuple[Indices, ...]
    centres: Indices
    is_ion: bool

    charge_e: int | None
    """Usual charge of one of them; 0 of a molecule, None of an atom whose charge is not known."""

    @property
    def atoms(self) -> Indices:
        """All atoms of the species."""
        return np.sort(np.concatenate(self.members))


@dataclass(frozen=True, eq=False)
class Molecules:
    """What is not slab.

    water, hydroxide, hydronium : (n,) their O; species : everything else by name; hydrogen : H that belong to none.
    """

    water: Indices
    hydroxide: Indices
    hydronium: Indices
    species: tuple[Species, ...]
    hydrogens: Indices
    """H that belong to the O of water, hydroxide and hydronium."""


def lasting(frames: Sequence[Bonds], n_atoms: int) -> Bonds:
    """Bonds that more than half of the configurations have, whatever the image."""
    keys = [np.unique(one.first * n_atoms + one.second) for one in frames]
    found, count = np.unique(np.concatenate(keys), return_counts=True)
    often = found[2 * count > len(frames)]
    first, second = often // n_atoms, often % n_atoms
    nowhere = np.zeros((len(often), 3))
    return Bonds(first, second, nowhere.astype(np.int64), nowhere, np.ones(len(often)))


def find_molecules(elements: NDArray[np.str_], bonds: Bonds, slab: NDArray[np.bool_]) -> Molecules:
    """Everything that is not slab, from the lasting bonds."""
    free, metal = ~slab, is_metal(elements)
    among = bonds.among(free & ~metal)
    hydrogen, oxygen = elements == "H", elements == "O"
    n_hydrogens = among.count_to(hydrogen)
    alone = oxygen & free & (among.count_to(~hydrogen) == 0)
    wet = alone & (n_hydrogens >= 1) & (n_hydrogens <= 3)
    # a hydroxyl on a metal or an oxide is an adsorbate, not a hydroxide in solution
    wet &= ~((n_hydrogens == 1) & (bonds.count_to(slab) > 0))
    own = hydrogen & (among.count_to(wet) > 0)
    rest = free & ~wet & ~own
    return Molecules(
        np.flatnonzero(wet & (n_hydrogens == 2)),
        np.flatnonzero(wet & (n_hydrogens == 1)),
        np.flatnonzero(wet & (n_hydrogens == 3)),
        _species(elements, among.among(rest), rest),
        np.flatnonzero(own),
    )


def _species(elements: NDArray[np.str_], bonds: Bonds, rest: NDArray[np.bool_]) -> tuple[Species, ...]:
    groups = [part.atoms for part in networks(len(elements), bonds)]
    bonded = np.concatenate([np.zeros(0, dtype=np.int64), *groups])
    groups += [np.array([atom]) for atom in np.setdiff1d(np.flatnonzero(rest), bonded)]
    by_name: dict[str, list[Indices]] = {}
    for group in groups:
        by_name.setdefault(formula(elements[group].tolist()), []).append(group)
    degree = bonds.count_to(rest)
    return tuple(
        Species(
            USUAL_NAMES.get(name, name),
            tuple(members),
            np.array([_centre(elements, degree, member) for member in members]),
            name in IONS or len(members[0]) == 1,
            ATOMIC_IONS.get(name) if len(members[0]) == 1 else IONS.get(name, 0),
        )
        for name, members in sorted(by_name.items())
    )


def formula(elements: Sequence[str]) -> str:
    """Hill's order: C, then H, then the others by name."""
    count = Counter(elements)
    first = [element for element in ("C", "H") if element in count] if "C" in count else []
    order = [*first, *sorted(set(count) - set(first))]
    return "".join(element + (str(count[element]) if count[element] > 1 else "") for element in order)


def _centre(elements: NDArray[np.str_], degree: Indices, member: Indices) -> int:
    from ase.data import atomic_numbers

    number = np.array([atomic_numbers[element] for element in elements[member]])
    return int(member[np.lexsort((-member, number, degree[member]))[-1]])
