"""Places: the user's machines, once for all campaigns, in `places.yaml` of the user's configuration folder.

    workstation: {kind: local, gpus: [0, 1], cpus: 32}
    juwels:
      kind: slurm
      init: source ~/lmpdrive/bin/activate
      cpu: {partition: batch, account: abc, block: {cpus: 48}, walltime: 6h, max_blocks: 2}
      gpu: {partition: booster, account: abc, block: {cpus: 48, gpus: 4}, walltime: 24h, max_blocks: 8}

A place says how each kind of resources is had there.  Without a file there is `here`: this machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from platformdirs import user_config_path
from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, field_validator

from lmpdrive.campaigns.file import Resources, problems
from lmpdrive.common import walltime
from lmpdrive.common.values import Values
from lmpdrive.config.yaml_text import parse
from lmpdrive.errors import ConfigError, did_you_mean

HERE = "here"
PLACES = "LMPDRIVE_PLACES"
"""Variable: the file, if it is not the one in the configuration folder."""
COMMON = ("kind", "cpus", "gpus", "init", "address", "driver", "driver_options", "poll_s")
"""Keys of a place that are no kind of resources."""


class Size(Values):
    """What one job of the batch system asks for."""

    cpus: PositiveInt = 1
    """Processor cores."""
    gpus: int = Field(default=0, ge=0)
    """GPUs."""


class Blocks(Values):
    """How one kind of resources is had from a batch system: in blocks, its jobs, that work off tasks."""

    partition: str | None = None
    """Partition or queue."""
    account: str | None = None
    """Account or project."""
    block: Size = Size()
    """Size of a block; it works on as many runs at a time as fit."""
    walltime: str = "1h"
    """Of a block; runs are stopped before its end and resumed in the next."""
    max_blocks: PositiveInt = 1
    """Never more jobs than this at a time."""
    options: list[str] = []
    """Further lines of the job script, e.g. "#SBATCH --constraint=a100"."""
    memory_GB: PositiveInt | None = None
    """Memory of a block; default: that of the runs in it, if the campaign says so."""

    @field_validator("walltime")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        walltime.seconds(value)
        return value


class Place(Values):
    """One machine, or the batch system of a cluster."""

    name: str
    kind: Literal["local", "slurm", "pbs", "lsf"] = "local"
    """What gives out the work."""
    cpus: PositiveInt | None = None
    """Local: cores to use; default: all."""
    gpus: list[int] = []
    """Local: numbers of the GPUs to use."""
    init: str = ""
    """Shell commands at the beginning of each block: modules, environments."""
    address: str | None = None
    """Name or number at which compute nodes reach the driver's machine, where it is not found by itself."""
    driver: Literal["here", "job"] = "here"
    """What `--detach` makes of the driver: a process of this machine, or a job that the batch system starts again."""
    driver_options: Blocks = Blocks(walltime="24h")
    """Of the driver's job."""
    poll_s: PositiveFloat = 60.0
    """How often the batch system is asked for the states of the blocks [s]."""
    blocks: dict[str, Blocks] = {}
    """Name of resources -> blocks."""

    def blocks_of(self, resources: str) -> Blocks:
        """How this kind is had here.  Raises ConfigError."""
        if resources not in self.blocks:
            known = ", ".join(self.blocks) or "none"
            raise ConfigError(
                f"place {self.name}: it does not say how to get the resources '{resources}' (it knows {known}). Add "
                f"{resources}: {{partition: ..., walltime: ..., block: ...}} to it in {places_file()}"
            )
        return self.blocks[resources]

    def local_workers(self, resources: Mapping[str, Resources]) -> dict[bool, int]:
        """Tasks at a time without and with a GPU, of all these kinds: no core and no GPU is given twice."""
        cores = self.cpus or os.cpu_count() or 1
        on_gpu = [each for each in resources.values() if each.gpus]
        on_cpu = [each for each in resources.values() if not each.gpus]
        gpu_workers = len(self.gpus) * min((each.share for each in on_gpu), default=0)
        if on_gpu and not gpu_workers:
            raise ConfigError(
                f"place {self.name}: the campaign needs GPUs, and it has none. Write their numbers, gpus: [0, 1], into "
                f"{places_file()}, or take resources without gpus"
            )
        rest = cores - gpu_workers * max((each.cpus for each in on_gpu), default=0)
        cpu_workers = max(1, rest // max((each.cpus for each in on_cpu), default=1))
        return {True: gpu_workers, False: cpu_workers if on_cpu else 0}


def places_file() -> Path:
    """Where the user's places are."""
    return Path(os.environ.get(PLACES) or user_config_path("lmpdrive") / "places.yaml")


def find_place(name: str | None) -> Place:
    """The place called `name`; without a name the only one of the file, or this machine.  Raises ConfigError."""
    known = _read(places_file())
    if name is None:
        name = next(iter(known)) if len(known) == 1 else HERE
    if name not in known and name == HERE:
        return Place(name=HERE)
    if name not in known:
        choices = [*known, HERE]
        raise ConfigError(
            f"--where {name}: no place '{name}'{did_you_mean(name, choices) or '.'} Places: {', '.join(choices)}, from "
            f"{places_file()}"
        )
    return known[name]


def _read(path: Path) -> dict[str, Place]:
    if not path.is_file():
        return {}
    try:
        content, _ = parse(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(place, dict) for place in content.values()):
        raise ConfigError(f"{path} must have places: name: {{kind: local, cpus: 8}}")
    return {str(name): _place(path, str(name), place) for name, place in content.items()}


def _place(path: Path, name: str, content: dict[str, Any]) -> Place:
    blocks = {key: value for key, value in content.items() if key not in COMMON}
    for key, value in blocks.items():
        if not isinstance(value, dict):
            guess = did_you_mean(key, COMMON)
            raise ConfigError(f"{path}: {name}.{key} is neither a section nor one of {', '.join(COMMON)}{guess}")
        if "same" in value:
            other = value["same"]
            if not isinstance(blocks.get(other), dict):
                raise ConfigError(f"{path}: {name}.{key}.same: there is no section '{other}'")
            blocks[key] = blocks[other] | {k: v for k, v in value.items() if k != "same"}
    common = {key: value for key, value in content.items() if key in COMMON}
    try:
        return Place.model_validate({"name": name, **common, "blocks": blocks})
    except ValidationError as error:
        raise ConfigError("\n".join(f"{path}: {name}: {line}" for line in problems(error, Place))) from None
