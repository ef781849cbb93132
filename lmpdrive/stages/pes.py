"""Evaluate frames that probe potential-energy surfaces, for `lmpdrive compare --probe-pes`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from lmpdrive.common.say import Say
from lmpdrive.engine.agreement.labelled import Array, evaluate
from lmpdrive.errors import LmpdriveError
from lmpdrive.stages.pareto import open_trials
from lmpdrive.trajectory.probe_frames import ProbeFrames


def measure(
    sources: Mapping[str, Path], probe: ProbeFrames, say: Say
) -> tuple[dict[str, tuple[Array, Array]], dict[str, str]]:
    """Energies and forces of the potentials of `sources`, YAML files or run directories; and why one has none."""
    answers: dict[str, tuple[Array, Array]] = {}
    missing: dict[str, str] = {}
    for label, source in sources.items():
        with ExitStack() as stack:
            for run_dir, _ in open_trials({label: source}, stack, missing, say).values():
                say(f"{label}: evaluating {len(probe.frames)} frames")
                try:
                    answers[label] = evaluate(run_dir, probe.frames, finite=False)
                except LmpdriveError as error:
                    missing[label] = str(error)
    return answers, missing
