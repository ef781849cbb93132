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
    Callback,
    Evaluator,
    HasCommittee,
    Interface,
    Problem,
    PythonModel,
    element_problems,
)
from lmpdrive.architectures.ase import making, packages, target
from lmpdrive.architectures.shared.dispersion import Dispersion
from lmpdrive.common.trust import untrusted
from lmpdrive.environments import Interpreter, Recipe, choose
from lmpdrive.errors import ConfigError, InstallError, ModelError

LINK = "calculator.py"
"""Name of a file of one's own in a run directory."""


class Ase(HasCommittee, PythonModel):
    """An ASE calculator, named by its import path."""

    template: ClassVar[str] = "callback.lmp.j2"
    couplings: ClassVar = (Callback(),)
    plugins: ClassVar[bool] = False
    title: ClassVar[str] = "ASE calculator through fix external"
    single_rank: ClassVar[str | None] = "a model in the same process runs on one rank"

    environment: ClassVar[Recipe | None] = packages.ANY
    trial: ClassVar[dict[str, Any] | None] = {"calculator": "ase.calculators.emt:EMT"}

    calculator: str
    """`package.module:Class`, or a function or classmethod that returns a calculator; `./file.py:function` too."""
    kwargs: dict[str, Any] = {}
    """Keyword arguments of the calculator; file names count from the YAML file if written `./name`."""
    elements: list[str] | None = None
    """Elements the calculator knows, to be checked before a run; default: not checked."""
    dispersion: Dispersion | None = None
    """Add D3 to the calculator."""
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
        return self.model_copy(update={"kwargs": self.kwargs | model, "committee": [], "dispersion": None})

    def files(self) -> dict[str, Path]:
        """A Python file of one's own, for the manifest; arguments are named where they lie."""
        file = target.file_of(self.calculator)
        return {} if file is None else {LINK: file}

    def programs(self, run_dir: Path | None = None) -> list[Path]:
        """Files and SavedModels among the keyword arguments: what the calculator does with them is unknown."""
        names = [os.path.expanduser(word) for word in (*_strings(self.kwargs), *_strings(self.committee))]
        # os.path, because words that cannot be file names are no errors here
        existing = [n for n in names if os.path.isfile(n) or os.path.isfile(os.path.join(n, "saved_model.pb"))]
        return [Path(name) for name in existing if self.runs_code(Path(name))]

    @property
    def modules(self) -> tuple[str, ...]:
        """The calculator's, or the packages that its file imports; dftd3 with `dispersion`."""
        file = target.file_of(self.calculator)
        place = self.calculator.rpartition(":")[0]
        own = target.imports_of(file) if file else [place] if place else []
        return (*own, *(("dftd3",) if self.dispersion else ()))

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

    def problems(self, interface: Interface | None) -> list[Problem]:
        """A name that is no calculator's, arguments it does not take, elements that it or D3 does not know."""
        return [
            *self._calculator_problems(interface),
            *self.committee_problems(interface),
            *(self.dispersion.problems(interface) if self.dispersion else []),
        ]

    def _calculator_problems(self, interface: Interface | None) -> list[Problem]:
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

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """The calculator, made from its keyword arguments.

        Raises ModelError as `making.make` does.
        """
        model = self.with_committee(AseEvaluator(self._own_calculator(run_dir)), run_dir, device)
        return self.dispersion.added_to(model) if self.dispersion else model

    def make_calculator(self) -> Any:
        """The ASE calculator itself, with `dispersion` the sum of it and dftd3's.

        Raises ModelError if one of them cannot be made.
        """
        own = self._own_calculator(Path())
        return self.dispersion.calculator(own) if self.dispersion else own

    def _own_calculator(self, run_dir: Path) -> Any:
        """The calculator without D3; a file of one's own as it lies in the run directory, if it does."""
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
