"""Standard atomic weights [u]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError


def masses_u(elements: NDArray[np.str_]) -> NDArray[np.float64]:
    """(n,) mass of each atom, from its element.

    Raises TrajectoryError for a name that is no element.
    """
    from ase.data import atomic_masses, atomic_numbers

    unknown = sorted(set(elements) - set(atomic_numbers))
    if unknown:
        raise TrajectoryError(f"no atomic mass is known for {', '.join(unknown)}: want symbols of elements, e.g. Na")
    return np.array([atomic_masses[atomic_numbers[str(e)]] for e in elements], dtype=float)
