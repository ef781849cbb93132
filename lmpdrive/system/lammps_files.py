"""LAMMPS data files -> ASE atoms.  The elements of the types are never guessed silently."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive.errors import StructureError

if TYPE_CHECKING:
    from ase import Atoms

DATA_SUFFIXES = (".data", ".lmp", ".lammps-data")
MASS_MATCH_U = 0.1
"""A mass this near to exactly one element's standard mass names the element."""


def is_data(path: Path) -> bool:
    """Whether the name is that of a LAMMPS data file: `x.data`, `x.lmp`, `data.x`."""
    return path.suffix in DATA_SUFFIXES or path.name.startswith("data.")


def read_data(path: Path, elements: Sequence[str] | None) -> tuple[Atoms, tuple[str, ...]]:
    """Atoms and notes of a data file (atom styles atomic, charge, bond, angle, molecular, full).

    Elements come from the comments of Masses (`1 196.97 # Au`) or type labels, else from `elements`, else
    from the masses.  Raises StructureError when they stay unknown or contradict each other.
    """
    import ase.io
    from ase import Atoms as _Atoms
    from ase.data import atomic_numbers

    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise StructureError(f"{path} cannot be read as a LAMMPS data file: {error}") from None
    masses, comments = _masses(text), _comments(text)
    symbols = elements_of_types(path, _number_of_types(path, text), masses, comments, elements)
    units = re.search(r"units = (\w+)", text.partition("\n")[0])
    # only these two share Å and u; in others a data file has other lengths, and nothing in it says so
    unit = units[1] if units else "metal"
    if unit not in ("metal", "real"):
        raise StructureError(f"{path} is in LAMMPS units {unit}: only metal and real can be read")
    try:
        atoms = ase.io.read(
            path,
            format="lammps-data",
            units=unit,
            Z_of_type={t: atomic_numbers[e] for t, e in symbols.items()},
        )
    except Exception as error:  # the reader raises whatever its parsing runs into
        reason = str(error) or type(error).__name__
        raise StructureError(
            f"{path} cannot be read as a LAMMPS data file ({reason}); atom styles atomic, charge, bond, angle, "
            "molecular and full are known, named like `Atoms # full`"
        ) from None
    assert isinstance(atoms, _Atoms)  # a data file has one frame
    # ASE keeps the origin of a general box only, not xlo, ylo, zlo
    atoms.positions -= _origin(text)
    return atoms, mass_notes(masses, symbols)


def mass_notes(masses: Mapping[int, float], symbols: Mapping[int, str]) -> tuple[str, ...]:
    """A line for each type whose mass is not the standard one, which replaces it."""
    from ase.data import atomic_masses, atomic_numbers

    other = {t: m for t, m in masses.items() if abs(m - atomic_masses[atomic_numbers[symbols[t]]]) > MASS_MATCH_U}
    return tuple(f"the file's mass {m:g} u of {symbols[t]} is replaced by the standard one" for t, m in other.items())


def _number_of_types(path: Path, text: str) -> int:
    found = re.search(r"^\s*(\d+)\s+atom types", text, re.MULTILINE)
    if found is None:
        raise StructureError(f"{path} is not a LAMMPS data file: it has no line `N atom types`")
    return int(found[1])


def _origin(text: str) -> list[float]:
    found = (re.search(rf"^\s*(\S+)\s+\S+\s+{axis}lo\s+{axis}hi", text, re.MULTILINE) for axis in "xyz")
    return [float(line[1]) if line else 0.0 for line in found]


def _section(text: str, name: str) -> list[str]:
    found = re.search(rf"^\s*{name}\b.*\n((?:\s*\n)*(?:\s*\d+.*\n)*)", text + "\n", re.MULTILINE)
    return [line for line in found[1].splitlines() if line.strip()] if found else []


def _masses(text: str) -> dict[int, float]:
    rows = (line.partition("#")[0].split() for line in _section(text, "Masses"))
    return {int(row[0]): float(row[1]) for row in rows if len(row) == 2 and row[0].isdigit()}


def _comments(text: str) -> dict[int, str]:
    """Element names that the file itself gives to its types."""
    from ase.data import atomic_numbers

    rows = [line.replace("#", " ").split() for line in _section(text, "Masses")]  # 1 196.97 # Au
    rows += [[line.split()[0], "", *line.split()[1:]] for line in _section(text, "Atom Type Labels")]  # 1 Au
    return {int(row[0]): row[2] for row in rows if len(row) > 2 and row[2] in atomic_numbers and row[2] != "X"}


def elements_of_types(
    path: Path, n: int, masses: dict[int, float], comments: dict[int, str], given: Sequence[str] | None
) -> dict[int, str]:
    """Type -> element from the file's own `comments`, else as `given`, else from the masses [u].

    Raises StructureError when an element stays unknown or two sources contradict each other.
    """
    from ase.data import atomic_masses, atomic_numbers

    if given is not None:
        unknown = [e for e in given if e not in atomic_numbers or e == "X"]
        if unknown or len(given) != n:
            wrong = f"{', '.join(unknown)} is no element" if unknown else f"{len(given)} elements for {n} types"
            raise StructureError(f"system.elements: [{', '.join(given)}] for {path}: {wrong}: name one per LAMMPS type")
    symbols = {}
    for t in range(1, n + 1):
        mass = masses.get(t)
        near = (
            []
            if mass is None
            else [e for e in atomic_numbers if e != "X" and abs(atomic_masses[atomic_numbers[e]] - mass) < MASS_MATCH_U]
        )
        wanted = given[t - 1] if given is not None else None
        symbol = comments.get(t) or wanted or (near[0] if len(near) == 1 else None)
        if symbol is None:
            why = "no mass" if mass is None else f"mass {mass:g} u fits {', '.join(near) or 'no element'}"
            raise StructureError(
                f"{path}: the element of type {t} is unknown ({why}): set system.elements, one per type, or write it "
                f"behind the mass: `{t} {mass or 1.008:g} # H`"
            )
        if wanted is not None and symbol != wanted:
            raise StructureError(
                f"system.elements says {wanted} for type {t}, but {path} says {symbol}: correct one of them"
            )
        if near and symbol not in near:
            raise StructureError(
                f"{path}: type {t} is called {symbol}, but its mass {mass:g} u is that of {near[0]}: the order of the "
                "elements is probably wrong; correct system.elements or the file"
            )
        symbols[t] = symbol
    return symbols
