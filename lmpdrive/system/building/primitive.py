"""The primitive cell of a crystal: its lattice with all pure translations.  Lengths in Å."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

TOLERANCE_A = 0.02
"""Atoms nearer than this to where a translation puts their like are the same atom."""
MOST_ATOMS = 2000
"""A larger cell is taken as it is: looking for translations compares all atoms with all."""


def primitive(crystal: Atoms) -> Atoms:
    """The smallest cell with the same crystal, its vectors as short as they can be (Minkowski-reduced)."""
    from ase.geometry import minkowski_reduce

    translations = _translations(crystal) if len(crystal) <= MOST_ATOMS else np.zeros((1, 3))
    n = len(translations)
    # every translation is a multiple of 1/n: in these units the lattice is one of integers
    rows = np.vstack([np.rint(translations * n).astype(int), n * np.eye(3, dtype=int)])
    cell = minkowski_reduce(_hermite(rows) / n @ np.asarray(crystal.cell))[0]
    small = crystal.copy()
    small.set_cell(cell)
    scaled = small.get_scaled_positions(wrap=True)
    kept: list[int] = []
    for k, position in enumerate(scaled):
        apart = scaled[kept] - position
        apart -= np.rint(apart)
        if not np.any(np.linalg.norm(apart @ cell, axis=1) < TOLERANCE_A):
            kept.append(k)
    return small[kept]


def _translations(crystal: Atoms) -> np.ndarray:
    """Fractional vectors in [0, 1) that map the crystal onto itself, (0, 0, 0) among them."""
    scaled = crystal.get_scaled_positions(wrap=True)
    cell = np.asarray(crystal.cell)
    numbers, counts = np.unique(crystal.numbers, return_counts=True)
    rarest = np.flatnonzero(crystal.numbers == numbers[np.argmin(counts)])
    found = []
    for candidate in scaled[rarest] - scaled[rarest[0]]:
        if all(_maps(scaled[crystal.numbers == number], candidate, cell) for number in numbers):
            found.append(candidate % 1.0)
    return np.array(found)


def _maps(scaled: np.ndarray, shift: np.ndarray, cell: np.ndarray) -> bool:
    """Whether each of the points lies on another one after the shift."""
    apart = (scaled + shift)[:, None] - scaled[None]
    apart -= np.rint(apart)
    return bool(np.all(np.linalg.norm(apart @ cell, axis=-1).min(axis=1) < TOLERANCE_A))


def _hermite(rows: np.ndarray) -> np.ndarray:
    """Basis (3, 3) of the lattice that integer rows span: row echelon form by Euclid's algorithm."""
    rows = rows.copy()
    basis = []
    for column in range(3):
        while np.count_nonzero(rows[:, column]) > 1:
            filled = np.flatnonzero(rows[:, column])
            pivot = filled[np.argmin(np.abs(rows[filled, column]))]
            for other in filled[filled != pivot]:
                rows[other] -= rows[other, column] // rows[pivot, column] * rows[pivot]
        pivot = int(np.flatnonzero(rows[:, column])[0])
        basis.append(rows[pivot])
        rows = np.delete(rows, pivot, axis=0)
    return np.array(basis)
