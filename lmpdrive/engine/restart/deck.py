"""What a deck does step by step, and the deck that resumes it from a restart file.

The deck that ran is rewritten, not rendered again: hand edits, and what comes from a user's template, are kept.

- `read_data` becomes `read_restart`; potential, fixes and output are given again, because restart files hold no
  `pair_mliap` and no `fix external`.  Fixes keep their ID and style, so that LAMMPS gives them their state back.
- `run 10000` becomes `run 12000 upto`: toward the same end.
- Completed commands are kept as comments: velocities, minimisation, earlier stages.
- Output goes to new files (`traj.1.dcd`): LAMMPS would truncate the old ones.
- Before the first step, energies are compared with those that the log has for that step (`run 0`).
- Langevin noise gets another seed: LAMMPS does not keep the generator's state, and the same noise once more would
  synchronise the parts of the run (Uberuaga, Anghel, Voter, J. Chem. Phys. 120, 6363 (2004)).
- An included file in which nothing changes is included again; of another one the commands are given in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby, pairwise
from pathlib import Path

from lmpdrive.deck.commands import Command, Deck, formatted
from lmpdrive.errors import DeckError

STRUCTURE = ("read_data", "create_box", "read_restart")
ONCE = (
    *("velocity", "minimize", "reset_timestep", "set", "displace_atoms", "delete_atoms", "create_atoms", "replicate"),
    *("change_box", "delete_bonds", "create_bonds", "write_dump", "write_data", "write_restart", "read_dump"),
    *("reset_atoms", "neb", "temper", "min_style", "min_modify", "print"),
)
"""Commands that act once: not again, where the restart was written after them."""
UNCLEAR = ("label", "jump", "next", "clear", "rerun")
"""Commands after which the text alone does not show what runs."""
SEAM_FILE = ".seam-mismatch"
"""Written by a resumed deck where energies differ by more than the next two: restart, step, its energies, the log's."""
POTENTIAL_EV_PER_ATOM = 2e-4
"""Models in single precision, other machines, another Ewald splitting."""
KINETIC = 1e-6
"""Of the kinetic energy: the log has ten digits of it."""
DONE = "#- "
"""Begins the lines of completed commands."""


@dataclass(frozen=True)
class Timed:
    """A command of a deck with the timesteps before and after it; None: not known."""

    command: Command
    before: int | None
    after: int | None

    @property
    def name(self) -> str:
        """First word, empty for comments and blank lines."""
        return self.command.name

    @property
    def words(self) -> tuple[str, ...]:
        """As LAMMPS splits them."""
        return self.command.words


@dataclass(frozen=True)
class Seam:
    """What the log has for the step of a restart: potential and kinetic energy [eV]; of how many atoms."""

    potential_eV: float
    kinetic_eV: float
    atoms: int


@dataclass(frozen=True)
class SeamMismatch:
    """A restart file whose energies are not those that the log has for its step [eV]."""

    restart: str
    step: int
    potential_eV: float
    kinetic_eV: float
    log_potential_eV: float
    log_kinetic_eV: float


@dataclass(frozen=True)
class Resumption:
    """Where a deck is resumed.

    number : of the resumed part, for the names of its output.
    restart, step : the restart file, and the step that it holds.
    end : the step where the last run ends, if not that of the deck.
    seam : what must be found at `step`; None: not known.
    time_ps : the restart file counts its steps in another timestep: it is set to `step` and this time.
    """

    number: int
    restart: str
    step: int
    end: int | None = None
    seam: Seam | None = None
    time_ps: float | None = None


