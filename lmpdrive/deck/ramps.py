"""Temperature ramps of a deck: thermostats whose target is not the same at the beginning and the end of a run.

Read from the text, so that a ramp of a user's template is seen as one of `dynamics.stages` is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lmpdrive.deck.commands import Command, Deck

_TARGETS_AT = {"langevin": 4, "temp/berendsen": 4, "temp/csvr": 4, "temp/csld": 4}
"""Style -> position of the first target; for nvt and npt they follow the word temp."""
_STAGE = re.compile(r"guard\.(?!end\b)([\w-]+)\.lammps")
CHAIN = 3
"""Of LAMMPS' Nosé-Hoover thermostat where no tchain is given."""


@dataclass(frozen=True)
class Ramp:
    """A target that goes from `begin_K` to `end_K` during a stage.

    fix : ID of the Nosé-Hoover thermostat, of which the chain of so many variables stores heat; None for others.
    group : of the thermostat.
    """

    begin_K: float
    end_K: float
    fix: str | None = None
    chain: int = CHAIN
    group: str = "mobile"


def ramps(deck: Deck) -> Mapping[str, Ramp]:
    """Stage -> its ramp, from the fixes that are there where `guard.STAGE.lammps` is included."""
    active: dict[str, Ramp] = {}
    found: dict[str, Ramp] = {}
    for command in deck.commands:
        stage = _stage_begun(command)
        if stage is not None and active:
            found[stage] = next(iter(active.values()))
        elif command.name == "unfix":
            active.pop("".join(command.words[1:2]), None)
        elif command.name == "fix" and len(command.words) > 4:
            active.pop(command.words[1], None)
            ramp = _of_fix(command)
            if ramp is not None:
                active[command.words[1]] = ramp
    return found


def _stage_begun(command: Command) -> str | None:
    includes = [i.words[1] for i in command.through if len(i.words) == 2]
    if command.name == "include" and len(command.words) == 2:
        includes.append(command.words[1])
    names = (_STAGE.fullmatch(name) for name in includes)
    return next((name[1] for name in names if name), None)


def _of_fix(command: Command) -> Ramp | None:
    words, style = command.words, re.sub(r"/(kk|omp|gpu|intel|opt)$", "", command.words[3])
    nose_hoover = style in ("nvt", "npt")
    if nose_hoover and "temp" in words:
        first = words.index("temp") + 1
    elif style in _TARGETS_AT:
        first = _TARGETS_AT[style]
    else:
        return None
    try:
        begin_K, end_K = (float(word) for word in words[first : first + 2])
        chain = int(words[words.index("tchain") + 1]) if "tchain" in words else CHAIN
    except (ValueError, IndexError):  # a variable: what it will be is not known here
        return None
    if begin_K == end_K:
        return None
    return Ramp(begin_K, end_K, words[1] if nose_hoover else None, chain, words[2])
