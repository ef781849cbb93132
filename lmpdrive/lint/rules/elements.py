"""The order of elements: what LAMMPS cannot know, and silently gets wrong."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.lint.deck import Deck
from lmpdrive.lint.dumps import dumps
from lmpdrive.lint.elements import AMU, NULL, Types, by_mass, is_element, symbol
from lmpdrive.lint.potentials import NAMES_ELEMENTS, coefficients
from lmpdrive.lint.registry import Found, Level, rule

KNOWS_NAMES = ("deepmd", "deepspin")
"""Styles that take LAMMPS type i for the model's type i when no elements are named."""


def _differences(named: list[str], types: Types) -> list[str]:
    """`type 1 is H here and O in system.data`, for the types where that is so."""
    return [
        f"type {t} is {name} here and {element} in {types.source}"
        for t, (name, element) in enumerate(zip(named, types.elements()), start=1)
        if element and name != NULL and is_element(name) and symbol(name) != element
    ]


def _stand_in(named: list[str], types: Types) -> bool:
    """Whether elements that no type has are named: one part of a hybrid may treat C as Si on purpose."""
    wrong = {symbol(n) for n, e in zip(named, types.elements()) if e and is_element(n) and symbol(n) != e}
    return not wrong & set(types.elements())


def _right(types: Types) -> str:
    return " ".join(element or "?" for element in types.elements())


@rule("pair-coeff-order", "error")
def pair_coeff_order(deck: Deck) -> Iterator[Found]:
    """Elements of `pair_coeff * *` in a different order than the types of the data file."""
    types = deck.types
    for coefficient in coefficients(deck):
        named = coefficient.labels(types.count)
        if not named or not types.count:
            continue
        if len(named) == types.count:
            if wrong := _differences(named, types):
                fix = f"in the order of the types: {_right(types)}"
                level: Level | None = "warning" if coefficient.hybrid and _stand_in(named, types) else None
                yield Found(coefficient.command, "pair_coeff: " + "; ".join(wrong), fix, level)
        elif coefficient.style in NAMES_ELEMENTS:
            what = f"pair_coeff names {len(named)} elements, {types.source} has {types.count} types"
            yield Found(coefficient.command, what, f"one for each type: {_right(types)}")


@rule("pair-coeff-no-elements", "warning")
def pair_coeff_no_elements(deck: Deck) -> Iterator[Found]:
    """`pair_style deepmd` without elements: type i of LAMMPS is type i of the model, whatever that is."""
    for coefficient in coefficients(deck):
        if coefficient.style in KNOWS_NAMES and not coefficient.words:
            what = "no elements named: LAMMPS' type i is the model's type i, in the order of its training"
            style = f"{coefficient.style} " if coefficient.hybrid else ""
            yield Found(coefficient.command, what, f"pair_coeff * * {style}{_right(deck.types) or 'H O Pt'}")


@rule("dump-element-order", "error")
def dump_element_order(deck: Deck) -> Iterator[Found]:
    """Elements of `dump_modify element` in a different order than the types, so the file has the wrong elements."""
    types = deck.types
    named_by_pairs = [e for c in coefficients(deck) if (e := c.labels(types.count)) and all(map(is_element, e))]
    for dump in dumps(deck):
        for command in dump.modified:
            words = command.after("element", 1)
            if types.count and any(types.elements()):
                if wrong := _differences(list(words[: types.count]), types):
                    yield Found(command, "dump_modify element: " + "; ".join(wrong), f"element {_right(types)}")
            elif named_by_pairs and words:
                named = [symbol(e) for e in named_by_pairs[-1]]
                given = [symbol(w) for w in words[: len(named)]]
                if given != named:
                    what = f"dump_modify has {' '.join(given)}, pair_coeff {' '.join(named)}"
                    yield Found(command, what, "one of them is wrong: both follow the types", "warning")


@rule("mass-element", "error")
def mass_element(deck: Deck) -> Iterator[Found]:
    """The element in the comment after a mass in the data file does not match the mass."""
    read = deck.last("read_data")
    types = deck.types
    for type_, name in types.names.items():
        mass = types.masses.get(type_)
        other = by_mass(mass)
        if deck.units in AMU and other and other != name:
            what = f"type {type_} of {types.source} is called {name}, but its mass {mass:g} is that of {other}"
            yield Found(read, what, "correct the mass or the name; the order of the types is probably wrong")


@rule("data-missing", "note")
def data_missing(deck: Deck) -> Iterator[Found]:
    """No data file gives the types, so the order of elements was not checked."""
    types = deck.types
    read = deck.last("read_data", "read_restart")
    if read and not types.count:
        why = f"{types.missing} cannot be read" if types.missing else f"{read.arg(0)} does not tell the atom types"
        yield Found(read, f"{why}: the order of elements was not checked", "--data FILE")
