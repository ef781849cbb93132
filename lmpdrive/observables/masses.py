"""Atomic masses [u]: standard ones, or those of the run where they are others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.topology import Topology


def masses_of(topology: Topology) -> NDArray[np.float64]:
    """(N,) mass of each atom with which the run moved it."""
    return masses_u(topology.elements) if topology.masses_u is None else topology.masses_u


def masses_u(elements: NDArray[np.str_]) -> NDArray[np.float64]:
    """(n,) standard mass of each atom, from its element.

    Raises TrajectoryError for a name that is no element.
    """
    from ase.data import atomic_masses, atomic_numbers

    unknown = sorted(set(elements) - set(atomic_numbers))
    if unknown:
        raise TrajectoryError(f"no atomic mass is known for {', '.join(unknown)}: want symbols of elements, e.g. Na")
    return np.array([atomic_masses[atomic_numbers[str(e)]] for e in elements], dtype=float)
