"""The one command that continues a run, as the terminal, the page and a notebook show it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lmpdrive.common.shell import to_paste

if TYPE_CHECKING:
    from lmpdrive.report.verdict import Verdict

STOPPED = ("interrupted", "walltime", "running")
"""States of a run that has not reached its planned end."""


class NextStep(NamedTuple):
    """words : what comes next; command : to paste, or "" where no command helps."""

    words: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.words}: {self.command}" if self.command else self.words


def next_step(verdict: Verdict | None, state: str | None, folder: Path | None) -> NextStep | None:
    """To the planned end of a run that was stopped, else to what the verdict asks for; None where nothing is to do.

    folder : of the run; None for a trajectory from elsewhere.
    """
    if folder is None:
        return None
    command = to_paste("resume", folder)
    if state in STOPPED:
        return NextStep("continue with", command)
    if verdict is not None and verdict.level == "bad":
        return NextStep("Solve the problems first: a longer run alone does not.")
    if verdict is not None and verdict.production_ps is not None:
        return NextStep("continue with", f"{command} --set dynamics.production_ps={verdict.production_ps:g}")
    return None
