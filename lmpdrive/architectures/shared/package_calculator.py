"""Base of architectures that the ASE calculator of a Python package evaluates, in the same process as LAMMPS."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from lmpdrive.architectures.base.couplings import Callback
from lmpdrive.architectures.base.evaluator import Evaluator
from lmpdrive.architectures.base.interface import Interface
from lmpdrive.architectures.base.problem import Problem
from lmpdrive.architectures.base.python_model import PythonModel
from lmpdrive.architectures.shared.added_terms import AddedTerms
from lmpdrive.architectures.shared.committee import HasCommittee
from lmpdrive.architectures.shared.style_or_callback import CALLBACK_TEMPLATE


class PackageCalculator(HasCommittee, AddedTerms, PythonModel):
    """A model of a Python package, to which D3, electrostatics and a committee can be added.

    A subclass has the keys `model` and `committee`, and says what its package needs, how the model is read and what is
    wrong with it; the methods here put the three together.
    """

    template: ClassVar[str] = CALLBACK_TEMPLATE
    couplings: ClassVar = (Callback(),)
    plugins: ClassVar[bool] = False
    single_rank: ClassVar[str | None] = "a model in the same process runs on one rank"

    @property
    def own_modules(self) -> tuple[str, ...]:
        """Python modules that the model needs, without those of added terms; default: the package's."""
        return super().modules

    def model_files(self) -> dict[str, Path]:
        """Name in the run directory -> source, of the model alone."""
        raise NotImplementedError

    def model_problems(self, interface: Interface | None) -> list[Problem]:
        """What is wrong with the model, as `problems`, without committee and added terms."""
        raise NotImplementedError

    def first(self, run_dir: Path, device: str) -> Evaluator:
        """The loaded model, without committee and added terms; the files in `run_dir` go before the original ones.

        Raises ModelError if it cannot be loaded.
        """
        raise NotImplementedError

    def own_calculator(self) -> Any:
        """The package's ASE calculator of the original files, on the CPU, without added terms.  Raises ModelError."""
        raise NotImplementedError

    @property
    def modules(self) -> tuple[str, ...]:
        """The model's, and those of added terms."""
        return (*self.own_modules, *self.term_modules)

    def files(self) -> dict[str, Path]:
        """Those of the model, and of the committee's members."""
        return self.model_files() | self.committee_files()

    def problems(self, interface: Interface | None) -> list[Problem]:
        """What is wrong with the model, the members and the added terms."""
        terms = self.term_problems(interface)
        return [*self.model_problems(interface), *self.committee_problems(interface), *terms]

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """The model, which writes about its committee if there is one, plus the added terms.

        Raises ModelError if one of them cannot be loaded.
        """
        return self.with_terms(self.with_committee(self.first(run_dir, device), run_dir, device))

    def make_calculator(self) -> Any:
        """The package's own ASE calculator, with those of added terms.  Raises ModelError."""
        return self.calculator_with_terms(self.own_calculator())
