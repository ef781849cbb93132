"""Atom types of a deck: the data file's, then what `labelmap` and `mass` say, by number, label or range."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lmpdrive.lint.elements import Types, is_element, read_types, symbol
from lmpdrive.lint.walk import Command, number

MOST_TYPES = 1_000


def types_of(commands: Sequence[Command], folder: Path, data: Path | None) -> Types:
    """The atom types of a deck.  More than one data file: the types of the first."""
    types = Types("")
    read = next((c for c in commands if c.name == "read_data"), None)
    if data is not None or read is not None:
        types = read_types(data or folder / (read.arg(0) if read else ""))
    if read is not None and types.count:
        types.count += _whole(read.after("extra/atom/types")[:1])
    for command in commands:
        if command.conditional:
            continue
        if command.name == "create_box":
            types.count = max(types.count, _whole(command.args[:1]))
        elif command.name == "labelmap" and command.arg(0) == "atom":
            _label(types, command)
        elif command.name == "mass":
            _weigh(types, command)
        else:
            continue
        types.source = types.source or f"{command.file}, line {command.line}"
    return types


def _whole(words: Sequence[str]) -> int:
    value = number(words[0]) if words else None
    return int(value) if value is not None and 0 <= value < 1e6 else 0


def _label(types: Types, command: Command) -> None:
    """`labelmap atom 1 H 2 O`."""
    for type_, label in zip(command.args[1::2], command.args[2::2]):
        at = _whole((type_,))
        types.labels[label] = at
        if at and is_element(label):
            types.names[at] = symbol(label)


def _weigh(types: Types, command: Command) -> None:
    """`mass 2 15.999`, `mass O 15.999`, `mass * 1.0`, `mass 1*3 1.0`."""
    mass = number(command.arg(1))
    if mass is None:
        return
    types.masses.update((at, mass) for at in spread(command.arg(0), types) if at)


def spread(word: str, types: Types) -> list[int]:
    """The types that a type label or `2`, `*`, `*3`, `2*` or `1*3` means."""
    if word in types.labels:
        return [types.labels[word]]
    first, star, last = word.partition("*")
    if not all(part == "" or (part.isascii() and part.isdigit() and len(part) < 6) for part in (first, last)):
        return []
    if not star:
        return [int(first)] if first else []
    return list(range(int(first or 1), min(int(last or types.count), MOST_TYPES) + 1))
