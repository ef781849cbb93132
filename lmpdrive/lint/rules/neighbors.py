"""Neighbours that a potential does not get: the energy is wrong, and LAMMPS says nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lmpdrive.lint.atom_types import spread
from lmpdrive.lint.deck import Deck
from lmpdrive.lint.potentials import Potential, many_body, potentials, types_in
from lmpdrive.lint.registry import Found, rule
from lmpdrive.lint.walk import Command, number

BONDED_STYLES = {"angle", "bond", "full", "molecular", "template"}
"""Atom styles with bonds."""
NONE = (0.0, 0.0, 0.0)
SPECIAL = {
    "amber": ((0.0, 0.0, 0.5), (0.0, 0.0, 5 / 6)),
    "charmm": (NONE, NONE),
    "dreiding": ((0.0, 0.0, 1.0), (0.0, 0.0, 1.0)),
}
"""Weights of lj and coul of 1-2, 1-3 and 1-4 neighbours."""
KEEPS_SPECIAL = ("coul/wolf", "coul/dsf", "coul/exclude", "thole", "coul/long/gauss")
"""Pair styles with which, as with kspace, LAMMPS keeps pairs of weight 0 in its lists (neighbor.cpp)."""
EXCLUDE_ARGUMENTS = {"type": 2, "group": 2, "molecule": 1, "molecule/intra": 1, "molecule/inter": 1, "none": 0}
SKIN_A = 2.0
"""LAMMPS' default for `units` metal and real."""
KELVIN_FALLBACK = 300.0
BOLTZMANN = 0.831446
"""k_B in u Å^2 / ps^2 / K."""
FASTEST = 3.0
"""Speed of the fastest of some thousand atoms in units of sqrt(k_B T / m)."""


@rule("special-bonds", "error")
def special_bonds(deck: Deck) -> Iterator[Found]:
    """Bonds under a many-body potential with `special_bonds` 0: bonded pairs leave its neighbour list."""
    style = deck.last("atom_style")
    lacking = [f"1-{n}" for n, kept in zip((2, 3), _kept(deck)) if not kept]
    if style is None or not BONDED_STYLES & set(style.args) or not lacking or not deck.runs:
        return
    for potential in many_body(deck):
        if _bonds_within(deck, potential):
            said = deck.last("special_bonds")
            what = f"{' and '.join(lacking)} neighbours by bonds have weight 0" + ("" if said else " by default")
            what += f": they leave the neighbour list of {potential.style}, which loses their energy and forces"
            yield Found(said or potential.command, what, "special_bonds lj/coul 1 1 1")


def _kept(deck: Deck) -> list[bool]:
    """Whether 1-2, 1-3 and 1-4 neighbours stay in the lists: a weight is not 0, or kspace needs them."""
    coulomb = [c for c in deck.named("kspace_style") if c.arg(0) != "none"]
    listed = any(part in p.style for p in potentials(deck) for part in KEEPS_SPECIAL)
    if coulomb or listed or any("special" in c.args for c in deck.named("delete_bonds")):
        return [True] * 3
    lj: tuple[float, ...] = NONE
    coul: tuple[float, ...] = NONE
    for command in deck.named("special_bonds"):
        for i, word in enumerate(command.args):
            weights = tuple(math.nan if (w := number(a)) is None else w for a in command.args[i + 1 : i + 4])
            if word in SPECIAL:
                lj, coul = SPECIAL[word]
            elif word in ("lj", "coul", "lj/coul") and len(weights) == 3:
                lj = weights if word != "coul" else lj
                coul = weights if word != "lj" else coul
    return [a != 0 or b != 0 for a, b in zip(lj, coul)]


def _bonds_within(deck: Deck, potential: Potential) -> bool:
    """Whether there are bonds between atoms of the types that a potential acts on."""
    atoms, types = deck.atoms, types_in(deck, potential.style)
    if atoms is not None:
        return any(atoms.types.get(i) in types and atoms.types.get(j) in types for i, j in atoms.bonds)
    everything = len(types) == deck.types.count
    return everything and deck.types.bonds > 0


