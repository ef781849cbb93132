"""Who is in a committee: the potential that drove, further models of its kind, or potentials from YAML files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lmpdrive.architectures import Architecture
from lmpdrive.common.hashing import sha256
from lmpdrive.config.load import load_potential, potential_from
from lmpdrive.errors import ConfigError

_NOT_THE_MODEL = {"committee", "uncertainty_every", "coupling"}
"""Keys that do not change what a model says of a frame."""
YAML = (".yaml", ".yml")
SAYS_NOTHING = ("model", "frozen_model", "graph", "mace", "final_model")
"""File names of models whose folder tells more."""


@dataclass(frozen=True)
class Member:
    """A potential with a name to print; its hash says what it is, whatever it is called and wherever it lies."""

    name: str
    potential: Architecture

    @cached_property
    def hash(self) -> str:
        """sha256 of its settings, with that of each file in place of the file's name."""
        content = {k: v for k, v in self.potential.model_dump(mode="json").items() if k not in _NOT_THE_MODEL}
        return hashlib.sha256(json.dumps(_by_content(content), sort_keys=True).encode()).hexdigest()


def _by_content(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _by_content(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_by_content(item) for item in value]
    # os.path, because words that cannot be file names are no errors here
    if isinstance(value, str):
        file, colon, rest = value.rpartition(":")  # ./mine.py:function
        for name, tail in ((value, ""), (file, colon + rest)):
            if os.path.isabs(name) and os.path.exists(name):
                return f"sha256:{sha256(Path(name))}{tail}"
    return value


def driver_of(potential: Architecture, name: str = "") -> Member:
    """The potential of a run, alone.  Raises ConfigError where a committee drove it with a bias."""
    if getattr(potential, "bias_tau", None) is not None:
        raise ConfigError("potential.bias_tau: with a bias the frames are of no potential, and no weights make them so")
    return Member(name or f"{_model_of(potential)} (driver)", _alone(potential, {}))


def members_of(
    driver: Architecture | None, given: Sequence[Any], folder: Path = Path(), architecture: str | None = None
) -> list[Member]:
    """Members from what stands under `potential.committee`, or on a command line.

    given : model files or names of shipped potentials, YAML files with a `potential:` section, or (for
        architecture: ase) keyword arguments.
    architecture : of models; default the driver's, whose other options the members then have.

    Raises ConfigError for a model whose architecture is not known, or two members that are one.
    """
    members = [_member(driver, one, folder, architecture) for one in given]
    return _named_apart(members)


def _member(driver: Architecture | None, given: Any, folder: Path, architecture: str | None) -> Member:
    if isinstance(given, str | Path) and Path(given).suffix in YAML:
        potential = load_potential(folder / given)
        return Member(Path(given).stem, _alone(potential, {}))
    if driver is not None and architecture in (None, driver.architecture):
        if isinstance(given, dict):
            update: dict[str, Any] = {"kwargs": getattr(driver, "kwargs", {}) | given}
        else:  # a path, or the name of a shipped or pretrained one, as the architecture has it
            update = {"model": type(getattr(driver, "model", given))(given)}
        if missing := [key for key in update if key not in type(driver).model_fields]:
            raise ConfigError(
                f"a member of architecture {driver.architecture} is no single model (it has no key {missing[0]!r}): "
                "give each member as a YAML file with a potential: section"
            )
        potential = _alone(driver, update).resolve(folder)
    elif architecture is None:
        raise ConfigError(f"{given}: say what it is with --architecture, or give a YAML file with a potential: section")
    else:
        potential = potential_from({"architecture": architecture, "model": str(given)}, folder, str(given))
    return Member(_model_of(potential), potential)


def _alone(potential: Architecture, update: dict[str, Any]) -> Architecture:
    fields = type(potential).model_fields
    without: dict[str, Any] = {"committee": [], "bias_tau": None}
    alone = {key: value for key, value in without.items() if key in fields}
    return potential.model_copy(update=alone | update)


def _model_of(potential: Architecture) -> str:
    """A name to print: the shipped potential, the file, or the keyword arguments that are values."""
    model = getattr(potential, "model", None)
    if model:
        path = Path(str(model))
        return path.parent.name if path.stem in SAYS_NOTHING and path.parent.name else path.stem
    words = [str(v) for v in getattr(potential, "kwargs", {}).values() if isinstance(v, str | int | float)]
    return "-".join(Path(word).stem if "/" in word else word for word in words) or Path(potential.architecture).stem


def _named_apart(members: list[Member]) -> list[Member]:
    """Where names are the same, numbered."""
    names = [member.name for member in members]
    if len(set(names)) < len(names):
        names = [f"{name} {number}" for number, name in enumerate(names, start=1)]
    return [Member(name, member.potential) for name, member in zip(names, members, strict=True)]


def without_repeats(members: Sequence[Member]) -> list[Member]:
    """The first of each that are the same model."""
    return list({member.hash: member for member in reversed(members)}.values())[::-1]
