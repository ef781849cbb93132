"""The table of what the atoms were taken for, out of the notes of the summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

HEADING = "what is what"
"""How the first line of the table begins (`constituents.find`)."""
ROW = "  "


class WhatIsWhat(NamedTuple):
    """source : from how many frames; rows : (word, text); rest : the other notes."""

    source: str
    rows: tuple[tuple[str, str], ...]
    rest: tuple[str, ...]


def what_is_what(notes: Sequence[str]) -> WhatIsWhat:
    """The rows, and the notes without them; no rows where the analysis is older than the table."""
    lines = [note for note in notes if note.startswith(ROW)]
    heading = next((note for note in notes if note.startswith(HEADING)), "")
    rows = tuple((word, text.strip()) for word, _, text in (line.strip().partition("  ") for line in lines))
    rest = tuple(note for note in notes if not note.startswith((ROW, HEADING)))
    return WhatIsWhat(heading.removeprefix(f"{HEADING}, "), rows, rest)
