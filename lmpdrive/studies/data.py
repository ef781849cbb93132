"""Labelled frames of each state from the teacher's runs: some to learn from, others to test every model on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read

from lmpdrive.common.manifest import system_of
from lmpdrive.common.run_files import CONFIG
from lmpdrive.common.say import Say
from lmpdrive.config import load
from lmpdrive.errors import TrajectoryError
from lmpdrive.learning.candidates import saved_frames
from lmpdrive.learning.file import Filter, Label
from lmpdrive.learning.filters import kept
from lmpdrive.learning.labels import label
from lmpdrive.studies.campaigns import directories
from lmpdrive.studies.contacts import closer
from lmpdrive.studies.file import Contacts
from lmpdrive.studies.plan import HOT, TEACHER, StudyPlan
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.labelled import write_frames

LEARNED_SHARE, TEST_SHARE = 0.8, 0.9
"""Of a run's frames: up to the first they are learned from, from the second they test; between them are none."""


def make_data(plan: StudyPlan, say: Say) -> None:
    """`data/STATE.xyz`, `data/test-STATE.xyz` and `data/test.xyz`; what is there is not made again.

    Raises TrajectoryError for runs with too few frames, EngineError where the teacher cannot label.
    """
    plan.data.mkdir(parents=True, exist_ok=True)
    wanted = plan.study.data
    runs = directories(plan, TEACHER)
    hot = directories(plan, HOT) if wanted.hot else {}
    for state in plan.states:
        if not plan.frames_of(state).is_file():
            frames = _labelled(plan, runs[state], (0.0, LEARNED_SHARE), wanted.frames, say)
            if wanted.hot:
                frames += _labelled(plan, hot[state], (0.0, 1.0), wanted.hot.frames, say)
            if wanted.contacts:
                frames += _contacts(plan, runs[state], wanted.contacts, say)
            write_frames(plan.frames_of(state), frames)
        if not plan.test_of(state).is_file():
            write_frames(plan.test_of(state), _labelled(plan, runs[state], (TEST_SHARE, 1.0), wanted.test, say))
    if not plan.test.is_file():
        write_frames(plan.test, [atoms for state in plan.states for atoms in read(plan.test_of(state), ":")])


def spread(run_dir: Path, part: tuple[float, float], n: int) -> list[Atoms]:
    """`n` frames of a part of a run, evenly spread; `info` has run, step and time_ps.

    part : from which to which share of the frames.  Raises TrajectoryError if there are fewer.
    """
    trajectory = open_trajectory(run_dir)
    first, last = (round(share * trajectory.n_frames) for share in part)
    if last - first < n:
        raise TrajectoryError(
            f"{run_dir} has {last - first} frames for the {n} that the study asks for: give fewer (data), longer runs "
            "of the teacher (teacher.set: {dynamics.production_ps: ...}), or more frames (output.frames_every_fs)"
        )
    return saved_frames(run_dir, trajectory, np.linspace(first, last - 1, n).round().astype(int))


def _labelled(plan: StudyPlan, runs: Sequence[Path], part: tuple[float, float], n: int, say: Say) -> list[Atoms]:
    """`n` frames of several runs together, with energies and forces of the teacher."""
    return _by_teacher(plan, runs, _of_several(runs, part, n), say)


def _contacts(plan: StudyPlan, runs: Sequence[Path], wanted: Contacts, say: Say) -> list[Atoms]:
    frames = _of_several(runs, (0.0, LEARNED_SHARE), wanted.frames)
    slab = system_of(runs[0]).members("metal")
    made = _by_teacher(plan, runs, closer(frames, wanted.shift_A, slab, plan.study.seed), say)
    limits = Filter(energy_eV_per_atom=None)
    good, _ = kept(made, [], limits)
    say(f"{len(good)} of {wanted.frames} frames with contacts have no force above {limits.force_eV_per_A:g} eV/Å")
    return good


def _of_several(runs: Sequence[Path], part: tuple[float, float], n: int) -> list[Atoms]:
    counts = [n // len(runs) + (k < n % len(runs)) for k in range(len(runs))]
    return [atoms for run, count in zip(runs, counts, strict=True) for atoms in spread(run, part, count)]


def _by_teacher(plan: StudyPlan, runs: Sequence[Path], frames: Sequence[Atoms], say: Say) -> list[Atoms]:
    teacher = load(runs[0] / CONFIG).potential
    section = teacher.model_dump(mode="json", exclude_defaults=True) | {"architecture": teacher.architecture}
    by = Label(potential=section)
    return label(frames, runs[0].parent, by, plan.data / "labels" / runs[0].parent.parent.name, say)
