"""GRACE by `gracemaker`: `settings` are the sections of its `input.yaml`.  https://gracemaker.readthedocs.io

Bochkarev et al., Phys. Rev. X 14, 021036 (2024).  tensorpotential has a licence of its own, for academic use.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import yaml
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

from lmpdrive.environments import Interpreter
from lmpdrive.training.plan import Task
from lmpdrive.training.trainer import Step, Trainer
from lmpdrive.trajectory.labelled import ENERGY, FORCES


class Grace(Trainer):
    """The last state as a SavedModel, the folder `model`."""

    architecture: ClassVar[str] = "grace"
    unit: ClassVar[str] = "epochs"
    file: ClassVar[str] = "model"
    filled_in: ClassVar[tuple[str, ...]] = (
        *("seed", "data.filename", "data.test_filename", "potential.elements", "fit.maxiter"),
    )

    def write(self, task: Task, work: Path, device: str) -> None:
        """Frames as extended XYZ, and `input.yaml`."""
        fitted = [*task.atoms("train"), *task.extra_atoms]
        write(work / "train.extxyz", [_labelled(atoms) for atoms in fitted], format="extxyz")
        write(work / "validation.extxyz", [_labelled(a) for a in task.atoms("validation")], format="extxyz")
        content = copy.deepcopy(dict(task.recipe.settings))
        content["seed"] = task.recipe.seed
        data = {"filename": "train.extxyz", "test_filename": "validation.extxyz", "save_dataset": False}
        content["data"] = {"reference_energy": 0} | content.get("data", {}) | data
        content["potential"] = content.get("potential", {}) | {"elements": list(task.elements)}
        content["fit"] = {"checkpoint_freq": 1, "progressbar": False} | content.get("fit", {})
        content["fit"]["maxiter"] = task.recipe.length
        (work / "input.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    def steps(self, task: Task, work: Path, interpreter: Interpreter) -> list[Step]:
        """One command, from the last checkpoint if there is one."""
        again = ["-rl"] if any(work.glob("seed/*/checkpoints/*.index")) else []
        return [Step("train", [interpreter.scripts / "gracemaker", "input.yaml", *again])]

    def done(self, work: Path) -> int:
        """The last epoch in the log."""
        epochs = [
            int(number)
            for log in work.glob("seed/*/log.txt")
            for number in re.findall(r"Iteration #(\d+)", log.read_text(errors="replace"))
        ]
        return max(epochs, default=0)

    def model(self, work: Path) -> Path:
        """The folder that gracemaker exports."""
        return next(work.glob("seed/*/final_model"))

    def environment(self) -> Mapping[str, str]:
        """Threads of TensorFlow as those of OpenMP, and no notes of its compiler."""
        return {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def _labelled(atoms: Atoms) -> Atoms:
    """A copy with the labels where gracemaker looks for them."""
    labelled = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    labelled.calc = SinglePointCalculator(labelled, energy=atoms.info[ENERGY], forces=atoms.arrays[FORCES])
    return labelled
