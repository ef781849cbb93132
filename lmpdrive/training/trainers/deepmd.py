"""Deep Potentials by `dp --tf train`: `settings` are the sections of its `input.json`.

Descriptors that TensorFlow trains, such as se_e2_a.  Wang et al., Comput. Phys. Commun. 228, 178 (2018); Zeng et al.,
J. Chem. Phys. 159, 054801 (2023).
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from lmpdrive.environments import Interpreter
from lmpdrive.training.deepmd_files import FILLED_IN, batches_done, write_input
from lmpdrive.training.plan import Task
from lmpdrive.training.trainer import Step, Trainer


class Deepmd(Trainer):
    """TensorFlow backend, frozen to `model.pb`."""

    architecture: ClassVar[str] = "deepmd"
    unit: ClassVar[str] = "batches"
    file: ClassVar[str] = "model.pb"
    filled_in: ClassVar[tuple[str, ...]] = FILLED_IN
    takes_shares: ClassVar[bool] = True

    def write(self, task: Task, work: Path, device: str) -> None:
        """Data by composition, and `input.json`."""
        write_input(task, task.recipe.settings, task.recipe.length, work)

    def steps(self, task: Task, work: Path, interpreter: Interpreter) -> list[Step]:
        """Train, from the last checkpoint if there is one, and freeze."""
        dp = (interpreter.scripts / "dp", "--tf")
        again = ["--restart", "model.ckpt"] if (work / "checkpoint").is_file() else []
        return [
            Step("train", [*dp, "train", "input.json", *again]),
            Step("freeze", [*dp, "freeze", "-o", self.file]),
        ]

    def done(self, work: Path) -> int:
        """The last batch in the learning curve."""
        return batches_done(work)

    def model(self, work: Path) -> Path:
        """The frozen graph."""
        return work / self.file
