"""Base of architectures with more than one coupling."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from lmpdrive.architectures.base.architecture import Architecture
from lmpdrive.architectures.base.couplings import Callback, Integrated, Native
from lmpdrive.architectures.base.deck import kokkos_arguments
from lmpdrive.architectures.base.problem import Problem


class ManyCouplings(Architecture):
    """More than one coupling: the keys that choose one, decided when a deck is written."""

    build: ClassVar[str]
    """The LAMMPS that has the native couplings, in words, for messages."""

    coupling: Literal["auto", "native", "callback", "ase"] = "auto"
    """How the model reaches LAMMPS; auto: the best that the LAMMPS at hand supports; `ase`: ASE integrates instead."""
    kokkos: Literal["auto", "always", "never"] = "auto"
    """Native coupling with LAMMPS' KOKKOS package on GPUs; auto: where both are available."""

    def possible_couplings(self) -> tuple[Native | Callback, ...]:
        """Those of `couplings` that this model file allows, preferred first."""
        return self.couplings

    @property
    def chosen(self) -> Native | Callback | Integrated:
        """The coupling named; before `auto` is decided the last one, which needs least."""
        if self.coupling == "ase":
            return Integrated()
        possible = self.possible_couplings()
        return next((c for c in possible if c.name == self.coupling), possible[-1])

    def decided(self, coupling: Native | Callback, kokkos: bool) -> Self:
        """A copy that says which coupling runs, and whether with KOKKOS on GPUs."""
        return self.model_copy(update={"coupling": coupling.name, "kokkos": "always" if kokkos else "never"})

    def takes(self, coupling: Native | Callback) -> str:
        """The key and value that choose a coupling."""
        return f"coupling: {coupling.name}"

    @property
    def instead(self) -> str:
        """What to use where the LAMMPS at hand lacks the coupling that was chosen."""
        return "coupling: callback"

    def lammps_problems(self, version: int) -> list[Problem]:
        """What is wrong with this version of LAMMPS (yyyymmdd) for the decided coupling."""
        return []

    def lammps_arguments(self, ranks: int) -> list[str]:
        """KOKKOS on one GPU for each rank, where that was decided."""
        return kokkos_arguments("g", ranks) if isinstance(self.chosen, Native) and self.kokkos == "always" else []
