"""Allegro through `pair_style allegro`.

    potential:
      architecture: allegro
      model: ./model.nequip.pt2

Musaelian et al., Nat. Commun. 14, 579 (2023).  https://github.com/mir-group/pair_nequip_allegro
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from lmpdrive.architectures import KokkosPairStyle, Native
from lmpdrive.architectures.shared.nequip import NEEDS, NequipStyle


class Allegro(NequipStyle, KokkosPairStyle):
    """Strictly local models of the NequIP framework (0.7 and later)."""

    couplings: ClassVar = (Native("allegro", needs=NEEDS),)
    title: ClassVar[str] = "Allegro"

    model: Path
    """`.nequip.pth` or `.nequip.pt2`, made by `nequip-compile` with the target `pair_allegro`."""