@rule("neigh-exclude", "error")
def neigh_exclude(deck: Deck) -> Iterator[Found]:
    """`neigh_modify exclude` or `include` with a many-body potential: the atoms left have other energies too."""
    if any(fix.style == "dplr" for fix in deck.fixes) or not deck.runs:
        return  # DPLR needs its virtual sites excluded
    for potential in many_body(deck):
        types = types_in(deck, potential.style)
        for command, words in _exclusions(deck):
            if _touches(deck, words, types):
                what = f"{' '.join(words)} takes neighbours away from {potential.style}: the energy of every atom near"
                what += " those pairs changes, not only that of the pairs"
                fix = "take it out; fix setforce 0 0 0 alone holds frozen atoms"
                yield Found(command, what, fix)


def _exclusions(deck: Deck) -> list[tuple[Command, tuple[str, ...]]]:
    """`exclude ...` and `include GROUP` in force at the end, as they are written."""
    found: list[tuple[Command, tuple[str, ...]]] = []
    for command in deck.named("neigh_modify"):
        i = 0
        while i < len(command.args):
            taken = 1
            if command.args[i] == "exclude":
                taken = 1 + EXCLUDE_ARGUMENTS.get(command.arg(i + 1), 0)
                if command.arg(i + 1) == "none":
                    found = [f for f in found if f[1][0] != "exclude"]
                else:
                    found.append((command, command.args[i : i + 1 + taken]))
            elif command.args[i] == "include":
                found = [f for f in found if f[1][0] != "include"]
                if command.arg(i + 1) != "all":
                    found.append((command, command.args[i : i + 2]))
            i += 1 + taken
    return found


def _touches(deck: Deck, words: tuple[str, ...], types: set[int]) -> bool:
    """Whether an exclusion concerns pairs of the given types, as far as that can be known."""
    if len(types) == deck.types.count or words[0] == "include" or words[1].startswith("molecule"):
        return True
    for word in words[2:]:
        if words[1] == "type":
            inside = bool(types & set(spread(word, deck.types)))
        else:
            ids = deck.members(word)
            inside = ids is None or any(deck.atoms.types[i] in types for i in ids) if deck.atoms else True
        if not inside:
            return False
    return True


@rule("neigh-interval", "warning")
def neigh_interval(deck: Deck) -> Iterator[Found]:
    """Neighbour lists kept so long that the fastest atoms cross half the skin: forces are missed."""
    masses = [m for m in deck.types.masses.values() if m > 0]
    found = _interval(deck)
    if deck.units not in ("metal", "real") or not masses or found is None or deck.types.placeholders():
        return
    command, interval = found
    step = next((t for r in deck.runs if (t := deck.timestep(r - 1))), None)
    if not step or step <= 0 or not deck.dynamics or deck.moves_electrons:
        return
    ps = (deck.fs(interval * step) or 0.0) / 1000
    kelvin = _temperature(deck)
    way = FASTEST * math.sqrt(BOLTZMANN * kelvin / min(masses)) * ps
    half = _skin(deck) / 2
    if way > half:
        what = f"neighbours are looked for every {interval:g} steps ({1000 * ps:g} fs), in which the fastest atom of"
        what += f" {min(masses):g} u goes {way:.2g} Å at {kelvin:g} K; half the skin is {half:g} Å"
        yield Found(command, what, "neigh_modify every 1 delay 0 check yes")


def _interval(deck: Deck) -> tuple[Command, float] | None:
    """The command that set it, and the steps before which a list is never made again."""
    values = {"every": 1.0, "delay": 0.0}
    last: Command | None = None
    for command in deck.named("neigh_modify"):
        for keyword in values:
            words = command.after(keyword)[:1]
            value = number(words[0]) if words else None
            if words:
                values[keyword] = math.nan if value is None else value
                last = command
        if command.after("once")[:1] == ("yes",):
            return None
    interval = max(values.values())
    return None if last is None or math.isnan(sum(values.values())) else (last, interval)


def _skin(deck: Deck) -> float:
    skins = [s for c in deck.named("neighbor") if (s := number(c.arg(0))) is not None]
    return skins[-1] if skins else SKIN_A


def _temperature(deck: Deck) -> float:
    """The highest temperature [K] that the deck gives its atoms, as far as it is known."""
    words = [c.arg(2) for c in deck.named("velocity") if c.arg(1) == "create"]
    for fix in deck.fixes:
        bath = fix.style == "langevin" or fix.style.startswith("temp/")
        words += fix.args[:2] if bath else fix.command.after("temp")[:2]
    return max((t for w in words if (t := number(w)) is not None and t < 1e5), default=KELVIN_FALLBACK)
