"""Which axes a run repeats, from its log: a DCD does not say."""

from __future__ import annotations

import re
from pathlib import Path

from lmpdrive.common.run_files import LOG
from lmpdrive.trajectory.boundaries import PERIODIC, Periodic

_COMMAND = re.compile(r"^boundary\s+([pfsm]{1,2})\s+([pfsm]{1,2})\s+([pfsm]{1,2})\s*(?:#.*)?$")


def periodic_of_run(folder: Path) -> Periodic:
    """By the command `boundary` as LAMMPS echoed it; all where there is no log, or none is in it."""
    try:
        with (folder / LOG).open(encoding="utf-8", errors="replace") as lines:
            found = next((match for line in lines if (match := _COMMAND.match(line))), None)
    except OSError:
        found = None
    if found is None:
        return PERIODIC
    x, y, z = ("p" in letters for letters in found.groups())
    return x, y, z
