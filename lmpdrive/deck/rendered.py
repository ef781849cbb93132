"""What rendering gives: the text of a deck, and of the files that it includes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.run_files import DECK
from lmpdrive.deck.commands import Deck, parse_deck


@dataclass(frozen=True)
class RenderedDeck:
    """The texts by file name: `in.lammps` and what it includes."""

    files: Mapping[str, str]

    @property
    def text(self) -> str:
        """The deck itself."""
        return self.files[DECK]

    @property
    def deck(self) -> Deck:
        """Its commands and those of the other files."""
        return parse_deck(self.text, DECK, self.files.get)

    def write(self, folder: Path) -> None:
        """Write all files; those of an older deck are replaced."""
        for name, text in self.files.items():
            write_atomically(folder / name, text)
