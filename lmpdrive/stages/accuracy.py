"""Measure the potentials of runs on labelled frames: the engine evaluates, the report takes what it said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lmpdrive.engine.agreement.labelled import evaluate
from lmpdrive.errors import LmpdriveError
from lmpdrive.report.accuracy import Measured
from lmpdrive.report.analysed import Analysed
from lmpdrive.report.potentials import run_dir
from lmpdrive.trajectory.labelled import read_labelled


def measured(runs: Sequence[Analysed], test: Sequence[str | Path], say: Callable[[str], None]) -> Measured:
    """What the potential of each run says of the frames in `test`; one that cannot is told, and the others go on.

    Raises TrajectoryError for files without labelled frames.
    """
    frames = read_labelled(test)
    said, missing = {}, {}
    for run in runs:
        say(f"{run.label}: evaluating {len(frames)} labelled frames with its own calculator")
        try:
            said[run.label] = evaluate(run_dir(run) or run.folder, frames)
        except LmpdriveError as error:
            missing[run.label] = str(error)
    return Measured(frames, ", ".join(Path(path).name for path in test), said, missing)
