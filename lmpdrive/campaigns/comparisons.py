"""Comparisons of the runs of a campaign, made when their runs have ended, and again when one has changed."""

from __future__ import annotations

from pathlib import Path

from lmpdrive.campaigns.plan import COMPARISONS, Group, Plan
from lmpdrive.campaigns.state import states
from lmpdrive.common.say import Say
from lmpdrive.errors import LmpdriveError

PAGE = "compare.html"
RESULTS = "observables/results.nc"


def page_of(plan: Plan, group: Group) -> Path:
    """Of a comparison."""
    return plan.folder / COMPARISONS / group.name / PAGE


def compare_groups(plan: Plan, say: Say) -> dict[str, str]:
    """Compare what is analysed of each group; name of a group -> why it could not be compared."""
    from lmpdrive.pipeline import compare

    missing = {}
    done = {state.run.name for state in states(plan) if state.phase == "done"}
    for group in plan.groups:
        runs = [name for name in group.runs if name in done]
        page = page_of(plan, group)
        if group.runs[0] not in done or len(runs) < 2:
            missing[group.name] = f"needs {group.runs[0]} and one more of its runs"
            continue
        newest = max((plan.directory(name) / RESULTS).stat().st_mtime for name in runs)
        if page.is_file() and page.stat().st_mtime >= newest:
            continue
        try:
            compare([plan.directory(name) for name in runs], page.parent, say=say)
        except LmpdriveError as error:
            missing[group.name] = str(error)
    return missing
