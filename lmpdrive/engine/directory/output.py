"""Output of earlier starts in a run directory: numbered files, and what is removed or set aside before a new start."""

from __future__ import annotations

import re
from pathlib import Path

from lmpdrive.common.run_files import ASE_STATE, FINAL_DATA, LOG
from lmpdrive.common.say import Say
from lmpdrive.engine.committee.file import COMMITTEE
from lmpdrive.engine.restart.deck import numbered
from lmpdrive.engine.restart.files import RECORD

_OUTPUT = (
    *("traj*.dcd", "traj*.lammpstrj", "log*.lammps", "*.restart"),
    *(RECORD, ASE_STATE, FINAL_DATA, "model_devi*.out", "uncertainty*.dat"),
)


def next_number(folder: Path, deck: str) -> int:
    """The first number that no resumed run of `deck` has used for its files."""
    patterns = (numbered(LOG, 0), numbered(deck, 0), "traj.0.dcd")
    used = (n for pattern in patterns for n in _numbers(folder, pattern.replace(".0.", ".*.")))
    return 1 + max(used, default=0)


def remove_output(folder: Path) -> None:
    """Remove what an earlier run left that the next one does not overwrite, or would take for its own."""
    numbered_ones = ("in.*.lammps", "log.*.lammps", "traj.*.dcd", "traj.*.lammpstrj", "model_devi.*.out")
    old = [folder / p.replace("*", str(n)) for p in numbered_ones for n in _numbers(folder, p)]
    old += [folder / name for name in (RECORD, ASE_STATE, "model_devi.out", "uncertainty.dat")]
    old += [folder / COMMITTEE, folder / "observables" / "model.nc"]
    for path in (*old, *folder.glob("*.restart")):
        path.unlink(missing_ok=True)


def set_aside(folder: Path, say: Say) -> Path | None:
    """Move the output of an earlier start into a separate folder, `aside.1`, `aside.2`, ...; None without output."""
    number = 1 + max(_numbers(folder, "aside.*"), default=0)
    there = sorted({path for pattern in _OUTPUT for path in folder.glob(pattern)})
    if not there:
        return None
    aside = folder / f"aside.{number}"
    aside.mkdir()
    for path in there:
        path.rename(aside / path.name)
    say(f"the earlier output is kept in {aside}")
    return aside


def _numbers(folder: Path, pattern: str) -> list[int]:
    """The numbers that stand for * in the names of a folder's files."""
    form = re.compile(re.escape(pattern).replace(r"\*", r"(\d+)"))
    return [int(found[1]) for path in folder.iterdir() if (found := form.fullmatch(path.name))]
