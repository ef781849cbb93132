"""`lmpdrive campaign run`: plan, place, engine, driver; then comparisons and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from lmpdrive.campaigns.comparisons import compare_groups
from lmpdrive.campaigns.drive import Driver
from lmpdrive.campaigns.engine import engine
from lmpdrive.campaigns.places import find_place
from lmpdrive.campaigns.plan import make_plan
from lmpdrive.campaigns.queue_record import write_queue
from lmpdrive.campaigns.report import write_report
from lmpdrive.campaigns.state import states
from lmpdrive.common.say import Say, silent
from lmpdrive.common.shell import to_paste
from lmpdrive.engine.directory.lock import locked
from lmpdrive.errors import EngineError

ENGINE = "engine"
"""Parsl's files, in the campaign's folder."""


def run_campaign(
    file: str | Path,
    where: str | None = None,
    out: str | Path | None = None,
    only: Mapping[str, str] | None = None,
    retry_failed: bool = False,
    say: Say = silent,
) -> Counter[str]:
    """Work off a campaign at a place until every run has ended; phase -> number of runs.

    Raises ConfigError for the file or the place, InUseError where another driver works on it, PlaceError where the
    batch system refuses.
    """
    plan = make_plan(file, out)
    place = find_place(where)
    runs = plan.only(only or {})
    used = {name: needs for name, needs in plan.resources.items() if any(name in r.resources.values() for r in runs)}
    plan.folder.mkdir(parents=True, exist_ok=True)
    with locked(plan.folder, say):
        plan.save()
        say(
            f"{len(runs)} runs of {plan.name}, place: {place.name}; follow them with: "
            f"{to_paste('campaign', 'status', file)}"
        )
        with engine(used, place, plan.folder / ENGINE) as placed:
            Driver(plan, placed, say, runs, retry_failed, lambda: write_queue(plan, place.name, placed.blocks())).run()
        for group, why in compare_groups(plan, say).items():
            say(f"comparison {group}: {why}")
        say(f"report: {write_report(plan, say)}")
    return Counter(state.phase for state in states(plan, runs))


def work_off(file: Path, where: str | None, out: Path, say: Say) -> None:
    """`run_campaign` as a step of something larger: failed runs are tried again, unstable ones have ended.

    Raises EngineError if runs failed, and what `run_campaign` does.
    """
    ended = run_campaign(file, where, out, retry_failed=True, say=say)
    if bad := {phase: n for phase, n in ended.items() if phase not in ("done", "unstable")}:
        raise EngineError(
            f"{', '.join(f'{n} {phase}' for phase, n in bad.items())} of the runs of {file}: see {out}, and call the "
            "same command again"
        )
