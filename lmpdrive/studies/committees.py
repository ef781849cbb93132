"""Committees of a study: what the models of all splits say of the frames of a run, one command for each run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import yaml

from lmpdrive.campaigns.commands import Command, Where, run_commands
from lmpdrive.campaigns.state import RunState
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.say import Say
from lmpdrive.observables.reweighting.potentials import FEWEST_MEMBERS
from lmpdrive.report.model_bands import MODEL_RESULTS
from lmpdrive.studies.campaigns import potential_of
from lmpdrive.studies.file import MIXED
from lmpdrive.studies.plan import Learned, StudyPlan


def weigh(plan: StudyPlan, runs: Iterable[RunState], where: Where, say: Say) -> None:
    """`lmpdrive uncertainty` for each run that is done; nothing with fewer than three splits."""
    if plan.study.training.splits < FEWEST_MEMBERS:
        say(f"no committees: they need training.splits: {FEWEST_MEMBERS} or more")
        return
    by_label = {one.label: one for one in plan.running()}
    done = [(by_label[run.run.points["model"]], run.run.points["state"]) for run in runs if run.phase == "done"]
    commands = [_command(plan, one, state) for one, state in done]
    run_commands("committees", commands, where, say)


def _command(plan: StudyPlan, one: Learned, state: str) -> Command:
    run = plan.run_of(one, state)
    folder = plan.folder / "committees"
    words = ["uncertainty", str(run), "--validation", str(plan.test_of(state)), "--quiet"]
    words += ["--stride", str(plan.study.committee.stride)]
    for member in plan.committee(one):
        if member != one:
            words += ["--committee", str(_section(plan, member, folder))]
    if one.learns != MIXED and plan.study.committee.across:
        words += ["--target", str(_section(plan, Learned(one.name, MIXED, one.size, one.split), folder))]
    return Command(f"committee-{run.name}", tuple(words), run / "observables" / MODEL_RESULTS)


def _section(plan: StudyPlan, one: Learned, folder: Path) -> Path:
    """A file with the `potential:` section of a model."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{one.label}.yaml"
    content = json.loads(json.dumps({"potential": potential_of(plan, one)}))
    write_atomically(file, yaml.safe_dump(content, sort_keys=False))
    return file
