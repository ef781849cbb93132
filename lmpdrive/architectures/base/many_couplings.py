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
    kokkos: Literal["auto", "always", "never", "threads"] = "auto"
    """Native coupling with LAMMPS' KOKKOS package: on GPUs with `always`, on the threads of the CPU with `threads`, or
    with `always` where LAMMPS has KOKKOS for CPUs only; auto: where LAMMPS and the machine have GPUs."""

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

    @property
    def with_kokkos(self) -> bool:
        """Whether it was decided that the native coupling uses KOKKOS."""
        return self.kokkos in ("always", "threads")

    def lammps_arguments(self, ranks: int, threads: int = 1) -> list[str]:
        """KOKKOS on one GPU for each rank, or on threads, where that was decided."""
        if not (isinstance(self.chosen, Native) and self.with_kokkos):
            return []
        return kokkos_arguments("g", ranks) if self.kokkos == "always" else kokkos_arguments("t", threads)
