"""Runs that lose everything when they stop, or continue when they should stop."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.lint.deck import Deck
from lmpdrive.lint.registry import Found, rule
from lmpdrive.lint.walk import number

LONG_STEPS = 10_000
"""Shorter runs are repeated sooner than they are repaired."""


def long(deck: Deck) -> bool:
    """Whether the runs of known length add up to a long one."""
    return sum(number(c.arg(0)) or 0 for c in deck.dynamics) >= LONG_STEPS


@rule("no-restart", "warning")
def no_restart(deck: Deck) -> Iterator[Found]:
    """No restart file is written in a run of 10 000 steps or more: a killed run has to start from the beginning."""
    if not long(deck) or any(number(c.arg(0)) != 0 for c in deck.named("restart")):
        return
    if deck.named("write_restart"):
        what, level = "restart files are written at the end only: a killed run has none", "note"
    else:
        what, level = "no restart file is written", None
    yield Found(deck.dynamics[-1], what, "restart 10000 a.restart b.restart", level)  # type: ignore[arg-type]


@rule("lost-atoms", "warning")
def lost_atoms(deck: Deck) -> Iterator[Found]:
    """`thermo_modify lost ignore|warn`: the run continues without the atoms that were lost."""
    for command in deck.named("thermo_modify"):
        mode = command.after("lost")[:1]
        if mode and mode[0] in ("ignore", "warn"):
            what = f"lost {mode[0]}: atoms that leave the box are dropped, and the run continues"
            yield Found(command, what, "lost error; a wall (fix wall/reflect) for what evaporates")


@rule("no-halt", "warning")
def no_halt(deck: Deck) -> Iterator[Found]:
    """No `fix halt` in a run of 10 000 steps or more: an unstable trajectory is run to its end and averaged."""
    if long(deck) and not any(fix.style == "halt" for fix in deck.fixes):
        fix = "`variable T equal temp` and `fix too_hot all halt 10 v_T > 3000 error hard`, ten times the temperature"
        yield Found(deck.dynamics[0], "nothing stops the run when it explodes", fix)
