"""`lmpdrive campaign check STUDY`: what can be known before hours of computing."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from lmpdrive.campaigns.estimate import estimate, problems_in_words
from lmpdrive.campaigns.plan import make_plan
from lmpdrive.common.say import Say
from lmpdrive.errors import LmpdriveError
from lmpdrive.studies import campaigns
from lmpdrive.studies.plan import StudyPlan
from lmpdrive.training.recipe import load_recipe
from lmpdrive.training.run import interpreter_of
from lmpdrive.training.trainers import find


def check_study(plan: StudyPlan, say: Say) -> tuple[list[str], list[str]]:
    """Problems, and lines that count what there is to do; nothing is written into the study's folder."""
    problems, lines = [], []
    with tempfile.TemporaryDirectory(prefix="lmpdrive-study-") as name:
        apart = replace(plan, folder=Path(name))
        for file in (campaigns.write_teacher(apart), campaigns.write_hot(apart)):
            if file is not None:
                found = estimate(make_plan(file, apart.folder / file.stem), False, say)
                problems += problems_in_words(found.problems)
                lines.append(f"{file.stem}: {found.lines()[0]}")
    for model in plan.study.models.values():
        try:
            trainer = find(load_recipe(model.recipe).trainer)
            trainer.check(load_recipe(model.recipe))
            interpreter_of(trainer)
        except LmpdriveError as error:
            problems.append(str(error))
    learned, running = list(plan.learned()), plan.running()
    runs = sum(len(plan.run_states) if one.learns not in plan.run_states else 1 for one in running)
    lines.append(f"training: {len(learned)} models of {len(plan.study.models)} architectures")
    lines.append(f"runs: {runs}")
    return problems, lines
