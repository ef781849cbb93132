"""How a stage tells its caller what it does: one line of text at a time."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]


def silent(line: str) -> None:
    """Say nothing: the default of the library, where the command line prints."""
