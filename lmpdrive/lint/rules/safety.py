"""Commands that reach outside the run directory or run other programs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from lmpdrive.lint.deck import Deck
from lmpdrive.lint.registry import Found, rule
from lmpdrive.lint.walk import Command

SHELL_FILES = ("cd", "mkdir", "mv", "rm", "rmdir")
OTHER_PROGRAM = re.compile(r"[;&|<>`$()]")
"""With which a line of the shell can start another program."""
HARMLESS = ("/dev/null", "/dev/stdout", "/dev/stderr")
READS = {"include": 0, "read_data": 0, "read_restart": 0, "read_dump": 0, "molecule": 1, "rerun": 0}
WRITES = {"log": 0, "write_restart": 0, "write_data": 0, "write_coeff": 0, "write_dump": 2, "dump": 4}


@rule("shell", "error")
def shell(deck: Deck) -> Iterator[Found]:
    """`shell` runs any program with your rights."""
    for command in deck.named("shell"):
        words = " ".join(command.args)[:60]
        if words.split()[:1] and words.split()[0] in (*SHELL_FILES, "putenv") and not OTHER_PROGRAM.search(words):
            what = f"shell {words}: changes files or the environment outside LAMMPS"
            yield Found(command, what, "do it before the run, in a job script", "warning")
        else:
            yield Found(command, f"shell {words}: runs a program with your rights", "do it outside the deck")


@rule("python", "error")
def python(deck: Deck) -> Iterator[Found]:
    """`python` and commands that call it run any code with your rights."""
    for command in deck.commands:
        calls = (
            command.name == "python"
            or (command.name == "variable" and command.arg(1) == "python")
            or (command.name == "fix" and command.arg(2).startswith("python/"))
            or (command.name == "pair_style" and "python" in command.args)
        )
        if calls:
            what = f"{command.name} {' '.join(command.args)[:60]}: runs Python code with your rights"
            yield Found(command, what, "if it is yours, end the line with # lint: allow python")


@rule("plugin", "warning")
def plugin(deck: Deck) -> Iterator[Found]:
    """`plugin load` runs a compiled library with your rights."""
    for command in deck.named("plugin"):
        if command.arg(0) == "load":
            what = f"plugin load {command.arg(1)[:60]}: runs a compiled library"
            yield Found(command, what, "if it is yours, end the line with # lint: allow plugin")


@rule("path-outside", "error")
def path_outside(deck: Deck) -> Iterator[Found]:
    """A file outside the run directory is written (error) or read (warning)."""
    for command in deck.commands:
        for word, written in _paths(command):
            if "$" in word or not word or word in HARMLESS or not _outside(deck.folder, word):
                continue
            if written:
                what = f"{command.name} writes {word}, outside the run directory"
                yield Found(command, what, "write it beside the deck")
            else:
                what = f"{command.name} reads {word}, outside the run directory: the run cannot be moved or repeated"
                yield Found(command, what, "copy or link it beside the deck", "warning")


def _outside(folder: Path, word: str) -> bool:
    """Whether a file lies outside by its name; links inside the folder are the user's own."""
    return not Path(os.path.normpath(folder / word)).is_relative_to(folder)


def _paths(command: Command) -> Iterator[tuple[str, bool]]:
    """Files of a command, and whether they are written."""
    args = command.args
    if command.name in READS:
        yield command.arg(READS[command.name]), False
    elif command.name in WRITES:
        yield command.arg(WRITES[command.name]), True
    elif command.name == "restart":
        yield from ((word, True) for word in args[1:3])
    elif command.name == "jump" and args[:1] != ("SELF",):
        yield command.arg(0), False
    elif command.name == "variable" and command.arg(1) in ("file", "atomfile"):
        yield command.arg(2), False
    elif command.name == "shell" and command.arg(0) in SHELL_FILES:
        yield from ((word, True) for word in args[1:])
    elif command.name == "geturl":
        yield from ((word, True) for word in command.after("output")[:1])
    elif command.name in ("pair_style", "pair_coeff"):
        yield from ((word, False) for word in args)
    if command.name in ("fix", "print", "info", "pair_style", "python"):
        for keyword in ("file", "append", "outfile", "out_file"):
            yield from ((word, command.name != "python") for word in command.after(keyword)[:1])
