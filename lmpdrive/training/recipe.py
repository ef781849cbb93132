"""Recipes: YAML files that say how a potential is trained.  Those of this package are in `recipes/`.

title: MACE with scalar messages
trainer: mace            # a file of lmpdrive/training/trainers
length: 30               # in the trainer's unit: epochs, or batches
split: {by: ions, seed: 7}
ions: {Na: 1}
settings: {r_max: 4.5}   # the trainer's own
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, Field, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError

from lmpdrive.architectures.shared.electrostatics import Electrostatics
from lmpdrive.common.values import Values
from lmpdrive.config.yaml_text import parse
from lmpdrive.errors import ConfigError, did_you_mean

Share = Annotated[float, Field(gt=0, lt=1)]

FOLDER = Path(__file__).with_name("recipes")


class Split(Values):
    """Which frames are held back.  In each group a seeded shuffle, then shares of it, rounded."""

    by: Literal["composition", "ions", "nothing"] = "composition"
    """Groups: of equal chemical formula, of equal charge of the ions (`ions` of the recipe), or one of all frames."""
    seed: NonNegativeInt = 1
    """Of the shuffle; the second split has the next one, and so on."""
    test: Share = 0.1
    """Share that is never seen, and that the errors on the card are measured on."""
    validation: Share = 0.1
    """Share that the trainer measures its progress on."""


class Extra(Values):
    """Frames of `--extra`, e.g. of close contacts, which are fitted and never held back."""

    max_force_eV_per_A: PositiveFloat | None = None
    """Frames with a larger force component are left out."""
    share_of_batches: Share | None = None
    """Deep Potentials: how many of the batches come from them; default: every frame counts alike."""


class Recipe(Values):
    """How an architecture is trained."""

    title: str
    """For the card."""
    trainer: str
    """A file of `lmpdrive/training/trainers`, or one of the user's, `./mine.py`, beside the recipe."""
    length: PositiveInt
    """Epochs or batches, as the trainer counts."""
    seed: PositiveInt = 1
    """Of the weights; member k of a committee has seed + k - 1."""
    threads: PositiveInt = 1
    """Of the trainer on a CPU; on a busy machine two are several times slower."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where there is one."""
    elements: tuple[str, ...] = ()
    """Order of the species in the model; default: those of the data, by alphabet."""
    ions: dict[str, int] = {}
    """Element -> charge [e]: their sum is the charge state of a frame, for `split.by: ions` and the card."""
    split: Split = Split()
    extra: Extra = Extra()
    committee_share: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Of the fitted frames that each member of a committee is given, drawn at random; 1: they differ by seed only."""
    electrostatics: Electrostatics | None = None
    """Fixed charges whose energy and forces are taken from the labels; the model's runs add them again."""
    settings: dict[str, Any] = {}
    """The trainer's own, as its package documents them."""


def shipped() -> dict[str, Path]:
    """Name -> file, of the recipes that come with lmpdrive."""
    return {file.stem: file for file in sorted(FOLDER.glob("*.yaml"))}


def load_recipe(name: str | Path) -> Recipe:
    """A shipped recipe by name, or the user's own by its file.

    Raises ConfigError with the choices if there is none, or with what is wrong in it.
    """
    path = shipped().get(str(name), Path(name))
    if not path.is_file():
        raise ConfigError(
            f"there is no recipe '{name}'{did_you_mean(str(name), shipped()) or '.'} "
            f"Choices: {', '.join(shipped())}, or a YAML file of your own"
        )
    try:
        content, _ = parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    except ConfigError as error:  # a key that is given twice, a number that is another one
        raise ConfigError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path} is no recipe: it needs the keys title, trainer and length (docs/training.md)")
    if isinstance(trainer := content.get("trainer"), str) and trainer.endswith(".py"):
        content["trainer"] = str((path.parent / trainer).resolve())
    return checked(content, str(path))


def checked(content: dict[str, Any], source: str) -> Recipe:
    """Raises ConfigError that lists what is wrong, and the keys there are."""
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        lines = [_line(source, problem["loc"], problem["msg"]) for problem in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def _line(source: str, location: tuple[Any, ...], message: str) -> str:
    where = ".".join(map(str, location))
    sections: dict[str, type[BaseModel]] = {"split": Split, "extra": Extra, "electrostatics": Electrostatics}
    model = sections.get(str(location[0]), Recipe) if len(location) > 1 else Recipe
    hint = ""
    if "Extra inputs" in message:
        keys = list(model.model_fields)
        message = "no such key"
        hint = f"{did_you_mean(str(location[-1]), keys)}. Choices: {', '.join(keys)}"
    return f"{source}: {where}: {message}{hint}"
