"""AMBER topology (`prmtop`): atomic numbers, charges, masses; the box of the topology is an old one and not used."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols

from lmpdrive.trajectory.structures.named import NamedAtoms

_CHARGE = 18.2223
"""AMBER's charges are in units in which Coulomb's constant is 1: 1 e is this."""


def read(path: Path) -> NamedAtoms:
    """Raises ValueError for a file without atom names, KeyError without masses."""
    sections = _sections(path.read_text(errors="replace").splitlines())
    if "ATOM_NAME" not in sections:
        raise ValueError("it has no section ATOM_NAME")
    names = sections["ATOM_NAME"]
    if "ATOMIC_NUMBER" in sections:
        numbers = [int(word) for word in sections["ATOMIC_NUMBER"]]
        names = [chemical_symbols[z] if z > 0 else name for z, name in zip(numbers, names, strict=True)]
    return NamedAtoms(
        names,
        masses_u=np.array([float(word) for word in sections["MASS"]]),
        charges_e=np.array([float(word) for word in sections["CHARGE"]]) / _CHARGE if "CHARGE" in sections else None,
    )


def _sections(lines: list[str]) -> dict[str, list[str]]:
    """%FLAG -> its words, cut at the widths of its %FORMAT, which leaves no blanks between them."""
    found: dict[str, list[str]] = {}
    flag, width = "", 0
    for line in lines:
        if line.startswith("%FLAG"):
            flag = line.split()[1]
            found[flag] = []
        elif match := re.match(r"%FORMAT\(\d+[aIEF](\d+)", line, re.IGNORECASE):
            width = int(match[1])
        elif flag and width and not line.startswith("%"):
            words = [line[i : i + width].strip() for i in range(0, len(line), width)]
            found[flag] += [word for word in words if word]
    return found
