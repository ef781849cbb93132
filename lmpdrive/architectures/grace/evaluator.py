"""GRACE in the worker: tensorpotential's calculator, and the record of its extrapolation grade."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures import AseEvaluator, Configuration, Evaluation
from lmpdrive.architectures.shared.step_table import StepTable

UNCERTAINTY = "uncertainty.dat"
"""Name of the record in a run directory."""


class GraceEvaluator(AseEvaluator):
    """TPCalculator, which writes γ to `uncertainty.dat` every `every` steps, if the model provides it.

    γ_i is the extrapolation grade (https://gracemaker.readthedocs.io, uq), above 1 outside of the training data.
    """

    def __init__(self, calculator: Any, every: int, folder: Path) -> None:
        super().__init__(calculator)
        self.every, self.table = every, StepTable(folder / UNCERTAINTY, "# step max_gamma mean_gamma\n")

    def __call__(self, configuration: Configuration) -> Evaluation:
        """As any ASE calculator; raises AssertionError of tensorpotential for an unknown element."""
        answer, step = super().__call__(configuration), configuration.step
        if step % self.every == 0 and "gamma" in self.calculator.results:
            grades = np.ravel(self.calculator.results["gamma"])[: len(self._atoms)]
            self.table.write(step, f"{step} {grades.max():.6g} {grades.mean():.6g}")
        return answer
