"""Atoms and bonds of a deck's data file: id, type and charge of each atom, and what is bonded to what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lmpdrive.lint.elements import section
from lmpdrive.lint.walk import number

LARGEST_BYTES = 50_000_000
"""Data files above this are read for their types only."""
MOST_WORDS, MOST_RANGES = 2_000, 100
"""In the definition of a group that is followed."""
TYPE_COLUMN = {"atomic": 1, "charge": 1, "dipole": 1, "hybrid": 1, "spin": 1}
TYPE_COLUMN |= dict.fromkeys(("angle", "bond", "full", "molecular"), 2)
CHARGE_COLUMN = {"charge": 2, "dipole": 2, "full": 3}


@dataclass(frozen=True)
class DataFile:
    """What a data file says of its atoms."""

    types: Mapping[int, int] = field(default_factory=dict)
    """Type of each atom, by id."""
    charges: Mapping[int, float] | None = None
    """Charge [e] of each atom, by id; None where the atom style has none, or where it is not known."""
    bonds: tuple[tuple[int, int], ...] = ()
    """Ids of the atoms of each bond."""


def read_data_file(path: Path, style: str, labels: Mapping[str, int]) -> DataFile | None:
    """The atoms of a data file; None where they cannot be known (another atom style, too large, compressed).

    `style` is the deck's atom style, which the comment after `Atoms` overrides; `labels` are type labels.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return None
        lines = path.read_bytes().decode().split("\n")
    except (OSError, ValueError):
        return None
    stated = next((words[0] for line in lines[1:40] if (words := line.split()[:2])[1:] == ["atoms"]), "")
    heading = next((line for line in lines if line.split("#")[0].strip() == "Atoms"), "")
    named = heading.partition("#")[2].split()
    style = named[0] if named else style
    if not heading or style not in TYPE_COLUMN:
        return None
    rows = [row for row, _ in section(lines, "Atoms")]
    try:
        types = {int(row[0]): _type(row[TYPE_COLUMN[style]], labels) for row in rows}
        at = CHARGE_COLUMN.get(style)
        charges = None if at is None else {int(row[0]): float(row[at]) for row in rows}
        bonds = tuple((int(row[2]), int(row[3])) for row, _ in section(lines, "Bonds"))
    except (ValueError, IndexError, KeyError):
        return None
    if stated != str(len(types)):
        return None  # cut off
    return DataFile(types, charges, bonds)


def _type(word: str, labels: Mapping[str, int]) -> int:
    return labels[word] if word in labels else int(word)


class Members:
    """Ids of the atoms of groups, by the definitions of the groups; what was found is kept."""

    def __init__(self, definitions: Mapping[str, Iterable[tuple[str, ...]]], types: Mapping[int, int]):
        self.definitions, self.types = definitions, types
        self.known: dict[str, frozenset[int] | None] = {"all": frozenset(types)}

    def of(self, name: str) -> frozenset[int] | None:
        """Ids of the atoms of a group; None where it depends on more than ids and types."""
        if name not in self.known:
            self.known[name] = None  # for a group that is defined by itself
            self.known[name] = self._defined(list(self.definitions.get(name, ())))
        return self.known[name]

    def _defined(self, definition: list[tuple[str, ...]]) -> frozenset[int] | None:
        if not definition or sum(len(words) for words in definition) > MOST_WORDS:
            return None
        parts = [self._part(style, words) for style, *words in definition]
        return None if any(part is None for part in parts) else frozenset().union(*(part or () for part in parts))

    def _part(self, style: str, words: list[str]) -> frozenset[int] | None:
        if style in ("id", "type"):
            chosen = _chosen(words)
            known = chosen is not None and len([a for a, b in chosen if a != b]) <= MOST_RANGES
            return _selected(self.types, style, chosen or []) if known else None
        parts = [self.of(word) for word in words]
        if style not in ("union", "subtract", "intersect") or not parts or any(part is None for part in parts):
            return None
        first, *rest = (part or frozenset() for part in parts)
        if style == "union":
            return first.union(*rest)
        return first.difference(*rest) if style == "subtract" else first.intersection(*rest)


def _selected(types: Mapping[int, int], style: str, ranges: list[tuple[float, float]]) -> frozenset[int]:
    """Ids of the atoms whose id or type is in one of the ranges."""
    single = {a for a, b in ranges if a == b}
    wide = [(a, b) for a, b in ranges if a != b]
    of = {i: i for i in types} if style == "id" else types
    return frozenset(i for i, value in of.items() if value in single or any(a <= value <= b for a, b in wide))


def _chosen(words: list[str]) -> list[tuple[float, float]] | None:
    """Ranges of `3 5:9` or `< 10`; None for what is not known."""
    infinite = float("inf")
    if len(words) == 2 and (value := number(words[1])) is not None:
        known = {"<": (-infinite, value - 1), "<=": (-infinite, value), ">": (value + 1, infinite)}
        known |= {">=": (value, infinite), "==": (value, value)}
        if words[0] in known:
            return [known[words[0]]]
    found = []
    for word in words:
        parts = [number(p) for p in word.split(":")]
        if len(parts) > 2 or None in parts:
            return None
        found.append((parts[0] or 0.0, parts[-1] or 0.0))
    return found
