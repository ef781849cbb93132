"""Frozen atoms that are nevertheless heated, counted or moved."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.lint.deck import Deck, Fix
from lmpdrive.lint.registry import Found, rule

THERMOSTATS = ("nvt", "npt", "langevin", "temp/berendsen", "temp/csvr", "temp/csld", "temp/rescale")


@rule("frozen-thermostat", "warning")
def frozen_thermostat(deck: Deck) -> Iterator[Found]:
    """A thermostat on a group with frozen atoms: they count as cold, and the others get too hot."""
    for bath in deck.fixes:
        if bath.style not in THERMOSTATS and not bath.style.startswith(("nvt/", "npt/")):
            continue
        for frozen in deck.frozen:
            together = bath.acts_with(frozen, deck.runs)
            if together and deck.share(bath.group, frozen.group) and not _own_temperature(deck, bath, frozen):
                what = f"fix {bath.id} thermostats group {bath.group}, part of which ({frozen.group}) is frozen"
                fix = f"`group mobile subtract all {frozen.group}`, and the thermostat on mobile"
                yield Found(bath.command, what, fix)
                break


def _own_temperature(deck: Deck, bath: Fix, frozen: Fix) -> bool:
    """Whether `fix_modify temp` gives the thermostat a temperature that excludes the frozen atoms."""
    groups = {c.arg(0): c.arg(1) for c in deck.computes()}
    named = [c.after("temp", 1)[:1] for c in deck.named("fix_modify") if c.arg(0) == bath.id]
    computes = [name for (name,) in (n for n in named if n)]
    return bool(computes) and not deck.share(groups.get(computes[-1], "all"), frozen.group)


@rule("frozen-momentum", "warning")
def frozen_momentum(deck: Deck) -> Iterator[Found]:
    """`fix momentum` or `recenter` with frozen atoms, which already absorb momentum and fix the frame."""
    for fix in deck.fixes:
        if fix.style not in ("momentum", "momentum/chunk", "recenter"):
            continue
        for frozen in deck.frozen:
            if fix.acts_with(frozen, deck.runs):
                moved = deck.share(fix.group, frozen.group)
                what = f"fix {fix.id} ({fix.style}) with the frozen group {frozen.group}: " + (
                    "it moves the frozen atoms" if moved else "it takes away motion that the frozen atoms allow"
                )
                yield Found(fix.command, what, f"leave fix {fix.id} out: the frozen atoms hold the frame")
                break


@rule("frozen-velocity", "warning")
def frozen_velocity(deck: Deck) -> Iterator[Found]:
    """Velocities for atoms that are frozen later: without forces they drift at constant speed."""
    for i, command in enumerate(deck.commands):
        if command.name != "velocity" or command.arg(1) != "create":
            continue
        for frozen in deck.frozen:
            stopped = any(
                c.name == "velocity" and c.arg(0) == frozen.group and c.args[1:2] in (("set",), ("zero",))
                for c in deck.commands[i + 1 :]
            )
            moved = any(
                fix.style.startswith(("nv", "np")) and deck.share(fix.group, frozen.group) for fix in deck.fixes
            )
            if not stopped and moved and deck.share(command.arg(0), frozen.group):
                what = f"velocity {command.arg(0)} create moves the frozen group {frozen.group}, and it is integrated"
                yield Found(
                    command, what, f"`velocity {frozen.group} set 0 0 0` after it, or integrate the others only"
                )
                break
