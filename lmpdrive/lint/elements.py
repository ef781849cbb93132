"""Elements of a deck's atom types, from its data file and its `mass` commands."""

from __future__ import annotations

import itertools
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lmpdrive.lint.walk import number

MASS_MATCH_U = 0.1
"""As for structures: a mass this close to exactly one element's standard mass identifies the element."""
HEAD_BYTES = 1_000_000
"""Header and Masses are at the top of a data file."""
NULL = "NULL"
HEAVY_HYDROGEN = {"D": "H", "T": "H"}
AMU = ("metal", "real", "electron")


@dataclass
class Types:
    """What is known of the atom types; a type without an entry is unknown."""

    source: str
    count: int = 0
    masses: dict[int, float] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    """Elements that the file itself gives, in comments or type labels."""
    labels: dict[str, int] = field(default_factory=dict)
    """Types by type label."""
    bonds: int = 0
    units: str = ""
    missing: str = ""
    """Why there is nothing: the data file that could not be read."""

    def element(self, type_: int) -> str | None:
        """The element of a type: the file's own word, else by its mass."""
        return self.names.get(type_) or (None if self.placeholders() else by_mass(self.masses.get(type_)))

    def placeholders(self) -> bool:
        """Whether the masses tell nothing: 1.0 for every type, or one and the same for several."""
        different = set(self.masses.values())
        return different == {1.0} or (len(different) == 1 and self.count > 1)

    def elements(self) -> list[str | None]:
        """Elements of types 1..count."""
        return [self.element(t) for t in range(1, min(self.count, 1000) + 1)]


def is_element(word: str) -> bool:
    """Whether a word is a chemical symbol (D and T are hydrogen)."""
    from ase.data import atomic_numbers

    return word in HEAVY_HYDROGEN or (word in atomic_numbers and word != "X")


def symbol(word: str) -> str:
    """D and T as H, everything else as it is."""
    return HEAVY_HYDROGEN.get(word, word)


def by_mass(mass: float | None) -> str | None:
    """The one element of this standard mass [u]."""
    from ase.data import atomic_masses, chemical_symbols

    if mass is None:
        return None
    near = [s for s, m in zip(chemical_symbols[1:], atomic_masses[1:]) if abs(m - mass) < MASS_MATCH_U]
    return near[0] if len(near) == 1 else None


def read_types(path: Path) -> Types:
    """Masses, their comments and type labels of a data file; unreadable parts are omitted."""
    try:
        if not path.is_file():
            return Types("", missing=str(path.name))
        with path.open("rb") as stream:
            text = stream.read(HEAD_BYTES).decode(errors="replace")
    except (OSError, ValueError):
        return Types("", missing=str(path.name))
    lines = text.split("\n")
    types = Types(path.name)
    found = re.search(r"units = (\w+)", lines[0])
    types.units = found[1] if found else ""
    for line in lines[1:]:
        words = line.partition("#")[0].split()
        if words[1:] == ["atom", "types"] and words[0].isdigit():
            types.count = int(words[0][:9])
        elif words[1:] == ["bonds"] and words[0].isdigit():
            types.bonds = int(words[0][:12])
        elif words in (["Masses"], ["Atoms"], ["Atom", "Type", "Labels"]):
            break
    for row, _ in section(lines, "Atom Type Labels"):
        if len(row) == 2 and _is_type(row[0]):
            types.labels[row[1]] = int(row[0])
            if is_element(row[1]):
                types.names[int(row[0])] = symbol(row[1])
    for row, comment in section(lines, "Masses", types.labels):
        mass = number(row[1]) if len(row) == 2 else None
        if mass is None or not (row[0] in types.labels or _is_type(row[0])):
            continue
        type_ = types.labels.get(row[0]) or int(row[0])
        types.masses[type_] = mass
        if comment and is_element(comment.split()[0]):
            types.names[type_] = symbol(comment.split()[0])
    return types


def _is_type(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 7


def section(lines: Iterable[str], name: str, labels: Container[str] = ()) -> Iterator[tuple[list[str], str]]:
    """Words and comment of the rows of a section; `labels` may stand where a row begins with a number otherwise."""
    inside = False
    for line in itertools.islice(lines, 1, None):
        body, _, comment = line.partition("#")
        if body.strip() == name:
            inside = True
        elif inside and body.strip():
            row = body.split()
            if not (row[0].isdigit() or row[0] in labels):
                return
            yield row, comment.strip()
