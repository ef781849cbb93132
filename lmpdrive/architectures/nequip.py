"""NequIP through `pair_style nequip`.

    potential:
      architecture: nequip
      model: ./model.nequip.pth

Batzner et al., Nat. Commun. 13, 2453 (2022).  https://github.com/mir-group/pair_nequip_allegro
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from lmpdrive.architectures import Native
from lmpdrive.architectures.shared.nequip import NEEDS, NequipStyle


class Nequip(NequipStyle):
    """Message-passing models of the NequIP framework (0.7 and later)."""

    couplings: ClassVar = (Native("nequip", needs=NEEDS),)
    title: ClassVar[str] = "NequIP"
    single_rank: ClassVar[str | None] = "pair_style nequip runs on one rank"

    model: Path
    """`.nequip.pth` or `.nequip.pt2`, made by `nequip-compile` with the target `pair_nequip`."""
