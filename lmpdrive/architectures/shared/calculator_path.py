"""What is wrong with `package.module:name` as an ASE calculator, found without making one."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from lmpdrive.errors import did_you_mean

MOST_SHOWN = 12


def wrong_with(path: str, arguments: dict[str, Any]) -> str:
    """One sentence, or "": the module cannot be imported, has no such name, or that refuses the arguments' names.

    Whether a function returns a calculator is known only when it is called.
    """
    place, _, name = path.partition(":")
    try:
        module = importlib.import_module(place)
    except Exception as error:  # importing runs a third party's code
        return f"potential.calculator: {place} cannot be imported: {type(error).__name__}: {error}"
    choices = calculators_of(module)
    found = getattr(module, name, None)
    if found is None:
        return f"potential.calculator: {place} has no '{name}'{did_you_mean(name, choices) or '.'} {_shown(choices)}"
    if not callable(found) or (inspect.isclass(found) and not hasattr(found, "get_forces")):
        kind = f"the class {name}" if inspect.isclass(found) else f"a {type(found).__name__}"
        return (
            f"potential.calculator: {path} is {kind}, not a calculator or a function that makes one. {_shown(choices)}"
        )
    return _refused(path, found, arguments)


def calculators_of(module: Any) -> list[str]:
    """Calculator classes of a module, and the functions that it defines; public names."""
    public = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    classes = [name for name, value in public.items() if inspect.isclass(value) and _is_calculator(value)]
    functions = [n for n, value in public.items() if inspect.isfunction(value) and value.__module__ == module.__name__]
    return sorted(classes) + sorted(functions)


def _is_calculator(kind: type) -> bool:
    return hasattr(kind, "get_forces") and hasattr(kind, "get_potential_energy") and not _is_a_base(kind)


def _is_a_base(kind: type) -> bool:
    """ASE's own base classes, which modules of calculators import."""
    return kind.__module__ in ("ase.calculators.calculator", "ase.calculators.abc", "ase.atoms")


def _refused(path: str, function: Any, arguments: dict[str, Any]) -> str:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of an extension module
        return ""
    try:
        signature.bind(**arguments)
    except TypeError as error:
        names = [p.name for p in signature.parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        return f"potential.kwargs: {path}: {error}. It takes: {', '.join(names) or 'no arguments'}"
    return ""


def _shown(choices: list[str]) -> str:
    if not choices:
        return "It has no calculators"
    more = f" and {len(choices) - MOST_SHOWN} more" if len(choices) > MOST_SHOWN else ""
    return f"It has: {', '.join(choices[:MOST_SHOWN])}{more}"
