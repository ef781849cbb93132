"""Look an architecture up by name, entry point or file; a shipped one is a file or a folder of this package."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from lmpdrive.architectures.base.architecture import Architecture
from lmpdrive.environments import Recipe
from lmpdrive.errors import ConfigError, did_you_mean

NOT_ARCHITECTURES = {"base", "registry", "shared"}
"""Modules of this package that are none; names that begin with an underscore are none either."""


def available() -> list[str]:
    """Names of the shipped and installed architectures."""
    package = importlib.import_module("lmpdrive.architectures")
    names = {module.name for module in pkgutil.iter_modules(package.__path__)}
    shipped = {name for name in names - NOT_ARCHITECTURES if not name.startswith("_")}
    return sorted(shipped | {e.name for e in entry_points(group="lmpdrive.architectures")})


def find(name: str, folder: Path = Path()) -> type[Architecture]:
    """The architecture called `name`; `./file.py` is read relative to `folder`.

    Raises ConfigError with the choices if there is none.
    """
    if name.endswith(".py"):
        return _from_file(Path(folder, name))
    for entry in entry_points(group="lmpdrive.architectures", name=name):
        return entry.load()
    if name not in available():
        raise ConfigError(
            f"potential.architecture: no architecture '{name}'{did_you_mean(name, available()) or '.'} "
            f"Choices: {', '.join(available())}, or a file of your own: ./mine.py"
        )
    return _only_class(importlib.import_module(f"lmpdrive.architectures.{name}"))


def recipes() -> dict[str, Recipe]:
    """Family -> recipe of its environment, for all architectures that have one."""
    return {recipe.family: recipe for name in available() for recipe in find(name).recipes()}


def recipe(name: str) -> Recipe:
    """The recipe of a family, of an architecture, or of the architecture in `./mine.py`.

    Raises ConfigError with the choices if there is none.
    """
    known = recipes()
    if name in known:
        return known[name]
    architecture = find(name) if name.endswith(".py") or name in available() else None
    if architecture and architecture.environment:
        return architecture.environment
    if architecture:
        raise ConfigError(f"{name} needs no environment: it runs with lmpdrive's core")
    raise ConfigError(
        f"no environment '{name}'{did_you_mean(name, known) or '.'} Choices: {', '.join(known)}, "
        "or a file with an architecture of your own: ./mine.py"
    )


def _from_file(path: Path) -> type[Architecture]:
    if not path.is_file():
        raise ConfigError(f"potential.architecture: there is no file {path.resolve()}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return _only_class(module)


def _only_class(module: ModuleType) -> type[Architecture]:
    found = [
        v
        for v in vars(module).values()
        if isinstance(v, type) and issubclass(v, Architecture) and f"{v.__module__}.".startswith(f"{module.__name__}.")
    ]
    if len(found) != 1:
        raise ConfigError(f"{module.__file__} must define exactly one Architecture, found {len(found)}")
    return found[0]
