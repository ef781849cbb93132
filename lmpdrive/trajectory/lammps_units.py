"""Which `units` a LAMMPS run had: from the caller, the data file's title, or the log beside a trajectory.

Only units whose lengths are Å are read: `metal` (ps, eV, bar) and `real` (fs, kcal/mol, atm).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lmpdrive.common.run_files import LOG
from lmpdrive.errors import TrajectoryError

PS_PER_TIME_UNIT = {"metal": 1.0, "real": 1e-3}
"""Units in which lengths are Å."""

_COMMAND = re.compile(r"^[ \t]*units[ \t]+(\w+)", re.MULTILINE)
_START = 1 << 20
"""Bytes of a log in which `units` is looked for: it stands before the box."""


@dataclass(frozen=True)
class Units:
    """Units as far as something beside the trajectory tells them.

    name : empty where nothing does; source : what told them; asked : what the caller said, or empty.
    """

    name: str = ""
    source: str = ""
    asked: str = ""


UNKNOWN = Units()


def units_for(trajectory: Path, asked: str | None, data_units: str = "") -> Units:
    """The caller's, else those of the data file, else of `log.lammps` beside the trajectory.

    Raises TrajectoryError for units that are not read.
    """
    if asked is not None and asked not in PS_PER_TIME_UNIT:
        raise TrajectoryError(f"units {asked!r}: want {' or '.join(PS_PER_TIME_UNIT)}, in which lengths are Å")
    if asked:
        return Units(asked, "as was asked", asked)
    if data_units:
        return Units(data_units, "as the title of the data file says")
    if found := units_of_log(trajectory.parent / LOG):
        return Units(found, f"as {LOG} beside it says")
    return Units()


def units_of_log(path: Path) -> str:
    """The argument of the command `units` in a log; empty where there is none."""
    try:
        with path.open(errors="replace") as file:
            return units_of_text(file.read(_START))
    except OSError:
        return ""


def units_of_text(log: str) -> str:
    """The argument of the command `units` in a log; empty where there is none."""
    match = _COMMAND.search(log)
    return match[1] if match else ""
