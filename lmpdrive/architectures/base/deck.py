"""Second part of an architecture: what its deck needs."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from lmpdrive.architectures.base.couplings import Callback, Integrated, Native
from lmpdrive.architectures.base.interface import Interface
from lmpdrive.common.values import Values


class DeckNeeds(Values):
    """The template, and what LAMMPS must have and be told to run it."""

    template: ClassVar[str]
    """File name of the deck template, `<name>.lmp.j2`."""
    couplings: ClassVar[tuple[Native | Callback, ...]]
    """Ways from LAMMPS to the model, preferred first."""
    atom_style: ClassVar[Literal["atomic", "full"]] = "atomic"
    """`full` where the potential needs molecules, bonds and charges in the data file."""
    plugins: ClassVar[bool] = True
    """Whether LAMMPS loads the plugins of installed packages (deepmd-kit's costs seven seconds)."""

    @property
    def chosen(self) -> Native | Callback | Integrated:
        """The coupling that the deck is written for."""
        return self.couplings[0]

    def styles(self) -> dict[str, list[str]]:
        """LAMMPS styles the deck uses, e.g. `{"pair": ["deepmd"]}`."""
        if isinstance(self.chosen, Native):
            return {"pair": [self.chosen.pair_style]}
        if isinstance(self.chosen, Integrated):
            return {}
        return {"pair": ["zero"], "fix": ["external"]}

    def context(self, interface: Interface) -> dict[str, Any]:
        """Extra variables for the template."""
        return {}

    def lammps_arguments(self, ranks: int, threads: int = 1) -> list[str]:
        """Arguments of LAMMPS' command line that the deck needs, e.g. those of an accelerator package."""
        return []


def kokkos_arguments(unit: Literal["g", "t"], number: int) -> list[str]:
    """Arguments of LAMMPS' command line for KOKKOS on so many GPUs ("g") or threads ("t").

    The suffix `kk` picks the KOKKOS variant of each style in the deck.
    """
    return ["-k", "on", unit, str(number), "-sf", "kk", "-pk", "kokkos", "newton", "on", "neigh", "half"]
