"""The campaigns of a study: their files, written from the study's, and their run directories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lmpdrive.campaigns.plan import make_plan
from lmpdrive.campaigns.run import work_off
from lmpdrive.campaigns.state import RunState, states
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.say import Say
from lmpdrive.studies.file import MIXED
from lmpdrive.studies.plan import HOT, RUNS, TEACHER, Learned, StudyPlan
from lmpdrive.training.card import card_of
from lmpdrive.training.recipe import load_recipe
from lmpdrive.training.trainers import find as find_trainer

SEEDS = ("dynamics.seed", "system.build.seed")


def write_teacher(plan: StudyPlan) -> Path:
    """The campaign of the teacher's runs."""
    teacher = plan.study.teacher
    return _write(plan, TEACHER, teacher.set, {"state": _states(plan, list(plan.states))} | _repeated(plan, 0))


def write_hot(plan: StudyPlan) -> Path | None:
    """That of the runs that only give frames; None where the study has none."""
    hot = plan.study.data.hot
    if hot is None:
        return None
    settings = plan.study.teacher.set | {"output.report": False} | hot.set
    # other seeds than those of the reference
    axes = {"state": _states(plan, list(plan.states))} | _repeated(plan, plan.study.teacher.seeds)
    return _write(plan, HOT, settings, axes)


def write_runs(plan: StudyPlan) -> Path:
    """The campaign of the models' runs; a model of one state runs in that state."""
    running = plan.running()
    axes = {
        "model": {one.label: {"potential": potential_of(plan, one)} for one in running},
        "state": _states(plan, plan.run_states),
    }
    without = [
        {"model": one.label, "state": state}
        for one in running
        for state in plan.run_states
        if one.learns not in (MIXED, state)
    ]
    settings = plan.study.teacher.set | dict.fromkeys(SEEDS, plan.study.seed) | plan.study.runs.set
    return _write(plan, RUNS, settings, axes, without)


def potential_of(plan: StudyPlan, one: Learned) -> dict[str, Any]:
    """The `potential:` section of a model's runs."""
    model = plan.model(one.name)
    trainer = find_trainer(load_recipe(model.recipe).trainer)
    folder = plan.folder_of(one)
    card = card_of(folder) or {}
    charges = {"electrostatics": card["electrostatics"]} if "electrostatics" in card else {}
    return trainer.potential(folder / card.get("file", trainer.file)) | charges | model.potential


def run(plan: StudyPlan, file: Path, where: str | None, say: Say) -> list[RunState]:
    """Work off one of the campaigns.  Raises EngineError if runs failed; unstable ones have ended."""
    out = plan.folder / file.stem
    work_off(file, where, out, say)
    return states(make_plan(file, out))


def directories(plan: StudyPlan, name: str) -> dict[str, list[Path]]:
    """State -> its run directories in one of the teacher's campaigns, in order of the seeds."""
    found: dict[str, list[Path]] = {state: [] for state in plan.states}
    there = make_plan(plan.folder / f"{name}.yaml", plan.folder / name)
    for one in there.runs.values():
        found[one.points["state"]].append(there.directory(one.name))
    return found


def _states(plan: StudyPlan, names: list[str]) -> dict[str, Any]:
    return {name: dict(plan.states[name].settings) for name in names}


def _repeated(plan: StudyPlan, before: int) -> dict[str, Any]:
    first = plan.study.seed + before
    return {"seed": {"together": list(SEEDS), "values": list(range(first, first + plan.study.teacher.seeds))}}


def _write(
    plan: StudyPlan,
    name: str,
    settings: Mapping[str, Any],
    axes: Mapping[str, Any],
    without: list[dict[str, str]] | None = None,
) -> Path:
    content = {
        "campaign": name,
        "base": str(plan.study.teacher.base),
        "set": dict(settings),
        "axes": dict(axes),
        "without": without or [],
        "resources": {key: one.model_dump(exclude_none=True) for key, one in plan.study.resources.items()},
        "tries": plan.study.tries,
    }
    if "gpu" in plan.study.resources and name == RUNS:
        content["stages"] = {"check": {"resources": "cpu"}, "md": {"resources": "gpu"}, "analyse": {"resources": "cpu"}}
    file = plan.folder / f"{name}.yaml"
    # through JSON: YAML's anchors would make shared sections unreadable
    write_atomically(file, yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False, allow_unicode=True))
    return file
