"""Make the calculator that `potential.calculator` and `kwargs` describe, or say what is wrong with them."""

from __future__ import annotations

import inspect
import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from lmpdrive.architectures.ase.target import find
from lmpdrive.errors import ModelError


def make(path: str, arguments: dict[str, Any], needed: Sequence[str] = ()) -> Any:
    """The calculator.

    needed : properties it must have (`energy`, `forces`, `stress`).

    Raises ModelError if it cannot be made, or is none.
    """
    function = find(path)
    try:
        made = function(**arguments)
    except Exception as error:  # a third party's constructor may raise anything
        raise ModelError(
            f"{path} cannot be made with {arguments or 'no arguments'}: {type(error).__name__}: {error}"
        ) from error
    if not hasattr(made, "get_forces") or inspect.isclass(made):
        kind = f"the class {made.__name__}" if inspect.isclass(made) else f"a {type(made).__name__}"
        raise ModelError(f"{path} gives {kind}, not an ASE calculator")
    known = getattr(made, "implemented_properties", None)
    if known and (lacking := [name for name in needed if name not in known]):
        needs, has = ", ".join(needed), ", ".join(sorted(known))
        raise ModelError(f"{path} gives no {', '.join(lacking)}; a run needs {needs}. It has: {has}")
    return made


def wrong_with(path: str, arguments: dict[str, Any]) -> str:
    """What can be known without making one, in one sentence, or "": names in the module, and of the arguments."""
    try:
        with _silence():
            return _refused(path, find(path), arguments)
    except ModelError as error:
        return f"potential.calculator: {error}"


def wrong_when_made(path: str, arguments: dict[str, Any], needed: Sequence[str]) -> str:
    """What goes wrong when it is made, in one sentence, or ""; nothing where `wrong_with` has told it."""
    if wrong_with(path, arguments):
        return ""
    try:
        with _silence():
            make(path, arguments, needed)
    except ModelError as error:
        return f"potential.calculator: {error}"
    return ""


@contextmanager
def _silence() -> Iterator[None]:
    """Swallow what packages print and warn while they load: the answer of a check is all that it prints."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


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
