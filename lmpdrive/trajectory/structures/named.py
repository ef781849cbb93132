"""`NamedAtoms`: what a structure file says; and the same in the form of a LAMMPS data file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmpdrive.trajectory.elements.data_file import DataFile


@dataclass(frozen=True, eq=False)
class NamedAtoms:
    """One entry per atom, in the order of the file.

    names : (N,) elements, or atom names of a force field; masses_u, charges_e : (N,), or None where it has none.
    cell : (3, 3) Å, or None.
    """

    names: list[str]
    masses_u: NDArray[np.float64] | None = None
    charges_e: NDArray[np.float64] | None = None
    cell: NDArray[np.float64] | None = None


def as_data_file(atoms: NamedAtoms) -> DataFile:
    """The same with types that are made up: one for each name (and mass), in the order in which they appear.

    Raises ValueError if there are no atoms, or not as many masses or charges as atoms.
    """
    if not atoms.names:
        raise ValueError("it has no atoms")
    for column in (atoms.masses_u, atoms.charges_e):
        if column is not None and len(column) != len(atoms.names):
            raise ValueError(f"it has {len(atoms.names)} atoms, and {len(column)} masses or charges")
    masses = np.zeros(len(atoms.names)) if atoms.masses_u is None else atoms.masses_u
    keys = list(zip(atoms.names, masses.tolist()))
    numbers = {key: i for i, key in enumerate(dict.fromkeys(keys), start=1)}
    charges = atoms.charges_e
    return DataFile(
        ids=np.arange(1, len(keys) + 1),
        types=np.array([numbers[key] for key in keys]),
        type_names={number: name for (name, _), number in numbers.items()},
        origin=np.zeros(3),
        charges_e=charges if charges is not None and charges.any() else None,
        masses={} if atoms.masses_u is None else {number: mass for (_, mass), number in numbers.items()},
        cell=atoms.cell,
        types_made_up=True,
    )


def name_without_number(residue: str, atom: str) -> str:
    """The atom name without digits around it; of an ion, whose residue has the same name (NA, CL), the symbol."""
    name = atom.strip("0123456789'\"*+-") or atom
    return name.capitalize() if name == residue.strip("+-") and len(name) <= 2 else name
