"""A deck's files -> its commands in order, with variables substituted, `include` followed, and `if` branches expanded.

Loops (`jump`, `next`) are not turned: every command is met once, with the first values of the loop's variables.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lmpdrive.errors import DeckError
from lmpdrive.lint.parse import logical_lines, words
from lmpdrive.lint.variables import Variables

LARGEST_BYTES = 8_000_000
MOST_COMMANDS = 20_000
MOST_INCLUDES = 500
DEEPEST = 20
"""Of includes and of `if` commands inside each other."""

TIMESTEP = {"lj": 0.005, "real": 1.0, "metal": 0.001, "si": 1e-8, "cgs": 1e-8, "electron": 0.001}
"""LAMMPS' default timestep, by units."""


@dataclass(frozen=True)
class Command:
    """A command with its words after substitution; a word that still has `$` in it is not known."""

    file: str
    line: int
    name: str
    args: tuple[str, ...]
    conditional: bool = False
    allowed: frozenset[str] = frozenset()
    """Codes that a comment `# lint: allow CODE` on this line accepts."""

    def arg(self, i: int) -> str:
        """The i-th argument, or an empty string."""
        return self.args[i] if i < len(self.args) else ""

    def after(self, keyword: str, start: int = 0) -> tuple[str, ...]:
        """The arguments after `keyword`, searched for from the `start`-th on; empty if it is missing."""
        try:
            return self.args[self.args.index(keyword, start) + 1 :]
        except ValueError:
            return ()


@dataclass(frozen=True)
class Remark:
    """Something wrong with the text itself, found while reading it."""

    code: str
    file: str
    line: int
    what: str
    allowed: frozenset[str] = frozenset()


class Walker:
    """Reads one deck; `commands` and `remarks` are the result."""

    def __init__(self, deck: Path, given: Mapping[str, str]):
        self.folder = deck.parent.resolve()
        self.commands: list[Command] = []
        self.remarks: list[Remark] = []
        self.variables = Variables(given)
        self.units = "lj"
        self.ended = False
        self.includes = 0
        self._read(deck, deck.name, (deck.resolve(),), False)

    def _read(self, path: Path, name: str, stack: tuple[Path, ...], conditional: bool) -> None:
        for line in logical_lines(read_text(path)):
            allowed = _allowed(line.comment)
            if line.swallowed:
                code = "comment-continues" if line.text else "commented-lines"
                self._remark(code, name, line.number, line.swallowed, allowed)
            if not line.balanced:
                self._remark("quotes", name, line.number, line.text[:60], allowed)
            if line.text:
                self._command(line.text, name, line.number, allowed, stack, conditional, 0)
            if self.ended:
                return
            if len(self.commands) > MOST_COMMANDS:
                raise DeckError(f"{name}, line {line.number}: more than {MOST_COMMANDS} commands: not read further")

    def _remark(self, code: str, file: str, line: int, what: str, allowed: frozenset[str]) -> None:
        self.remarks.append(Remark(code, file, line, what, allowed))

    def _command(
        self,
        text: str,
        file: str,
        line: int,
        allowed: frozenset[str],
        stack: tuple[Path, ...],
        conditional: bool,
        depth: int,
    ) -> None:
        found = words(self.variables.substitute(text))
        if not found or depth > DEEPEST:
            return
        command = Command(file, line, found[0], tuple(found[1:]), conditional, allowed)
        self.commands.append(command)
        if command.name == "variable":
            self.variables.define(command.args, conditional)
        elif command.name == "units":
            self.units = command.arg(0)
            self._timestep(TIMESTEP.get(self.units), conditional)
        elif command.name == "timestep":
            self._timestep(number(command.arg(0)), conditional)
        elif command.name == "include":
            self._include(command, stack)
        elif command.name == "if":
            for branch in _branches(command.args):
                self._command(branch, file, line, allowed, stack, True, depth + 1)
        elif command.name == "quit" and not conditional and not any(c.name == "jump" for c in self.commands):
            self.ended = True

    def _timestep(self, value: float | None, conditional: bool) -> None:
        if value is None or conditional:
            self.variables.thermo.pop("dt", None)
        else:
            self.variables.thermo["dt"] = value

    def _include(self, command: Command, stack: tuple[Path, ...]) -> None:
        word = command.arg(0)
        if not word or "$" in word or "\0" in word:
            return
        path = Path(os.path.normpath(self.folder / word))
        if not path.is_relative_to(self.folder):
            return  # the rule about paths says so; a link inside the folder is the user's own
        self.includes += 1
        real = Path(os.path.realpath(path))
        if real in stack or len(stack) > DEEPEST or self.includes > MOST_INCLUDES:
            self._remark("include-loop", command.file, command.line, word, command.allowed)
        elif not _is_file(path):
            self._remark("include-missing", command.file, command.line, word, command.allowed)
        else:
            self._read(path, word, (*stack, real), command.conditional)


def read_text(path: Path) -> str:
    """Text of an input.  Raises DeckError if it is no file, too large or not text."""
    if not _is_file(path):
        raise DeckError(f"there is no file {path}")
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise DeckError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > LARGEST_BYTES:
        raise DeckError(f"{path} is larger than {LARGEST_BYTES // 1_000_000} MB: not a LAMMPS input")
    if b"\0" in content:
        raise DeckError(f"{path} is binary: not a LAMMPS input")
    return content.decode(errors="replace").replace("\r\n", "\n")


def number(word: str) -> float | None:
    """The number a word is, if it is one."""
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or not one
        return False


def _allowed(comment: str) -> frozenset[str]:
    _, found, codes = comment.partition("lint: allow")
    return frozenset(codes.replace(",", " ").split()) if found else frozenset()


def _branches(args: tuple[str, ...]) -> list[str]:
    """Commands of all branches: `if COND then A B elif COND C else D`."""
    found, i = [], 1
    while i < len(args):
        if args[i] == "elif":
            i += 2
        elif args[i] in ("then", "else"):
            i += 1
        else:
            found.append(args[i])
            i += 1
    return found
