"""What observables there are, for people: `lmpdrive observables`, and the index in docs/observables.md."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lmpdrive.errors import ConfigError, did_you_mean
from lmpdrive.observables.base import Observable
from lmpdrive.observables.registry import observable_classes

FROM_THE_LOG = {
    "temperature": ("Temperature", "T = 2 E_kin / (k_B N_f), of everything and of each species; from the log"),
    "energy": ("Energy", "E_conserved = E_pot + E_kin + energy of the thermostat (and barostat); from the log"),
    "pressure": ("Pressure", "p of the whole cell, vacuum and frozen layers included; from the log"),
}


@dataclass(frozen=True)
class Option:
    """One option of an observable."""

    name: str
    default: Any
    meaning: str


@dataclass(frozen=True)
class Entry:
    """One observable."""

    family: str
    title: str
    equation: str
    options: tuple[Option, ...]


def entries(extra: Iterable[str | Path] = ()) -> list[Entry]:
    """All observables by file name, those from the log last."""
    found = [_entry(cls) for cls in observable_classes(extra)]
    found.sort(key=lambda entry: entry.family)
    return found + [Entry(name, title, equation, ()) for name, (title, equation) in FROM_THE_LOG.items()]


def listing(name: str | None = None, extra: Iterable[str | Path] = ()) -> str:
    """All of them as text, or one.

    Raises ConfigError for an unknown name.
    """
    every = entries(extra)
    families = [entry.family for entry in every]
    if name is not None and name not in families:
        raise ConfigError(
            f"no observable {name!r}{did_you_mean(name, families) or '.'} "
            f"There are: {', '.join(dict.fromkeys(families))}"
        )
    return "\n\n".join(_text(entry) for entry in every if name in (None, entry.family))


def _text(entry: Entry) -> str:
    lines = [f"{entry.family}: {entry.title}", *(f"    {line}" for line in [entry.equation] if line)]
    for option in entry.options:
        meaning = f"  {option.meaning}" if option.meaning else ""
        lines.append(f"    --option {entry.family}.{option.name}={option.default}{meaning}")
    return "\n".join(lines)


def _meaning(options: type[BaseModel], name: str) -> str:
    """The string below the field, or below the field of the same name that it replaces."""
    for cls in options.__mro__:
        field = getattr(cls, "model_fields", {}).get(name)
        if field is not None and field.description:
            return field.description
    return ""


def _entry(cls: type[Observable]) -> Entry:
    doc = inspect.getdoc(cls) or ""
    first = " ".join(doc.partition("\n\n")[0].split())
    # the title may differ between the instances of a class (one for each ion): then the file's first line is used
    title = getattr(cls, "title", "") if isinstance(getattr(cls, "title", ""), str) else ""
    if not title and (module := inspect.getdoc(sys.modules[cls.__module__])):
        title = module.partition("\n")[0].rstrip(".")
    options = tuple(
        Option(name, field.get_default(call_default_factory=True), _meaning(cls.Options, name))
        for name, field in cls.Options.model_fields.items()
    )
    return Entry(cls.family(), title or first.rstrip("."), cls.equation or first, options)
