"""Files that a deck reads besides the structure and the model: beside the user's templates, copied into the run.

A word of the deck that is the name of a file in a folder of templates means that file: `fix bias all colvars cv.in`.
So does a word of such a file in turn (`indexFile groups.ndx`, `FILE=reference.pdb`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath

from lmpdrive.deck.commands import Command, Deck

TEMPLATE = ".j2"
WRITES = ("write_restart", "write_data", "write_dump", "dump", "restart", "log", "print", "run", "timer", "info")
"""Commands whose file names are of output."""
OUTPUT_KEYS = ("file", "out_file", "output", "outfile", "append")
"""Keywords of other commands that are followed by a file of output."""
MOST_BYTES = 1_000_000
"""Larger files are copied, but not searched for further names."""

_WORD = re.compile(r"[^\s'\"=,;{}()]+")


def auxiliary_files(
    deck: Deck, folders: Sequence[Path], made: Sequence[str], given: Mapping[str, Path]
) -> Mapping[str, Path]:
    """Name in the run directory -> file beside the templates in `folders`, the first folder that has it.

    made : names that stand for other files in a run directory.  given : files that are there anyway; what they name is
    looked up beside them too.
    """
    found = dict(given)
    folders = [*folders, *(path.parent for path in given.values())]
    names = [word for command in deck.commands for word in _input_words(command)]
    names += [word for path in given.values() for word in _words_of(path)]
    while names:
        name = names.pop(0)
        path = None if name in found or name in made else _beside(name, folders)
        if path is not None:
            found[name] = path
            names += _words_of(path)
    return found


def missing_files(deck: Deck, there: Sequence[str]) -> Iterator[tuple[Command, str]]:
    """Commands with the file that they read, where it is not one of those that will be in the run directory."""
    for command in deck.commands:
        for name in _read_by(command):
            if name not in there and "$" not in name and not PurePosixPath(name).is_absolute():
                yield command, name


def _read_by(command: Command) -> tuple[str, ...]:
    """Files that a command reads without a doubt."""
    words = command.words
    if command.name == "fix" and words[3:4] == ("colvars",):
        return () if words[4:5] == ("none",) else words[4:5]
    if command.name == "fix" and words[3:4] == ("plumed",):
        return tuple(name for key, name in pairwise(words[4:]) if key == "plumedfile")
    if command.name == "molecule":
        return words[2:3]
    if command.name == "variable" and words[2:3] in (("file",), ("atomfile",)):
        return words[3:]
    return ()


def _input_words(command: Command) -> Iterator[str]:
    if command.name in WRITES:
        return
    reads = ("", *command.words[1:])
    is_variable = command.name == "variable"  # `variable x file NAME` is input
    for before, word in pairwise(reads):
        if is_variable or before not in OUTPUT_KEYS:
            yield word.strip("'\"")


def _words_of(path: Path) -> list[str]:
    """Words of a text file, without its comments' sense; none of a large or binary one."""
    if path.stat().st_size > MOST_BYTES:
        return []
    try:
        return _WORD.findall(path.read_text())
    except UnicodeDecodeError:
        return []


def _beside(name: str, folders: Sequence[Path]) -> Path | None:
    """The file of this name in the first folder that has it; templates, and what is outside of the folder, are none."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or relative.suffix == TEMPLATE or not relative.name:
        return None
    for folder in folders:
        try:
            if (folder / relative).is_file():
                return folder / relative
        except OSError:  # a word that no file can be called
            return None
    return None
