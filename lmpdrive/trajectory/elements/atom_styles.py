"""Which column of a data file's Atoms section is what: from the style (`Atoms # full`), else from the columns.

Source: the LAMMPS manual, `read_data` (table of the atom styles).  Three image flags may follow in every style.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmpdrive.errors import TrajectoryError

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class AtomColumns:
    """Where the type and the charge are; `length` is the number of columns without image flags."""

    type: int
    charge: int | None
    length: int


STYLES = {
    "atomic": AtomColumns(1, None, 5),
    "charge": AtomColumns(1, 2, 6),
    "molecular": AtomColumns(2, None, 6),
    "bond": AtomColumns(2, None, 6),
    "angle": AtomColumns(2, None, 6),
    "full": AtomColumns(2, 3, 7),
    "amoeba": AtomColumns(2, 3, 7),
    "dielectric": AtomColumns(1, 2, 14),
    "dipole": AtomColumns(1, 2, 9),
    "dpd": AtomColumns(1, None, 6),
    "edpd": AtomColumns(1, None, 7),
    "electron": AtomColumns(1, 2, 8),
    "ellipsoid": AtomColumns(1, None, 7),
    "hybrid": AtomColumns(1, None, 5),
    "line": AtomColumns(2, None, 8),
    "bpm/sphere": AtomColumns(2, None, 8),
    "mdpd": AtomColumns(1, None, 6),
    "peri": AtomColumns(1, None, 7),
    "sphere": AtomColumns(1, None, 7),
    "spin": AtomColumns(1, None, 9),
    "template": AtomColumns(1, None, 8),
    "tri": AtomColumns(2, None, 8),
    "wavepacket": AtomColumns(1, 2, 11),
}
_TO_TRY = ("atomic", "full", "molecular", "charge", "sphere", "dipole")
"""Without a style: the first that the columns fit.  `molecular` stands before `charge`, because a third column of
nothing but positive integers is no set of charges: their sum is not 0."""


def columns_of(
    rows: Rows, style: str, labels: Mapping[str, int], n_types: int | None, *, bonded: bool, where: str
) -> AtomColumns:
    """Columns of the Atoms section.

    labels : names of types that may stand in place of numbers.
    n_types : number of atom types that the header announces.
    bonded : whether the file has bonds, which only molecular styles have.

    Raises TrajectoryError if the style is not known and the columns fit none.
    """
    names = (style,) if style in STYLES else _TO_TRY
    for name in names:
        columns = STYLES[name]
        if style == name or (_fits(rows, columns, labels, n_types) and (columns.type == 2 or not bonded)):
            return columns
    said = f"`Atoms # {style}`, which is no atom style," if style else "`Atoms` without its style"
    raise TrajectoryError(
        f"{where} has {said} and the columns fit none ({' '.join(rows[0])!r}): write the style after the word Atoms, "
        f"e.g. `Atoms # charge`; known are {', '.join(STYLES)}"
    )


def _fits(rows: Rows, columns: AtomColumns, labels: Mapping[str, int], n_types: int | None) -> bool:
    """Whether every line has the length, a type where it should be, and integers before it and as image flags."""
    extra = len(rows[0]) - columns.length
    return extra in (0, 3) and all(
        len(row) == len(rows[0])
        and _is_type(row[columns.type], labels, n_types)
        and all(_is_integer(word) for word in (*row[: columns.type], *row[len(row) - extra :]))
        for row in rows
    )


def _is_type(word: str, labels: Mapping[str, int], n_types: int | None) -> bool:
    return word in labels or (word.isdigit() and 1 <= int(word) <= (n_types or int(word)))


def _is_integer(word: str) -> bool:
    return word.lstrip("+-").isdigit()
