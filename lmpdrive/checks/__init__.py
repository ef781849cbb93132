"""All problems that can be detected before a run, found in one pass.

`rules/` holds the physics: every public function of a file there takes a `Case` and gives problems.  To add a rule, add
a function; there is no list.  docs/checks.md says what each looks at.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from inspect import getmembers, isfunction
from typing import TYPE_CHECKING

from lmpdrive.architectures import Problem
from lmpdrive.checks import rules
from lmpdrive.checks.case import Case
from lmpdrive.checks.environment import bias_problems, environment_problems, lammps_problems, style_problems
from lmpdrive.checks.table import element_table
from lmpdrive.config import Config

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem

__all__ = ["Case", "element_table", "problems", "shipped_rules"]

Rule = Callable[[Case], Iterable[Problem]]


def problems(config: Config, system: BuiltSystem | None, here: bool = True, may_load: bool = True) -> list[Problem]:
    """All problems of a configuration whose system was built (or failed to: None).

    `here=False` leaves out what this machine must have for a run (packages, LAMMPS and its styles): a deck may be
    rendered for another.  `may_load=False` leaves out what the potential says, which may load its model.
    """
    found = config.potential.problems(system) if may_load else []
    own_deck = None
    if system is not None:
        readable = may_load and not any(p.level == "error" for p in found)
        case = Case(config, system, readable)
        found = [*found, *(problem for rule in shipped_rules() for problem in rule(case))]
        own_deck = case.own_deck
    if here:
        found += environment_problems(config)
        if not any(p.level == "error" for p in found):
            found += lammps_problems(config)
        if not any(p.level == "error" for p in found):
            found += bias_problems(config)
        if own_deck is not None and not any(p.level == "error" for p in found):
            found += style_problems(config, own_deck.deck)
    return found


def shipped_rules() -> list[Rule]:
    """The rules of the folder, by file and then by line."""
    found: list[Rule] = []
    for entry in sorted(pkgutil.iter_modules(rules.__path__), key=lambda entry: entry.name):
        module = importlib.import_module(f"{rules.__name__}.{entry.name}")
        own = [f for name, f in getmembers(module, isfunction) if f.__module__ == module.__name__ and name[0] != "_"]
        found += sorted(own, key=lambda f: f.__code__.co_firstlineno)
    return found
