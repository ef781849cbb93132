"""AGNI (adaptive generalisable neighbourhood informed) force fields through `pair_style agni`.

    potential:
      architecture: agni
      model: ./Al_jpc.agni
    dynamics: {minimise: null}

Forces only, of one element: no energy, no pressure.  Huan et al., J. Phys. Chem. C 123, 20715 (2019).
https://docs.lammps.org/pair_agni.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from lmpdrive.architectures import Native, PairStyle, Problem, element_symbols, lammps_package, words_after


class Agni(PairStyle):
    """Machine-learned forces of elemental solids."""

    template: ClassVar[str] = "agni.lmp.j2"
    couplings: ClassVar = (Native("agni", needs=lammps_package("MISC")),)
    title: ClassVar[str] = "AGNI"
    forces_only: ClassVar[bool] = True

    model: Path
    """`.agni` file, in `units metal`."""

    def elements_of_file(self) -> tuple[str, ...]:
        """From the line `element`."""
        return element_symbols(words_after("element", self.model) or (), self.model)

    def order_problems(self, elements: Sequence[str], known: Sequence[str]) -> list[Problem]:
        """One element only."""
        if len(elements) == 1:
            return []
        return [Problem("error", f"pair_style agni runs one element only, the system has {' '.join(elements)}.")]
