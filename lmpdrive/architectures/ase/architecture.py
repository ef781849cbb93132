"""Any ASE calculator, in the same process as LAMMPS.

    potential:
      architecture: ase
      calculator: ase.calculators.emt:EMT      # or ./mine.py:function, package.module:Class.from_checkpoint
      kwargs: {asap_cutoff: false}

The calculator must give energy, forces and stress.  https://ase-lib.org/ase/calculators/calculators.html
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from lmpdrive.architectures import (
    AseEvaluator,
    Evaluator,
    Interface,
    PackageCalculator,
    Problem,
    element_problems,
)
from lmpdrive.architectures.ase import making, packages, target
from lmpdrive.architectures.shared.added_terms import TERMS
from lmpdrive.common.trust import untrusted
from lmpdrive.environments import Interpreter, Recipe, choose
from lmpdrive.errors import ConfigError, InstallError, ModelError

LINK = "calculator.py"
"""Name of a file of one's own in a run directory."""


class Ase(PackageCalculator):
    """An ASE calculator, named by its import path."""

    title: ClassVar[str] = "ASE calculator through fix external"

    environment: ClassVar[Recipe | None] = packages.ANY
    trial: ClassVar[dict[str, Any] | None] = {"calculator": "ase.calculators.emt:EMT"}

    calculator: str
    """`package.module:Class`, or a function or classmethod that returns a calculator; `./file.py:function` too."""
    kwargs: dict[str, Any] = {}
    """Keyword arguments of the calculator; file names count from the YAML file if written `./name`."""
    elements: list[str] | None = None
    """Elements the calculator knows, to be checked before a run; default: not checked."""
    committee: list[dict[str, Any]] = []
    """Further calculators: the keyword arguments in which each differs; their deviation goes to `model_devi.out`."""

    @classmethod
    def recipes(cls) -> tuple[Recipe, ...]:
        """Of any calculator's environment, and of the packages that are known."""
        return (packages.ANY, *packages.KNOWN.values())

    @property
    def recipe(self) -> Recipe:
        """That of the calculator's package, if it is a known one."""
        return packages.recipe_of(self.modules)

    def resolve(self, folder: Path) -> Ase:
        """A copy whose `./file` arguments are absolute, and the calculator's own file too."""

        def absolute(kwargs: dict[str, Any]) -> dict[str, Any]:
            return {
                k: str((folder / v).resolve()) if isinstance(v, str) and v.startswith("./") else v
                for k, v in kwargs.items()
            }

        calculator, file = self.calculator, target.file_of(self.calculator)
        if file is not None:
            calculator = f"{(folder / file.expanduser()).resolve()}:{calculator.rpartition(':')[2]}"
        kwargs, committee = absolute(self.kwargs), [absolute(each) for each in self.committee]
        return self.model_copy(update={"calculator": calculator, "kwargs": kwargs, "committee": committee})

    def member(self, model: dict[str, Any]) -> Self:
        """The same calculator with other keyword arguments."""
        alone: dict[str, Any] = {"committee": [], "bias_tau": None, **dict.fromkeys(TERMS)}
        return self.model_copy(update={"kwargs": self.kwargs | model} | alone)

    def model_files(self) -> dict[str, Path]:
        """A Python file of one's own, for the manifest; arguments are named where they lie."""
        file = target.file_of(self.calculator)
        return {} if file is None else {LINK: file}

    def committee_files(self) -> dict[str, Path]:
        """None: the members come from the same file."""
        return {}

    def programs(self, run_dir: Path | None = None) -> list[Path]:
        """Files and SavedModels among the keyword arguments: what the calculator does with them is unknown."""
        names = [os.path.expanduser(word) for word in (*_strings(self.kwargs), *_strings(self.committee))]
        # os.path, because words that cannot be file names are no errors here
        existing = [n for n in names if os.path.isfile(n) or os.path.isfile(os.path.join(n, "saved_model.pb"))]
        return [Path(name) for name in existing if self.runs_code(Path(name))]

    @property
    def own_modules(self) -> tuple[str, ...]:
        """The calculator's, or the packages that its file imports."""
        file = target.file_of(self.calculator)
        place = self.calculator.rpartition(":")[0]
        return tuple(target.imports_of(file)) if file else (place,) if place else ()

    def interpreter(self) -> Interpreter:
        """That of the package's own environment; else of `ase`, where a user may have installed it."""
        found = super().interpreter()
        if not found.missing or self.recipe is packages.ANY:
            return found
        any_calculator = choose(packages.ANY.family, self.modules)
        return found if any_calculator.missing else any_calculator

    def model_elements(self) -> Sequence[str] | None:
        """As given."""
        return self.elements

    def model_problems(self, interface: Interface | None) -> list[Problem]:
        """A name that is no calculator's, arguments it does not take, elements that it does not know."""
        try:
            target.split(self.calculator)
        except ModelError as error:
            return [Problem("error", f"potential.calculator: {error}")]
        found = self._asked("wrong_with", self.calculator, self.kwargs)
        if interface is not None and self.elements is not None:
            found += element_problems(interface.elements, self.elements, self.calculator)
        return found

    def environment_problems(self) -> list[Problem]:
        """What the interpreter lacks; else what goes wrong there when the calculator is made.

        A deck may be rendered for another machine, whose GPU or files the calculator needs, so this is no problem of
        the model's.
        """
        found = super().environment_problems()
        if found or untrusted(self.programs()):
            return found
        needed = ("energy", "forces") if self.coupling == "ase" else ("energy", "forces", "stress")
        return self._asked("wrong_when_made", self.calculator, self.kwargs, needed)

    def _asked(self, function: str, *arguments: Any) -> list[Problem]:
        """What a function of `making` says in the interpreter of a run; a missing package is told elsewhere."""
        try:
            interpreter = self.interpreter()
            wrong = "" if interpreter.missing else interpreter.call(f"{making.__name__}:{function}", *arguments)
        except (InstallError, ConfigError):
            return []
        except ModelError as error:  # of the other interpreter, which ended without an answer
            wrong = f"potential.calculator: {self.calculator}: {error}"
        return [Problem("error", wrong)] if wrong else []

    def first(self, run_dir: Path, device: str) -> Evaluator:
        """The calculator, made from its keyword arguments.

        Raises ModelError as `making.make` does.
        """
        return AseEvaluator(self._calculator_in(run_dir))

    def own_calculator(self) -> Any:
        """The ASE calculator itself.  Raises ModelError if it cannot be made."""
        return self._calculator_in(Path())

    def _calculator_in(self, run_dir: Path) -> Any:
        """The calculator; a file of one's own as it lies in the run directory, if it does."""
        calculator, local = self.calculator, run_dir / LINK
        if self.files() and local.is_file():
            calculator = f"{local.resolve()}:{calculator.rpartition(':')[2]}"
        try:
            return making.make(calculator, self.kwargs)
        except ModelError as error:
            raise ModelError(f"potential.calculator: {error}") from error


def _strings(value: Any) -> list[str]:
    """All strings in keyword arguments."""
    if isinstance(value, dict | list):
        return [word for part in (value.values() if isinstance(value, dict) else value) for word in _strings(part)]
    return [value] if isinstance(value, str) else []
