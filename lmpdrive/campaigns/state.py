"""How each run of a campaign is, read from disk alone: no driver is asked, none need be there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lmpdrive.campaigns import journal
from lmpdrive.campaigns.facts import alive, analysed, facts_of
from lmpdrive.campaigns.journal import FINAL, UNSTABLE, Entry
from lmpdrive.campaigns.plan import Plan, PlannedRun
from lmpdrive.common.progress_file import read_progress

Phase = Literal["waiting", "running", "paused", "run", "done", "unstable", "failed", "given up"]
ENDED: tuple[Phase, ...] = ("done", "unstable", "failed", "given up")
MEANING = {
    "waiting": "nothing was done yet",
    "running": "a process works on it",
    "paused": "between two slices",
    "run": "simulated, not yet analysed",
    "done": "simulated and analysed",
    "unstable": "stopped by the guard; not tried again",
    "failed": "an error that another try would repeat",
    "given up": "failed as often as `tries` allows",
}


@dataclass(frozen=True)
class RunState:
    """One run, now.

    stage : what is or was done last: check, md or analyse; md has the stage of the deck and its steps.
    left_s : of the MD.  slices : pieces of MD begun.  tries : pieces, also of check and analysis, that failed.
    reason : why it failed or is unstable, or what went wrong last.
    """

    run: PlannedRun
    phase: Phase
    stage: str = ""
    step: int = 0
    end_step: int = 0
    ns_per_day: float | None = None
    left_s: float | None = None
    slices: int = 0
    tries: int = 0
    reason: str = ""
    where: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will be done to it."""
        return self.phase in ENDED


def states(plan: Plan, runs: Sequence[PlannedRun] | None = None) -> list[RunState]:
    """Of all runs, or of these."""
    checks = {name: _check(plan, name) for name in {run.checked_by for run in plan.runs.values()}}
    return [state_of(plan, run, checks[run.checked_by]) for run in runs or plan.runs.values()]


def state_of(plan: Plan, run: PlannedRun, check: Entry | None) -> RunState:
    """Of one run; `check`: how the check that stands for it ended, if it has."""
    directory, entries = plan.directory(run.name), journal.read(plan.journal(run.name))
    progress, facts = read_progress(directory), facts_of(directory)
    phase, reason = _phase(plan, run, entries, check, facts.state)
    last = entries[-1] if entries else None
    stage = last.stage if last else ""
    if stage == "md" and progress:
        stage = progress.stage
    return RunState(
        run=run,
        phase=phase,
        stage=stage,
        step=progress.step if progress else 0,
        end_step=progress.end_step if progress else 0,
        ns_per_day=facts.ns_per_day or (progress.ns_per_day if progress else None),
        left_s=progress.left_s if progress and phase in ("running", "paused") else None,
        slices=sum(entry.event == "begin" and entry.stage == "md" for entry in entries),
        tries=journal.tries_of(entries),
        reason=reason,
        where=_where(last) if phase == "running" else "",
    )


def _phase(
    plan: Plan, run: PlannedRun, entries: Sequence[Entry], check: Entry | None, manifest_state: str | None
) -> tuple[Phase, str]:
    directory = plan.directory(run.name)
    ends = [entry for entry in entries if entry.event == "end"]
    last = ends[-1] if ends else None
    why = journal.last_reason(entries)
    if manifest_state == "unstable":
        return "unstable", why
    if check is not None and check.code in FINAL:
        return (
            "failed",
            check.reason if run.checked_by == run.name else f"the check of {run.checked_by}: {check.reason}",
        )
    if manifest_state == "finished" and analysed(directory):
        return "done", ""
    if last is not None and last.code in FINAL and last.code not in UNSTABLE:
        return "failed", last.reason
    if alive(directory) or (journal.is_open(entries) and entries[-1].stage == "check"):
        return "running", ""
    if journal.tries_of(entries) >= plan.tries:
        return "given up", why or "lost again and again: worker, node or wall time; see the journal"
    if manifest_state == "finished":
        return "run", why
    if not entries or (manifest_state is None and all(entry.stage == "check" for entry in entries)):
        return "waiting", why
    return "paused", why


def _check(plan: Plan, name: str) -> Entry | None:
    """The last end of the check in a run's journal."""
    entries = journal.read(plan.journal(name))
    return next((e for e in reversed(entries) if e.event == "end" and e.stage == "check"), None)


def _where(entry: Entry | None) -> str:
    where = dict(entry.where or {}) if entry else {}
    parts = [where.get("host", "")]
    parts += [f"job {where['job']}"] if where.get("job") else []
    parts += [f"GPU {where['gpu']}"] if where.get("gpu") else []
    return ", ".join(part for part in parts if part)
