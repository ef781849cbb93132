"""Dumps of a deck with what `dump_modify` says to each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lmpdrive.lint.deck import Deck
from lmpdrive.lint.walk import Command

COMPRESSED = ("gz", "zstd", "mpiio", "adios")


@dataclass(frozen=True)
class Dump:
    """A dump: its style without that of its compression, its columns, its `dump_modify` commands."""

    id: str
    style: str
    columns: tuple[str, ...]
    command: Command
    modified: tuple[Command, ...]

    def says(self, keyword: str) -> bool:
        """Whether a `dump_modify` has this keyword."""
        return any(keyword in c.args[1:] for c in self.modified)


def dumps(deck: Deck) -> Iterator[Dump]:
    """The dumps that are written by a run."""
    modified: dict[str, list[Command]] = {}
    found = []
    for command in reversed(deck.commands):
        if command.name == "dump_modify":
            modified.setdefault(command.arg(0), []).append(command)
        elif command.name in ("dump", "undump"):
            own = tuple(reversed(modified.pop(command.arg(0), ())))
            if command.name == "dump" and len(command.args) >= 5:
                head, slash, tail = command.arg(2).rpartition("/")
                style = head if slash and tail in COMPRESSED else command.arg(2)
                found.append(Dump(command.arg(0), style, command.args[5:], command, own))
    yield from reversed(found)
