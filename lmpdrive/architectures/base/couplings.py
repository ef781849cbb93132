"""The ways from LAMMPS to a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

MLIAP_PYTHON = "ML-IAP's Python interface"
"""What a LAMMPS has that was built with ML-IAP, PYTHON and `MLIAP_ENABLE_PYTHON`."""


@dataclass(frozen=True, kw_only=True)
class _Coupling:
    """What all couplings have in common."""

    template: str = ""
    """Deck template, where it differs from the architecture's."""
    title: str = ""
    """Name for reports, where it differs from the architecture's."""


@dataclass(frozen=True)
class Native(_Coupling):
    """Coupling through a `pair_style` of LAMMPS itself; the deck runs with plain `lmp -in`."""

    name: ClassVar = "native"
    pair_style: str
    needs: tuple[str, ...] = ()
    """What LAMMPS must be built with (its packages), for the message where it is missing."""
    for_gpus: bool = False
    """`coupling: auto` takes it only where KOKKOS runs on a GPU: elsewhere another coupling is faster."""

    def __str__(self) -> str:
        return f"native (pair_style {self.pair_style})"

    @property
    def runs_python(self) -> bool:
        """Whether the model is Python that ML-IAP calls."""
        return MLIAP_PYTHON in self.needs


@dataclass(frozen=True)
class Callback(_Coupling):
    """Coupling through `fix external pf/callback`: the model runs in the same process."""

    name: ClassVar = "callback"

    def __str__(self) -> str:
        return "callback (fix external)"


@dataclass(frozen=True)
class Integrated(_Coupling):
    """No LAMMPS: ASE integrates with the model's own calculator."""

    name: ClassVar = "ase"
    template: str = "ase.lmp.j2"

    def __str__(self) -> str:
        return "ase (ASE integrates, without LAMMPS)"
