"""Axes of a campaign -> points: a name, and the keys that it sets.

model:                                      # named points, any keys together
  dp: {potential: {architecture: deepmd, model: models/dp.pth}}
na: {system.build.ions.Na: [0, 1, 2]}       # one key: na0, na1, na2
T: {dynamics.temperature_K: [300, 330], names: [300K, 330K]}
s: {together: [dynamics.seed, system.build.seed], values: [1, 2]}    # both keys have the same value: s1, s2
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmpdrive.campaigns.file import NAME
from lmpdrive.errors import ConfigError

RESOURCES = "resources"
"""Key of a point that is no key of the run: what its MD needs instead of the stage's resources."""

COUNTED = (".ions", ".ion_charges_e")
"""Mappings whose keys are names of ions, or of their files with a dot in them: they stay whole."""


@dataclass(frozen=True)
class Point:
    """One point of an axis: its name, key -> value, and the resources of its MD, if they are others."""

    name: str
    settings: Mapping[str, Any]
    resources: str | None = None


def points_of(axis: str, content: Mapping[str, Any], folder: Path) -> list[Point]:
    """The points of an axis; file names in them count from `folder`.  Raises ConfigError."""
    rest = dict(content)
    names = rest.pop("names", None)
    if "together" in rest:
        keys, values = rest.pop("together"), rest.pop("values", None)
        if rest or not isinstance(keys, list) or not isinstance(values, list):
            raise ConfigError(f"axes.{axis}: write {{together: [key, key], values: [value, ...]}}")
        found = [{str(key): value for key in keys} for value in values]
    elif rest and all(isinstance(value, dict) for value in rest.values()) and names is None:
        return [_point(axis, str(name), value, folder) for name, value in rest.items()]
    elif len(rest) == 1 and isinstance(values := next(iter(rest.values())), list):
        found = [{next(iter(rest)): value} for value in values]
    else:
        raise ConfigError(
            f"axes.{axis}: write one key with a list of values, `together` with `values`, or named points "
            "{name: {key: value}}"
        )
    if not found:
        raise ConfigError(f"axes.{axis} has no values")
    if names is None:
        names = [_name_of(axis, next(iter(point.values()))) for point in found]
    if not isinstance(names, list) or len(names) != len(found):
        raise ConfigError(f"axes.{axis}.names: give {len(found)} names, one for each value")
    return [_point(axis, str(name), point, folder) for name, point in zip(names, found, strict=True)]


def _name_of(axis: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise ConfigError(f"axes.{axis}: give `names`, since its values are lists or sections")
    return f"{axis}{value}".replace("/", "-")


def _point(axis: str, name: str, content: Mapping[str, Any], folder: Path) -> Point:
    if not re.match(NAME, name):
        raise ConfigError(
            f"axes.{axis}: the point {name!r} becomes part of a folder's name: letters, digits, '.', '+', '-' only. "
            "Give `names`."
        )
    content = dict(content)
    resources = content.pop(RESOURCES, None)
    return Point(name, flattened(content, folder), resources)


def flattened(content: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Dotted key -> value, as `--set` takes them; a `potential` with an architecture stays whole and replaces another.

    Words that name an existing file from `folder`, and have a slash in them, become absolute.
    """
    found: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        whole = prefix == "potential" and isinstance(value, dict) and "architecture" in value
        if isinstance(value, dict) and value and not whole and not prefix.endswith(COUNTED):
            for key, item in value.items():
                walk(f"{prefix}.{key}", item)
        else:
            found[prefix] = absolute(value, folder)

    for key, value in content.items():
        walk(str(key), value)
    return found


def absolute(value: Any, folder: Path) -> Any:
    """The value, with each word in it that names an existing file from `folder`, and has a slash, as a whole path."""
    if isinstance(value, dict):
        return {key: absolute(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [absolute(item, folder) for item in value]
    if isinstance(value, str) and "/" in value:
        file, colon, rest = value.partition(":")
        if (folder / file).exists():
            return f"{(folder / file).resolve()}{colon}{rest}"
    return value
