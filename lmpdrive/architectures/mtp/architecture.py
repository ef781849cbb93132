"""Moment tensor potentials (MTP) of MLIP-2, evaluated by motep in LAMMPS' process.

    potential:
      architecture: mtp
      model: ./pot.mtp
      elements: [Pt, O, H]          # in the order of the types of the fit: the file does not say it

Shapeev, Multiscale Model. Simul. 14, 1153 (2016); Novikov et al., Mach. Learn.: Sci. Technol. 2, 025002 (2021).
motep 0.2.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from ase.data import atomic_numbers

from lmpdrive.architectures import (
    DOUBLE,
    AseEvaluator,
    Evaluator,
    Interface,
    Limits,
    PackageCalculator,
    Problem,
    ReceptiveField,
    card_beside,
    element_problems,
)
from lmpdrive.architectures.mtp.file import about
from lmpdrive.environments import Recipe
from lmpdrive.errors import ModelError

LINK = "model.mtp"
"""Name of the file in a run directory."""


class Mtp(PackageCalculator):
    """Moment tensor potentials without magnetic moments."""

    title: ClassVar[str] = "MTP through fix external"
    precision: ClassVar[str] = "float64"
    python_module: ClassVar[str | None] = "motep"
    environment: ClassVar[Recipe | None] = Recipe(
        family="mtp", requirements=("motep==0.2.0", "dftd3>=1.7"), size_GB=1.0, imports=("motep.calculator",)
    )

    model: Path
    """`.mtp` file of MLIP-2 or motep."""
    elements: list[str]
    """Elements in the order of the types that it was fitted with, which the file does not say."""
    committee: list[Path] = []
    """Further models with the same elements; their deviation goes to `model_devi.out`."""

    def resolve(self, folder: Path) -> Mtp:
        """A copy with absolute files."""
        update = {"model": (folder / self.model).resolve(), "committee": self.resolved_committee(folder)}
        return self.model_copy(update=update)

    def runs_code(self, file: Path) -> bool:
        """No: text."""
        return False

    def model_files(self) -> dict[str, Path]:
        """`model.mtp`."""
        return {LINK: self.model}

    def card(self) -> dict[str, Any] | None:
        """`card.yaml` beside the model, if it describes this very file."""
        return card_beside(self.model)

    def model_elements(self) -> Sequence[str]:
        """As given."""
        return tuple(self.elements)

    def receptive_field(self) -> ReceptiveField:
        """The largest distance of its radial basis.  Raises ModelError."""
        return ReceptiveField.of(about(self.model).cutoff_A)

    def model_problems(self, interface: Interface | None) -> list[Problem]:
        """A missing or wrong file, names that are no elements or not as many as the file has, unknown elements."""
        if not self.model.is_file():
            return [Problem("error", f"potential: there is no file {self.model}")]
        strange = [e for e in self.elements if e not in atomic_numbers]
        if strange or len(set(self.elements)) < len(self.elements):
            what = f"{', '.join(strange)}: no element" if strange else "an element twice"
            return [Problem("error", f"potential.elements: {what}. Give one symbol for each type of the fit, in order")]
        try:
            count = about(self.model).species_count
        except ModelError as error:
            return [Problem("error", f"potential.model: {error}")]
        if count != len(self.elements):
            text = f"potential.elements: {len(self.elements)} given, {self.model.name} was fitted with {count} types"
            return [Problem("error", text)]
        return [] if interface is None else element_problems(interface.elements, self.elements, self.model.name)

    def first(self, run_dir: Path, device: str) -> Evaluator:
        """The potential that lies in the run directory.  Raises ModelError if motep cannot read it."""
        local = run_dir / LINK
        return AseEvaluator(self._calculator(local if local.exists() else self.model))

    def own_calculator(self) -> Any:
        """motep's own ASE calculator.  Raises ModelError if motep cannot read the file."""
        return self._calculator(self.model)

    def limits(self) -> Limits:
        """In double precision."""
        return DOUBLE

    def _calculator(self, file: Path) -> Any:
        from lmpdrive.architectures.mtp.calculator import calculator

        try:
            return calculator(file, self.elements)
        except Exception as error:  # a text that is cut off raises anything
            raise ModelError(f"motep cannot read {file.name}: {type(error).__name__}: {error}") from error
