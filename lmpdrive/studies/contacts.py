"""Frames in which molecules come closer than they do in any run.

Trajectories at one temperature never visit the repulsion between molecules, and a potential that learned from them
alone may have none there: two oxygens fall into each other within a picosecond.  Molecules of water, and whatever is
neither water nor of the metal, are shifted as a whole by normal displacements.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from lmpdrive.system.groups import find_waters


def closer(frames: Sequence[Atoms], shift_A: float, slab: Sequence[int], seed: int) -> list[Atoms]:
    """Copies with every molecule and ion shifted; `shift_A`: σ along each axis; `slab`: atoms that stay."""
    rng = np.random.default_rng(seed)
    return [_shifted(atoms, shift_A, slab, rng) for atoms in frames]


def _shifted(atoms: Atoms, shift_A: float, slab: Sequence[int], rng: np.random.Generator) -> Atoms:
    moved = atoms.copy()
    stays = np.zeros(len(atoms), dtype=bool)
    stays[list(slab)] = True
    molecules = find_waters(atoms, stays).molecules
    alone = np.flatnonzero(~stays & ~np.isin(np.arange(len(atoms)), molecules))
    for part in (*molecules, *alone[:, None]):
        moved.positions[part] += rng.normal(0.0, shift_A, 3)
    moved.info["reason"] = "contacts"
    return moved
