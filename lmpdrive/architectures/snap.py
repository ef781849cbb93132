"""SNAP (spectral neighbour analysis potential) through `pair_style snap`.

    potential:
      architecture: snap
      model: ./Cu.snapcoeff
      parameters: ./Cu.snapparam

Thompson, Swiler, Trott, Foiles, Tucker, J. Comp. Phys. 285, 316 (2015).  https://docs.lammps.org/pair_snap.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from lmpdrive.architectures import (
    Interface,
    KokkosPairStyle,
    Native,
    Problem,
    element_symbols,
    lammps_package,
    uncommented_lines,
    words_after,
)
from lmpdrive.architectures.shared.zbl import ZblMixin
from lmpdrive.errors import ModelError


class Snap(ZblMixin, KokkosPairStyle):
    """Linear, quadratic and chemical SNAP."""

    template: ClassVar[str] = "snap.lmp.j2"
    couplings: ClassVar = (Native("snap", needs=lammps_package("ML-SNAP")),)
    title: ClassVar[str] = "SNAP"

    model: Path
    """Coefficients, `.snapcoeff`."""
    parameters: Path
    """Parameters, `.snapparam`."""

    def files(self) -> dict[str, Path]:
        """`model.snapcoeff`, `model.snapparam`."""
        return {"model.snapcoeff": self.model, "model.snapparam": self.parameters}

    def styles(self) -> dict[str, list[str]]:
        """LAMMPS styles the deck uses."""
        return self.with_zbl(super().styles())

    def elements_of_file(self) -> tuple[str, ...]:
        """From the first word of each element's block; the first line of the file says how long the blocks are."""
        lines = uncommented_lines(self.model.read_text(errors="replace"))
        try:
            n_elements, n_coefficients = map(int, lines[0].split())
            names = [lines[1 + k * (1 + n_coefficients)].split()[0].strip("\"'") for k in range(n_elements)]
        except (IndexError, ValueError):
            raise ModelError(
                f"{self.model.name} is not a SNAP coefficient file: its first line must be the numbers of elements and "
                "of coefficients of each. `parameters:` is for the .snapparam file."
            ) from None
        return element_symbols(names, self.model)

    def file_problems(self) -> list[Problem]:
        """A `parameters` that is not a parameter file, a forgotten ZBL."""
        if words_after("twojmax", self.parameters) is None:
            raise ModelError(f"{self.parameters.name} is not a SNAP parameter file: it has no twojmax")
        return self.forgotten_zbl(self.model.with_suffix(".snap"))

    def order_problems(self, elements: Sequence[str], known: Sequence[str]) -> list[Problem]:
        """With `chemflag` LAMMPS numbers the coefficients by the order of the types, whatever the file's order is."""
        if words_after("chemflag", self.parameters) != ["1"] or list(elements) == list(known):
            return []
        text = (
            f"{self.parameters.name} has chemflag 1: pair_style snap then takes the coefficients in the order of the "
            f"types. The types are {' '.join(elements)}, the file has {' '.join(known)}: LAMMPS would run it with "
            "wrong energies and say nothing. Use architecture: mliap with the same coefficients, which goes by name, "
            "or fit with the elements in alphabetical order."
        )
        return [Problem("error", text)]

    def context(self, interface: Interface) -> dict[str, Any]:
        """File names, and the pairs of the repulsion."""
        return super().context(interface) | {"zbl_pairs": self.zbl_pairs(interface.elements)}
