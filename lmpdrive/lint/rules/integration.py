"""Atoms that are moved twice in a step, or not at all, or whose velocities are thrown away."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from itertools import combinations

from lmpdrive.lint.deck import Deck, Fix
from lmpdrive.lint.registry import Found, rule
from lmpdrive.lint.walk import Command, number

MOVES = re.compile(r"(nve|nvt|npt|nph|nvk)(/|$)|(nphug|rigid.*|gle|gld|brownian.*|msst|qbmsst|pimd.*)$")
"""Fixes that advance positions and velocities by Newton's or a thermostat's equations."""
MAY_MOVE = re.compile(
    r"nve|nvt|npt|nph|nvk|rigid|gle$|gld$|brownian|msst|pimd|ipi|move|poems|integrate|sph|meso|mvv|atc|bocs|tgn|srd|lb/|rheo"
    r"|python|external|mdi|client|hyper|neb|smd|bd/|dpd|apip|pafi|gcmc|mc$|swap|widom|charge/reg"
)
"""Those, and others that may."""
UNKNOWN = ("jump", "mdi", "message", "server")
"""Commands after which another program moves atoms, or fixes may be others than those written."""
MOST_MOVERS = 200
"""Fixes and runs of a deck that are compared with each other; no deck by hand has more."""
NEED_A_MOVER = ("langevin", "temp/berendsen", "temp/csvr", "temp/csld", "temp/rescale")


def _steps(deck: Deck) -> list[int]:
    """Positions of the `run` commands of at least one step."""
    return [i for i in deck.runs if deck.commands[i].name == "run" and deck.commands[i].arg(0) != "0"]


def _meets(fix: Fix, runs: list[int]) -> bool:
    """Whether a fix acts in one of the runs (positions in order)."""
    after = bisect(runs, fix.first)
    return after < len(runs) and runs[after] < fix.last


@rule("integrated-twice", "error")
def integrated_twice(deck: Deck) -> Iterator[Found]:
    """Two fixes that integrate the same atoms: they move twice in every step."""
    runs = tuple(_steps(deck))
    movers = [f for f in deck.fixes if MOVES.match(f.style) and not f.command.conditional][:MOST_MOVERS]
    for one, other in combinations(movers, 2):
        if one.acts_with(other, runs) and deck.share(one.group, other.group):
            names = " and ".join(f"fix {f.id} ({f.style}, group {f.group})" for f in (one, other))
            what = f"{names} both move the atoms that are in both groups: twice as far in every step"
            yield Found(other.command, what, f"unfix {one.id} before it, or groups without common atoms")


@rule("thermostat-alone", "error")
def thermostat_alone(deck: Deck) -> Iterator[Found]:
    """`fix langevin` or another fix that only heats, and nothing that integrates: no atom moves."""
    still = _still(deck)
    for heat in deck.fixes:
        if heat.style in NEED_A_MOVER and _meets(heat, still):
            what = f"fix {heat.id} ({heat.style}) changes forces or velocities, but no fix moves the atoms"
            yield Found(heat.command, what, f"fix move {heat.group} nve")


@rule("not-integrated", "warning")
def not_integrated(deck: Deck) -> Iterator[Found]:
    """A run in which nothing moves, or in which atoms are left that are neither moved nor frozen."""
    still = _still(deck)
    heats = [f for f in deck.fixes if f.style in NEED_A_MOVER][:MOST_MOVERS]
    cold = (i for i in still if not any(f.first < i < f.last for f in heats))
    alone = next((deck.commands[i] for i in cold if _several(deck.commands[i])), None)
    if alone:
        yield Found(alone, "no fix integrates the equations of motion: no atom moves in this run", "fix move all nve")
    if deck.named(*UNKNOWN):
        return
    for i in (i for i in _steps(deck)[:MOST_MOVERS] if i not in still):
        acting = [f for f in deck.fixes if f.first < i < f.last]
        held = [f for f in acting if f in deck.frozen]
        left = _left(deck, [f.group for f in acting if MAY_MOVE.search(f.style) or f in held]) if held else frozenset()
        if left and deck.atoms:
            types = ", ".join(sorted({deck.types.element(t) or str(t) for t in (deck.atoms.types[a] for a in left)}))
            what = f"{len(left)} atoms ({types}) are in no group that a fix moves or freezes: they stand still"
            yield Found(deck.commands[i], what, "a group for them, e.g. group mobile subtract all frozen")
            return


def _left(deck: Deck, groups: list[str]) -> frozenset[int]:
    """Ids of the atoms in none of the groups; none where a group is not known."""
    known = [deck.members(group) for group in groups]
    if deck.atoms is None or any(ids is None for ids in known):
        return frozenset()
    return frozenset(deck.atoms.types).difference(*(ids or frozenset() for ids in known))


def _several(run: Command) -> bool:
    """More than one step, as far as is known: `run 1` only evaluates forces."""
    return (number(run.arg(0)) or 0) > 1 and not run.conditional


def _still(deck: Deck) -> list[int]:
    """Positions of runs in which no fix may move atoms; none where another program or a loop may."""
    if deck.named(*UNKNOWN):
        return []
    movers = sorted((f.first, f.last) for f in deck.fixes if MAY_MOVE.search(f.style))
    found, until, at = [], -1, 0
    for run in _steps(deck):
        while at < len(movers) and movers[at][0] < run:
            until = max(until, movers[at][1])
            at += 1
        if run > until:
            found.append(run)
    return found


@rule("frozen-barostat", "warning")
def frozen_barostat(deck: Deck) -> Iterator[Found]:
    """A barostat with frozen atoms: the cell, and the frozen atoms with it, are scaled by a pressure without them."""
    for fix in deck.fixes:
        if not fix.style.startswith(("npt", "nph", "press/berendsen", "rigid/np")):
            continue
        frozen = next((f for f in deck.frozen if fix.acts_with(f, deck.runs)), None)
        if frozen:
            what = f"fix {fix.id} ({fix.style}) scales the cell while group {frozen.group} is frozen: the frozen atoms"
            what += " are scaled along, and their forces count in the pressure although nothing answers to them"
            yield Found(fix.command, what, "nvt, in a cell that was relaxed before the atoms were frozen")


@rule("velocity-after-restart", "warning")
def velocity_after_restart(deck: Deck) -> Iterator[Found]:
    """`velocity create` after `read_restart`: the velocities of the restart file are thrown away."""
    restarted = False
    for command in deck.commands:
        if command.name == "read_restart" and not command.conditional:
            restarted = True
        elif restarted and command.name == "velocity" and command.arg(1) == "create" and not command.conditional:
            what = f"velocity {command.arg(0)} create replaces the velocities that the restart file brought"
            yield Found(command, what, "leave it out to go on with the old trajectory")
            return
