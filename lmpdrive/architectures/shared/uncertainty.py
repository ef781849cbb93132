"""Record of a model's extrapolation grade along a run, for calculators that report one: `uncertainty.dat`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures import AseEvaluator, Configuration, Evaluation
from lmpdrive.architectures.shared.step_table import StepTable

UNCERTAINTY = "uncertainty.dat"
"""Name of the record in a run directory."""


class RecordingEvaluator(AseEvaluator):
    """An ASE calculator whose γ is written to `uncertainty.dat` every `every` steps, if it provides one.

    γ_i (`gamma` among the results) is the extrapolation grade, above 1 outside of the training data
    (https://gracemaker.readthedocs.io, uq).
    """

    def __init__(self, calculator: Any, every: int, folder: Path) -> None:
        super().__init__(calculator)
        self.every, self.table = every, StepTable(folder / UNCERTAINTY, "# step max_gamma mean_gamma\n")

    def __call__(self, configuration: Configuration) -> Evaluation:
        """As any ASE calculator."""
        answer, step = super().__call__(configuration), configuration.step
        if self.is_due(configuration) and "gamma" in self.calculator.results:
            grades = np.ravel(self.calculator.results["gamma"])[: len(self._atoms)]
            self.table.write(step, f"{step} {grades.max():.6g} {grades.mean():.6g}")
        return answer

    def is_due(self, configuration: Configuration) -> bool:
        """Whether this step has a line."""
        return configuration.step % self.every == 0
