"""Base of architectures that are Python only."""

from __future__ import annotations

from typing import Literal

from lmpdrive.architectures.base.architecture import Architecture
from lmpdrive.architectures.base.couplings import Callback, Integrated, Native


class PythonModel(Architecture):
    """A model in Python: in LAMMPS' process, or without LAMMPS.  It adds the key `coupling`."""

    coupling: Literal["callback", "ase"] = "callback"
    """`callback`: LAMMPS integrates and asks the model; `ase`: ASE integrates, without LAMMPS."""

    @property
    def chosen(self) -> Native | Callback | Integrated:
        """The coupling named."""
        return Integrated() if self.coupling == "ase" else self.couplings[0]
