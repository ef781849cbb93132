"""Dumps of some atoms only (`dump 1 mobile custom ...`): which atoms of the structure they hold, by their ids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError

Indices = NDArray[np.int64]


def atoms_in(known: Indices, ids: Indices | None, n_atoms: int, where: str) -> Indices | None:
    """Indices of a file's atoms among the `known` ids (ascending) of the structure given with it; None if it has all.

    ids : (N,) ascending, or None where the file has none.

    Raises TrajectoryError where the file has atoms that the structure does not have, or has fewer and no ids.
    """
    if ids is None:
        if n_atoms == len(known):
            return None
        raise TrajectoryError(
            f"{where} has {n_atoms} atoms but the structure given with it has {len(known)}; are they of the same run? "
            "A dump of some of the atoms needs the column id, else nothing says which they are"
        )
    ids = ids.astype(np.int64)
    if np.array_equal(ids, known):
        return None
    strange = np.setdiff1d(ids, known)
    if len(strange):
        raise TrajectoryError(
            f"{where} has {n_atoms} atoms but the structure given with it has {len(known)}, and no atom {strange[0]} "
            f"({len(strange)} atoms are not among its ids); are they of the same run?"
        )
    return np.searchsorted(known, ids)
