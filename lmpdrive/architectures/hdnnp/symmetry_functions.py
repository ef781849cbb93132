"""The symmetry functions of `input.nn`, in the order in which n2p2 numbers them, as tables for the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import ModelError

TYPES = {"2": 7, "3": 9, "9": 9}
"""Types that are evaluated here -> words of their line, without the optional shift of the angular ones."""


@dataclass(frozen=True)
class SymmetryFunction:
    """One line `symfunction_short`.  Elements are counted in the order of their atomic numbers, lengths as given."""

    centre: int
    type: int
    neighbours: tuple[int, ...]
    eta: float
    shift: float
    cutoff: float
    lambda_: float = 0.0
    zeta: float = 1.0

    @property
    def order(self) -> tuple[object, ...]:
        """What n2p2 sorts by: files of weights and of scaling number the functions so."""
        return (self.type, self.cutoff, self.eta, self.shift, self.zeta, self.lambda_, self.neighbours)


def parse(words: Sequence[str], elements: Sequence[str]) -> SymmetryFunction:
    """From the words of a line `symfunction_short H 2 O eta shift cutoff`.  Raises ModelError."""
    line = " ".join(words)
    if len(words) < 3 or words[2] not in TYPES:
        raise ModelError(
            f"input.nn: symmetry functions of type {', '.join(TYPES)} are evaluated, not: {line}. Other types need a "
            "LAMMPS with pair_style hdnnp"
        )
    if len(words) not in (TYPES[words[2]], TYPES[words[2]] + (words[2] != "2")):
        raise ModelError(f"input.nn: a wrong number of words: {line}")
    try:
        centre = elements.index(words[1])
        if words[2] == "2":
            eta, shift, cutoff = map(float, words[4:7])
            return SymmetryFunction(centre, 2, (elements.index(words[3]),), eta, shift, cutoff)
        pair = sorted((elements.index(words[3]), elements.index(words[4])))
        eta, lambda_, zeta, cutoff = map(float, words[5:9])
        shift = float(words[9]) if len(words) > 9 else 0.0
    except (ValueError, IndexError):
        raise ModelError(f"input.nn: cannot read: {line}") from None
    return SymmetryFunction(centre, int(words[2]), (pair[0], pair[1]), eta, shift, cutoff, lambda_, zeta)


Tables = tuple[
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.float64],
]
"""For the kernel: where the functions of given elements begin and end (elements, elements, 2), their parameters and
their columns; the same for triples, by centre and two neighbours; the cutoffs."""


def tables(functions: Sequence[Sequence[SymmetryFunction]]) -> Tables:
    """Of the sorted functions of each element."""
    n, cutoffs = len(functions), sorted({f.cutoff for own in functions for f in own})
    starts2, starts3 = np.zeros((n, n, 2), np.int64), np.zeros((n, n, n, 2), np.int64)
    rows: dict[bool, list[tuple[float, ...]]] = {False: [], True: []}
    columns: dict[bool, list[int]] = {False: [], True: []}
    for centre, own in enumerate(functions):
        for group in dict.fromkeys(f.neighbours for f in own):
            angular = len(group) == 2
            chosen = [(k, f) for k, f in enumerate(own) if f.neighbours == group]
            span = (len(rows[angular]), len(rows[angular]) + len(chosen))
            rows[angular] += [_row(f, cutoffs) for _, f in chosen]
            columns[angular] += [k for k, _ in chosen]
            if angular:
                starts3[centre, group[0], group[1]] = starts3[centre, group[1], group[0]] = span
            else:
                starts2[centre, group[0]] = span
    two, three = ((np.array(rows[a], float).reshape(-1, 7), np.array(columns[a], np.int64)) for a in (False, True))
    return starts2, *two, starts3, *three, np.array(cutoffs)


def _row(f: SymmetryFunction, cutoffs: Sequence[float]) -> tuple[float, ...]:
    """η, r_s, number of its cutoff, λ, ζ, 1 for type 3, 2^(1-ζ)."""
    return (f.eta, f.shift, cutoffs.index(f.cutoff), f.lambda_, f.zeta, float(f.type == 3), 2 ** (1 - f.zeta))