def plan(deck: Deck) -> list[Timed]:
    """The commands with their timesteps.  Raises DeckError naming the line of what cannot be followed."""
    found: list[Timed] = []
    at: int | None = 0
    for command in deck.commands:
        before = at
        branches = command.name == "if" and re.search(r"\b(run|minimize|jump|read_\w+)\b", command.text)
        if branches or command.name in UNCLEAR:
            raise _unclear(command, "what is done already cannot be told from the text")
        if command.name == "run":
            at = _end_of_run(command, at)
        elif command.name in ("minimize", "read_restart"):
            at = None
        elif command.name == "reset_timestep":
            at = int(command.words[1]) if len(command.words) > 1 and command.words[1].isdigit() else None
        found.append(Timed(command, before, at))
    return found


def end_of(deck: Deck) -> int:
    """The step at which the deck's last run ends; 0 if it has none.  Raises DeckError as `plan` does."""
    ends = [c.after for c in plan(deck) if c.name == "run" and c.after is not None]
    return ends[-1] if ends else 0


def resumed(deck: Deck, at: Resumption) -> str:
    """The deck that resumes `deck`.

    Raises DeckError as `plan` does, and for a deck that does not read exactly one structure.
    """
    whole = plan(deck)
    structures = sum(command.name in STRUCTURE for command in whole)
    if structures != 1:
        raise DeckError(f"{deck.name} reads or makes {structures} structures; a deck with one can be resumed")
    name, log = numbered(deck.name, at.number), numbered("log.lammps", at.number)
    header = [
        f"# Resumes {deck.name} from step {at.step} ({at.restart}). Lines with {DONE.strip()} are completed.\n",
        f"# With plain lmp:   lmp -in {name} -log {log}   (without -log it would truncate log.lammps)\n",
    ]
    return "".join([*header, *_assembled(_Rewriter(deck.name, whole, at).lines())])


@dataclass(frozen=True)
class _Line:
    """A command's text in the resumed deck; `done`: a comment now."""

    command: Command
    text: str
    done: bool = False


