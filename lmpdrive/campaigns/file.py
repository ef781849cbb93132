"""The campaign file: which runs there are, what each of them needs, and what is compared afterwards.

It never says where it runs: that is in `places.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, field_validator, model_validator

from lmpdrive.common import walltime
from lmpdrive.common.values import Values
from lmpdrive.config.yaml_text import parse
from lmpdrive.errors import ConfigError, did_you_mean

STAGES = ("check", "md", "analyse")
"""What is done with each run, in this order."""
CPU = "cpu"
SHORTEST_SLICE_S = 15.0
NAME = r"^[A-Za-z0-9][A-Za-z0-9.+-]*$"
"""Names become parts of folder names, between underscores."""

File = TypeVar("File", bound=Values)
Name = Annotated[str, Field(pattern=NAME, max_length=60)]


class Resources(Values):
    """What one task of a kind needs."""

    cpus: PositiveInt = 1
    """Processor cores."""
    gpus: Annotated[int, Field(ge=0, le=1)] = 0
    """GPUs; a run uses one or none."""
    memory_GB: PositiveFloat | None = None
    """Memory, for batch systems that must be told."""
    share: PositiveInt = 1
    """Runs on one GPU at the same time."""

    @model_validator(mode="after")
    def _only_gpus_are_shared(self) -> Resources:
        if self.share > 1 and not self.gpus:
            raise ValueError("share is for GPUs: add gpus: 1, or leave share out")
        return self


class StageSection(Values):
    """One stage of every run."""

    resources: str = CPU
    """One of `resources`."""
    once_per: list[str] = []
    """Axes: the check is done for one run of each combination of their points, and stands for the others."""


class Comparison(Values):
    """Runs that differ in one axis, compared with one of them."""

    by: list[str]
    """Axes whose points all runs of a comparison have in common."""
    reference: dict[str, str]
    """Axis -> the point that the others are compared with."""


class Campaign(Values):
    """The whole file."""

    campaign: Name
    """Name; the campaign's folder is `campaigns/NAME`."""
    base: Path
    """The lmpdrive file of which every run is a variation."""
    set: dict[str, Any] = {}
    """Key -> value for every run, as with `--set`."""
    axes: dict[str, dict[str, Any]]
    """The matrix: every combination of one point from each axis is a run."""
    without: list[dict[str, str]] = []
    """Combinations that are left out: axis -> point."""
    also: dict[Name, dict[str, Any]] = {}
    """Single runs: name -> keys and values, with `like: {axis: point}` the run that they are a variation of."""
    stages: dict[str, StageSection] = {}
    """check, md and analyse: where each runs, by default all on `cpu`."""
    compare: list[Comparison] = []
    """Comparisons made at the end."""
    labelled: list[Path] = []
    """Files of labelled frames, on which each potential is tested at the end: its error against its speed."""
    resources: dict[str, Resources] = {CPU: Resources()}
    """Name -> what a task of this kind needs; a place says where it is found."""
    tries: PositiveInt = 3
    """How often a run may fail for reasons outside of it (lost workers, nodes) before it is given up."""
    slice: str | None = None
    """Longest piece of a run at a time, e.g. 6h; default: as long as the place allows."""

    @field_validator("slice")
    @classmethod
    def _is_a_time(cls, value: str | None) -> str | None:
        if value is not None and walltime.seconds(value) < SHORTEST_SLICE_S:
            raise ValueError(f"at least {SHORTEST_SLICE_S:.0f} s: starting and stopping alone take a few")
        return value

    @model_validator(mode="after")
    def _names_exist(self) -> Campaign:
        for name in self.stages:
            _one_of(name, STAGES, "stages")
        for name, stage in self.stages.items():
            _one_of(stage.resources, self.resources, f"stages.{name}.resources")
            if stage.once_per and name != "check":
                raise ValueError(f"stages.{name}.once_per: only the check may stand for several runs")
            for axis in stage.once_per:
                _one_of(axis, self.axes, f"stages.{name}.once_per")
        if not self.stages and CPU not in self.resources:
            raise ValueError(f"resources: without stages everything runs on '{CPU}', which is not among them")
        for comparison in self.compare:
            for axis in (*comparison.by, *comparison.reference):
                _one_of(axis, self.axes, "compare")
            if len(comparison.reference) != 1 or set(comparison.by) | set(comparison.reference) != set(self.axes):
                axes = ", ".join(self.axes)
                raise ValueError(f"compare: reference names one axis, and by all the others of {axes}")
        return self

    def stage(self, name: str) -> StageSection:
        """How a stage is done."""
        return self.stages.get(name, StageSection(resources=next(iter(self.resources))))


def read_campaign(path: Path) -> Campaign:
    """The validated file.  Raises ConfigError naming every problem."""
    return read_as(Campaign, path, "campaign, base and axes: docs/campaigns.md")


def read_as(model: type[File], path: Path, keys: str) -> File:
    """A YAML file as `model`; `keys` : what it must have, for a file without sections.

    Raises ConfigError naming every problem.
    """
    try:
        content, _ = parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    except ConfigError as error:  # a key that is given twice, ...
        raise ConfigError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path} must have the keys {keys}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{path}: {line}" for line in problems(error, model))) from None


def problems(error: ValidationError, model: type[Values]) -> list[str]:
    """What pydantic found, one line each."""
    lines = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
            choices = list(model.model_fields)
            message = f"unknown key{did_you_mean(where, choices) or '.'} Choices: {', '.join(choices)}"
        elif item["type"] == "string_pattern_mismatch":
            message = f"{item['input']!r}: letters, digits, '.', '+' and '-' only, since it becomes a folder's name"
        elif item["type"] != "missing" and not isinstance(item["input"], dict):
            message = f"{message} (got {item['input']!r})"
        lines.append(f"{where}: {message}" if where else message)
    return lines


def _one_of(name: str, choices: Any, where: str) -> None:
    if name not in choices:
        raise ValueError(f"{where}: no '{name}'{did_you_mean(name, choices) or '.'} Choices: {', '.join(choices)}")
