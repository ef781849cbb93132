"""`lmpdrive campaign run STUDY`: every step of a study that is not done, in order, then the report."""

from __future__ import annotations

from pathlib import Path

from lmpdrive.campaigns.commands import Where
from lmpdrive.campaigns.state import RunState
from lmpdrive.common.say import Say, silent
from lmpdrive.engine.directory.lock import locked
from lmpdrive.studies import campaigns
from lmpdrive.studies.committees import weigh
from lmpdrive.studies.data import make_data
from lmpdrive.studies.models import train_models
from lmpdrive.studies.plan import make_study_plan
from lmpdrive.studies.report import write_report
from lmpdrive.studies.roughness import probe


def run_study(
    file: str | Path, where: str | None = None, out: str | Path | None = None, say: Say = silent
) -> list[RunState]:
    """Work off a study; how its models' runs are.

    Raises ConfigError for the file, EngineError where a step failed (what is done stays, and the same call goes on),
    and what the steps raise.
    """
    plan = make_study_plan(file, out)
    plan.folder.mkdir(parents=True, exist_ok=True)
    with locked(plan.folder, say):
        place = Where(where, plan.study.resources, plan.folder, plan.study.tries)
        say(f"study {plan.study.study} in {plan.folder}: the teacher's runs")
        campaigns.run(plan, campaigns.write_teacher(plan), where, say)
        if (hot := campaigns.write_hot(plan)) is not None:
            campaigns.run(plan, hot, where, say)
        make_data(plan, say)
        train_models(plan, place, say)
        say("the models' runs")
        runs = campaigns.run(plan, campaigns.write_runs(plan), where, say)
        weigh(plan, runs, place, say)
        probe(plan, runs, place, say)
        say(f"report: {write_report(plan, say)}")
    return runs
