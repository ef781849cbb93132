"""The learning file: what is trained, where it explores, who labels, and when it is good enough."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from lmpdrive.campaigns.axes import absolute
from lmpdrive.campaigns.file import NAME, read_as
from lmpdrive.common.resources import shipped_frames
from lmpdrive.common.values import Values
from lmpdrive.config.load import potential_from
from lmpdrive.errors import ConfigError


class Train(Values):
    """`lmpdrive train` in each iteration, with all frames there are."""

    recipe: str
    """A shipped recipe, or a file."""
    committee: Annotated[int, Field(ge=3)] | None = None
    """Members, of which the first drives; none: a single model."""
    length: PositiveInt | None = None
    """Batches or epochs, instead of the recipe's."""
    extra: list[Path] = []
    """Labelled frames that are fitted and never held back."""


class Explore(Values):
    """Runs with the newest model: a campaign in each iteration."""

    base: Path
    """An lmpdrive file; its `potential.model` is set by the loop."""
    axes: dict[str, dict[str, Any]] = {}
    """As in a campaign file: temperatures, numbers of ions, ..."""
    set: dict[str, Any] = {}
    """Key -> value for every run; a file name with a slash in it (`./b.model`) counts from this file's folder."""
    seeds: PositiveInt = 1
    """Runs of each combination, with other velocities in every iteration."""


class Candidates(Values):
    """Which frames of the exploring runs may be labelled."""

    last_ps: PositiveFloat = 0.1
    """Of a run that the guard ended: the frames of so long before the event."""
    stable_frames: NonNegativeInt = 5
    """Of each run, spread evenly over its stable part."""


class Select(Values):
    """Which of the candidates are labelled."""

    n: PositiveInt
    """Most frames in an iteration."""
    method: Literal["msc", "random"] = "msc"
    """msc: Maximum Set Coverage of QUESTS, given the frames that are trained on; random: for comparison."""
    seed: NonNegativeInt = 0
    """Of `random`."""


class Label(Values):
    """Who gives energies and forces: exactly one of `potential` and `command`."""

    potential: dict[str, Any] | None = None
    """A `potential:` section: a classical teacher, or any calculator by `architecture: ase`; file names count from the
    learning file's folder."""
    command: str | None = None
    """A shell command that runs once in the folder of each frame, and writes `output` there."""
    inputs: Path | None = None
    """Folder whose files are copied into each of these folders; those that end in `.j2` are rendered."""
    structure: str = "POSCAR"
    """Name of the structure there; its format is ASE's for this name."""
    output: str = "OUTCAR"
    """What ASE reads energy and forces from."""

    @model_validator(mode="after")
    def _one_labels(self) -> Label:
        if (self.potential is None) == (self.command is None):
            raise ValueError("give `potential` or `command`, one of them")
        return self


class Filter(Values):
    """Frames that are not trained on."""

    force_eV_per_A: PositiveFloat | None = 50.0
    """Largest component of a force."""
    closest: Annotated[float, Field(gt=0, le=1)] | None = 0.8
    """Before labelling: candidates with two atoms nearer than this share of the shortest distance of their elements in
    the frames that are trained on (of their covalent radii, where those have no such pair) are left out."""
    energy_eV_per_atom: PositiveFloat | None = 1.0
    """Distance from the median of the frames of the same composition that are trained on."""


class Until(Values):
    """When the loop ends."""

    stable_ps: PositiveFloat
    """Every exploring run was stable for so long."""
    iterations: PositiveInt = 10
    """Most iterations."""


class Learning(Values):
    """The whole file."""

    learn: Annotated[str, Field(pattern=NAME, max_length=60)]
    """Name; the folder is `learning/NAME`."""
    data: list[Path]
    """Labelled frames to begin with."""
    train: Train
    explore: Explore
    candidates: Candidates = Candidates()
    select: Select
    label: Label
    filter: Filter = Filter()
    until: Until


def read_learning(path: Path) -> Learning:
    """The validated file; its paths count from its folder.  Raises ConfigError naming every problem."""
    found = read_as(Learning, path, "learn, data, train, explore, select, label and until: docs/active-learning.md")
    return _resolved(found, path.resolve())


def _frames(file: Path, folder: Path) -> Path:
    """A file, or shipped frames by their name."""
    return folder / file if (folder / file).exists() else shipped_frames().get(str(file), folder / file)


def _labelling(by: Label, file: Path) -> dict[str, Any] | None:
    """The `potential:` section with every default and absolute file names.  Raises ConfigError, before any training."""
    if by.potential is None:
        return None
    potential = potential_from(by.potential, file.parent, f"{file}: label")
    if missing := [model for model in potential.files().values() if not model.exists()]:
        raise ConfigError(f"{file}: label.potential: there is no file {missing[0]}")
    return potential.model_dump(mode="json")


def _resolved(found: Learning, file: Path) -> Learning:
    folder = file.parent
    train, explore, by = found.train, found.explore, found.label
    recipe = folder / train.recipe
    train = train.model_copy(
        update={
            "recipe": str(recipe) if recipe.is_file() else train.recipe,
            "extra": [_frames(file, folder) for file in train.extra],
        }
    )
    settings = {"axes": absolute(explore.axes, folder), "set": absolute(explore.set, folder)}
    explore = explore.model_copy(update={"base": folder / explore.base} | settings)
    inputs = folder / by.inputs if by.inputs else None
    by = by.model_copy(update={"inputs": inputs, "potential": _labelling(by, file)})
    data = [_frames(file, folder) for file in found.data]
    for path in (*data, *train.extra, explore.base):
        if not path.is_file():
            raise ConfigError(f"there is no file {path}")
    return found.model_copy(update={"data": data, "train": train, "explore": explore, "label": by})
