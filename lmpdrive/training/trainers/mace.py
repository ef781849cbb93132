"""MACE by `mace_run_train`: `settings` are its options.  https://mace-docs.readthedocs.io/en/latest/guide/training.html

Batatia et al., NeurIPS 2022, arXiv:2206.07697.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from ase.io import write

from lmpdrive.environments import Interpreter
from lmpdrive.errors import ConfigError
from lmpdrive.training.plan import Task
from lmpdrive.training.recipe import Recipe
from lmpdrive.training.trainer import Step, Trainer
from lmpdrive.trajectory.labelled import ENERGY, FORCES

CHECKPOINTS = "checkpoints"
OPTIONS = "options.yaml"


class Mace(Trainer):
    """With `swa` the last fifth of the epochs has the weights of stage two."""

    architecture: ClassVar[str] = "mace"
    unit: ClassVar[str] = "epochs"
    file: ClassVar[str] = "mace.model"
    filled_in: ClassVar[tuple[str, ...]] = (
        *("name", "train_file", "valid_file", "test_file", "energy_key", "forces_key", "max_num_epochs", "seed"),
        *("device", "restart_latest", "work_dir", "model_dir", "checkpoints_dir", "config"),
    )

    def write(self, task: Task, work: Path, device: str) -> None:
        """Frames as extended XYZ, and the options."""
        write(work / "train.xyz", [*task.atoms("train"), *task.extra_atoms], format="extxyz")
        write(work / "validation.xyz", task.atoms("validation"), format="extxyz")
        options = dict(task.recipe.settings)
        if options.get("swa"):
            options.setdefault("start_swa", max(1, task.recipe.length * 4 // 5))
        options.setdefault("valid_batch_size", 8)
        options |= {
            "name": "model",
            "train_file": "train.xyz",
            "valid_file": "validation.xyz",
            "energy_key": ENERGY,
            "forces_key": FORCES,
            "max_num_epochs": task.recipe.length,
            "seed": task.recipe.seed,
            "device": device,
            "checkpoints_dir": CHECKPOINTS,
            "plot": False,
        }
        flags = [f"--{key}" if value is True else f"--{key}={value}" for key, value in options.items()]
        (work / OPTIONS).write_text("\n".join(flags) + "\n")

    def steps(self, task: Task, work: Path, interpreter: Interpreter) -> list[Step]:
        """One command, from the last checkpoint if there is one."""
        again = ["--restart_latest"] if any((work / CHECKPOINTS).glob("*.pt")) else []
        flags = (work / OPTIONS).read_text().splitlines()
        return [Step("train", [interpreter.scripts / "mace_run_train", *flags, *again])]

    def done(self, work: Path) -> int:
        """The last epoch in the log."""
        epochs = [
            int(number)
            for log in (work / "logs").glob("*.log")
            for number in re.findall(r"Epoch (\d+):", log.read_text(errors="replace"))
        ]
        return max(epochs) + 1 if epochs else 0

    def model(self, work: Path) -> Path:
        """Of the second stage, if there was one."""
        return next(work / name for name in ("model_stagetwo.model", "model.model") if (work / name).is_file())

    def environment(self) -> Mapping[str, str]:
        """Threads that wait asleep: elsewhere epochs take several times longer beside other work."""
        return {"OMP_WAIT_POLICY": "PASSIVE"}

    def device(self, recipe: Recipe, interpreter: Interpreter, gpu: bool) -> str:
        """What PyTorch says.  Raises ConfigError if a GPU is asked for that it does not see."""
        if recipe.device == "cpu" or not (gpu or recipe.device == "cuda"):
            return "cpu"
        seen = interpreter.call("torch.cuda:is_available")
        if recipe.device == "cuda" and not seen:
            raise ConfigError(f"device: cuda: PyTorch of {interpreter.describe()} sees no GPU; use device: cpu")
        return "cuda" if seen else "cpu"
