"""Whether two sources say the same of the atoms: the errors that name the first atom of which they do not.

`ids` are those of the atoms, or None where the order of the lines is that of the atoms.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError

Ids = NDArray[np.int64] | None


def check_names(own: NDArray[np.str_], elements: NDArray[np.str_], ids: Ids, where: str, source: str) -> None:
    """Raise where a file's own elements are not those of another source."""
    if len(other := np.flatnonzero(own != elements)):
        first = int(other[0])
        raise TrajectoryError(
            f"{where}: atom {_id(first, ids)} is {own[first]} there but {elements[first]} by {source} "
            f"({len(other)} atoms differ); are they of the same run, and the elements in the order of the types?"
        )


def check_types(own: NDArray[np.int64], types: NDArray[np.int64], ids: Ids, where: str, data: str) -> None:
    """Raise where a file's types are not those of the data file."""
    if len(other := np.flatnonzero(own != types)):
        first = int(other[0])
        raise TrajectoryError(
            f"{where}: atom {_id(first, ids)} is of type {own[first]} there but of type {types[first]} in {data} "
            f"({len(other)} atoms differ): the data file has the atoms in another order or is of another system. Give "
            "that of this run, or none and --elements"
        )


def check_kinds(now: NDArray, before: NDArray, ids: Ids, column: str, steps: tuple[int, int], where: str) -> None:
    """Raise where an atom has another type or element at the second of two steps than at the first.

    now, before : (N,) what the column says of each atom.
    """
    if len(other := np.flatnonzero(now != before)):
        raise TrajectoryError(
            f"{where}: the column `{column}` of atom {_id(int(other[0]), ids)} at step {steps[1]} differs from step "
            f"{steps[0]} ({len(other)} atoms differ): atoms that change their type during a run (fix atom/swap, set "
            "type, reactions by type) cannot be followed; analyse the parts of the run apart"
        )


def check_among(elements: Iterable[str], given: Iterable[str], where: str) -> None:
    """Raise where a file without types has elements that the caller did not give."""
    if more := sorted(set(elements) - set(given)):
        raise TrajectoryError(
            f"{where} names its own elements, of which {', '.join(more)} is not among those given "
            f"({' '.join(given)}); leave --elements out, or correct it"
        )


def check_manifest(same: bool, given: Iterable[str]) -> None:
    """Raise where the caller's elements are not those of the run."""
    if not same:
        raise TrajectoryError(
            f"the elements given ({' '.join(given)}) are not those of the run's manifest; leave --elements out"
        )


def _id(atom: int, ids: Ids) -> int:
    return atom + 1 if ids is None or not len(ids) else int(ids[atom])
