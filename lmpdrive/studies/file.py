"""The study file: who is the teacher, what is learned from it, and which runs show how well."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator, model_validator

from lmpdrive.campaigns.file import CPU, NAME, Resources, read_as
from lmpdrive.common.values import Values
from lmpdrive.config.yaml_text import parse
from lmpdrive.errors import ConfigError, did_you_mean

MIXED = "mixed"
"""The training set with frames of every state."""
KEYS = "study, teacher, data, training, models and runs: docs/study.md"

Name = Annotated[str, Field(pattern=NAME, max_length=30)]


class Teacher(Values):
    """The potential that is the truth, and its runs of each state."""

    base: Path
    """The lmpdrive file of its runs; its `potential` labels the frames."""
    states: dict[str, Any]
    """An axis of a campaign: one key with a list of values, or named points."""
    seeds: PositiveInt = 1
    """Runs of each state, with other velocities and another start."""
    set: dict[str, Any] = {}
    """Key -> value for every run."""


class Hot(Values):
    """Further runs of the teacher, whose frames are learned from and that no profile comes from."""

    set: dict[str, Any]
    """Key -> value, e.g. a higher temperature and fewer ps."""
    frames: PositiveInt
    """Of each state."""


class Contacts(Values):
    """Frames to learn from in which ions have other places and molecules are shifted, so that some come too close."""

    frames: PositiveInt
    """Of each state."""
    shift_A: PositiveFloat = 0.2
    """σ of the displacements along each axis."""


class Data(Values):
    """Frames of each state, spread evenly over the teacher's runs, and labelled by it."""

    frames: PositiveInt
    """To learn from, of the first part of each run."""
    test: PositiveInt = 50
    """To measure every model on, of the last part: seen by none."""
    hot: Hot | None = None
    contacts: Contacts | None = None


class Training(Values):
    """Every model learns from each state that is run (*specific*), and from all states (*mixed*)."""

    sizes: list[PositiveInt]
    """Numbers of frames that are fitted; the same for a specific and for the mixed set."""
    splits: PositiveInt = 3
    """Models of each set and size, from other splits of the frames; three or more are a committee."""

    @field_validator("sizes")
    @classmethod
    def _sizes_differ(cls, sizes: list[int]) -> list[int]:
        if not sizes or len(set(sizes)) < len(sizes):
            raise ValueError("give one or more numbers of frames, each once")
        return sorted(sizes)


class Model(Values):
    """A potential that learns."""

    recipe: str
    """A shipped recipe of `lmpdrive train`, or a file."""
    length: PositiveInt | None = None
    """Batches or epochs, instead of the recipe's."""
    sizes: list[PositiveInt] | None = None
    """Instead of those of `training`."""
    potential: dict[str, Any] = {}
    """Further keys of the `potential:` section of its runs."""


class Runs(Values):
    """Runs with the models."""

    states: list[str] = []
    """Those that are run, and learned from alone; default: all."""
    sizes: list[PositiveInt] = []
    """Sizes whose models run; default: the largest."""
    splits: PositiveInt = 1
    """Models of each set and size that run."""
    set: dict[str, Any] = {}
    """Key -> value for every run."""


class Committee(Values):
    """What the models of all splits say of a run's frames."""

    stride: PositiveInt = 1
    """Every so many frames are evaluated."""
    across: bool = True
    """Whether the frames of a specific model's run are also weighed for the mixed one (study Fig. S2)."""


class Study(Values):
    """The whole file."""

    study: Name
    """Name; the folder is `campaigns/NAME`."""
    teacher: Teacher
    data: Data
    training: Training
    models: dict[Name, Model]
    runs: Runs = Runs()
    committee: Committee = Committee()
    roughness: bool = False
    """Whether the smoothness of the energies is measured (`lmpdrive compare --probe-pes`)."""
    resources: dict[str, Resources] = {CPU: Resources()}
    """As in a campaign: `cpu` for data, trainings and analyses, `gpu` for runs where there is one."""
    tries: PositiveInt = 3
    seed: NonNegativeInt = 1
    """Of the first run of each state; the others count up."""

    @model_validator(mode="after")
    def _models_are_there(self) -> Study:
        if not self.models:
            raise ValueError("models: name one or more")
        for name, model in self.models.items():
            for size in self.runs.sizes:
                if size not in (model.sizes or self.training.sizes):
                    raise ValueError(f"runs.sizes: {size} is no size that '{name}' is trained with")
        return self


def is_study(path: Path) -> bool:
    """Whether a file that `lmpdrive campaign` is given is a study."""
    try:
        content, _ = parse(path.read_text(encoding="utf-8"))
    except Exception:  # whoever reads it as what it should be says what is wrong
        return False
    return isinstance(content, dict) and "study" in content


def read_study(path: Path) -> Study:
    """The validated file; its paths count from its folder.  Raises ConfigError naming every problem."""
    found = read_as(Study, path, KEYS)
    folder = path.resolve().parent
    base = folder / found.teacher.base
    if not base.is_file():
        raise ConfigError(f"{path}: teacher.base: there is no file {base}")
    models = {name: _with_recipe(model, folder) for name, model in found.models.items()}
    return found.model_copy(
        update={"teacher": found.teacher.model_copy(update={"base": base}), "models": models},
    )


def _with_recipe(model: Model, folder: Path) -> Model:
    file = folder / model.recipe
    return model.model_copy(update={"recipe": str(file)}) if file.is_file() else model


def one_of(name: str, choices: Any, where: str) -> None:
    """Raise ConfigError if `name` is not among the choices."""
    if name not in choices:
        raise ConfigError(f"{where}: no '{name}'{did_you_mean(name, choices) or '.'} Choices: {', '.join(choices)}")
