"""Loops that never end."""

from __future__ import annotations

from collections.abc import Iterator

from lmpdrive.lint.deck import Deck
from lmpdrive.lint.registry import Found, rule


@rule("endless-loop", "error")
def endless_loop(deck: Deck) -> Iterator[Found]:
    """A `jump` that leads back to itself, without `next` or `if` to leave the loop."""
    for i, jump in enumerate(deck.commands):
        if jump.name != "jump" or jump.conditional or jump.arg(0) not in ("SELF", jump.file):
            continue
        start = 0
        if jump.arg(1):
            labels = [k for k, c in enumerate(deck.commands[:i]) if c.name == "label" and c.arg(0) == jump.arg(1)]
            if not labels:
                continue  # forward, or a label that LAMMPS will not find
            start = labels[-1]
        between = deck.commands[start:i]
        if not any(c.name in ("next", "quit") or (c.name == "jump" and c.conditional) for c in between):
            what = f"jump {' '.join(jump.args)} comes back to itself for ever"
            yield Found(jump, what, "`variable i loop 10` before the label, and `next i` before the jump")
