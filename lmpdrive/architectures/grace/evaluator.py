"""GRACE in the worker: tensorpotential's calculator, and the record of its uncertainty."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.architectures import AseEvaluator, Configuration, Evaluation

UNCERTAINTY = "uncertainty.dat"
"""Name of the record in a run directory."""


class GraceEvaluator(AseEvaluator):
    """TPCalculator, which writes γ or the deviation of a committee to `uncertainty.dat` every `every` steps.

    σ_i is the standard deviation of the force on atom i over the members (the norm of its three components, eV/Å);
    γ_i the extrapolation grade of a model that provides it (https://gracemaker.readthedocs.io, uq), above 1 outside of
    the training data.
    """

    def __init__(self, calculator: Any, every: int, folder: Path) -> None:
        super().__init__(calculator)
        self.every, self.file = every, folder / UNCERTAINTY
        self._step, self._line = -1, 0

    def __call__(self, configuration: Configuration) -> Evaluation:
        """As any ASE calculator; raises AssertionError of tensorpotential for an unknown element."""
        answer = super().__call__(configuration)
        if configuration.step % self.every == 0:
            self._record(configuration.step)
        return answer

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
