"""The callable that `potential.calculator` names, in an installed package or in a Python file of one's own.

package.module:Class                    a calculator
package.module:function                 a function that returns one
package.module:Class.from_checkpoint    a classmethod or staticmethod that returns one
./file.py:function                      any of these in a file
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from lmpdrive.errors import ModelError, did_you_mean

MOST_SHOWN = 12


def split(path: str) -> tuple[str, str]:
    """Module or file, and the name in it.

    Raises ModelError if `path` is not of that form.
    """
    place, _, name = path.rpartition(":")
    module = place.endswith(".py") or re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", place)
    if not module or not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", name):
        raise ModelError(
            f"'{path}' is not an import path; write package.module:Class, e.g. ase.calculators.emt:EMT, "
            "or ./file.py:function"
        )
    return place, name


def file_of(path: str) -> Path | None:
    """The Python file of one's own that `path` names, if it does."""
    place = path.rpartition(":")[0]
    return Path(place) if place.endswith(".py") else None


def imports_of(file: Path) -> list[str]:
    """Packages that a file imports wherever it is run: not those of `try` and of conditions, nor Python's own."""
    try:
        names = set(_imported(ast.parse(file.read_text()).body))
    except (OSError, ValueError, SyntaxError):  # what is wrong is said when it is imported
        return []
    return sorted(names - sys.stdlib_module_names - {"lmpdrive"})


def _imported(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and not statement.level and statement.module:
            yield statement.module.partition(".")[0]
        elif not isinstance(statement, ast.Try | ast.If):
            yield from _imported(getattr(statement, "body", []))


def find(path: str) -> Any:
    """The callable.

    Raises ModelError with what there is: no such file, an import that fails, a wrong name, no calculator.
    """
    place, name = split(path)
    found: Any = _imported_module(place)
    for part in name.split("."):
        owner = found
        choices = makers_of(owner) if inspect.isclass(owner) else calculators_of(owner)
        if not hasattr(owner, part):
            where = f"the class {owner.__name__}" if inspect.isclass(owner) else place
            raise ModelError(f"{where} has no '{part}'{did_you_mean(part, choices) or '.'} {_listed(choices)}")
        found = getattr(owner, part)
    if inspect.isclass(owner) and inspect.isfunction(found) and not _is_static(owner, part):
        raise ModelError(f"{path} is a method of its objects; name a classmethod or staticmethod. {_listed(choices)}")
    if not callable(found) or (inspect.isclass(found) and not hasattr(found, "get_forces")):
        kind = f"the class {name}" if inspect.isclass(found) else f"a {type(found).__name__}"
        raise ModelError(f"{path} is {kind}, not a calculator or a function that makes one. {_listed(choices)}")
    return found


def calculators_of(module: Any) -> list[str]:
    """Calculator classes of a module, and the functions that it defines; public names."""
    public = {name: value for name, value in getattr(module, "__dict__", {}).items() if not name.startswith("_")}
    classes = [name for name, value in public.items() if inspect.isclass(value) and _is_calculator(value)]
    functions = [n for n, v in public.items() if inspect.isfunction(v) and v.__module__ == module.__name__]
    return sorted(classes) + sorted(functions)


def makers_of(kind: type) -> list[str]:
    """Classmethods and staticmethods of a class that are not ASE's."""
    own = [c for c in kind.__mro__ if not c.__module__.startswith("ase.calculators.calc") and c is not object]
    return sorted(
        {n for c in own for n, v in vars(c).items() if isinstance(v, classmethod | staticmethod) and n[0] != "_"}
    )


def _imported_module(place: str) -> ModuleType:
    if place.endswith(".py") and not Path(place).is_file():
        raise ModelError(f"there is no file {place}; a relative name counts from the folder of the YAML file")
    try:
        return _from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except Exception as error:  # importing runs other people's code
        raise ModelError(f"{place} cannot be imported: {type(error).__name__}: {error}") from error


def _from_file(path: Path) -> ModuleType:
    """The file as a module, whose name cannot be that of a package which it imports."""
    name = f"lmpdrive_calculator_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look a class's module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_static(owner: type, name: str) -> bool:
    return isinstance(inspect.getattr_static(owner, name), classmethod | staticmethod)


def _is_calculator(kind: type) -> bool:
    return hasattr(kind, "get_forces") and hasattr(kind, "get_potential_energy") and not _is_a_base(kind)


def _is_a_base(kind: type) -> bool:
    """ASE's own base classes, which modules of calculators import."""
    return kind.__module__ in ("ase.calculators.calculator", "ase.calculators.abc", "ase.atoms")


def _listed(choices: list[str]) -> str:
    if not choices:
        return "It has no calculators"
    more = f" and {len(choices) - MOST_SHOWN} more" if len(choices) > MOST_SHOWN else ""
    return f"It has: {', '.join(choices[:MOST_SHOWN])}{more}"
