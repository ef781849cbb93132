"""The potentials of a deck: each `pair_style` with its `pair_coeff` commands, those of hybrid styles one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lmpdrive.lint.atom_types import MOST_TYPES
from lmpdrive.lint.deck import Deck, plain
from lmpdrive.lint.elements import NULL, is_element
from lmpdrive.lint.walk import Command, number

LEARNED_WORDS = """
aenet aenet/4tn agni allegro allegro/stress allegro3232 allegro6464 chgnet chgnet/d3 chgnet/gpu deepmd deepspin
e3gnn e3gnn/parallel flare gap grace grace/1l grace/1layer/chunk grace/2l grace/2layer/chunk grace/fs hdnnp m3gnet mace
mattersim metatensor metatomic mliap mlip mtp nep nequip nequip/stress nnp orb pace pace/extrapolation pod quip rann
snap sus2mtp tabgap uf3
"""
LEARNED = frozenset(LEARNED_WORDS.split())
"""Machine-learned pair styles, those of LAMMPS and those of common custom builds."""
EMPIRICAL_WORDS = """
adp airebo airebo/morse bop comb comb3 drip eam/alloy eam/cd eam/cd/old eam/fs eam/he edip edip/multi eim extep gw
gw/zbl kim lcbop meam meam/c meam/ms meam/spline meam/sw/spline nb3b/harmonic nb3b/screened polymorphic reax/c reaxff
rebo rebomos smtbq sw sw/angle/table sw/mod tersoff tersoff/mod tersoff/mod/c tersoff/shift tersoff/table tersoff/zbl
threebody/table vashishta vashishta/table
"""
EMPIRICAL = frozenset(EMPIRICAL_WORDS.split())
"""Other many-body styles that name the element of each type in `pair_coeff`."""
LAYERED_WORDS = """
aip/water/2dm d3 dispersion/d3 ilp/graphene/hbn ilp/tmd kolmogorov/crespi/full kolmogorov/crespi/z lebedeva/z saip/metal
"""
LAYERED = frozenset(LAYERED_WORDS.split())
"""Pair potentials that name elements in the same way."""
DISPERSION = frozenset(("d3", "dispersion/d3", "chgnet/d3"))
MANY_BODY = LEARNED | EMPIRICAL | {"eam"}
NAMES_ELEMENTS = LEARNED | EMPIRICAL | LAYERED
NAMES_NONE = frozenset(("hdnnp/external", "mtp", "mlip", "nep", "nnp", "python", "table"))
"""Styles whose last words are something else: a keyword of a table, a class of Python."""
OTHERS = frozenset(("coul/cut", "coul/dsf", "coul/long", "coul/wolf", "lj/cut", "morse", "table", "zbl", "zero"))
LABEL = re.compile(r"[A-Za-z][\w+-]*")


@dataclass(frozen=True)
class Potential:
    """A pair style, or one of a hybrid style, with its arguments."""

    style: str
    args: tuple[str, ...]
    command: Command


@dataclass(frozen=True)
class Coefficient:
    """A `pair_coeff`: the types as they are written, and the words after the name of the style."""

    command: Command
    style: str
    types: tuple[str, str]
    words: tuple[str, ...]
    hybrid: bool

    def labels(self, count: int) -> list[str]:
        """What stands for the types 1..count; empty if this style names nothing, or only NULL."""
        if self.types != ("*", "*") or self.style in NAMES_NONE:
            return []
        words = list(self.words[-MOST_TYPES:])
        words = [symbol_of(w) for w in words] if self.style == "quip" else words
        known = self.style in NAMES_ELEMENTS or is_many_body(self.style)
        found: list[str] = []
        while words and (is_element(words[-1]) or words[-1] == NULL or (known and LABEL.fullmatch(words[-1]))):
            found.append(words.pop())
        found.reverse()
        if count and len(found) > count:
            found = found[-count:]
        return [] if all(name == NULL for name in found) else found


def potentials(deck: Deck) -> list[Potential]:
    """The potentials of the last `pair_style`."""
    last = deck.last("pair_style")
    if last is None:
        return []
    if not _is_hybrid(last):
        return [Potential(plain(last.arg(0)), last.args[1:], last)]
    named = {c.arg(2) for c in deck.named("pair_coeff")}
    at = [i for i, word in enumerate(last.args) if i > 0 and _is_style(word, named)]
    ends = [*at[1:], len(last.args)]
    return [Potential(plain(last.args[i]), last.args[i + 1 : end], last) for i, end in zip(at, ends, strict=True)]


def _is_style(word: str, named: set[str]) -> bool:
    style = plain(word)
    return word in named or style in MANY_BODY or style in LAYERED or style in OTHERS


def many_body(deck: Deck) -> list[Potential]:
    """Potentials in which an atom's energy depends on all of its neighbours at once, one of each style."""
    return list({p.style: p for p in potentials(deck) if is_many_body(p.style)}.values())


def is_many_body(style: str) -> bool:
    """Whether a style is a many-body one; GRACE has many variants."""
    return style in MANY_BODY or style.startswith("grace/")


def types_in(deck: Deck, style: str) -> set[int]:
    """Types to which a potential applies: all but those it calls NULL."""
    count = deck.types.count
    every = set(range(1, min(count, MOST_TYPES) + 1))
    named = [c.labels(count) for c in coefficients(deck) if c.style == style and c.types == ("*", "*")]
    found: set[int] = set()
    for labels in named:
        found |= {t for t, label in enumerate(labels, start=1) if label != NULL}
    return found & every if any(named) else every


def coefficients(deck: Deck) -> list[Coefficient]:
    """All `pair_coeff` commands, each read by the `pair_style` before it."""
    found: list[Coefficient] = []
    style: Command | None = None
    for command in deck.commands:
        if command.name == "pair_style":
            style = command
        elif command.name == "pair_coeff" and len(command.args) >= 2:
            found.append(_coefficient(command, style))
    return found


def _coefficient(command: Command, style: Command | None) -> Coefficient:
    types = (command.args[0], command.args[1])
    if style is None or not _is_hybrid(style):
        return Coefficient(command, plain(style.arg(0)) if style else "", types, command.args[2:], False)
    name, words = command.arg(2), command.args[3:]
    if style.args.count(name) > 1 and words[:1] and number(words[0]) is not None:
        words = words[1:]  # which of several instances
    return Coefficient(command, plain(name), types, words, True)


def _is_hybrid(command: Command) -> bool:
    return plain(command.arg(0)).startswith("hybrid")


def symbol_of(word: str) -> str:
    """Chemical symbol of an atomic number; any other word as it is."""
    from ase.data import chemical_symbols

    z = number(word)
    return chemical_symbols[int(z)] if z is not None and z == int(z) and 0 < z < len(chemical_symbols) else word
