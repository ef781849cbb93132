"""The part of a built system that architectures may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Interface(Protocol):
    """Elements and groups of the atoms of a run."""

    @property
    def elements(self) -> Sequence[str]:
        """Elements in the order of the LAMMPS types."""

    @property
    def species(self) -> Sequence[str]:
        """Element of each atom, in the order of the atom ids."""

    @property
    def groups(self) -> Mapping[str, Any]:
        """Group name -> 0-based atom indices."""

    @property
    def two_sided(self) -> bool:
        """Whether both faces of the slab are wet."""

    @property
    def vacuum_along_z(self) -> bool:
        """Whether the cell has a vacuum: beside a slab with one wet face, or behind two electrodes."""
