"""A deck for `lmp` under mpiexec that stops at a step when a file appears, with a restart.

The ranks must stop at the same step, which no signal can bring about.  So LAMMPS checks every few steps whether the
file is there.  https://docs.lammps.org/fix_halt.html
"""

from __future__ import annotations

from pathlib import Path

from lmpdrive.deck.commands import Deck, read_deck
from lmpdrive.engine.feed import last_frames
from lmpdrive.engine.restart.deck import Timed, plan
from lmpdrive.errors import DeckError

STOP, STOPPED, NAME = ".stop", ".stopped", ".mpi.lammps"
EVERY = 10
"""Steps between two checks."""

_WATCH = f"""\
variable lmpdrive_stop equal is_file({STOP})
fix lmpdrive_stop all halt {EVERY} v_lmpdrive_stop > 0 error soft message no
"""
# quit, because LAMMPS would hurry through the later stages and write a restart with their fixes
_LEAVE = """if "$(step) < {end}" then &
  "write_restart last.restart" "write_data final.data" {frames}"print stopped file {file}" quit
"""


def write(run_dir: Path, name: str) -> str:
    """Write the deck; returns its name.  One whose steps cannot be told from its text ends in a hurry when stopped."""
    deck = read_deck(run_dir / name)
    frames = "".join(f'"{command}" ' for command in last_frames(deck))
    lines: list[str] = []
    for timed in _timed(deck):
        if timed.name == "run" and _WATCH not in lines:
            lines.append(_WATCH)
        lines.append(timed.command.text)
        if timed.name == "run" and timed.after is not None:
            lines.append(_LEAVE.format(end=timed.after, file=STOPPED, frames=frames))
    (run_dir / NAME).write_text("".join(lines))
    return NAME


def _timed(deck: Deck) -> list[Timed]:
    try:
        return plan(deck)
    except DeckError:
        return [Timed(command, None, None) for command in deck.commands]


def stop(run_dir: Path) -> None:
    """Ask a run of such a deck to stop."""
    (run_dir / STOP).touch()


def clean(run_dir: Path) -> None:
    """Remove what an earlier stop left."""
    for name in (STOP, STOPPED):
        (run_dir / name).unlink(missing_ok=True)


def stopped_early(run_dir: Path) -> bool:
    """Whether the last run of such a deck ended before its time."""
    return (run_dir / STOPPED).is_file()