class _Rewriter:
    """Rewrites each command of a deck for a resumption."""

    def __init__(self, name: str, whole: Sequence[Timed], at: Resumption) -> None:
        self.name, self.whole, self.at = name, whole, at
        self.ended = _of_ended_stages(whole, at.step)
        runs = [i for i, command in enumerate(whole) if command.name == "run"]
        self.last_run = runs[-1] if runs else None
        self.live_run = next((i for i in runs if (whole[i].after or 0) > at.step), self.last_run)

    def lines(self) -> list[_Line]:
        """All of them in order, with the comparison at the seam before the first dump or run."""
        lines = [self._line(i, command) for i, command in enumerate(self.whole)]
        dumps = (i for i, command in enumerate(self.whole) if command.name == "dump" and i not in self.ended)
        first = min((i for i in (next(dumps, None), self.live_run) if i is not None), default=None)
        if self.at.seam is not None and first is not None:
            # with the ramp of the run that follows: what a thermostat stores counts at its target
            ramp = [] if self.live_run is None else self._ramp(self.live_run)
            lines[first] = replace(lines[first], text=_seam_check(self.at, self.at.seam, ramp) + lines[first].text)
        return lines

    def _line(self, i: int, timed: Timed) -> _Line:
        command, step = timed.command, self.at.step
        acted = command.name in ONCE and (timed.before is None or timed.before < step)
        if i in self.ended or acted:
            return _done(command)
        if command.name in STRUCTURE:
            return _Line(command, self._structure())
        if command.name == "run":
            return self._run(i, timed)
        # the restart has the members that such a group had at the beginning
        if command.name == "group" and command.words[2:3] in (("region",), ("variable",)):
            return _done(command)
        if not command.words:
            return _Line(command, self._comment(command.text))
        return _Line(command, command.with_words(self._changed_words(command)))

    def _structure(self) -> str:
        text = formatted("read_restart", self.at.restart)
        if self.at.time_ps is not None:
            reset = formatted("reset_timestep", str(self.at.step), "time", f"{self.at.time_ps:.9g}").rstrip()
            text += f"{reset}     # counted in the smaller timestep\n"
        return text

    def _run(self, i: int, timed: Timed) -> _Line:
        """To the same end; if it had begun, with ramps as of the whole."""
        target = self._target(i)
        if target is None or target <= self.at.step:
            return _done(timed.command)
        others = [word for word in timed.words[2:] if word != "upto"]
        return _Line(timed.command, formatted("run", str(target), "upto", *self._ramp(i), *others))

    def _target(self, i: int) -> int | None:
        return self.at.end if i == self.last_run and self.at.end is not None else self.whole[i].after

    def _ramp(self, i: int) -> list[str]:
        """Where the ramps of a run that had begun begin and end; nothing where the deck says it."""
        begin, target, words = self.whole[i].before, self._target(i), self.whole[i].words
        begun = begin is not None and begin < self.at.step and not {"start", "stop"} & set(words)
        return ["start", str(begin), "stop", str(target)] if begun and target and target > self.at.step else []

    def _comment(self, text: str) -> str:
        """A comment that names the deck names the new one."""
        new = numbered(self.name, self.at.number)
        return "".join(new if part == self.name else part for part in re.split(r"(\s+)", text))

    def _changed_words(self, command: Command) -> dict[int, str]:
        """The files and seeds of this resumption, by their position in a command."""
        words, number = command.words, self.at.number
        if command.name == "dump" and len(words) > 5:
            return {5: numbered(words[5], number)}
        if command.name == "restart" and len(words) == 4 and words[2] == self.at.restart:
            return {2: words[3], 3: words[2]}  # the file that is read is the last to be overwritten
        if command.name == "fix" and words[3:4] == ("langevin",) and len(words) > 7 and words[7].isdigit():
            return {7: str(int(words[7]) + self.at.step)}
        if command.name == "fix" and words[3:4] == ("colvars",) and "output" in words[:-1]:
            prefix = words.index("output") + 1
            return {prefix: numbered(words[prefix], number)}
        if command.name == "fix" and words[3:4] == ("plumed",):
            return {i: numbered(words[i], number) for i in _files_of_plumed(words).values()}
        if command.name in ("fix", "pair_style"):
            keys = ("file", "out_file", *(("output",) if words[3:4] == ("colvars",) else ()))
            files = enumerate(pairwise(words), start=1)
            return {i: numbered(file, number) for i, (key, file) in files if key in keys}
        return {}


def _assembled(lines: Sequence[_Line], depth: int = 0) -> Iterator[str]:
    """The text of the lines, with `include` commands where all of a file is the same, or completed."""
    at = 0
    for include, group in groupby(lines, lambda line: line.command.through[depth : depth + 1]):
        part = list(group)
        at += len(part)
        if not include:
            yield from (line.text for line in part)
        elif all(line.text == line.command.text for line in part):
            yield include[0].text
        elif _completed(part, lines[at:]):
            yield _as_comment(include[0].text)
        else:
            yield f"# what {include[0].words[1]} has, rewritten\n"
            yield from _assembled(part, depth + 1)


def _completed(part: Sequence[_Line], following: Sequence[_Line]) -> bool:
    """Whether nothing of an included file acts any more; variables do not if they are defined anew before their use."""
    live = [line.command for line in part if line.command.words and not line.done]
    return all(c.name == "variable" and _defined_anew(c.words[1], following) for c in live if len(c.words) > 1)


def _defined_anew(variable: str, following: Sequence[_Line]) -> bool:
    for line in following:
        if line.done:
            continue
        if line.command.words[:2] == ("variable", variable):
            return True
        if re.search(rf"(v_|\{{){re.escape(variable)}\b", line.command.text):
            return False
    return False


def take_seam_mismatch(run_dir: Path) -> SeamMismatch | None:
    """What a resumed deck found wrong with its restart, if it did; the file that says so is removed."""
    path = run_dir / SEAM_FILE
    if not path.is_file():
        return None
    words = path.read_text().split()
    path.unlink()
    if len(words) != len(fields(SeamMismatch)):  # cut short by a full disk
        return None
    return SeamMismatch(words[0], int(words[1]), *map(float, words[2:]))


