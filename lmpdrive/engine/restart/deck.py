"""What a deck does step by step, and the deck that continues it from a restart file.  Pure: text to text.

The deck that ran is rewritten, not rendered again: what a person changed in it, or a template of one's own, stays.

- `read_data` becomes `read_restart`; potential, fixes and output are given again, because restart files hold no
  `pair_mliap` and no `fix external`.  Fixes keep their ID and style, so that LAMMPS gives them their state back.
- `run 10000` becomes `run 12000 upto`: toward the same end.
- What is done is left as a comment: velocities, minimisation, earlier stages.
- Output goes to new files (`traj.1.dcd`): LAMMPS would begin the old ones anew.
- Before the first step, energies are compared with those that the log has for that step (`run 0`).
- Langevin noise gets another seed: LAMMPS does not keep the generator's state, and the same noise once more would
  synchronise the parts of the run (Uberuaga, Anghel, Voter, J. Chem. Phys. 120, 6363 (2004)).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lmpdrive.engine.deck_text import commands
from lmpdrive.errors import DeckError

STRUCTURE = ("read_data", "create_box", "read_restart")
ONCE = (
    *("velocity", "minimize", "reset_timestep", "set", "displace_atoms", "delete_atoms", "create_atoms", "replicate"),
    *("change_box", "delete_bonds", "create_bonds", "write_dump", "write_data", "write_restart", "read_dump"),
    *("reset_atoms", "neb", "temper", "min_style", "min_modify", "print"),
)
"""Commands that act once: not again, where the restart was written after them."""
UNCLEAR = ("label", "jump", "next", "clear", "rerun")
"""Commands after which nobody knows from the text alone what runs."""
SEAM = "does not continue the log"
"""What the deck prints where energies differ by more than the next two."""
POTENTIAL_EV_PER_ATOM = 2e-4
"""Models in single precision, other machines, another Ewald splitting."""
KINETIC = 1e-6
"""Of the kinetic energy: the log has ten digits of it."""
DONE = "#- "
"""Begins the lines of what is done."""


@dataclass(frozen=True)
class Command:
    """A command of a deck, with the timesteps before and after it; None: not known."""

    text: str
    words: tuple[str, ...]
    line: int
    before: int | None
    after: int | None

    @property
    def name(self) -> str:
        """First word, empty for comments and blank lines."""
        return self.words[0] if self.words else ""


def plan(deck: str, name: str = "in.lammps") -> list[Command]:
    """The commands with their timesteps.  Raises DeckError naming the line of what cannot be followed."""
    found: list[Command] = []
    at: int | None = 0
    line = 1
    for text in commands(deck):
        words = words_of(text)
        before = at
        branches = words[:1] == ("if",) and re.search(r"\b(run|minimize|jump|read_\w+)\b", text)
        if branches or (words and words[0] in UNCLEAR):
            raise _unclear(name, line, words, "what is done already cannot be told from the text")
        if words[:1] == ("run",):
            at = _end_of_run(words, at, name, line)
        elif words[:1] in (("minimize",), ("read_restart",)):
            at = None
        elif words[:1] == ("reset_timestep",):
            at = int(words[1]) if len(words) > 1 and words[1].isdigit() else None
        found.append(Command(text, words, line, before, at))
        line += text.count("\n")
    return found


def words_of(text: str) -> tuple[str, ...]:
    """The words of a command, without comments."""
    whole = re.sub(r"&[ \t]*\n", " ", text)
    return tuple(re.sub(r"(^|\s)#.*", "", whole).split())


def end_of(deck: str, name: str = "in.lammps") -> int:
    """The step at which the deck's last run ends; 0 if it has none.  Raises DeckError as `plan` does."""
    ends = [c.after for c in plan(deck, name) if c.name == "run" and c.after is not None]
    return ends[-1] if ends else 0


@dataclass(frozen=True)
class Seam:
    """What the log says of the step of a restart: potential and kinetic energy [eV]; of how many atoms."""

    potential_eV: float
    kinetic_eV: float
    atoms: int


def resumed(
    deck: str, name: str, number: int, step: int, restart: str, end: int | None = None, seam: Seam | None = None
) -> str:
    """The deck that continues `deck` (of this `name`) from `restart`, which holds `step`.

    number : of the continuation, for the names of its output.
    end : the step where the last run ends, if not that of the deck.
    seam : what must be found at `step`; None: not known.

    Raises DeckError as `plan` does, and for a deck that reads no structure.
    """
    whole = plan(deck, name)
    last_run = max((i for i, c in enumerate(whole) if c.name == "run"), default=None)
    structure = [i for i, c in enumerate(whole) if c.name in STRUCTURE]
    if len(structure) != 1:
        raise DeckError(f"{name} reads or makes {len(structure)} structures; a deck with one can be continued")
    gone = _left_behind(whole, step)
    live = next((i for i, c in enumerate(whole) if c.name == "run" and (c.after or 0) > step), last_run)
    lines = [
        f"# Continues {name} from step {step}: {restart}. What begins with {DONE.strip()} is done.\n",
        f"# Plain lmp needs `-log log.{number}.lammps` too, or it begins log.lammps anew.\n",
    ]
    for i, command in enumerate(whole):
        if seam and i not in gone and (command.name == "dump" or (command.name == "run" and i == live)):
            lines.append(_check(seam, restart, step))
            seam = None
        if i in gone:
            lines.append(_as_comment(command.text))
        elif i == structure[0]:
            lines.append(f"read_restart    {restart}\n")
        elif command.name == "run":
            lines.append(_run(command, step, end if i == last_run else None))
        elif command.name in ONCE and (command.before is None or command.before < step):
            lines.append(_as_comment(command.text))
        else:
            lines.append(_again(command, name, number, step, restart))
    return "".join(lines)


