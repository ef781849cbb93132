"""NequIP: `pair_style nequip` where the model was compiled for it, else nequip in LAMMPS' process.

    potential:
      architecture: nequip
      model: ./model.nequip.pt2

Batzner et al., Nat. Commun. 13, 2453 (2022).  https://github.com/mir-group/pair_nequip_allegro
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import PositiveInt

from lmpdrive.architectures import CALLBACK_TEMPLATE, Callback, Native, ReceptiveField
from lmpdrive.architectures.shared.nequip_framework import NequipFramework, metadata


class Nequip(NequipFramework):
    """Message-passing models of the NequIP framework (0.7 and later)."""

    couplings: ClassVar = (
        Native("nequip"),
        Callback(template=CALLBACK_TEMPLATE, title="NequIP through fix external"),
    )
    title: ClassVar[str] = "NequIP"
    pair_target: ClassVar[str] = "pair_nequip"

    model: Path
    """`.nequip.pt2`, compiled by `nequip-compile` with the target `ase` or `pair_nequip`."""
    layers: PositiveInt | None = None
    """Interaction layers (`num_layers` of the training input), for the charge-visibility audit: the file has no record
    of them."""

    @property
    def single_rank(self) -> str | None:  # type: ignore[override]
        """Neither the pair style nor the calculator takes more."""
        return "pair_style nequip runs on one rank" if isinstance(self.chosen, Native) else super().single_rank

    def receptive_field(self) -> ReceptiveField | None:
        """Cutoff x `layers`, where that is given."""
        return ReceptiveField.of(float(metadata(self.model)["r_max"]), self.layers) if self.layers else None
