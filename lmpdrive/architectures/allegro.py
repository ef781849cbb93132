"""Allegro: `pair_style allegro` where the model was compiled for it, else nequip in LAMMPS' process.

    potential:
      architecture: allegro
      model: ./model.nequip.pt2

Musaelian et al., Nat. Commun. 14, 579 (2023).  https://github.com/mir-group/pair_nequip_allegro
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from lmpdrive.architectures import CALLBACK_TEMPLATE, Callback, Native, ReceptiveField
from lmpdrive.architectures.shared.nequip_framework import NequipFramework, metadata


class Allegro(NequipFramework):
    """Strictly local models of the NequIP framework (0.7 and later)."""

    couplings: ClassVar = (
        Native("allegro"),
        Callback(template=CALLBACK_TEMPLATE, title="Allegro through fix external"),
    )
    title: ClassVar[str] = "Allegro"
    pair_target: ClassVar[str] = "pair_allegro"
    kokkos_style: ClassVar[bool] = True

    model: Path
    """`.nequip.pt2`, compiled by `nequip-compile` with the target `ase` or `pair_allegro`."""

    def receptive_field(self) -> ReceptiveField | None:
        """The cutoff: there are no messages.  None for files that do not say it."""
        cutoff = metadata(self.model).get("r_max")
        return ReceptiveField.of(float(cutoff)) if cutoff else None
