"""PSF (CHARMM, NAMD, X-PLOR): names, charges [e] and masses [u]; no cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lmpdrive.trajectory.structures.named import NamedAtoms


def read(path: Path) -> NamedAtoms:
    """Columns: id, segment, residue, its name, atom name, type, charge, mass.  Raises ValueError without `!NATOM`."""
    lines = path.read_text(errors="replace").splitlines()
    start = next((i for i, line in enumerate(lines) if "!NATOM" in line), None)
    if start is None:
        raise ValueError("it has no section !NATOM")
    n_atoms = int(lines[start].split()[0])
    rows = [line.split() for line in lines[start + 1 : start + 1 + n_atoms]]
    if len(rows) != n_atoms:
        raise ValueError(f"it announces {n_atoms} atoms and has {len(rows)}")
    return NamedAtoms(
        [row[4] for row in rows],
        masses_u=np.array([float(row[7]) for row in rows]),
        charges_e=np.array([float(row[6]) for row in rows]),
    )
