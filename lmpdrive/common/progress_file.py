"""How far a run is, in `progress.json` of its directory: for whoever watches from outside."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.run_files import PROGRESS


@dataclass(frozen=True)
class RunProgress:
    """A moment of a run.

    stage : minimise, equilibrate or production.
    step, end_step : of the run, all stages but the minimisation together.
    ns_per_day, left_s : of the present stage's speed; None until it is known.
    updated_s : when, in seconds since 1970 by the clock of the machine that runs it.
    """

    stage: str
    step: int
    end_step: int
    ns_per_day: float | None
    left_s: float | None
    updated_s: float

    def write(self, folder: Path) -> None:
        """Write it, whole or not at all; a full disk is the run's own trouble, not this file's."""
        with suppress(OSError):
            write_atomically(folder / PROGRESS, json.dumps(asdict(self)) + "\n")


def read_progress(folder: Path) -> RunProgress | None:
    """What the file says; None without a file, or with a damaged one."""
    try:
        return RunProgress(**json.loads((folder / PROGRESS).read_text()))
    except (OSError, ValueError, TypeError):
        return None
