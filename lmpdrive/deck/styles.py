"""The styles that a deck asks LAMMPS for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lmpdrive.deck.commands import Command, Deck

PLACE = {"fix": 3, "compute": 3, "dump": 3, "region": 2}
"""Command -> position of its style; the name of the kind is that of the command."""
NAMED = {
    **{f"{kind}_style": kind for kind in ("pair", "bond", "angle", "dihedral", "improper", "kspace", "atom")},
    "run_style": "integrate",
    "min_style": "minimize",
}
"""Command -> kind of style that its first word names."""
ALWAYS = ("none", "delete")
"""Words in the place of a style that are none."""


@dataclass(frozen=True)
class Style:
    """Kind and name of a style, and the command that asks for it."""

    kind: str
    name: str
    command: Command


def styles_of(deck: Deck) -> Iterator[Style]:
    """Each style once; none of a deck that loads plugins, which bring styles of their own, nor named by variables."""
    if any(command.name == "plugin" for command in deck.commands):
        return
    seen = set()
    for command in deck.commands:
        kind = NAMED.get(command.name, command.name)
        place = 1 if command.name in NAMED else PLACE.get(command.name)
        if place is None or len(command.words) <= place:
            continue
        name = command.words[place]
        if "$" not in name and name not in ALWAYS and (kind, name) not in seen:
            seen.add((kind, name))
            yield Style(kind, name, command)
