"""The commands of a deck's text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_EXTERNAL = re.compile(r"^\s*fix\s+(\S+)\s+\S+\s+external\s+pf/callback\b")


def external(command: str) -> str | None:
    """ID of a `fix ID ... external pf/callback`; None for any other command."""
    match = _EXTERNAL.match(re.sub(r"&\s*\n", " ", command))
    return match[1] if match else None


def commands(deck: str) -> Iterator[str]:
    """The deck's text in pieces of one command: lines joined by `&` or within triple quotes stay together."""
    piece = ""
    for line in deck.splitlines(keepends=True):
        piece += line
        if line.rstrip().endswith("&") or piece.count('"""') % 2:
            continue
        yield piece
        piece = ""
    if piece:
        yield piece


def cut_minimisation(command: str, steps: int) -> str:
    """A `minimize` with at most so many steps; any other command as it is."""
    words = command.replace("&", " ").split()
    if words[:1] != ["minimize"] or len(words) < 5:
        return command
    return " ".join([*words[:3], str(min(int(words[3]), steps)), words[4]]) + "\n"
