"""High-dimensional neural network potentials (Behler-Parrinello, 2G) of n2p2 and RuNNer.

    potential:
      architecture: hdnnp
      model: ./nnp-data
      trained_in: hartree-bohr

`pair_style hdnnp` where LAMMPS has it, else evaluated here, in LAMMPS' process.
Singraber, Behler, Dellago, J. Chem. Theory Comput. 15, 1827 (2019).  https://docs.lammps.org/pair_hdnnp.html
Symmetry functions of `input.nn`: https://compphysvienna.github.io/n2p2/topics/keywords.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from ase.data import atomic_numbers
from pydantic import NonNegativeInt

from lmpdrive.architectures import (
    CALLBACK_TEMPLATE,
    Callback,
    Interface,
    Native,
    Problem,
    ReceptiveField,
    StyleOrCallback,
    element_symbols,
    read_head,
    uncommented_lines,
    words_after,
)
from lmpdrive.architectures.hdnnp.model import read
from lmpdrive.common.units import BOHR_A, HARTREE_EV
from lmpdrive.errors import ModelError

CUTOFF_WORD = {"2": 6, "3": 8, "9": 8, "12": 5, "13": 7, "20": 5, "21": 6, "22": 6, "23": 4, "24": 4, "25": 4}
"""Type of a symmetry function -> place of its cutoff in `symfunction_short ELEMENT TYPE ...`, counted from 0."""


class Hdnnp(StyleOrCallback):
    """Models of n2p2 and RuNNer without electrostatics (2G)."""

    template: ClassVar[str] = "hdnnp.lmp.j2"
    couplings: ClassVar = (
        Native("hdnnp", needs=("ML-HDNNP",)),
        Callback(template=CALLBACK_TEMPLATE, title="HDNNP (2G) through fix external"),
    )
    title: ClassVar[str] = "HDNNP (n2p2)"
    precision: ClassVar[str] = "float64"
    build: ClassVar[str] = (
        "a LAMMPS with ML-HDNNP and the n2p2 library: https://docs.lammps.org/Build_extras.html#ml-hdnnp; then name "
        "the Python that has it: docs/environments.md"
    )

    model: Path
    """Folder with `input.nn`, `scaling.data` and `weights.NNN.data`."""
    trained_in: Literal["eV-angstrom", "hartree-bohr"]
    """Units of the training data and of `input.nn`; the file does not say them."""
    most_extrapolations: NonNegativeInt = 0
    """The run stops when one step has more symmetry functions outside of the training data."""
    summary_every: NonNegativeInt = 1000
    """Steps between lines about extrapolations in the log, native only; 0: none."""

    def model_files(self) -> dict[str, Path]:
        """The folder as `hdnnp`."""
        return {"hdnnp": self.model}

    def elements_of_file(self) -> tuple[str, ...]:
        """From the line `elements` of input.nn."""
        return element_symbols(words_after("elements", self._input()) or (), self._input())

    def file_problems(self) -> list[Problem]:
        """An incomplete folder, electrostatics; for the callback also what is not evaluated here."""
        names = ["scaling.data", *(f"weights.{atomic_numbers[e]:03d}.data" for e in self.elements_of_file())]
        missing = [name for name in names if not (self.model / name).is_file()]
        if missing:
            raise ModelError(f"{self.model} has no {', '.join(missing)}")
        generation = (words_after("nnp_type", self._input()) or ["2G"])[0]
        if generation not in ("2G", "2G-HDNNP", "1", "0"):
            raise ModelError(
                f"{self.model}/input.nn is of type {generation}: 2G models only. What 3G and 4G need besides (charges "
                "from a second network, their equilibration over the whole cell, Ewald sums) neither pair_style hdnnp "
                "nor lmpdrive has"
            )
        self.cutoff_A()
        if isinstance(self.chosen, Callback):
            read(self.model)
        return []

    def receptive_field(self) -> ReceptiveField:
        """The largest cutoff of the symmetry functions.  Raises ModelError."""
        return ReceptiveField.of(self.cutoff_A())

    def cutoff_A(self) -> float:
        """Largest cutoff of the symmetry functions, rounded up.  Raises ModelError where it cannot be read."""
        lines = [line.split() for line in uncommented_lines(read_head(self._input()))]
        functions = [words for words in lines if words[0] == "symfunction_short"]
        cutoffs = []
        for words in functions:
            place = CUTOFF_WORD.get(words[2])
            if place is None or place >= len(words):
                raise ModelError(f"input.nn: cannot read the cutoff of: {' '.join(words)}")
            cutoffs.append(float(words[place]))
        if not cutoffs:
            raise ModelError(f"{self.model}/input.nn has no symmetry functions")
        length = BOHR_A if self.trained_in == "hartree-bohr" else 1.0
        return math.ceil(max(cutoffs) * length * 1e4) / 1e4

    def context(self, interface: Interface) -> dict[str, Any]:
        """Cutoff, and the factors from LAMMPS' units to the model's."""
        atomic = self.trained_in == "hartree-bohr"
        return super().context(interface) | {
            "cutoff_A": f"{self.cutoff_A():.4f}",
            "factors": f" cflength {1 / BOHR_A:.10f} cfenergy {1 / HARTREE_EV:.10f}" if atomic else "",
        }

    def calculator(self, files: Mapping[str, Path]) -> Any:
        """lmpdrive's own evaluation."""
        from lmpdrive.architectures.hdnnp.calculator import HdnnpCalculator

        atomic = self.trained_in == "hartree-bohr"
        length_A, energy_eV = (BOHR_A, HARTREE_EV) if atomic else (1.0, 1.0)
        return HdnnpCalculator(read(files["hdnnp"]), length_A, energy_eV, self.most_extrapolations)

    def _input(self) -> Path:
        path = self.model / "input.nn"
        if not path.is_file():
            raise ModelError(f"{self.model} is not a folder with n2p2's input.nn")
        return path
