"""GRO (GROMACS): atom names, and the box in nm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.trajectory.structures.named import NamedAtoms, name_without_number

_A_PER_NM = 10.0


def read(path: Path) -> NamedAtoms:
    """The first frame.  Raises ValueError or IndexError where lines are missing."""
    lines = path.read_text(errors="replace").splitlines()
    n_atoms = int(lines[1])
    rows, cell = lines[2 : 2 + n_atoms], _cell(lines[2 + n_atoms])
    names = [name_without_number(row[5:10].strip(), row[10:15].strip()) for row in rows]
    return NamedAtoms(names, cell=cell)


def _cell(line: str) -> NDArray[np.float64] | None:
    """`xx yy zz [xy xz yx yz zx zy]`: the second letter is the component."""
    numbers = _A_PER_NM * np.array([float(word) for word in line.split()])
    cell = np.diag(numbers[:3])
    if len(numbers) == 9:
        cell[0, 1], cell[0, 2], cell[1, 0], cell[1, 2], cell[2, 0], cell[2, 1] = numbers[3:]
    return cell if numbers[:3].all() else None
