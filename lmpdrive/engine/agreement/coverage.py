"""Which commands of a deck a comparison of LAMMPS with the model covers, and what it leaves out.  Pure.

Behind the end of the model every command is executed, except those that only write or move atoms, and the fixes that
are not the potential's.  Those of them that could change energies or forces are named, never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lmpdrive.deck.commands import JUMPS, Command, Deck

STARTS = ("run", "minimize")
"""Commands before which a frame is compared."""
OF_THE_POTENTIAL = ("external", "pair", "ave/time", "electrode/", "qeq/", "acks2/")
"""Styles, or their beginnings, of fixes that belong to a potential: charges, callbacks, uncertainties."""

_ACTIVE = ("external", "electrode/", "qeq/", "acks2/", "property/atom")
"""Fixes that are kept behind the end of the model: of the potential, or memory that commands refer to."""
_HARMLESS = (
    *("nve", "nvt", "npt", "nph", "nvk", "temp/", "press/", "langevin", "brownian", "gjf", "gld", "ffl", "gle"),
    *("msst", "qtb", "qbmsst", "pimd", "rigid", "shake", "rattle", "move", "deform", "dt/reset", "ehex", "heat"),
    *("momentum", "recenter", "setforce", "planeforce", "lineforce", "aveforce", "freeze", "wall/reflect", "viscosity"),
    *(
        "thermal/conductivity",
        "pair",
        "ave/",
        "store/",
        "print",
        "halt",
        "vector",
        "balance",
        "numdiff",
        "enforce2d",
        "reaxff/",
    ),
)
"""Styles, or their beginnings, of fixes that integrate, constrain or write: they do not change the potential."""
_WITHOUT_FORCES = (
    *("thermo", "thermo_style", "thermo_modify", "dump", "dump_modify", "undump", "restart", "write_restart"),
    *("write_data", "write_dump", "write_coeff", "print", "velocity", "timestep", "reset_timestep", "run_style"),
    *("min_style", "min_modify", "log", "echo", "info", "timer", "quit"),
)
"""Commands that write, or say how atoms move: not executed."""
_DEFINITIONS = ("group", "region", "compute", "compute_modify", "uncompute", "variable", "comm_modify", "plugin")
"""Executed, but no reason to look at the forces again."""
_END = (*JUMPS, "include", "if", "rerun", "clear", "neb", "temper", "tad", "prd", "hyper", "read_restart", "read_data")
"""Commands after which the text does not show what acts."""
_OF_AN_IF = ("then", "else")
_NAMES = re.compile(r"(?<![\w.])([cfv]_\w+)|\$\{(\w+)\}")


@dataclass(frozen=True)
class Stretch:
    """What lies between two frames.

    text : of the commands that are executed.
    frame : whether forces may be others than at the frame before.
    """

    text: str
    frame: bool


class Coverage:
    """Follows commands behind the end of a model; those `before` them are all executed.

    left_out : what is not executed, though it could change energies or forces; complete once `stretches` is exhausted.
    """

    def __init__(self, commands: Sequence[Command], before: Sequence[Command]) -> None:
        self._commands = commands
        self._begun = any(command.name in STARTS for command in before)
        self._active = {c.words[1] for c in before if c.name == "fix" and _style(c).startswith(_ACTIVE)}
        """IDs of the fixes that belong to the potential."""
        self._missing: set[str] = set()
        """Names of fixes, computes and variables that are not there, as commands refer to them."""
        self.left_out: list[str] = []

    def stretches(self) -> Iterator[Stretch]:
        """Up to each run or minimisation; without any, up to the end."""
        text, changed = "", False
        for command in self._commands:
            if command.name in STARTS:
                if not _only_writes(word for word in command.words if word[0] in "\"'"):
                    self._leave_out(command)  # run N every M "commands"
                yield Stretch(text, changed)
                text, changed, self._begun = "", False, True
            elif command.name == "if" and _only_writes(w for w in command.words[2:] if w not in _OF_AN_IF):
                continue
            elif command.name in _END:
                self.left_out.append(f"everything from {_named(command)} on")
                break
            elif command.words and self._executed(command):
                text += command.text if command.text.endswith("\n") else f"{command.text}\n"
                changed = changed or self._changes_forces(command)
        if not self._begun:
            yield Stretch(text, changed)

    def _executed(self, command: Command) -> bool:
        """Whether it is to be executed; notes it where it is not and could matter."""
        name = command.name
        if name in _WITHOUT_FORCES:
            return False
        if name in ("fix", "fix_modify", "unfix"):
            return len(command.words) > 1 and self._fix(command)
        if name != "shell" and not self._refers_to_what_is_missing(command):
            return True
        if name in ("compute", "variable"):
            self._missing |= {f"{name[0]}_{word}" for word in command.words[1:2]}
        elif name not in _DEFINITIONS:
            self._leave_out(command)
        return False

    def _changes_forces(self, command: Command) -> bool:
        if command.name in ("fix", "fix_modify", "unfix"):
            return command.words[1] in self._active
        return command.name not in _DEFINITIONS

    def _fix(self, command: Command) -> bool:
        words, style = command.words, _style(command)
        if command.name != "fix":
            return f"f_{words[1]}" not in self._missing
        if style.startswith(_ACTIVE) and not self._refers_to_what_is_missing(command):
            self._active.add(words[1])
            self._missing.discard(f"f_{words[1]}")
            return True
        self._missing.add(f"f_{words[1]}")
        if not style.startswith(_HARMLESS):
            self._leave_out(command)
        return False

    def _refers_to_what_is_missing(self, command: Command) -> bool:
        found = _NAMES.findall(command.text)
        return any((name or f"v_{variable}") in self._missing for name, variable in found)

    def _leave_out(self, command: Command) -> None:
        self.left_out.append(_named(command))


def end_of_model(deck: Deck) -> int:
    """Where structure and potential are complete, as a position among the commands.

    That is before the neighbour lists which decks set behind the potential, and before the first fix that is not part
    of it; at the latest before atoms move.
    """
    commands = deck.commands
    pairs = [i for i, command in enumerate(commands) if command.name in ("pair_style", "pair_coeff")]
    for i, command in enumerate(commands):
        behind_the_potential = bool(pairs) and i > pairs[-1]
        if command.name in (*STARTS, "velocity", "rerun"):
            return i
        if (command.name in ("neighbor", "neigh_modify") and behind_the_potential) or _constrains(command):
            return i
    return len(commands)


def left_out(deck: Deck) -> list[str]:
    """What could change energies or forces and is not compared, with its place: `fix efield (in.lammps, line 9)`."""
    end = end_of_model(deck)
    coverage = Coverage(deck.commands[end:], deck.commands[:end])
    list(coverage.stretches())
    return coverage.left_out


def without_halts(commands: Sequence[Command]) -> list[Command]:
    """The commands without any `fix halt`: a limit of the guard must not end what is measured."""
    halts = {c.words[1] for c in commands if c.name == "fix" and c.words[3:4] == ("halt",)}
    return [c for c in commands if not (c.name in ("fix", "fix_modify", "unfix") and {*c.words[1:2]} & halts)]


def _constrains(command: Command) -> bool:
    """Whether it is a fix that is not the potential's."""
    return command.name == "fix" and not _style(command).startswith(OF_THE_POTENTIAL)


def _style(command: Command) -> str:
    """Of a fix."""
    return command.words[3] if len(command.words) > 3 else ""


def _only_writes(bodies: Iterable[str]) -> bool:
    """Whether commands in quotes do nothing but write or quit."""
    names = [body.strip("\"'").split()[:1] for body in bodies]
    return all(name and name[0] in _WITHOUT_FORCES for name in names)


def _named(command: Command) -> str:
    words = (command.name, _style(command)) if command.name == "fix" else command.words[:4]
    return f"{' '.join(words)} ({command.file}, line {command.line})"
