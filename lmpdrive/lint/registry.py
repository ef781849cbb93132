"""The rules, found in lint/rules: every function with `@rule` in a file of that folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from lmpdrive.lint.deck import Deck
from lmpdrive.lint.walk import Command, Remark

Level = Literal["error", "warning", "note"]
Place = Command | Remark


@dataclass(frozen=True)
class Found:
    """A finding: where, what is wrong, what to do; `level` if it differs from the rule's."""

    place: Place | None
    what: str
    fix: str
    level: Level | None = None


@dataclass(frozen=True)
class Rule:
    """A rule with its code (as in `# lint: allow CODE`) and the level of its findings."""

    code: str
    level: Level
    check: Callable[[Deck], Iterator[Found]]

    @property
    def summary(self) -> str:
        """First line of the rule's docstring."""
        return (self.check.__doc__ or "").strip().split("\n")[0]


def rule(code: str, level: Level) -> Callable[[Callable[[Deck], Iterator[Found]]], Rule]:
    """Make a generator of `Found` a rule."""
    return lambda check: Rule(code, level, check)


def all_rules() -> list[Rule]:
    """All rules, by code."""
    package = importlib.import_module("lmpdrive.lint.rules")
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    own = {id(r): r for module in modules for r in vars(module).values() if isinstance(r, Rule)}
    return sorted(own.values(), key=lambda r: r.code)
