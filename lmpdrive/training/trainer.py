"""What a trainer is: it writes the inputs of a package's own trainer, and says which commands train.

To add one, write `trainers/NAME.py` with one class derived from `Trainer`; the folder listing is the registry.  A
recipe may name a file of the user's: `trainer: ./mine.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from lmpdrive.architectures import find
from lmpdrive.environments import Interpreter
from lmpdrive.errors import ConfigError
from lmpdrive.training.plan import Task
from lmpdrive.training.recipe import Recipe


@dataclass(frozen=True)
class Step:
    """One command of a training.  name : of its mark in the work folder, where it is not repeated once it is done."""

    name: str
    words: Sequence[str | Path]


class Trainer(ABC):
    """One training at a time, in a work folder that is kept until it is repeated or removed by the user."""

    architecture: ClassVar[str]
    """Whose environment it runs in, and whose calculator the model is measured with."""
    modules: ClassVar[tuple[str, ...]] = ()
    """Python modules it needs beside those of the architecture."""
    unit: ClassVar[str]
    """Of `length` and of `done`."""
    filled_in: ClassVar[tuple[str, ...]] = ()
    """Settings that lmpdrive writes, as dotted keys: a recipe may not have them."""
    file: ClassVar[str]
    """Name of the finished model, a file or a folder."""
    takes_shares: ClassVar[bool] = False
    """Whether extra frames can be given a share of the batches."""

    def check(self, recipe: Recipe) -> None:
        """Raise ConfigError for settings that cannot be."""
        for key in self.filled_in:
            at: Any = recipe.settings
            for word in key.split("."):
                at = at.get(word) if isinstance(at, dict) else None
            if at is not None:
                raise ConfigError(f"settings.{key} is written by lmpdrive: take it out of the recipe")
        if recipe.electrostatics and "electrostatics" not in find(self.architecture).model_fields:
            raise ConfigError(
                f"electrostatics: a model of {self.architecture} runs inside LAMMPS, where nothing adds them again; "
                "take the key out of the recipe, or a trainer whose architecture is evaluated in Python (mace)"
            )
        if recipe.extra.share_of_batches and not self.takes_shares:
            raise ConfigError(f"extra.share_of_batches: the trainer {recipe.trainer} gives every frame the same weight")

    @abstractmethod
    def write(self, task: Task, work: Path, device: str) -> None:
        """Write data and inputs in the empty folder `work`."""

    @abstractmethod
    def steps(self, task: Task, work: Path, interpreter: Interpreter) -> list[Step]:
        """The commands, in order; one that was interrupted goes on from the checkpoint there is in `work`."""

    @abstractmethod
    def done(self, work: Path) -> int:
        """How much of the length the log in `work` has."""

    @abstractmethod
    def model(self, work: Path) -> Path:
        """The model, after the last step."""

    def potential(self, model: Path) -> dict[str, Any]:
        """The `potential:` section that runs the model."""
        return {"architecture": self.architecture, "model": str(model.absolute())}

    def environment(self) -> Mapping[str, str]:
        """Environment variables of the commands, beside those of every run."""
        return {}

    def device(self, recipe: Recipe, interpreter: Interpreter, gpu: bool) -> str:
        """`cpu` or `cuda`, given whether the machine has a GPU; most packages decide themselves."""
        return recipe.device if recipe.device != "auto" else ("cuda" if gpu else "cpu")
