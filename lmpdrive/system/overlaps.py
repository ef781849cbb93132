"""Are any two atoms too close?  The limit is half the sum of the covalent radii (design, "Stability")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.errors import StructureError

if TYPE_CHECKING:
    from ase import Atoms


def check_overlaps(atoms: Atoms, source: str = "the structure", fix: str = "Correct the structure.") -> None:
    """Raise StructureError naming the worst pair when two atoms overlap; periodic images count."""
    from ase.data import covalent_radii

    from lmpdrive.system.neighbours import pairs_within

    radii = covalent_radii[atoms.numbers]
    i, j, distance = pairs_within(atoms, float(radii.max()))
    near = distance < (radii[i] + radii[j]) / 2
    if not near.any():
        return
    i, j, distance = i[near], j[near], distance[near]
    limit = (radii[i] + radii[j]) / 2
    worst = int(np.argmin(distance / limit))
    a, b = sorted((int(i[worst]), int(j[worst])))
    pairs = len(i) // 2
    more = f" ({pairs} such pairs)" if pairs > 1 else ""
    what = f"{atoms[a].symbol} (id {a + 1}) and {atoms[b].symbol} (id {b + 1})"
    raise StructureError(
        f"{source}: atoms overlap: {what} are {distance[worst]:.3f} Å apart; the limit is {limit[worst]:.3f} Å, "
        f"half the sum of their covalent radii{more}. {fix}"
    )
