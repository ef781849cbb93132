"""`dump cfg` of LAMMPS (extended CFG of AtomEye) -> text dump: one frame a file, positions as fractions of the cell.

An atom whose mass or element differs from the one before has them on lines of their own; both become columns.  The
file has no step: the number in its name is taken (`dump.*.cfg`), else 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lmpdrive.trajectory.frames import NoFramesError
from lmpdrive.trajectory.given_cell import check_same
from lmpdrive.trajectory.plain_file import PlainFile
from lmpdrive.trajectory.request import Request
from lmpdrive.trajectory.translated.dump_text import DumpText, Translation, box_text

_UNWRAPPED = 10.0
"""dump_cfg.cpp writes unwrapped positions (xsu) as (x - 1/2) / 10 + 1/2 of a cell 10 times larger (`A = 10`)."""

_VECTOR = re.compile(r"^H0\((\d),(\d)\)\s*=\s*(\S+)")


def recognises(plain: PlainFile) -> bool:
    """As LAMMPS and AtomEye begin such a file."""
    return plain.text_head.startswith(b"Number of particles") and b"entry_count" in plain.head


def translate(plain: PlainFile, ask: Request) -> Translation:
    """See `translated`."""
    warnings: list[str] = []
    lines = plain.file(warnings.append).read_text(errors="replace").lstrip("\ufeff").splitlines()
    scale, cell, names, first = _header(lines)
    n_atoms = int(lines[0].partition("=")[2])
    rows = _rows(lines[first:], 3 + len(names))
    if len(rows) != n_atoms:
        raise NoFramesError(f"{plain.path} announces {n_atoms} atoms and holds {len(rows)}")
    if ask.cell is not None:
        check_same(ask.cell, cell, plain.path)
    columns = ["mass", "element", "xs", "ys", "zs", *names]
    with DumpText() as text:
        text.header(_step(plain.name), n_atoms, box_text(cell, ask.origin), columns)
        text.write("".join(f"{' '.join(_scaled(row, scale))}\n" for row in rows).encode())
        return Translation(text.mapped(), warnings, [])


def _header(lines: Sequence[str]) -> tuple[float, NDArray[np.float64], list[str], int]:
    """(Unit of length, cell in Å, names of the further columns, number of the first line of atoms)."""
    scale, cell, names, width = 1.0, np.zeros((3, 3)), [], 0
    for number, line in enumerate(lines):
        if match := _VECTOR.match(line):
            cell[int(match[1]) - 1, int(match[2]) - 1] = float(match[3])
        elif line.startswith("A ="):
            scale = float(line.split()[2])
        elif line.startswith("auxiliary"):
            names.append(line.partition("=")[2].split()[0])
        elif line.startswith("entry_count"):
            width = int(line.partition("=")[2])
        elif number and line.strip() and not line.startswith((".NO_VELOCITY", "#", "eta", "Transform", "R =")):
            if len(names) != width - 3:
                raise ValueError(f"entry_count is {width}, with {len(names)} names")
            return scale, cell, names, number
    raise ValueError("it has no atoms")


def _rows(lines: Sequence[str], width: int) -> list[list[str]]:
    """Mass, element and numbers of each atom."""
    rows: list[list[str]] = []
    mass = element = ""
    for line in lines:
        words = line.split()
        if len(words) == width:
            rows.append([mass, element, *words])
        elif len(words) == 1 and words[0][0].isalpha():
            element = words[0]
        elif len(words) == 1:
            mass = str(float(words[0]))
        elif words:
            raise ValueError(f"want {width} numbers, found {line!r}")
    return rows


def _scaled(row: list[str], scale: float) -> list[str]:
    """The row with the fractions that LAMMPS meant."""
    if scale != _UNWRAPPED:
        return row
    fractions = [repr((float(word) - 0.5) * _UNWRAPPED + 0.5) for word in row[2:5]]
    return [*row[:2], *fractions, *row[5:]]


def _step(name: str) -> int:
    """The last number in a file name, else 0."""
    numbers = re.findall(r"\d+", name.rpartition(".")[0])
    return int(numbers[-1]) if numbers else 0
