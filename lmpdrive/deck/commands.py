"""A deck as commands: those of the files that it includes stand in place of each `include`.

Followed are includes of files that lie in the deck's folder.  One whose name comes from a variable, that is not there,
or that has commands which jump, stays a command like any other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lmpdrive.common.run_files import DECK
from lmpdrive.lint.parse import TRIPLE, comment_start, spans

JUMPS = ("label", "jump", "next")
DEEPEST, MOST_INCLUDES = 20, 500

_CONTINUED = re.compile(r"&[ \t]*\n")


@dataclass(frozen=True)
class Command:
    """One command as it stands in its file, with its comment and its line ends.

    words : as LAMMPS splits them, quotes kept; none for comments and blank lines.
    file, line : where it begins.
    through : the `include` commands that lead to it, the outermost first.
    """

    text: str
    words: tuple[str, ...]
    file: str
    line: int
    through: tuple[Command, ...] = ()

    @property
    def name(self) -> str:
        """First word, empty for comments and blank lines."""
        return self.words[0] if self.words else ""

    @property
    def external(self) -> str | None:
        """ID of a `fix ID ... external pf/callback`; None for any other command."""
        is_one = self.name == "fix" and self.words[3:5] == ("external", "pf/callback")
        return self.words[1] if is_one else None

    def with_words(self, changes: Mapping[int, str]) -> str:
        """Its text with other words at these positions; comment and spaces are kept."""
        text, places = self.text, _places(self.text)
        for position in sorted(changes, reverse=True):
            begin, end = places[position]
            text = text[:begin] + changes[position] + text[end:]
        return text


@dataclass(frozen=True)
class Deck:
    """Name and commands of a deck."""

    name: str
    commands: tuple[Command, ...]

    @property
    def included(self) -> tuple[str, ...]:
        """Names of the included files, each once, in the order of their commands."""
        return tuple(dict.fromkeys(include.words[1] for command in self.commands for include in command.through))


def read_deck(path: Path) -> Deck:
    """The commands of a deck and of the files that it includes.  Raises OSError if the deck cannot be read."""
    return parse_deck(path.read_text(), path.name, lambda name: _beside(path.parent, name))


def parse_deck(text: str, name: str = DECK, read: Callable[[str], str | None] = lambda _: None) -> Deck:
    """The commands of a deck's text; `read` gives the text of an included file, or None."""
    return Deck(name, tuple(_expanded(text, name, read, (), [0])))


def formatted(name: str, *words: str) -> str:
    """A line with this command, its arguments in the column of the templates."""
    return f"{name:<15} {' '.join(words)}\n"


def cut_minimisation(command: Command, steps: int) -> str:
    """The text of a `minimize` with at most so many steps; of any other command as it is."""
    if command.name != "minimize" or len(command.words) < 5:
        return command.text
    return command.with_words({3: str(min(int(command.words[3]), steps))})


def _expanded(
    text: str, file: str, read: Callable[[str], str | None], through: tuple[Command, ...], count: list[int]
) -> Iterator[Command]:
    line = 1
    for piece in _pieces(text):
        command = Command(piece, _words(piece), file, line, through)
        line += piece.count("\n")
        inside = _included(command, read, count)
        if inside:
            yield from _expanded(inside, command.words[1], read, (*through, command), count)
        else:
            yield command


def _included(command: Command, read: Callable[[str], str | None], count: list[int]) -> str | None:
    """The text of the file that a command includes; None if it is not to be followed."""
    if command.name != "include" or len(command.words) != 2:
        return None
    name = command.words[1]
    if name in (each.words[1] for each in command.through) or len(command.through) >= DEEPEST:
        return None
    count[0] += 1
    text = read(name) if count[0] <= MOST_INCLUDES else None
    if text is None or any(set(_words(piece)[:1]) & set(JUMPS) for piece in _pieces(text)):
        return None
    return text if text.endswith("\n") else f"{text}\n"


def _beside(folder: Path, name: str) -> str | None:
    path = Path(os.path.abspath(folder / name))
    try:
        return path.read_text() if path.is_relative_to(folder.absolute()) and path.is_file() else None
    except (OSError, ValueError):  # unreadable, not text, or a name that no file can have
        return None


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces of one command: lines joined by `&` or within triple quotes stay together."""
    piece = ""
    for line in text.splitlines(keepends=True):
        piece += line
        if line.rstrip().endswith("&") or piece.count(TRIPLE) % 2:
            continue
        yield piece
        piece = ""
    if piece:
        yield piece


def _words(text: str) -> tuple[str, ...]:
    return tuple(_CONTINUED.sub("", text[begin:end]) for begin, end in _places(text))


def _places(text: str) -> list[tuple[int, int]]:
    """Where the words of a command begin and end in its text."""
    blank = _CONTINUED.sub(lambda found: " " * len(found[0]), text)
    return spans(blank[: comment_start(blank)[0]])
