"""A deck for `lmp` under mpiexec that stops at a step of its own accord, with a restart.

The ranks must stop at the same step, which no signal can bring about.  So LAMMPS looks every few steps whether a file
is there (Ctrl-C), and at its own clock (wall-time limit).  https://docs.lammps.org/fix_halt.html,
https://docs.lammps.org/timer.html
"""

from __future__ import annotations

from pathlib import Path

from lmpdrive.engine.continuation import plan
from lmpdrive.engine.feed import last_frames
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


def write(run_dir: Path, deck: str, seconds: float | None) -> str:
    """Write the deck, to stop after `seconds` (None: no limit); returns its name.

    A deck whose steps cannot be told from its text has the limit only, and ends in a hurry.
    """
    text = (run_dir / deck).read_text()
    limit = "" if seconds is None else f"timer timeout {max(int(seconds), 1)} every {EVERY}\n"
    try:
        whole = plan(text, deck)
    except DeckError:
        (run_dir / NAME).write_text(limit + text)
        return NAME
    lines, watched = [limit], False
    frames = "".join(f'"{command}" ' for command in last_frames(run_dir / deck))
    for command in whole:
        if command.name == "run" and not watched:
            lines.append(_WATCH)
            watched = True
        lines.append(command.text)
        if command.name == "run":
            lines.append(_LEAVE.format(end=command.after, file=STOPPED, frames=frames))
    (run_dir / NAME).write_text("".join(lines))
    return NAME


def stopped_early(run_dir: Path) -> bool:
    """Whether the last run of such a deck ended before its time."""
    return (run_dir / STOPPED).is_file()
