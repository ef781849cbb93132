"""POD (proper orthogonal descriptors) through `pair_style pod`.

    potential:
      architecture: pod
      model: ./Ta_coeff.pod
      parameters: ./Ta_param.pod

Nguyen, Rohskopf, J. Comp. Phys. 480, 112030 (2023).  https://docs.lammps.org/pair_pod.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from lmpdrive.architectures import KokkosPairStyle, Native, Problem, element_symbols, lammps_package, words_after
from lmpdrive.errors import ModelError


class Pod(KokkosPairStyle):
    """POD models of LAMMPS' `fitpod`."""

    template: ClassVar[str] = "pod.lmp.j2"
    couplings: ClassVar = (Native("pod", needs=lammps_package("ML-POD")),)
    title: ClassVar[str] = "POD"

    model: Path
    """Coefficient file, as `fitpod` writes it."""
    parameters: Path
    """Parameter file, as `fitpod` reads it."""

    def files(self) -> dict[str, Path]:
        """`model.pod`, `parameters.pod`."""
        return {"model.pod": self.model, "parameters.pod": self.parameters}

    def elements_of_file(self) -> tuple[str, ...]:
        """From the line `species` of the parameter file."""
        return element_symbols(words_after("species", self.parameters) or (), self.parameters)

    def file_problems(self) -> list[Problem]:
        """A `model` that is not a coefficient file."""
        if words_after("model_coefficients:", self.model) is None:
            raise ModelError(f"{self.model.name} is not a POD coefficient file: it has no line `model_coefficients:`")
        return []

    def order_problems(self, elements: Sequence[str], known: Sequence[str]) -> list[Problem]:
        """LAMMPS numbers POD's elements by their first appearance in `pair_coeff`, whatever the file's order is."""
        if list(elements) == list(known)[: len(elements)]:
            return []
        text = (
            "pair_style pod takes the elements in the order of the types, not by name. The types are "
            f"{' '.join(elements)}, {self.parameters.name} has {' '.join(known)}: LAMMPS would run it with wrong "
            "energies and say nothing. Fit with `species` in alphabetical order, of the elements of this system."
        )
        return [Problem("error", text)]
