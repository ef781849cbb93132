"""Which atom is what: `Topology`, from a run's manifest, a LAMMPS data file, or a list of elements.

Elements are never guessed from masses: 15.999 may be a coarse-grained bead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.manifest import Manifest
from lmpdrive.errors import TrajectoryError


@dataclass(frozen=True, eq=False)
class Topology:
    """Elements of the atoms in id order and, where the builder defined them, named groups of them.

    elements : (N,) array of str.
    groups : name -> 0-based indices ("metal", "layer_1" ... bottom to top, "fixed", "water", ...).
    two_sided : True/False as the builder recorded, None if not known (then it is found from the first frame).
    charges_e : (N,) partial charges in e, or None.
    masses_u : (N,) masses in u where they are not the standard ones (deuterium, repartitioned mass), or None.
    """

    elements: NDArray[np.str_]
    groups: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    two_sided: bool | None = None
    charges_e: NDArray[np.float64] | None = None
    masses_u: NDArray[np.float64] | None = None

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.elements)

    def select(self, element: str) -> NDArray[np.int64]:
        """0-based indices of the atoms of one element."""
        return np.flatnonzero(self.elements == element)

    def take(self, atoms: NDArray[np.int64]) -> Topology:
        """Some of the atoms (ascending 0-based indices), with the groups and charges that are left of them."""
        groups = {name: np.searchsorted(atoms, np.intersect1d(group, atoms)) for name, group in self.groups.items()}
        return Topology(
            self.elements[atoms],
            {name: group for name, group in groups.items() if len(group)},
            self.two_sided,
            None if self.charges_e is None else self.charges_e[atoms],
            None if self.masses_u is None else self.masses_u[atoms],
        )


def parse_id_ranges(text: str, n_atoms: int) -> NDArray[np.int64]:
    """`"1:48,60"` (LAMMPS ids, 1-based, inclusive) -> 0-based indices.

    Raises TrajectoryError for an id outside 1..n_atoms or anything that is not a range.
    """
    indices: list[int] = []
    for part in filter(None, (piece.strip() for piece in str(text).split(","))):
        match = re.fullmatch(r"(\d+)(?::(\d+)(?::(\d+))?)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
        if not 1 <= first <= last <= n_atoms:
            raise TrajectoryError(f"group range {part!r}: want ids like 1:48,60 between 1 and {n_atoms}")
        indices.extend(range(first - 1, last, int(match[3] or 1) if match else 1))
    return np.array(indices, dtype=np.int64)


def topology_from_manifest(manifest: Manifest) -> Topology | None:
    """Topology of the section `system`, or None if it has no per-atom `species`."""
    system = manifest.system
    species = system.species
    if not species:
        return None
    ranges = system.groups.items()
    groups = {name: parse_id_ranges(text, len(species)) for name, text in ranges if text}
    charges = system.charges_e
    return Topology(
        np.array(species, dtype=str),
        {name: group for name, group in groups.items() if len(group)},
        system.two_sided,
        np.asarray(charges, dtype=float) if charges and len(charges) == len(species) else None,
    )
