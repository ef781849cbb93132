"""Which observables there are: the files of this folder, the entry points `lmpdrive.observables`, a user's files.

A file's name is the observable's family: `names` and `options` use it.  Names that begin with an underscore are not
observables.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from lmpdrive.errors import ConfigError, LmpdriveError, did_you_mean
from lmpdrive.observables.base import Observable, Settings

ENTRY_POINTS = "lmpdrive.observables"
FROM_THE_LOG = ("temperature", "energy", "pressure")
"""Tables that `thermodynamics` makes from log.lammps: names as well, but no classes."""

_USER = "lmpdrive_user_observables"


def observable_classes(extra: Iterable[str | Path] = ()) -> list[type[Observable]]:
    """Every concrete observable: shipped, installed, and from the files `extra`.

    Raises ConfigError if a file cannot be loaded, or if two files have the same name.
    """
    found = list(_shipped())
    for entry in _installed():
        found += _from_entry_point(entry)
    taken = {cls.family() for cls in found} | set(FROM_THE_LOG)
    # a run's own file may be named once more on the command line
    for file in {Path(given).resolve(): Path(given) for given in extra}.values():
        if _is_shipped(file):
            continue
        if file.stem in taken:
            raise ConfigError(f"{file}: there is an observable file named {file.stem!r} already; rename yours")
        taken.add(file.stem)
        found += load_file(file)
    return found


@cache
def _installed() -> tuple[EntryPoint, ...]:
    """What other packages announce; looking through all of them takes milliseconds, so it is done once."""
    return tuple(entry_points(group=ENTRY_POINTS))


@cache
def _shipped() -> tuple[type[Observable], ...]:
    """The observables of this folder; it does not change while we run."""
    names = [info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)]) if not info.name.startswith("_")]
    return tuple(cls for name in names for cls in _in_module(importlib.import_module(f"{__package__}.{name}")))


def _is_shipped(file: Path) -> bool:
    """Whether `file` is a copy of an observable of this folder, as after shipping what a run's YAML names."""
    here = Path(__file__).with_name(file.name)
    return file.is_file() and here.is_file() and here.read_bytes() == file.read_bytes()


def load_file(path: Path) -> list[type[Observable]]:
    """The observables of one Python file.

    Raises ConfigError if there is no such file, if it fails on import, or has no observable.
    """
    if path.suffix != ".py" or not path.is_file():
        raise ConfigError(f"observables: there is no Python file {path.resolve()}; give the path of a .py file")
    # the parent stands in sys.modules, so that instances can be sent between processes
    sys.modules.setdefault(_USER, ModuleType(_USER))
    name = f"{_USER}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's code may raise anything
        del sys.modules[name]
        line = _line(error, str(path.resolve()))
        raise ConfigError(f"observables: {path} cannot be loaded: {line}{type(error).__name__}: {error}") from error
    if not (classes := _in_module(module)):
        unfinished = [
            member.__name__ + " lacks " + ", ".join(sorted(getattr(member, "__abstractmethods__", ())))
            for member in vars(module).values()
            if inspect.isclass(member) and member.__module__ == name and inspect.isabstract(member)
        ]
        raise ConfigError(
            f"observables: {path} has no class that derives from Observable, Profile or Series and implements "
            f"what they leave open{': ' + '; '.join(unfinished) if unfinished else ''} (docs/extending.md)"
        )
    return classes


@contextmanager
def blamed(one: Observable, method: str) -> Iterator[None]:
    """Errors of a user's observable name its file and line; those of a shipped one are ours, and stay as they are."""
    try:
        yield
    except LmpdriveError:
        raise
    except Exception as error:
        module = sys.modules.get(type(one).__module__)
        if not type(one).__module__.startswith(f"{_USER}."):
            raise
        file = str(getattr(module, "__file__", ""))
        raise ConfigError(
            f"observables: {file}: {type(one).__name__}.{method} fails: {_line(error, file)}{type(error).__name__}: "
            f"{error}; lmpdrive.testing.check_observable tests it, -v shows the traceback"
        ) from error


def check_options(classes: Sequence[type[Observable]], options: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ConfigError for a family that does not exist, and for an option that its family does not have."""
    families: dict[str, list[type[Observable]]] = {}
    for cls in classes:
        families.setdefault(cls.family(), []).append(cls)
    for family, given in options.items():
        if family not in families:
            having = sorted(name for name, all_ in families.items() if any(c.Options.model_fields for c in all_))
            raise ConfigError(
                f"observables.options.{family}: no observable {family!r}"
                f"{did_you_mean(family, families) or '.'} With options: {', '.join(having)}"
            )
        if not isinstance(given, Mapping):
            raise ConfigError(f"observables.options.{family} is {given!r}; want options, e.g. {family}: {{option: 1}}")
        for cls in families[family]:
            cls.read_options(Settings(options={family: given}))


def _line(error: BaseException, file: str) -> str:
    """`"line 7: "` of the innermost call in `file`, or an empty string."""
    import traceback

    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((f"line {frame.lineno}: " for frame in frames if frame.filename == file), "")


def _from_entry_point(entry: Any) -> list[type[Observable]]:
    try:
        loaded = entry.load()
    except Exception as error:  # an installed package must not make every analysis impossible to understand
        raise ConfigError(
            f"the installed observable {entry.name!r} ({entry.value}) cannot be loaded: {error}; "
            "update or uninstall its package"
        ) from error
    return _in_module(loaded) if inspect.ismodule(loaded) else [loaded]


def _in_module(module: ModuleType) -> list[type[Observable]]:
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module.__name__
        and issubclass(member, Observable)
        and not inspect.isabstract(member)
        and not member.__name__.startswith("_")
    ]
