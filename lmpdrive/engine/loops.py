"""What LAMMPS' log says of the runs of a deck."""

from __future__ import annotations

import re
from pathlib import Path

_LOOP = re.compile(r"^Loop time of (\S+) on .* for (\d+) steps", re.MULTILINE)


def loops(log: Path) -> list[tuple[float, int]]:
    """Seconds and steps of each run and minimisation that came to its end; empty without a log."""
    text = log.read_text(errors="replace") if log.is_file() else ""
    return [(float(seconds), int(steps)) for seconds, steps in _LOOP.findall(text)]
