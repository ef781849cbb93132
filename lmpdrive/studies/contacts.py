"""Frames in which molecules and ions come closer than they do in any run.

Trajectories at one temperature never visit the repulsion between molecules, and a potential that learned from them
alone may have none there: two oxygens fall into each other within a picosecond.  Molecules of water, and whatever is
neither water nor of the metal, are shifted as a whole by normal displacements.

Ions are few and diffuse slowly, so that frames of a run show them in a few places, and never two of them in contact:
models then bind Na+ to Na+.  Half of the ions of one atom change place with a molecule of water, every second of these
with one beside another ion.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.geometry import get_distances

from lmpdrive.system.groups import find_waters
from lmpdrive.system.neighbours import pairs_within

BESIDE = 4
"""The nearest molecules to an ion: about those of its shell that another ion may take the place of."""
BOND_A = 2.0
"""Nearer atoms that are neither water nor slab are of one ion, which keeps its place."""


def closer(frames: Sequence[Atoms], shift_A: float, slab: Sequence[int], seed: int) -> list[Atoms]:
    """Copies with ions in other places and every molecule and ion shifted.

    shift_A : σ of the displacements along each axis.  slab : atoms that stay.
    """
    rng = np.random.default_rng(seed)
    return [_closer(atoms, shift_A, slab, rng) for atoms in frames]


def _closer(atoms: Atoms, shift_A: float, slab: Sequence[int], rng: np.random.Generator) -> Atoms:
    moved = atoms.copy()
    stays = np.zeros(len(atoms), dtype=bool)
    stays[list(slab)] = True
    molecules = find_waters(atoms, stays).molecules
    others = np.flatnonzero(~stays & ~np.isin(np.arange(len(atoms)), molecules))
    ions = _of_one_atom(atoms, others)
    if len(molecules):
        for ion in ions:
            if rng.random() < 0.5:
                _exchange(moved, int(ion), molecules[_partner(moved, molecules, ions[ions != ion], rng)])
    for part in (*molecules, *others[:, None]):
        moved.positions[part] += rng.normal(0.0, shift_A, 3)
    moved.info["reason"] = "contacts"
    return moved


def _of_one_atom(atoms: Atoms, others: np.ndarray) -> np.ndarray:
    first, second, _ = pairs_within(atoms, BOND_A)
    return others[~np.isin(others, first[np.isin(first, others) & np.isin(second, others)])]


def _partner(atoms: Atoms, molecules: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> int:
    """Which molecule: any, or as often one of those nearest to another ion."""
    if not len(others) or rng.random() < 0.5:
        return int(rng.integers(len(molecules)))
    other, oxygens = rng.choice(others), molecules[:, 0]
    _, distances = get_distances(atoms.positions[[other]], atoms.positions[oxygens], cell=atoms.cell, pbc=atoms.pbc)
    return int(rng.choice(np.argsort(distances[0])[:BESIDE]))


def _exchange(atoms: Atoms, ion: int, molecule: np.ndarray) -> None:
    step = atoms.positions[ion] - atoms.positions[molecule[0]]
    atoms.positions[ion] -= step
    atoms.positions[molecule] += step
