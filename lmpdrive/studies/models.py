"""Trainings of a study: one command of `lmpdrive train` for each model, side by side."""

from __future__ import annotations

from pathlib import Path

from lmpdrive.campaigns.commands import Command, Where, run_commands
from lmpdrive.common.say import Say
from lmpdrive.studies.file import MIXED
from lmpdrive.studies.plan import Learned, StudyPlan
from lmpdrive.training.card import CARD, card_of
from lmpdrive.trajectory.labelled import labelled_atoms


def train_models(plan: StudyPlan, where: Where, say: Say) -> None:
    """All that are not there; the small sizes of every model before the large ones."""
    ordered = sorted(plan.learned(), key=lambda one: (one.size, one.split))
    run_commands("training", [_command(plan, one) for one in ordered], where, say)


def _command(plan: StudyPlan, one: Learned) -> Command:
    model, study = plan.model(one.name), plan.study
    files = list(plan.states) if one.learns == MIXED else [one.learns]
    out, folder = plan.models_of(one.name, one.learns), plan.folder_of(one)
    words = [
        "train",
        model.recipe,
        *(str(plan.frames_of(state)) for state in files),
        *("--out", str(out), "--test", str(plan.test), "--quiet"),
        *("--n", ",".join(map(str, plan.sizes(one.name)))),
        *(["--splits", str(study.training.splits)] if study.training.splits > 1 else []),
        *(["--length", str(model.length)] if model.length else []),
        *(["--only", str(folder.relative_to(out))] if folder != out else []),
    ]
    return Command(f"train-{one.label}", tuple(words), folder / CARD)


def errors_of(plan: StudyPlan, one: Learned) -> dict[str, dict[str, float]]:
    """State -> errors of a model on its test frames, from the card.  Raises KeyError where there are none."""
    card = card_of(plan.folder_of(one)) or {}
    by_formula = card["tests"][Path(plan.test).name]["compositions"]
    formulas = {state: labelled_atoms(plan.test_of(state))[0].get_chemical_formula() for state in plan.states}
    return {state: by_formula[formula] for state, formula in formulas.items()}
