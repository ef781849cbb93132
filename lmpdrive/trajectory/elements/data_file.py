"""What an analysis needs of a LAMMPS data file: types, their names and masses, charges, and the box.

Units: Å, u, e; the file does not say which (`write_data` does, in the title), so lengths are taken as Å.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.elements.atom_styles import AtomColumns, columns_of


@dataclass(frozen=True, eq=False)
class DataFile:
    """One entry per atom in id order.

    ids, types : (N,).
    type_names : type -> label, from the comments of Masses (which win) or from Atom Type Labels; as written.
    origin : (3,) Å, corner of the box; cell : (3, 3) Å, rows a, b, c, or None where the file has no box.
    charges_e : (N,) e, or None where there are none or all are 0.
    masses : type -> u.
    units : LAMMPS units that the title names (`write_data`), or empty.
    types_made_up : whether the types are none of LAMMPS', but made from names in another kind of file (`structures`).
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    type_names: dict[int, str]
    origin: NDArray[np.float64]
    charges_e: NDArray[np.float64] | None
    masses: dict[int, float] = field(default_factory=dict)
    cell: NDArray[np.float64] | None = None
    units: str = ""
    types_made_up: bool = False


_SECTION = re.compile(r"^\s*([A-Z][A-Za-z/ ]+?)\s*(?:#\s*(\S+).*)?$")
_UNITS = re.compile(r"\bunits = (\w+)")


def read_data_file(path: Path) -> DataFile:
    """Read a LAMMPS data file of any atom style whose columns can be determined.

    Raises TrajectoryError if there is no such file, it has no Atoms section, its atom style cannot be determined,
    or it is damaged.
    """
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError as error:
        raise TrajectoryError(f"cannot read the LAMMPS data file {path}: {error.strerror}") from error
    try:
        return _data_file(path, _Sections(lines))
    except (ValueError, IndexError, KeyError) as error:
        if isinstance(error, TrajectoryError):
            raise
        raise TrajectoryError(f"{path} is damaged, or no LAMMPS data file: {error}") from None


class _Sections:
    """The lines of a data file: `header` (keyword -> numbers) and `rows` (section -> lines as words)."""

    def __init__(self, lines: list[str]) -> None:
        self.title = lines[0] if lines else ""
        self.header: dict[str, list[float]] = {}
        self.rows: dict[str, list[list[str]]] = {}
        self.comments: list[tuple[str, str]] = []
        """(type, first word of its comment) of the lines of Masses."""
        self.style = section = ""
        for line in lines[1:]:
            text, _, comment = (part.strip() for part in line.partition("#"))
            words = text.split()
            if not words:
                continue
            if words[0][0].isalpha() and (match := _SECTION.match(line)):
                section = match[1].strip()
                self.style = (match[2] or "") if section == "Atoms" else self.style
                self.rows[section] = []
            elif section:
                self.rows[section].append(words)
                if section == "Masses" and comment:
                    self.comments.append((words[0], comment.split()[0]))
            else:
                numbers = [word for word in words if not word[0].isalpha()]
                self.header[" ".join(words[len(numbers) :])] = [float(number) for number in numbers]


def _data_file(path: Path, parts: _Sections) -> DataFile:
    rows = parts.rows.get("Atoms")
    if not rows:
        raise TrajectoryError(f"{path} has no Atoms section; is it a LAMMPS data file?")
    labels = {words[1]: int(words[0]) for words in parts.rows.get("Atom Type Labels", [])}
    mass_rows = [(_type(words[0], labels), float(words[1])) for words in parts.rows.get("Masses", [])]
    names = {number: label for label, number in labels.items()}
    names |= {_type(number, labels): comment for number, comment in parts.comments}
    known = labels or {name: number for number, name in names.items()}
    n_types = int(parts.header.get("atom types", [0])[0]) or None
    columns = columns_of(rows, parts.style, known, n_types, bonded="Bonds" in parts.rows, where=str(path))
    ids = np.array([int(row[0]) for row in rows])
    order = np.argsort(ids, kind="stable")
    if len(np.unique(ids)) != len(ids):
        raise TrajectoryError(f"{path}: atom ids come twice in the Atoms section")
    cell, origin = _box(parts.header)
    match = _UNITS.search(parts.title)
    return DataFile(
        ids=ids[order],
        types=np.array([_type(row[columns.type], known) for row in rows])[order],
        type_names=names,
        origin=origin,
        charges_e=_charges(rows, columns, order),
        masses=dict(mass_rows),
        cell=cell,
        units=match[1] if match else "",
    )


def _type(word: str, labels: dict[str, int]) -> int:
    """The number of a type, which may be written as its label."""
    return int(word) if word.isdigit() else labels[word]


def _charges(rows: list[list[str]], columns: AtomColumns, order: NDArray[np.int64]) -> NDArray[np.float64] | None:
    if columns.charge is None:
        return None
    charges = np.array([float(row[columns.charge]) for row in rows])[order]
    return charges if np.any(charges) else None


def _box(header: dict[str, list[float]]) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
    """(3, 3) cell rows (None without a box) and (3,) origin, Å: orthogonal, triclinic or general triclinic."""
    if {"avec", "bvec", "cvec"} <= set(header):
        return np.array([header[name] for name in ("avec", "bvec", "cvec")]), np.array(
            header.get("abc origin", [0.0, 0.0, 0.0])
        )
    bounds = [header.get(f"{axis}lo {axis}hi", []) for axis in "xyz"]
    origin = np.array([low[0] if low else 0.0 for low in bounds])
    if not all(bounds):
        return None, origin
    cell = np.diag(np.array([high - low for low, high in bounds]))
    cell[1, 0], cell[2, 0], cell[2, 1] = header.get("xy xz yz", [0.0, 0.0, 0.0])
    return cell, origin
