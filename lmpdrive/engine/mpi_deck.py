"""A deck for `lmp` under mpiexec that stops at a step when a file appears, with a restart.

The ranks must stop at the same step, which no signal can bring about.  So LAMMPS looks every few steps whether the file
is there.  https://docs.lammps.org/fix_halt.html
"""

from __future__ import annotations

from pathlib import Path

from lmpdrive.engine.deck_text import commands
from lmpdrive.engine.feed import last_frames
from lmpdrive.engine.restart.deck import plan
from lmpdrive.errors import DeckError

STOP, STOPPED, NAME = ".stop", ".stopped", ".mpi.lammps"
EVERY = 10
"""Steps between two looks."""

_WATCH = f"""\
variable lmpdrive_stop equal is_file({STOP})
fix lmpdrive_stop all halt {EVERY} v_lmpdrive_stop > 0 error soft message no
"""
# quit, because LAMMPS would hurry through the later stages and write a restart with their fixes
_LEAVE = """if "$(step) < {end}" then &
  "write_restart last.restart" "write_data final.data" {frames}"print stopped file {file}" quit
"""


def write(run_dir: Path, deck: str) -> str:
    """Write the deck; returns its name.  One whose steps cannot be told from its text ends in a hurry when stopped."""
    text = (run_dir / deck).read_text()
    try:
        pieces = [(c.text, c.name, c.after) for c in plan(text, deck)]
    except DeckError:
        pieces = [(c, (c.split() or [""])[0], None) for c in commands(text)]
    frames = "".join(f'"{command}" ' for command in last_frames(run_dir / deck))
    lines: list[str] = []
    for command, name, end in pieces:
        if name == "run" and _WATCH not in lines:
            lines.append(_WATCH)
        lines.append(command)
        if name == "run" and end is not None:
            lines.append(_LEAVE.format(end=end, file=STOPPED, frames=frames))
    (run_dir / NAME).write_text("".join(lines))
    return NAME


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
