"""PDB: elements from columns 77-78, else from the atom names."""

from __future__ import annotations

from pathlib import Path

from lmpdrive.trajectory.given_cell import parse_cell
from lmpdrive.trajectory.structures.named import NamedAtoms, name_without_number


def read(path: Path) -> NamedAtoms:
    """The first model.  Raises ValueError for numbers that are none."""
    names, cell = [], None
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("CRYST1"):
            numbers = [
                float(line[start:stop]) for start, stop in ((6, 15), (15, 24), (24, 33), (33, 40), (40, 47), (47, 54))
            ]
            cell = parse_cell(numbers) if min(numbers[:3]) > 1 else None  # 1 1 1 stands for "no crystal"
        elif line.startswith(("ATOM  ", "HETATM")):
            names.append(
                line[76:78].strip().capitalize() or name_without_number(line[17:20].strip(), line[12:16].strip())
            )
        elif line.startswith("ENDMDL"):
            break
    return NamedAtoms(names, cell=cell)
