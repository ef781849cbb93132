"""How far a study is, step by step, from the disk alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lmpdrive.campaigns.plan import make_plan
from lmpdrive.campaigns.state import RunState, states
from lmpdrive.studies.plan import HOT, RUNS, TEACHER, StudyPlan
from lmpdrive.training.card import CARD


def steps(plan: StudyPlan, table: Callable[[Sequence[RunState]], list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Title and lines of each step; `table` : of the runs of a campaign."""
    for name in (TEACHER, *([HOT] if plan.study.data.hot else [])):
        yield name, _campaign(plan, name, table)
    there = [state for state in plan.states if plan.frames_of(state).is_file() and plan.test_of(state).is_file()]
    yield "data", [f"labelled frames of {len(there)} of {len(plan.states)} states"]
    learned = list(plan.learned())
    done = sum((plan.folder_of(one) / CARD).is_file() for one in learned)
    yield "training", [f"{done} of {len(learned)} models"]
    yield RUNS, _campaign(plan, RUNS, table)


def _campaign(plan: StudyPlan, name: str, table: Callable[[Sequence[RunState]], list[str]]) -> list[str]:
    file = plan.folder / f"{name}.yaml"
    if not file.is_file():
        return ["not begun"]
    return table(states(make_plan(file, plan.folder / name)))
