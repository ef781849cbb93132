"""Which atom is what: `Topology`, from a run's manifest, a LAMMPS data file, or a list of elements.

Elements are never guessed from masses: 15.999 may be a coarse-grained bead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.manifest import Manifest
from lmpdrive.errors import TrajectoryError

HOW_TO_NAME_ELEMENTS = (
    "give them in type order (elements=['Au', 'H', 'Na', 'O'], on the command line --elements Au H Na O), "
    "or a LAMMPS data file whose Masses carry comments (`1 196.967 # Au`) with data= or --data"
)


@dataclass(frozen=True, eq=False)
class Topology:
    """Elements of the atoms in id order and, where the builder defined them, named groups of them.

    elements : (N,) array of str.
    groups : name -> 0-based indices ("metal", "layer_1" ... bottom to top, "fixed", "water", ...).
    two_sided : True/False as the builder recorded, None if not known (then it is found from the first frame).
    charges_e : (N,) partial charges in e, or None.
    """

    elements: NDArray[np.str_]
    groups: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    two_sided: bool | None = None
    charges_e: NDArray[np.float64] | None = None

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.elements)

    def select(self, element: str) -> NDArray[np.int64]:
        """0-based indices of the atoms of one element."""
        return np.flatnonzero(self.elements == element)


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


def name_types(
    types: NDArray[np.int64], names: Mapping[int, str] | Sequence[str] | None, where: str
) -> NDArray[np.str_]:
    """(N,) element of each atom from its LAMMPS type (1-based).

    Raises TrajectoryError naming the types that have no element and how to give them.
    """
    if names is not None and not isinstance(names, Mapping):
        names = dict(enumerate(names, start=1))
    missing = sorted({int(t) for t in types} - set(names or {}))
    if missing or names is None:
        raise TrajectoryError(f"{where}: no element is known for atom type {missing}; {HOW_TO_NAME_ELEMENTS}")
    return np.array([names[int(t)] for t in types], dtype=str)
