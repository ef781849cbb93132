"""ML-IAP models with a descriptor of LAMMPS' own (SNAP, SO(3), ACE), through `pair_style mliap`.

    potential:
      architecture: mliap
      model: ./InP.mliap.model
      descriptor: ./InP.mliap.descriptor

The Python models of ML-IAP are not meant here: for those of MACE use `architecture: mace`.
https://docs.lammps.org/pair_mliap.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from lmpdrive.architectures import (
    Interface,
    Native,
    PairStyle,
    Problem,
    element_symbols,
    lammps_package,
    read_head,
    uncommented_lines,
    words_after,
)
from lmpdrive.architectures.pace import elements_of_ace
from lmpdrive.architectures.shared.zbl import ZblMixin
from lmpdrive.errors import ModelError


class Mliap(ZblMixin, PairStyle):
    """Linear, quadratic and neural-network models on SNAP, SO(3) or ACE descriptors."""

    template: ClassVar[str] = "mliap-descriptor.lmp.j2"
    couplings: ClassVar = (Native("mliap", needs=lammps_package("ML-IAP")),)
    title: ClassVar[str] = "ML-IAP"

    model: Path
    """Model file, `.mliap.model`."""
    model_style: Literal["linear", "quadratic", "nn"] = "linear"
    """What the model file holds."""
    descriptor: Path
    """Descriptor file, `.mliap.descriptor`; `.yace` for `ace`."""
    descriptor_style: Literal["sna", "so3", "ace"] = "sna"
    """SNAP's bispectrum, the SO(3) power spectrum, or ACE (which needs the package ML-PACE too)."""

    def files(self) -> dict[str, Path]:
        """`model.mliap.model` and `model.mliap.descriptor`, or `model.yace`."""
        ace = self.descriptor_style == "ace"
        return {
            "model.mliap.model": self.model,
            f"model{self.descriptor.suffix}" if ace else "model.mliap.descriptor": self.descriptor,
        }

    def styles(self) -> dict[str, list[str]]:
        """LAMMPS styles the deck uses."""
        return self.with_zbl(super().styles())

    def elements_of_file(self) -> tuple[str, ...]:
        """From the descriptor's list: the model file has one block for each of them, without names."""
        if self.descriptor_style == "ace":
            return elements_of_ace(self.descriptor)
        return element_symbols(words_after("elems", self.descriptor) or (), self.descriptor)

    def file_problems(self) -> list[Problem]:
        """A model for another number of elements than the descriptor's; a forgotten ZBL."""
        lines = uncommented_lines(read_head(self.model))
        try:
            blocks = int(lines[0].split()[0])
        except (IndexError, ValueError):
            raise ModelError(
                f"{self.model.name} is not an ML-IAP model file: its first line must be the numbers of elements and of "
                "parameters. Python models (.pt) run through architecture: mace, or ase."
            ) from None
        if blocks != len(self.elements_of_file()):
            raise ModelError(
                f"{self.model.name} has {blocks} elements, {self.descriptor.name} has "
                f"{' '.join(self.elements_of_file())}: they do not belong together"
            )
        return self.forgotten_zbl(self.model.with_suffix(""))

    def order_problems(self, elements: Sequence[str], known: Sequence[str]) -> list[Problem]:
        """ACE descriptors need the types in the file's order; the others map them by name."""
        if self.descriptor_style != "ace" or list(elements) == list(known):
            return []
        text = (
            "with descriptor_style: ace the order of the types must be that of the file. The types are "
            f"{' '.join(elements)}, {self.descriptor.name} has {' '.join(known)}. Fit with these elements in "
            "alphabetical order."
        )
        return [Problem("error", text)]

    def context(self, interface: Interface) -> dict[str, Any]:
        """File names, and the pairs of the repulsion."""
        return super().context(interface) | {"zbl_pairs": self.zbl_pairs(interface.elements)}
