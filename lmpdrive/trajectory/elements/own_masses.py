"""Masses that are not the standard ones: of isotopes, and of hydrogen that was made heavier.

Units: u.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmpdrive.trajectory.elements.names import ISOTOPE_MASSES_U, OWN_MASS_U, VIRTUAL_SITE, standard_masses_u
from lmpdrive.trajectory.topology import Topology

Masses = NDArray[np.float64]


def masses_of_types(
    types: NDArray[np.int64], masses: Mapping[int, float], names: Mapping[int, str] | Sequence[str]
) -> Masses:
    """(N,) from the masses of types, else those that the names of isotopes mean; NaN where neither tells."""
    named = names if isinstance(names, Mapping) else dict(enumerate(names, start=1))
    each = {t: masses.get(t, ISOTOPE_MASSES_U.get(named.get(t, ""), np.nan)) for t in set(types.tolist())}
    return np.array([each[t] for t in types.tolist()], dtype=float)


def masses_of_names(names: NDArray[np.str_]) -> Masses:
    """(N,) of isotopes; NaN elsewhere."""
    unique, inverse = np.unique(names, return_inverse=True)
    return np.array([ISOTOPE_MASSES_U.get(str(name), np.nan) for name in unique])[inverse]


def with_own_masses(topology: Topology, masses_u: Masses, note: Callable[[str], None]) -> Topology:
    """With these masses (NaN: not known) if any is not the standard one, which is said."""
    table = {**standard_masses_u(), VIRTUAL_SITE: np.nan}
    standard = np.array([table[str(element)] for element in topology.elements])
    odd = np.abs(masses_u - standard) > OWN_MASS_U
    if not odd.any():
        return topology
    found = sorted({(str(e), round(float(m), 3)) for e, m in zip(topology.elements[odd], masses_u[odd], strict=True)})
    note(f"Masses other than the standard ones are used: {', '.join(f'{e} {m:g} u' for e, m in found)}.")
    return replace(topology, masses_u=np.where(np.isfinite(masses_u), masses_u, standard))
