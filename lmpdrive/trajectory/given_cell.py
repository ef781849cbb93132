"""A cell for files that have none: three lengths, lengths and angles, or three vectors; or that of the data file.

Units: Å and degrees.  The cell is the same in all frames, so it is right for runs at constant volume only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.geometry import cellpar_to_cell
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError

CellInput = str | float | Sequence[float] | Sequence[Sequence[float]] | NDArray[np.float64]

HOW_TO_GIVE_A_CELL = (
    "give the constant cell with cell= (on the command line --cell 'a b c' or --cell 'a b c alpha beta gamma', Å and "
    "degrees), or a data file that has one with data= (--data)"
)


@dataclass(frozen=True, eq=False)
class GivenCell:
    """vectors : (3, 3) Å, rows a, b, c; source : who said so, for messages; by_user : False if a file did."""

    vectors: NDArray[np.float64]
    source: str
    by_user: bool

    def said_of(self, path: Path) -> str:
        """What a reader of the results must know."""
        return (
            f"{path.name} has no cell: that of {self.source} is taken for all frames, which is right only if the run "
            "kept its volume."
        )


def parse_cell(given: CellInput) -> NDArray[np.float64]:
    """3 lengths, 6 lengths and angles, or 9 components of a, b, c -> (3, 3) rows, Å.

    Raises TrajectoryError for another number of values, words, or a cell without volume.
    """
    try:
        words = given.replace(",", " ").split() if isinstance(given, str) else given
        numbers = np.asarray(words, dtype=float).ravel()
    except (ValueError, TypeError):
        numbers = np.zeros(0)
    if len(numbers) == 3:
        vectors = np.diag(numbers)
    elif len(numbers) == 6:
        vectors = _from_lengths_and_angles(numbers)
    elif len(numbers) == 9:
        vectors = numbers.reshape(3, 3)
    else:
        raise TrajectoryError(
            f"cell is {given!r}; want 3 numbers (a b c), 6 (a b c alpha beta gamma) or 9 (the vectors), in Å and "
            "degrees"
        )
    lengths_are_positive = len(numbers) == 9 or (numbers > 0).all()
    if not (np.isfinite(vectors).all() and lengths_are_positive and np.linalg.det(vectors) > 1e-6):
        raise TrajectoryError(
            f"cell is {given!r}, which has no volume; want positive lengths in Å and vectors in a right-handed order"
        )
    return vectors


def _from_lengths_and_angles(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) with a along x and b in the xy plane; nan where there is no cell with such angles."""
    try:
        with np.errstate(invalid="ignore"):
            return np.asarray(cellpar_to_cell(numbers), dtype=float)
    except AssertionError:  # ASE's check
        return np.full((3, 3), np.nan)


def shape_of(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(6,) a, b, c [Å] and alpha, beta, gamma [degrees]: the same however the cell is turned."""
    lengths = np.linalg.norm(vectors, axis=1)
    pairs = [(1, 2), (0, 2), (0, 1)]
    cosines = [vectors[i] @ vectors[j] / (lengths[i] * lengths[j]) for i, j in pairs]
    return np.concatenate([lengths, np.degrees(np.arccos(np.clip(cosines, -1, 1)))])


def check_same(given: GivenCell, found: NDArray[np.float64], path: object) -> None:
    """Raise TrajectoryError if a file has a cell and the user gave another; a data file may be of another time."""
    if not given.by_user:
        return
    ours, its = shape_of(given.vectors), shape_of(found)
    if not np.allclose(ours, its, rtol=1e-4, atol=1e-3):
        raise TrajectoryError(
            f"{path} has a cell of its own, {_words(its)}, which is not the given one, {_words(ours)}; leave out the "
            "cell (--cell)"
        )


def _words(shape: NDArray[np.float64]) -> str:
    return " ".join(f"{number:.6g}" for number in shape)
