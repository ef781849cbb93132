"""Record of a model's uncertainty along a run, for calculators that report one: `uncertainty.dat`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures import AseEvaluator, Configuration, Evaluation

UNCERTAINTY = "uncertainty.dat"
"""Name of the record in a run directory."""


class RecordingEvaluator(AseEvaluator):
    """An ASE calculator whose γ or deviation of a committee is written to `uncertainty.dat` every `every` steps.

    Columns: step, largest and mean value of all atoms.  γ_i (`gamma` among the results) is the extrapolation grade,
    above 1 outside of the training data (https://gracemaker.readthedocs.io, uq); σ_i (`forces_std`) the standard
    deviation of the force on atom i over the members (the norm of its three components, eV/Å).
    """

    def __init__(self, calculator: Any, every: int, folder: Path) -> None:
        super().__init__(calculator)
        self.every, self.file = every, folder / UNCERTAINTY
        self._step, self._line = -1, 0

    def __call__(self, configuration: Configuration) -> Evaluation:
        """As any ASE calculator."""
        answer = super().__call__(configuration)
        if self.is_due(configuration):
            self._record(configuration.step)
        return answer

    def is_due(self, configuration: Configuration) -> bool:
        """Whether this step has a line."""
        return configuration.step % self.every == 0

    def _record(self, step: int) -> None:
        results = self.calculator.results
        if "gamma" in results:
            grades, name = np.ravel(results["gamma"])[: len(self._atoms)], "gamma"
        elif "forces_std" in results:
            grades, name = np.linalg.norm(results["forces_std"], axis=1), "force_deviation_eV_per_A"
        else:
            return
        if not self.file.exists():
            self.file.write_text(f"# step max_{name} mean_{name}\n")
        with self.file.open("r+") as stream:
            # a step may be evaluated again (before a run LAMMPS is compared with the model): the last one counts
            self._line = self._line if step == self._step else stream.seek(0, os.SEEK_END)
            stream.seek(self._line)
            stream.truncate()
            stream.write(f"{step} {grades.max():.6g} {grades.mean():.6g}\n")
        self._step = step