def _end_of_run(words: Sequence[str], at: int | None, name: str, line: int) -> int | None:
    if len(words) < 2 or not words[1].isdigit():
        raise _unclear(name, line, words, "its length is not a plain number")
    if "upto" in words:
        return int(words[1])
    if int(words[1]) == 0:
        return at
    if at is None:
        raise _unclear(name, line, words, "the step before it is not known: put reset_timestep 0 after minimize")
    return at + int(words[1])


def _unclear(name: str, line: int, words: Sequence[str], why: str) -> DeckError:
    return DeckError(
        f"{name}, line {line}: {' '.join(words)}: {why}. Continue this deck by one of your own: "
        "read_restart in place of read_data, and `run N upto`"
    )


def _left_behind(whole: Sequence[Command], step: int) -> set[int]:
    """Fixes and dumps of earlier stages, from `fix` to `unfix`."""
    gone: set[int] = set()
    for j, command in enumerate(whole):
        if command.name not in ("unfix", "undump") or len(command.words) < 2:
            continue
        if command.before is None or command.before > step:
            break
        kind, one = command.name[2:], command.words[1]
        first = max((i for i in range(j) if whole[i].words[:2] == (kind, one)), default=None)
        if first is not None:
            modify = f"{kind}_modify"
            gone |= {i for i in range(first, j + 1) if whole[i].words[:2] in ((kind, one), (modify, one))} | {j}
    return gone


def _run(command: Command, step: int, end: int | None) -> str:
    """To the same end; if it had begun, with ramps as of the whole.  Done: a comment."""
    begin, target = command.before, command.after if end is None else end
    if target is None or target <= step:
        return _as_comment(command.text)
    begun = begin is not None and begin < step and not {"start", "stop"} & set(command.words)
    ramp = [f"start {begin} stop {target}"] if begun else []
    others = [word for word in command.words[2:] if word != "upto"]
    return " ".join(["run            ", str(target), "upto", *ramp, *others]) + "\n"


def _check(seam: Seam, restart: str, step: int) -> str:
    """Commands that end LAMMPS if the restart is not where the log was."""
    pe, ke = repr(seam.potential_eV), repr(seam.kinetic_eV)
    off_pe = f"abs(pe-({pe})) > {max(0.02, POTENTIAL_EV_PER_ATOM * seam.atoms):.6g}"
    off_ke = f"abs(ke-({ke})) > {KINETIC * seam.kinetic_eV:.6g}"
    return f"""
# {restart} must be where the log was at step {step}: a changed byte in it, or another model, shows here
run             0 post no
if "$({off_pe} || {off_ke})" then &
  "print 'ERROR: {restart} {SEAM}: pe $(pe) and ke $(ke) eV, not {pe} and {ke}'" "quit 1"

"""


def _again(command: Command, name: str, number: int, step: int, restart: str) -> str:
    """A command that is given again, with the files and seeds of this continuation."""
    words, text = command.words, command.text
    if not words:
        return text.replace(name, continued_name(name, number))
    if command.name == "group" and words[2:3] in (("region",), ("variable",)):
        return _as_comment(text)  # the restart has the members of the beginning
    if command.name == "dump" and len(words) > 5:
        return _word(text, words[5], numbered(words[5], number))
    if command.name == "restart" and len(words) == 4 and words[2] == restart:
        # the file that is read is the last to be overwritten
        return _word(_word(text, words[2], "\0"), words[3], words[2]).replace("\0", words[3])
    if command.name == "fix" and words[3:4] == ("langevin",) and len(words) > 7 and words[7].isdigit():
        return re.sub(rf"(langevin(?:\s+\S+){{3}}\s+){words[7]}\b", rf"\g<1>{int(words[7]) + step}", text, count=1)
    if command.name in ("fix", "pair_style"):
        for key, file in pairwise(words):
            if key in ("file", "out_file"):
                text = _word(text, file, numbered(file, number))
    return text


def continued_name(deck: str, number: int) -> str:
    """in.lammps -> in.1.lammps"""
    return numbered(deck, number)


def numbered(file: str, number: int) -> str:
    """traj.dcd -> traj.1.dcd; a file for each step (*) or rank (%) keeps its name."""
    if "*" in file or "%" in file:
        return file
    head, dot, suffix = file.rpartition(".")
    return f"{head}.{number}.{suffix}" if dot and head else f"{file}.{number}"


def _word(text: str, old: str, new: str) -> str:
    """The first `old` that stands as a word of its own replaced; columns after it keep their place if they can."""
    return re.sub(rf"(?<!\S){re.escape(old)}(?!\S)", lambda _: new, text, count=1)


def _as_comment(text: str) -> str:
    return "".join(f"{DONE}{line}" for line in text.rstrip("\n").replace("&\n", "\n").splitlines(keepends=True)) + "\n"