def plumed_files(deck: Deck, number: int) -> dict[str, str]:
    """Name for a resumption -> PLUMED file of the deck that it must be made from, by `RESTART` before its text."""
    found = [c.words[at["plumedfile"]] for c in deck.commands if "plumedfile" in (at := _files_of_plumed(c.words))]
    return {numbered(name, number): name for name in found}


def _files_of_plumed(words: Sequence[str]) -> dict[str, int]:
    """Keyword of a `fix plumed` -> position of its file."""
    if words[:1] != ("fix",) or words[3:4] != ("plumed",):
        return {}
    return {key: i for i, key in enumerate(words[:-1], start=1) if key in ("plumedfile", "outfile")}


def numbered(file: str, number: int) -> str:
    """traj.dcd -> traj.1.dcd; a file for each step (*) or rank (%) keeps its name."""
    if "*" in file or "%" in file:
        return file
    head, dot, suffix = file.rpartition(".")
    return f"{head}.{number}.{suffix}" if dot and head else f"{file}.{number}"


def _end_of_run(command: Command, at: int | None) -> int | None:
    words = command.words
    if len(words) < 2 or not words[1].isdigit():
        raise _unclear(command, "its length is not a plain number")
    if "upto" in words:
        return int(words[1])
    if int(words[1]) == 0:
        return at
    if at is None:
        raise _unclear(command, "the step before it is not known: put reset_timestep 0 after minimize")
    return at + int(words[1])


def _unclear(command: Command, why: str) -> DeckError:
    return DeckError(
        f"{command.file}, line {command.line}: {' '.join(command.words)}: {why}. Resume this deck with one of your "
        "own: read_restart in place of read_data, and `run N upto`"
    )


def _of_ended_stages(whole: Sequence[Timed], step: int) -> set[int]:
    """Fixes and dumps of earlier stages, from `fix` to `unfix`."""
    ended: set[int] = set()
    for j, command in enumerate(whole):
        if command.name not in ("unfix", "undump") or len(command.words) < 2:
            continue
        if command.before is None or command.before > step:
            break
        kind, one = command.name[2:], command.words[1]
        first = max((i for i in range(j) if whole[i].words[:2] == (kind, one)), default=None)
        if first is not None:
            modify = f"{kind}_modify"
            ended |= {i for i in range(first, j + 1) if whole[i].words[:2] in ((kind, one), (modify, one))} | {j}
    return ended


def _seam_check(at: Resumption, seam: Seam, ramp: Sequence[str]) -> str:
    """Commands that end LAMMPS if the restart is not where the log was."""
    pe, ke = repr(seam.potential_eV), repr(seam.kinetic_eV)
    off_pe = f"abs(pe-({pe})) > {max(0.02, POTENTIAL_EV_PER_ATOM * seam.atoms):.6g}"
    off_ke = f"abs(ke-({ke})) > {KINETIC * seam.kinetic_eV:.6g}"
    return f"""
# {at.restart} must be where the log was at step {at.step}: a changed byte in it, or another model, shows here
{formatted("run", "0", *ramp, "post", "no").rstrip()}
if "$({off_pe} || {off_ke})" then &
  "print '{at.restart} {at.step} $(pe) $(ke) {pe} {ke}' file {SEAM_FILE} screen no" &
  "print 'ERROR: {at.restart} does not continue the log: pe $(pe) and ke $(ke) eV, not {pe} and {ke}'" "quit 1"

"""


def _done(command: Command) -> _Line:
    return _Line(command, _as_comment(command.text), done=True)


def _as_comment(text: str) -> str:
    return "".join(f"{DONE}{line}" for line in text.rstrip("\n").replace("&\n", "\n").splitlines(keepends=True)) + "\n"
