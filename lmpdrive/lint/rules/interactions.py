"""Interactions in the wrong unit, of the wrong element, counted twice or without effect."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lmpdrive.lint.atom_types import spread
from lmpdrive.lint.deck import Deck
from lmpdrive.lint.potentials import DISPERSION, coefficients, potentials
from lmpdrive.lint.registry import Found, rule
from lmpdrive.lint.walk import Command, number

EV_ANGSTROM_WORDS = """
agni allegro chgnet d3 e3gnn e3gnn/parallel flare gap m3gnet mace mattersim mliap mlip mtp nep nequip orb
pod quip rann sus2mtp tabgap uf3
"""
EV_ANGSTROM = frozenset(EV_ANGSTROM_WORDS.split())
"""Styles that return eV and eV/Å whatever `units` says; deepmd, eam, sw convert, pace and dispersion/d3 refuse."""
MOST_TYPES = 50
"""Every pair of types is looked at; a deck with more types has no elements behind them."""
SAYS_D3 = re.compile(r"(?<![A-Za-z0-9])d3(?![A-Za-z0-9])", re.IGNORECASE)
CHARGES = ("qeq", "dplr", "electrode", "charge", "acks2", "python", "external", "property/atom", "store", "mdi")
"""Fixes with one of these words in their style give atoms charges."""


@rule("pair-units", "error")
def pair_units(deck: Deck) -> Iterator[Found]:
    """`units` other than metal with a pair style that returns eV and Å whatever they are."""
    for potential in potentials(deck):
        if potential.style in EV_ANGSTROM and deck.units != "metal" and deck.runs:
            what = f"{potential.style} gives eV and eV/Å, which units {deck.units} takes for its own: all energies and"
            yield Found(deck.last("units") or potential.command, f"{what} forces are wrong", "units metal")
            return


@rule("zbl-charges", "error")
def zbl_charges(deck: Deck) -> Iterator[Found]:
    """Nuclear charges of `pair_style zbl` that are not those of the elements."""
    from ase.data import atomic_numbers

    said: dict[tuple[int, int], tuple[float, float, Command]] = {}
    for coefficient in coefficients(deck):
        charges = [number(w) for w in coefficient.words[:2]]
        if coefficient.style != "zbl" or len(charges) < 2 or None in charges or deck.types.count > MOST_TYPES:
            continue
        first, second = (spread(word, deck.types) for word in coefficient.types)
        for pair in ((i, j) for i in first for j in second if i <= j):
            said[pair] = (charges[0] or 0.0, charges[1] or 0.0, coefficient.command)
    wrong: dict[Command, list[str]] = {}
    for pair, (*charges, command) in said.items():
        for type_, charge in zip(pair, charges):
            element = deck.types.element(type_)
            if element and charge != atomic_numbers[element]:
                text = f"type {type_} is {element} with charge {atomic_numbers[element]}, not {charge:g}"
                if text not in wrong.setdefault(command, []):
                    wrong[command].append(text)
    for command, texts in wrong.items():
        what = f"zbl: {'; '.join(texts)} ({deck.types.source})"
        yield Found(command, what, "one pair_coeff for each pair of types, with the atomic numbers of both")


@rule("dispersion-twice", "error")
def dispersion_twice(deck: Deck) -> Iterator[Found]:
    """D3 dispersion counted twice: by two styles (error), or by a style and a model named after it (warning)."""
    every = potentials(deck)
    corrections = [p for p in every if p.style in DISPERSION]
    if len(corrections) > 1:
        names = " and ".join(p.style for p in corrections)
        yield Found(corrections[0].command, f"dispersion is added twice, by {names}", "keep one of them")
        return
    files = [w for p in every if p.style not in DISPERSION for w in p.args]
    files += [w for c in coefficients(deck) if c.style not in DISPERSION for w in c.words]
    named = next((w for w in files if SAYS_D3.search(w.rpartition("/")[2])), None)
    if corrections and named:
        what = f"{corrections[0].style} adds dispersion to {named}, whose name says that it was trained with D3"
        yield Found(corrections[0].command, what, f"leave {corrections[0].style} out, if the model has it", "warning")


@rule("efield-no-charge", "warning")
def efield_no_charge(deck: Deck) -> Iterator[Found]:
    """`fix efield` on atoms without charges: the field does nothing."""
    atoms = deck.atoms
    given = deck.named("set", "molecule") or any(word in f.style for f in deck.fixes for word in CHARGES)
    if atoms is None or atoms.charges is None or given or any(atoms.charges.values()):
        return
    for fix in deck.fixes:
        if fix.style == "efield":
            what = f"all charges of {deck.types.source} are 0, and the deck sets none: fix {fix.id} exerts no force"
            fix_ = "set type 1 charge 0.4 (and so on), or a model with charges or an electric field of its own"
            yield Found(fix.command, what, fix_)
