"""Pairs of atoms closer than a distance [Å], periodic images included, in any cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.constituents.bonds import neighbours

if TYPE_CHECKING:
    from ase import Atoms


def pairs_within(atoms: Atoms, cutoff_A: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices i, j and distances; every pair appears as (i, j) and as (j, i), once per image."""
    once = neighbours(atoms.positions, np.asarray(atoms.cell), cutoff_A)
    first, second = (np.concatenate(ends) for ends in ((once.first, once.second), (once.second, once.first)))
    return first, second, np.tile(once.length, 2)
