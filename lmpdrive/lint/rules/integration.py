"""Atoms that are moved twice in a step, or not at all, or whose velocities are thrown away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from lmpdrive.lint.deck import Deck, Fix
from lmpdrive.lint.registry import Found, rule
from lmpdrive.lint.walk import number

MOVES = re.compile(r"(nve|nvt|npt|nph|nvk)(/|$)|(nphug|rigid.*|gle|gld|brownian.*|msst|qbmsst|pimd.*)$")
"""Fixes that advance positions and velocities by Newton's or a thermostat's equations."""
MAY_MOVE = re.compile(
    r"nve|nvt|npt|nph|nvk|rigid|gle$|gld$|brownian|msst|pimd|ipi|move|poems|integrate|sph|meso|mvv|atc|bocs|tgn|srd|lb/|rheo"
    r"|python|external|mdi|client|hyper|neb|smd|bd/|dpd|apip|pafi|gcmc|mc$|swap|widom|charge/reg"
)
"""Those, and others that may."""
NEED_A_MOVER = ("langevin", "temp/berendsen", "temp/csvr", "temp/csld", "temp/rescale")


def _during(deck: Deck, fix: Fix) -> list[int]:
    """Positions of the `run` commands, of at least one step, that a fix acts in."""
    runs = [i for i in deck.runs if deck.commands[i].name == "run" and deck.commands[i].arg(0) != "0"]
    return [i for i in runs if fix.first < i < fix.last]


@rule("integrated-twice", "error")
def integrated_twice(deck: Deck) -> Iterator[Found]:
    """Two fixes that integrate the same atoms: they move twice in every step."""
    movers = [f for f in deck.fixes if MOVES.match(f.style) and not f.command.conditional]
    for one, other in combinations(movers, 2):
        if set(_during(deck, one)) & set(_during(deck, other)) and deck.share(one.group, other.group):
            names = " and ".join(f"fix {f.id} ({f.style}, group {f.group})" for f in (one, other))
            what = f"{names} both move the atoms that are in both groups: twice as far in every step"
            yield Found(other.command, what, f"unfix {one.id} before it, or groups without common atoms")


@rule("thermostat-alone", "error")
def thermostat_alone(deck: Deck) -> Iterator[Found]:
    """`fix langevin` or another fix that only heats, and nothing that integrates: no atom moves."""
    for heat in deck.fixes:
        runs = _during(deck, heat)
        if heat.style not in NEED_A_MOVER or not runs or any(_may_move_during(deck, run) for run in runs):
            continue
        what = f"fix {heat.id} ({heat.style}) changes forces or velocities, but no fix moves the atoms"
        yield Found(heat.command, what, f"fix move {heat.group} nve")


@rule("not-integrated", "warning")
def not_integrated(deck: Deck) -> Iterator[Found]:
    """A run in which nothing moves: no nve, nvt, npt or other fix that integrates."""
    alone = {run for f in deck.fixes if f.style in NEED_A_MOVER for run in _during(deck, f)}
    for i in deck.runs:
        run = deck.commands[i]
        if run.name != "run" or (number(run.arg(0)) or 0) <= 1 or run.conditional or i in alone:
            continue
        if not _may_move_during(deck, i):
            yield Found(run, "no fix integrates the equations of motion: no atom moves in this run", "fix move all nve")
            return


def _may_move_during(deck: Deck, run: int) -> bool:
    """Whether a fix may move atoms in a run; another program, or a branch not taken, may as well."""
    foreign = deck.named("plugin", "jump", "mdi", "message", "kim")
    return bool(foreign) or any(MAY_MOVE.search(f.style) and f.first < run < f.last for f in deck.fixes)


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
