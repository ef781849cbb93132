"""Any ASE calculator, in the same process as LAMMPS.

    potential:
      architecture: ase
      calculator: ase.calculators.emt:EMT
      kwargs: {asap_cutoff: false}

The calculator must give energy, forces and stress.  https://ase-lib.org/ase/calculators/calculators.html
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from lmpdrive.architectures import (
    AseEvaluator,
    Callback,
    Evaluator,
    HasCommittee,
    Interface,
    Problem,
    PythonModel,
    element_problems,
)
from lmpdrive.architectures.shared.dispersion import Dispersion
from lmpdrive.environments import Recipe
from lmpdrive.errors import ModelError


class Ase(HasCommittee, PythonModel):
    """An ASE calculator, named by its import path."""

    template: ClassVar[str] = "callback.lmp.j2"
    couplings: ClassVar = (Callback(),)
    plugins: ClassVar[bool] = False
    title: ClassVar[str] = "ASE calculator through fix external"
    single_rank: ClassVar[str | None] = "a model in the same process runs on one rank"

    environment: ClassVar[Recipe | None] = Recipe(
        family="ase",
        requirements=("dftd3>=1.7",),
        size_GB=1.0,
        named_by_user="the calculator's package",
        imports=("ase", "dftd3"),
    )
    trial: ClassVar[dict[str, Any] | None] = {"calculator": "ase.calculators.emt:EMT"}

    calculator: str
    """`package.module:Class`, or `package.module:function` that returns a calculator."""
    kwargs: dict[str, Any] = {}
    """Keyword arguments of the calculator; file names count from the YAML file if written `./name`."""
    elements: list[str] | None = None
    """Elements the calculator knows, to be checked before a run; default: not checked."""
    dispersion: Dispersion | None = None
    """Add D3 to the calculator."""
    committee: list[dict[str, Any]] = []
    """Further calculators: the keyword arguments in which each differs; their deviation goes to `model_devi.out`."""

    def resolve(self, folder: Path) -> Ase:
        """A copy whose `./file` arguments are absolute."""

        def absolute(kwargs: dict[str, Any]) -> dict[str, Any]:
            return {
                k: str((folder / v).resolve()) if isinstance(v, str) and v.startswith("./") else v
                for k, v in kwargs.items()
            }

        committee = [absolute(kwargs) for kwargs in self.committee]
        return self.model_copy(update={"kwargs": absolute(self.kwargs), "committee": committee})

    def member(self, model: dict[str, Any]) -> Self:
        """The same calculator with other keyword arguments."""
        return self.model_copy(update={"kwargs": self.kwargs | model, "committee": [], "dispersion": None})

    def programs(self, run_dir: Path | None = None) -> list[Path]:
        """Files and SavedModels among the keyword arguments: what the calculator does with them is unknown."""
        names = [os.path.expanduser(word) for word in (*_strings(self.kwargs), *_strings(self.committee))]
        # os.path, because words that cannot be file names are no errors here
        existing = [n for n in names if os.path.isfile(n) or os.path.isfile(os.path.join(n, "saved_model.pb"))]
        return [Path(name) for name in existing if self.runs_code(Path(name))]

    @property
    def modules(self) -> tuple[str, ...]:
        """The calculator's, and dftd3 with `dispersion`."""
        return (self.calculator.partition(":")[0], *(("dftd3",) if self.dispersion else ()))

    def model_elements(self) -> Sequence[str] | None:
        """As given."""
        return self.elements

    def problems(self, interface: Interface | None) -> list[Problem]:
        """A name that is no calculator's, arguments it does not take, elements that it or D3 does not know."""
        return [
            *self._calculator_problems(interface),
            *self.committee_problems(interface),
            *(self.dispersion.problems(interface) if self.dispersion else []),
        ]

    def _calculator_problems(self, interface: Interface | None) -> list[Problem]:
        module, _, name = self.calculator.partition(":")
        if not module or not name:
            return [
                Problem(
                    "error",
                    f"potential.calculator: '{self.calculator}' is not an import path; "
                    "write package.module:Class, e.g. ase.calculators.emt:EMT",
                )
            ]
        interpreter = self.interpreter()
        wrong = ""
        if not interpreter.missing:  # a missing package is reported with what this machine lacks
            wrong = interpreter.call(
                "lmpdrive.architectures.shared.calculator_path:wrong_with", self.calculator, self.kwargs
            )
        found = [Problem("error", wrong)] if wrong else []
        if interface is not None and self.elements is not None:
            found += element_problems(interface.elements, self.elements, self.calculator)
        return found

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """The calculator, made from its keyword arguments."""
        model = self.with_committee(AseEvaluator(self._own_calculator()), run_dir, device)
        return self.dispersion.added_to(model) if self.dispersion else model

    def make_calculator(self) -> Any:
        """The ASE calculator itself, with `dispersion` the sum of it and dftd3's.

        Raises ModelError if one of them cannot be made.
        """
        own = self._own_calculator()
        return self.dispersion.calculator(own) if self.dispersion else own

    def _own_calculator(self) -> Any:
        """The calculator without D3.

        Raises ModelError if the class is missing or refuses its arguments.
        """
        module, _, name = self.calculator.partition(":")
        try:
            return getattr(importlib.import_module(module), name)(**self.kwargs)
        except Exception as error:  # a third party's constructor may raise anything
            raise ModelError(
                f"potential.calculator: {self.calculator} cannot be made with {self.kwargs or 'no arguments'}: "
                f"{type(error).__name__}: {error}"
            ) from error


def _strings(value: Any) -> list[str]:
    """All strings in keyword arguments."""
    if isinstance(value, dict | list):
        return [word for part in (value.values() if isinstance(value, dict) else value) for word in _strings(part)]
    return [value] if isinstance(value, str) else []
