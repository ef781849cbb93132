"""Measure time and errors of several potentials, for `lmpdrive compare --pareto`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from lmpdrive.common.say import Say, silent
from lmpdrive.engine import speed
from lmpdrive.engine.agreement.labelled import evaluate
from lmpdrive.errors import LmpdriveError
from lmpdrive.report.accuracy import Measured
from lmpdrive.report.pareto import Timed
from lmpdrive.stages.trial_run import Trial, trial_of
from lmpdrive.trajectory.labelled import LabelledFrames


def open_trials(sources: Mapping[str, Path], stack: ExitStack, missing: dict[str, str], say: Say) -> dict[str, Trial]:
    """A run directory of each source, gone with `stack`; of one that fails the reason goes to `missing`."""
    trials = {}
    for label, source in sources.items():
        say(f"{label}: preparing {source}")
        try:
            trials[label] = stack.enter_context(trial_of(source, silent))
        except LmpdriveError as error:
            missing[label] = str(error)
    return trials


def measure(
    sources: Mapping[str, Path],
    frames: LabelledFrames,
    name: str,
    say: Say,
    rounds: int,
    seconds: int,
) -> tuple[dict[str, Timed], Measured]:
    """Times and predictions of the potentials of `sources`: YAML files or run directories, by label.

    frames : labelled frames, called `name`.
    """
    missing: dict[str, str] = {}
    answers = {}
    times: dict[str, list[speed.Speed]] = {}
    with ExitStack() as stack:
        trials = open_trials(sources, stack, missing, say)
        for label, (run_dir, _) in trials.items():
            say(f"{label}: evaluating {len(frames)} frames")
            try:
                answers[label] = evaluate(run_dir, frames)
            except LmpdriveError as error:
                missing[label] = str(error)
        for turn in range(rounds):
            for label in list(answers) if turn % 2 == 0 else list(reversed(answers)):
                say(f"{label}: timing, round {turn + 1} of {rounds}")
                try:
                    times.setdefault(label, []).append(speed.measure(*trials[label], seconds))
                except LmpdriveError as error:
                    missing[label] = str(error)
                    del answers[label]
        timed = {label: _timed(trials[label], times[label]) for label in answers}
    return timed, Measured(frames, name, answers, missing)


def _timed(trial: Trial, found: list[speed.Speed]) -> Timed:
    potential = trial[1].potential
    model = getattr(potential, "model", "") or getattr(potential, "calculator", "") or ""
    return Timed(
        architecture=Path(potential.architecture).name,
        model="/".join(Path(str(model)).parts[-2:]),
        atoms=found[0].atoms,
        ms_per_step=tuple(one.ms_per_step for one in found),
        how=found[0].how,
    )
