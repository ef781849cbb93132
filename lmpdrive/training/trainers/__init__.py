"""Trainers: one file each; the folder listing is the registry."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from pathlib import Path
from types import ModuleType

from lmpdrive.errors import ConfigError, did_you_mean
from lmpdrive.training.trainer import Trainer


def available() -> list[str]:
    """Names of the trainers."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find(name: str) -> Trainer:
    """The trainer of a file in this folder, or of the user's own.  Raises ConfigError if there is none."""
    if name.endswith(".py"):
        return _only_class(_from_file(Path(name)))
    if name not in available():
        raise ConfigError(
            f"trainer: there is no trainer '{name}'{did_you_mean(name, available()) or '.'} "
            f"Choices: {', '.join(available())}, or a file of your own: ./mine.py"
        )
    return _only_class(importlib.import_module(f"{__name__}.{name}"))


def _from_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path) if path.is_file() else None
    if spec is None or spec.loader is None:
        raise ConfigError(f"trainer: there is no file {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _only_class(module: ModuleType) -> Trainer:
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Trainer) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise ConfigError(f"trainer: {module.__file__} must define exactly one Trainer, found {len(found)}")
    return found[0]()
