"""What the rules ask about a deck: its units, runs, fixes, groups and the elements of its types."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lmpdrive.lint.atom_types import types_of
from lmpdrive.lint.data_file import DataFile, Members, read_data_file
from lmpdrive.lint.elements import Types
from lmpdrive.lint.groups import Groups
from lmpdrive.lint.walk import TIMESTEP, Command, Remark, number

FS = {"metal": 1e3, "real": 1.0, "electron": 1.0, "si": 1e15, "cgs": 1e15, "micro": 1e9, "nano": 1e6}
"""fs in a unit of time."""
SUFFIXES = ("kk", "gpu", "omp", "intel", "opt")
ELECTRONS = ("eff/", "awpmd/", "electron", "wavepacket")
RUN_WORDS = """
run minimize rerun neb neb/spin tad prd temper temper/grem temper/npt hyper dynamical_matrix third_order
"""
RUNS = tuple(RUN_WORDS.split())


@dataclass(frozen=True)
class Fix:
    """A fix with the positions between which it acts."""

    id: str
    group: str
    style: str
    args: tuple[str, ...]
    command: Command
    first: int
    last: int

    def acts_with(self, other: Fix, runs: tuple[int, ...]) -> bool:
        """Whether a run meets both."""
        after = bisect(runs, max(self.first, other.first))
        return after < len(runs) and runs[after] < min(self.last, other.last)


@dataclass(frozen=True)
class Deck:
    """One simulation of a deck: its commands from one `clear` to the next."""

    folder: Path
    commands: tuple[Command, ...]
    remarks: tuple[Remark, ...] = ()
    data: Path | None = None
    """A data file to use in place of the one that `read_data` names."""

    def named(self, *names: str) -> list[Command]:
        """The commands of these names."""
        return [c for c in self.commands if c.name in names]

    def last(self, *names: str) -> Command | None:
        """The last command of these names."""
        return next((c for c in reversed(self.commands) if c.name in names), None)

    @cached_property
    def units(self) -> str:
        """Units of the deck; `lj` is LAMMPS' default, and a restart file has its own."""
        found = self.last("units")
        return found.arg(0) if found else "unknown" if self.named("read_restart") else "lj"

    def fs(self, time: float) -> float | None:
        """A time of the deck in fs, where units have one."""
        return time * FS[self.units] if self.units in FS else None

    @cached_property
    def runs(self) -> tuple[int, ...]:
        """Positions of the commands that move atoms."""
        return tuple(i for i, c in enumerate(self.commands) if c.name in RUNS)

    @cached_property
    def dynamics(self) -> list[Command]:
        """The `run` commands."""
        return [c for c in self.named("run") if c.arg(0) != "0"]

    @cached_property
    def moves_electrons(self) -> bool:
        """Whether electrons are particles of their own (eFF, AWPMD), with steps of attoseconds."""
        styles = [c.arg(0) for c in self.named("pair_style", "atom_style")]
        return self.units == "electron" or any(s.startswith(ELECTRONS) for s in styles)

    def timestep(self, position: int) -> float | None:
        """Timestep of the first run after a position, in the deck's unit; None if it is not known."""
        end = next((r for r in self.runs if r > position and self.commands[r].name == "run"), len(self.commands))
        value = TIMESTEP.get(self.units)
        for command in self.commands[:end]:
            if command.name == "timestep":
                value = None if command.conditional else number(command.arg(0))
        return value

    @cached_property
    def fixes(self) -> list[Fix]:
        """All fixes with at least a style."""
        ends: dict[str, int] = {}
        found: list[Fix] = []
        for i, command in reversed(list(enumerate(self.commands))):
            if command.name == "fix" and len(command.args) > 2:
                id_, group, style, *args = command.args
                found.append(Fix(id_, group, plain(style), tuple(args), command, i, ends.get(id_, len(self.commands))))
            if command.name in ("fix", "unfix"):
                ends[command.arg(0)] = i
        return found[::-1]

    @cached_property
    def types(self) -> Types:
        """What is known of the atom types."""
        return types_of(self.commands, self.folder, self.data)

    @cached_property
    def atoms(self) -> DataFile | None:
        """The atoms, where the deck takes all of them from one data file and they can be read."""
        read = self.named("read_data")
        changed = self.named("create_atoms", "replicate", "delete_atoms", "read_dump", "read_restart", "create_bonds")
        if len(read) != 1 or changed or read[0].conditional:
            return None
        style = self.last("atom_style")
        path = self.data or self.folder / read[0].arg(0)
        return read_data_file(path, style.arg(0) if style else "atomic", self.types.labels)

    def members(self, group: str) -> frozenset[int] | None:
        """Ids of the atoms of a group, where they are known."""
        return self._members.of(group) if self._members else None

    @cached_property
    def _members(self) -> Members | None:
        return Members(self.groups.defined, self.atoms.types) if self.atoms else None

    def share(self, one: str, other: str) -> bool:
        """Whether two groups definitely have atoms in common."""
        a, b = self.members(one), self.members(other)
        return self.groups.share(one, other) if a is None or b is None else bool(a & b)

    @cached_property
    def groups(self) -> Groups:
        """What is known of the groups."""
        return Groups(self.named("group"))

    @cached_property
    def frozen(self) -> list[Fix]:
        """Fixes that set the forces of their group to zero."""
        return [
            f for f in self.fixes if f.style == "setforce" and [number(a) for a in f.args[:3]] == [0.0, 0.0, 0.0]
        ] + [f for f in self.fixes if f.style == "freeze"]

    def computes(self) -> Iterator[Command]:
        """`compute` commands with at least a style."""
        return (c for c in self.named("compute") if len(c.args) > 2)


def plain(style: str) -> str:
    """A style without the suffix of an accelerator package."""
    head, slash, tail = style.rpartition("/")
    return head if slash and tail in SUFFIXES else style
