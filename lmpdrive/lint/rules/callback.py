"""Decks whose forces come from a program through `fix external`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lmpdrive.lint.deck import Deck, plain
from lmpdrive.lint.registry import Found, rule

NO_FORCES = re.compile(
    r"(nve|nvt|npt|nph|nvk|langevin|temp/|press/|momentum|recenter|halt|print|vector|ave/|store|setforce|freeze|move"
    r"|shake|rattle|rigid|balance|dt/reset|deform|box/relax|enforce2d|property/atom|controller)"
)
"""Fixes that move, measure, heat or hold atoms without forces of their own; others may have some."""
BONDED = ("kspace_style", "bond_style", "angle_style", "dihedral_style", "improper_style")


@rule("callback-missing", "error")
def callback_missing(deck: Deck) -> Iterator[Found]:
    """`pair_style zero` and no `fix external`: every force is zero."""
    style = deck.last("pair_style")
    if style is None or plain(style.arg(0)) != "zero" or not (deck.dynamics or deck.named("minimize")):
        return
    bonded = any(c.arg(0) not in ("zero", "none") for c in deck.named(*BONDED))
    if not bonded and all(NO_FORCES.match(fix.style) for fix in deck.fixes):
        what = "pair_style zero computes nothing, and no fix gives the atoms forces"
        fix = "`fix model all external pf/callback 1 1`, and run the deck with `lmpdrive run-deck in.lammps`"
        yield Found(style, what, fix)


@rule("callback-energy", "warning")
def callback_energy(deck: Deck) -> Iterator[Found]:
    """`fix external` whose energy and virial do not enter pe, etotal and press."""
    for fix in deck.fixes:
        if fix.style != "external" or not deck.runs:
            continue
        modified = [c for c in deck.named("fix_modify") if c.arg(0) == fix.id]
        lacking = [key for key in ("energy", "virial") if not any(c.after(key, 1)[:1] == ("yes",) for c in modified)]
        if lacking:
            what = f"{' and '.join(lacking)} of fix {fix.id} not counted: pe, etotal or press lack the model's part"
            yield Found(fix.command, what, f"fix_modify {fix.id} energy yes virial yes")


@rule("callback-interval", "warning")
def callback_interval(deck: Deck) -> Iterator[Found]:
    """`fix external pf/callback` that does not request new forces at every step."""
    for fix in deck.fixes:
        if fix.style == "external" and fix.args[:1] == ("pf/callback",) and fix.args[1:3] not in (("1", "1"), ()):
            what = f"fix {fix.id} asks for forces every {' and applies them every '.join(fix.args[1:3])} steps"
            yield Found(fix.command, what, "pf/callback 1 1")
