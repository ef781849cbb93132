"""Third part of an architecture: how its run goes, from the interpreter to the loaded model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from lmpdrive.architectures.base.evaluator import Evaluator
from lmpdrive.architectures.base.problem import Problem
from lmpdrive.common.values import Values
from lmpdrive.environments import Interpreter, Recipe, choose
from lmpdrive.errors import ConfigError, InstallError


class RunSteps(Values):
    """The Python that runs the model, and what is done in the run directory, in this order.

    `write_files` when the directory is written, `prepare` before the worker starts, `evaluator` in the worker.
    """

    python_module: ClassVar[str | None] = None
    """Python module that must be importable for a run."""
    environment: ClassVar[Recipe | None] = None
    """Packages of the isolated environment that `lmpdrive env create` makes; None if the core is enough."""
    trial: ClassVar[dict[str, Any] | None] = None
    """Rest of a `potential:` section that `lmpdrive doctor` tries on Pt and water; None if no model is at hand."""
    single_rank: ClassVar[str | None] = None
    """Reason why more than one MPI rank is impossible, if so."""
    made: ClassVar[tuple[str, ...]] = ()
    """Names of the model files that `write_files` makes in a run directory."""

    architecture: str
    """Name of a shipped or installed architecture, or `./file.py`."""

    def uncertainty_files(self) -> dict[str, str]:
        """What a run records of its uncertainty every `uncertainty_every` steps: the guard's rule -> file.

        `model_deviation`: of a committee; `extrapolation_grade`: γ.
        """
        return {}

    @classmethod
    def recipes(cls) -> tuple[Recipe, ...]:
        """All environments that can be made for it; more than one where it depends on the keys."""
        return (cls.environment,) if cls.environment else ()

    @property
    def recipe(self) -> Recipe | None:
        """That of this very potential."""
        return self.environment

    @property
    def modules(self) -> tuple[str, ...]:
        """Python modules that a run needs."""
        return (self.python_module,) if self.python_module else ()

    def interpreter(self) -> Interpreter:
        """The Python that runs this: here if it has the modules, else that of the family's environment.

        Raises InstallError or ConfigError as `environments.choose` does.
        """
        return choose(self.recipe.family if self.recipe else Path(self.architecture).stem, self.modules)

    def environment_problems(self) -> list[Problem]:
        """Modules that the interpreter of a run lacks, each with its cure."""
        try:
            interpreter = self.interpreter()
        except (InstallError, ConfigError) as error:
            return [Problem("error", str(error))]
        recipe = self.recipe
        if interpreter.origin == "settings" or recipe is None:
            cure = "Install the package that has it there"
        elif interpreter.origin == "environment" and not recipe.named_by_user:
            cure = f"Make it again: lmpdrive env remove {interpreter.family}, then {recipe.command}"
        else:
            cure = f"Add it with: {recipe.command}"
        return [
            Problem(
                "error",
                f"{self.architecture} needs the Python module '{module}'; there is no module '{module}' in "
                f"{interpreter.describe()}. {cure}",
            )
            for module in interpreter.missing
        ]

    def write_files(self, run_dir: Path) -> None:
        """Make files that the deck reads and that are no links, in a run directory being written.

        Raises ModelError if they cannot be made here.
        """

    def prepare(self, run_dir: Path) -> str | None:
        """Last step before the worker starts, in the run directory; returns a line for the log."""
        return None

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """The loaded model, for couplings through a callback; called in the worker, in the run directory.

        Raises ModelError if it cannot be loaded.
        """
        raise NotImplementedError(f"{type(self).__name__} has no callback coupling")

    def as_run(self, run_dir: Path) -> Self:
        """A copy that names the files which LAMMPS reads in `run_dir`, where `prepare` may have replaced some."""
        return self
