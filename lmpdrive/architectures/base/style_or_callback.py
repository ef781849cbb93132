"""Base of architectures that are a pair style where LAMMPS has it, and else run through their own ASE calculator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lmpdrive.architectures.base.couplings import Native
from lmpdrive.architectures.base.evaluator import AseEvaluator, Evaluator
from lmpdrive.architectures.base.interface import Interface
from lmpdrive.architectures.base.many_couplings import ManyCouplings
from lmpdrive.architectures.base.pair_style import PairStyle
from lmpdrive.architectures.base.problem import Problem
from lmpdrive.errors import ModelError

CALLBACK_TEMPLATE = "callback.lmp.j2"


class StyleOrCallback(ManyCouplings, PairStyle):
    """A pair style with its model files, or the same files read by the model's own Python package.

    A subclass names both couplings, `Native(...)` first and `Callback(template=CALLBACK_TEMPLATE, title=...)` last, and
    makes the calculator from the files it is given.
    """

    @property
    def single_rank(self) -> str | None:  # type: ignore[override]
        """The calculator has the atoms of one process."""
        return None if isinstance(self.chosen, Native) else "a model in the same process runs on one rank"

    def environment_problems(self) -> list[Problem]:
        """The pair style needs no Python module, only the interpreter's LAMMPS."""
        return [] if isinstance(self.chosen, Native) else super().environment_problems()

    def context(self, interface: Interface) -> dict[str, Any]:
        """What the pair style's template needs; nothing for the callback."""
        return super().context(interface) if isinstance(self.chosen, Native) else {}

    def calculator(self, files: Mapping[str, Path]) -> Any:
        """The package's ASE calculator of these model files, named as in `files()`."""
        raise NotImplementedError

    def evaluator(self, run_dir: Path, device: str) -> Evaluator:
        """The calculator, of the files that lie in the run directory.

        Raises ModelError if it cannot be made.
        """
        local = {name: run_dir / name for name in self.files()}
        try:
            return AseEvaluator(self.calculator({n: p if p.exists() else self.files()[n] for n, p in local.items()}))
        except Exception as error:  # other people's loaders raise anything
            first = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelError(f"{self.title or self.architecture} cannot load {self.model.name}: {first}") from error

    def make_calculator(self) -> Any:
        """The same calculator, of the original files."""
        return self.calculator(self.files())

