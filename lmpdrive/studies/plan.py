"""What a study consists of: its states, its models and their runs, each with the place where it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lmpdrive.campaigns.axes import Point, points_of
from lmpdrive.studies.file import MIXED, Model, Study, one_of, read_study

TEACHER, HOT, RUNS = "teacher", "hot", "runs"
"""Campaigns of the study: their files and folders."""


@dataclass(frozen=True)
class Learned:
    """One model.  learns : from a state, or MIXED."""

    name: str
    learns: str
    size: int
    split: int

    @property
    def key(self) -> str:
        """Name of all splits together."""
        return f"{self.name}-{self.learns}-n{self.size}"

    @property
    def label(self) -> str:
        """Name of this one; becomes part of a run's."""
        return f"{self.key}-s{self.split}"


@dataclass(frozen=True)
class StudyPlan:
    """The file, and the folder that everything is kept in."""

    file: Path
    study: Study
    folder: Path

    @cached_property
    def states(self) -> dict[str, Point]:
        """Name -> what it sets."""
        return {point.name: point for point in points_of("state", self.study.teacher.states, self.file.parent)}

    @cached_property
    def run_states(self) -> list[str]:
        """States that models are run in, in the order of the file.  Raises ConfigError."""
        for name in self.study.runs.states:
            one_of(name, self.states, "runs.states")
        return [name for name in self.states if name in (self.study.runs.states or self.states)]

    @property
    def data(self) -> Path:
        """Folder of the labelled frames."""
        return self.folder / "data"

    def frames_of(self, state: str) -> Path:
        """Labelled frames of a state to learn from."""
        return self.data / f"{state}.xyz"

    @property
    def test(self) -> Path:
        """Labelled frames of all states that no model learns from."""
        return self.data / "test.xyz"

    def test_of(self, state: str) -> Path:
        """Those of one state."""
        return self.data / f"test-{state}.xyz"

    def sizes(self, name: str) -> list[int]:
        """Of a model."""
        return sorted(self.study.models[name].sizes or self.study.training.sizes)

    def run_sizes(self, name: str) -> list[int]:
        """Sizes whose models run."""
        return sorted(self.study.runs.sizes) or self.sizes(name)[-1:]

    @property
    def training_sets(self) -> list[str]:
        """What models learn from: one state, or all."""
        return [*self.run_states, MIXED]

    def learned(self) -> Iterator[Learned]:
        """Every model."""
        for name in self.study.models:
            for learns in self.training_sets:
                for size in self.sizes(name):
                    for split in range(1, self.study.training.splits + 1):
                        yield Learned(name, learns, size, split)

    def committee(self, one: Learned) -> list[Learned]:
        """All splits of a model."""
        return [Learned(one.name, one.learns, one.size, s) for s in range(1, self.study.training.splits + 1)]

    def running(self) -> list[Learned]:
        """Models that are run."""
        return [
            one
            for one in self.learned()
            if one.size in self.run_sizes(one.name) and one.split <= self.study.runs.splits
        ]

    def folder_of(self, one: Learned) -> Path:
        """Of a trained model: `lmpdrive train` names the levels that have more than one."""
        words = [f"split-{one.split}"] if self.study.training.splits > 1 else []
        words += [f"n-{one.size}"] if len(self.sizes(one.name)) > 1 else []
        return self.models_of(one.name, one.learns).joinpath(*words)

    def models_of(self, name: str, learns: str) -> Path:
        """Of all sizes and splits."""
        return self.folder / "models" / name / learns

    def model(self, name: str) -> Model:
        """As the file has it."""
        return self.study.models[name]

    def run_of(self, one: Learned, state: str) -> Path:
        """Run directory of a model in a state."""
        return self.folder / RUNS / "runs" / f"{one.label}_{state}"


def make_study_plan(file: str | Path, out: str | Path | None = None) -> StudyPlan:
    """The plan of a study file; `out`: its folder, default `campaigns/NAME`.  Raises ConfigError."""
    path = Path(file).resolve()
    study = read_study(path)
    plan = StudyPlan(path, study, Path(out or Path("campaigns") / study.study).absolute())
    _ = plan.run_states  # names every unknown state
    return plan
