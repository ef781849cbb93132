"""Measure the potentials of runs on labelled frames: the engine evaluates, the report compares with the labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lmpdrive.common.say import Say
from lmpdrive.engine.agreement.labelled import evaluate
from lmpdrive.errors import LmpdriveError
from lmpdrive.report.accuracy import Measured
from lmpdrive.report.analysed import Analysed
from lmpdrive.report.potentials import run_dir
from lmpdrive.trajectory.labelled import read_labelled


def measure(runs: Sequence[Analysed], test: Sequence[str | Path], say: Say) -> Measured:
    """Energies and forces of each run's potential on the frames in `test`; one that fails is listed as missing.

    Raises TrajectoryError for files without labelled frames.
    """
    frames = read_labelled(test)
    answers, missing = {}, {}
    for run in runs:
        say(f"{run.label}: evaluating {len(frames)} labelled frames with its own calculator")
        try:
            answers[run.label] = evaluate(run_dir(run) or run.folder, frames)
        except LmpdriveError as error:
            missing[run.label] = str(error)
    return Measured(frames, ", ".join(Path(path).name for path in test), answers, missing)
