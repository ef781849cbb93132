"""Which element a name means: symbols, labels of water and ions of force fields, virtual sites.

Units: u.  A mass decides only between the readings that a name allows; it never makes an element of a name that is
none, because 15.999 may be a coarse-grained bead.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from functools import cache
from typing import TypeVar

from scipy import constants

from lmpdrive.errors import TrajectoryError

VIRTUAL_SITE = "X"
"""What stands in place of an element where there is no atom: ASE's symbol for it."""

HOW_TO_NAME_ELEMENTS = (
    "give them in type order (elements=['Au', 'H', 'Na', 'O'], on the command line --elements Au H Na O), "
    "or a LAMMPS data file whose Masses carry comments (`1 196.967 # Au`) with data= or --data"
)

SAME_MASS_U = 0.03
"""Two masses as near as this are of the same element."""
OWN_MASS_U = 0.1
"""A mass as near as this to an element's own is no sign of another element: 63.5 for Cu."""
LIGHTEST_U = 0.9
"""Whatever is lighter is a virtual site or a Drude particle."""
HEAVIEST_HYDROGEN_U = 4.1
"""Deuterium, tritium, and hydrogen to which mass was moved (repartitioning: up to four times its own)."""

_ISOTOPES = {"D": "H", "T": "H"}
_ELECTRON_U = constants.value("electron mass in u")
ISOTOPE_MASSES_U = {
    "D": constants.value("deuteron mass in u") + _ELECTRON_U,
    "T": constants.value("triton mass in u") + _ELECTRON_U,
}
_LABELS = {
    "OH2": "O",
    "O*": "O",
    "H*": "H",
    "SOD": "Na",
    "CLA": "Cl",
    "POT": "K",
    "LIT": "Li",
    "CES": "Cs",
    "RUB": "Rb",
    "CAL": "Ca",
    "BAR": "Ba",
    "CAD": "Cd",
}
"""CHARMM's water and ions, ClayFF's water."""
_WATER = re.compile(r"([OH])[_.-]?(?:W|WT|WAT|WATER|T|TIP\d?P?|SPCE?|H2O)[_.-]?\d*", re.IGNORECASE)
_CHARGED = re.compile(r"([A-Z][a-z]?)(?:\d*[+-]+|[+-]+\d*)")
_CAPITALS = {"AG", "AL", "AU", "BR", "CL", "CU", "FE", "IR", "LI", "MG", "MN", "NI", "PD", "PT", "RB", "TI", "ZN", "ZR"}
"""Symbols written in capitals that are no other label: NA, CA, CO, HO and OS are (aromatic N, alpha carbon, ...)."""
_VIRTUAL = re.compile(
    r"(?:X+|M|EP|LP|VS|VIRT?|VIRTUAL|DUM?|DUMMY|LJ|IW|GHOST|DRUDE|DP|MASSLESS|SITE)[_.-]?(?:W|WAT)?[_.-]?\d*",
    re.IGNORECASE,
)

Key = TypeVar("Key", bound=Hashable)


@cache
def standard_masses_u() -> dict[str, float]:
    """Symbol -> standard atomic mass."""
    from ase.data import atomic_masses, chemical_symbols

    return {symbol: float(mass) for symbol, mass in zip(chemical_symbols[1:], atomic_masses[1:], strict=True)}


def element_of(name: str, mass_u: float | None = None) -> str | None:
    """Symbol of the element that a name means, `VIRTUAL_SITE`, or None where it means none.

    A symbol means its element whatever the mass: `check_mass` compares the two.
    """
    name = name.strip()
    if name in standard_masses_u():
        return name
    if mass_u is not None and mass_u < LIGHTEST_U:
        return VIRTUAL_SITE
    if name in _ISOTOPES and (mass_u is None or mass_u < HEAVIEST_HYDROGEN_U):
        return _ISOTOPES[name]
    label = _known_label(name)
    if label is not None and (mass_u is None or other_element(label, mass_u) is None):
        return label
    if mass_u is not None:
        begins = (name[:2].capitalize(), name[:1].upper())
        return next((symbol for symbol in begins if is_mass_of(symbol, mass_u)), label)
    return VIRTUAL_SITE if _VIRTUAL.fullmatch(name) else None


def _known_label(name: str) -> str | None:
    """The element of a label that is the same in every force field that has it."""
    if name.upper() in _LABELS:
        return _LABELS[name.upper()]
    if match := _WATER.fullmatch(name):
        return match[1].upper()
    if (match := _CHARGED.fullmatch(name)) and match[1] in standard_masses_u():
        return match[1]
    if name in _CAPITALS or name in ("h", "o"):
        return name.capitalize()
    return None


def is_mass_of(symbol: str, mass_u: float) -> bool:
    """Whether this is the mass of an element: its own, or one that its isotopes and repartitioning give hydrogen."""
    if symbol == "H":
        return LIGHTEST_U <= mass_u <= HEAVIEST_HYDROGEN_U
    own = standard_masses_u().get(symbol)
    return own is not None and abs(mass_u - own) <= OWN_MASS_U


def other_element(element: str, mass_u: float) -> str | None:
    """The element whose mass this is where it is not the mass of `element`, else None.

    Masses that are nobody's (repartitioned, isotopes, beads) are no contradiction.
    """
    if element == VIRTUAL_SITE or is_mass_of(element, mass_u):
        return None
    return next((other for other, own in standard_masses_u().items() if abs(own - mass_u) <= SAME_MASS_U), None)


def elements_of(names: Mapping[Key, tuple[str, float | None]], where: str) -> tuple[dict[Key, str], list[str]]:
    """Key -> element, of (name, mass [u] or None) by key (the number of a type, say); and what a reader should know.

    Raises TrajectoryError that lists the names that are no elements, or a name whose mass is another element's.
    """
    found = {key: element_of(name, mass) for key, (name, mass) in names.items()}
    unknown = sorted({names[key][0] for key, element in found.items() if element is None})
    if unknown:
        raise TrajectoryError(
            f"{where}: {', '.join(map(repr, unknown))} {'is no element' if len(unknown) == 1 else 'are no elements'}, "
            f"nor a name of one that is known; {HOW_TO_NAME_ELEMENTS}"
        )
    elements = {key: str(element) for key, element in found.items()}
    for key, (name, mass) in names.items():
        check_mass(elements[key], mass, f"{where}: {name}")
    taken = {
        name: elements[key] for key, (name, _) in names.items() if elements[key] not in (name.strip(), VIRTUAL_SITE)
    }
    said = ", ".join(f"{name} as {element}" for name, element in sorted(taken.items()))
    return elements, [f"Names taken as elements: {said}."] if said else []


def check_mass(element: str, mass_u: float | None, what: str) -> None:
    """Raise TrajectoryError where the mass of `what` (a type, a name) is that of another element."""
    if mass_u is None or element == VIRTUAL_SITE:
        return
    if mass_u < LIGHTEST_U:
        raise TrajectoryError(
            f"{what} is taken as {element} but has a mass of {mass_u:g} u, less than any atom: name it X if it is a "
            "virtual site, or correct the mass"
        )
    if (other := other_element(element, mass_u)) is not None:
        raise TrajectoryError(
            f"{what} is taken as {element} ({standard_masses_u()[element]:g} u) but has the mass of {other} "
            f"({mass_u:g} u): are the elements in the order of the types? Correct the names (--elements, comments of "
            "Masses) or the mass"
        )
