"""ACE (atomic cluster expansion), linear and nonlinear: `pair_style pace` where LAMMPS has it, else python-ace.

    potential:
      architecture: pace
      model: ./Cu.yace

Lysogorskiy et al., npj Comp. Mat. 7, 97 (2021); extrapolation grade: Phys. Rev. Mater. 7, 043801 (2023).
https://docs.lammps.org/pair_pace.html.  python-ace 0.4.0rc1 (Academic Software Licence).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import PositiveInt

from lmpdrive.architectures import (
    CALLBACK_TEMPLATE,
    Callback,
    Configuration,
    Evaluation,
    Evaluator,
    Interface,
    Native,
    Problem,
    ReceptiveField,
    StyleOrCallback,
    element_symbols,
)
from lmpdrive.architectures.shared.uncertainty import UNCERTAINTY, RecordingEvaluator
from lmpdrive.environments import Recipe
from lmpdrive.errors import ModelError

B_BASIS = (".yaml", ".yml")
"""Suffixes of models in the basis that was fitted, which γ needs; `.yace` and `.ace` are converted for speed."""
CALLBACK = Callback(template=CALLBACK_TEMPLATE, title="ACE through fix external")


class Pace(StyleOrCallback):
    """ACE models of pacemaker and others, in `.yace`, `.yaml` or `.ace` files."""

    template: ClassVar[str] = "pace.lmp.j2"
    couplings: ClassVar = (Native("pace", needs=("ML-PACE",)), CALLBACK)
    kokkos_style: ClassVar[bool] = True
    title: ClassVar[str] = "PACE"
    build: ClassVar[str] = (
        "a LAMMPS built with -D PKG_ML-PACE=yes: https://docs.lammps.org/Build_extras.html#ml-pace; then name the "
        "Python that has it: docs/environments.md"
    )
    precision: ClassVar[str] = "float64"
    python_module: ClassVar[str | None] = "pyace"
    environment: ClassVar[Recipe | None] = Recipe(
        family="pace",
        requirements=("python-ace==0.4.0rc1",),
        size_GB=1.1,
        imports=("pyace",),
        licence="python-ace: Academic Software Licence, for academic non-commercial use",
    )

    model: Path
    """`.yace`, `.yaml` or `.ace`."""
    algorithm: Literal["recursive", "product"] = "recursive"
    """How basis functions of `.yace` and `.ace` are evaluated on CPUs; KOKKOS always uses `product`."""
    chunksize: PositiveInt = 4096
    """Atoms evaluated at once with KOKKOS; fewer need less memory."""
    active_set: Path | None = None
    """`.asi` file of the model, for the extrapolation grade γ; the model must then be a `.yaml`."""
    uncertainty_every: PositiveInt = 100
    """Steps between lines of `uncertainty.dat`, with `active_set`, and of `model_devi.out`, with a committee."""

    def uncertainty_files(self) -> dict[str, str]:
        """Also γ, with an active set."""
        return super().uncertainty_files() | ({"extrapolation_grade": UNCERTAINTY} if self.active_set else {})

    def couplings_of_file(self) -> tuple[Native | Callback, ...]:
        """The pair style is `pace/extrapolation` with an active set."""
        return (Native("pace/extrapolation", needs=("ML-PACE",)), CALLBACK) if self.active_set else self.couplings

    def elements_of_file(self) -> tuple[str, ...]:
        """From the line `elements:`, or the names of the species blocks."""
        return elements_of_ace(self.model)

    def receptive_field(self) -> ReceptiveField | None:
        """The largest cutoff of a bond."""
        cutoffs = re.findall(r"\b(?:rcut|rcutij|cutoffmax)\s*[:=]\s*([\d.]+)", self.model.read_text(errors="replace"))
        return ReceptiveField.of(max(map(float, cutoffs))) if cutoffs else None

    def file_problems(self) -> list[Problem]:
        """An active set needs the model in its B basis."""
        if self.active_set and self.model.suffix not in B_BASIS:
            raise ModelError(f"with active_set the model must be the .yaml of the same fit, not {self.model.name}")
        return []

    def model_files(self) -> dict[str, Path]:
        """`model.yace` (or the like) and `model.asi`."""
        return super().model_files() | ({"model.asi": self.active_set} if self.active_set else {})

    def context(self, interface: Interface) -> dict[str, Any]:
        """The style's keywords."""
        keywords = f"product chunksize {self.chunksize}" if self.with_kokkos else self.algorithm
        return super().context(interface) | {"keywords": "" if self.active_set else keywords}

    def calculator(self, files: Mapping[str, Path]) -> Any:
        """python-ace's calculator, with the active set."""
        from pyace import PyACECalculator

        model, *active_set = map(str, files.values())
        recursive = self.model.suffix not in B_BASIS and self.algorithm == "recursive"
        calculator = PyACECalculator(model, recursive_evaluator=recursive, recursive=recursive)
        for file in active_set:
            calculator.set_active_set(file)
        calculator.compute_projections = bool(active_set)
        return calculator

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """The calculator; with an active set γ is recorded as by the pair style."""
        if not self.active_set:
            return super().evaluator(run_dir, device)
        first = GammaEvaluator(self.calculator_in(run_dir), self.uncertainty_every, run_dir)
        return self.with_committee(first, run_dir, device)

    def member(self, model: Any) -> Pace:
        """Without the active set, which is the first model's."""
        return super().member(model).model_copy(update={"active_set": None})


class GammaEvaluator(RecordingEvaluator):
    """γ costs a product with the inverse of the active set for each atom: only steps with a line pay for it."""

    def __call__(self, configuration: Configuration) -> Evaluation:
        """As any ASE calculator."""
        self.calculator.compute_projections = self.is_due(configuration)
        return super().__call__(configuration)


def elements_of_ace(path: Path) -> tuple[str, ...]:
    """From `elements: [Cu, O]` of YAML, on one line or several, `elements: Cu O` of the older format, or the names of
    the blocks of a B basis, `- speciesblock: Cu O`.

    Raises ModelError.
    """
    text = path.read_text(errors="replace")
    found = re.search(r"^elements:[ \t]*(.*?)(?=^[^\s-]|\Z)", text, re.M | re.S)
    if found is None:
        blocks = re.findall(r"^\s*-\s+speciesblock:\s*(.+)$", text, re.M)
        words = dict.fromkeys(word for block in blocks for word in re.findall(r"\b[A-Z][a-z]?\b", block))
        if not words:
            raise ModelError(f"{path.name} is not an ACE model: it has no line `elements:` and no `speciesblock:`")
        return element_symbols(words, path)
    inside = found[1].split("]")[0] if found[1].startswith("[") else found[1]
    # in the older format other text may follow on the next line
    text = inside if "-" in inside or "[" in inside else inside.split("\n")[0]
    return element_symbols(re.findall(r"\b[A-Z][a-z]?\b", text), path)
