"""What rendering gives: the text of a deck and of the files that it includes, and the other files that it reads."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.run_files import DECK
from lmpdrive.deck.commands import Deck, parse_deck


@dataclass(frozen=True)
class RenderedDeck:
    """The texts by file name, `in.lammps` and what it includes; and files to be copied, by their names beside it."""

    files: Mapping[str, str]
    auxiliary: Mapping[str, Path] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The deck itself."""
        return self.files[DECK]

    @property
    def deck(self) -> Deck:
        """Its commands and those of the other files."""
        return parse_deck(self.text, DECK, self._included)

    def write(self, folder: Path) -> None:
        """Write all files; those of an older deck are replaced, auxiliary ones that are there already are kept."""
        for name, text in self.files.items():
            write_atomically(folder / name, text)
        for name, source in self.auxiliary.items():
            target = folder / name
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)

    def _included(self, name: str) -> str | None:
        if name in self.files:
            return self.files[name]
        try:
            return self.auxiliary[name].read_text()
        except (KeyError, OSError, ValueError):
            return None
