"""The driver of a campaign: submit what there is to do, look at how it ended, submit the next.

It keeps nothing of its own.  Killed at any moment and begun again, it finds in the run directories and journals where
each run is.  A run has at most one task at a time; two drivers of one campaign exclude each other.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from lmpdrive.campaigns import journal
from lmpdrive.campaigns.advance import Work
from lmpdrive.campaigns.facts import step_of
from lmpdrive.campaigns.journal import FINAL, FREE, LOST, UNSTABLE
from lmpdrive.campaigns.plan import Plan, PlannedRun
from lmpdrive.campaigns.state import RunState, states
from lmpdrive.common.durations import duration
from lmpdrive.common.say import Say
from lmpdrive.common.walltime import EXIT_CODE as TIME_IS_UP
from lmpdrive.errors import InUseError, PlaceError, UnstableError

BUSY_S = 15.0
"""A run that another process holds is looked at again after so long."""
SAY_EVERY_S = 60.0
TICK_S = 3.0


class Submits(Protocol):
    """What the driver needs of an engine."""

    def submit(self, resources: str, work: Work) -> Future[int]:
        """Advance a run by one slice where there are such resources."""
        ...


@dataclass
class Driver:
    """Works off the runs of a plan; `run` returns when each of them has ended.

    only : these runs alone.  retry_failed : runs that were given up, or failed, get new tries.
    tick : is called every few seconds.
    """

    plan: Plan
    engine: Submits
    say: Say
    only: Sequence[PlannedRun] = ()
    retry_failed: bool = False
    tick: Callable[[], None] = lambda: None
    _ends: queue.Queue[tuple[PlannedRun, str, Future[int]]] = field(default_factory=queue.Queue)
    _forgiven: dict[str, int] = field(default_factory=dict)
    """Run -> tries that were spent before this driver, and count no more."""
    _checks: dict[str, int | None] = field(default_factory=dict)
    """Run whose check is needed -> how it ended; None while it runs."""
    _waiting: dict[str, list[PlannedRun]] = field(default_factory=dict)
    """Run whose check is awaited -> runs that wait for it."""
    _failures: Counter[str] = field(default_factory=Counter)
    """Run -> tries spent with this driver: a full disk keeps no journal."""
    _open: int = 0
    _ended: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Until nothing more is to be done.  Raises PlaceError where the place takes no work."""
        runs = list(self.only or self.plan.runs.values())
        begin = {state.run.name: state for state in states(self.plan, runs)}
        for run in runs:
            self._begin(run, begin[run.name])
        said = ticked = time.monotonic()
        while self._open:
            try:
                run, stage, future = self._ends.get(timeout=1.0)
            except queue.Empty:
                pass
            else:
                self._open -= 1
                self._after(run, stage, future)
            if time.monotonic() - ticked > TICK_S:
                ticked = time.monotonic()
                self.tick()
            if time.monotonic() - said > SAY_EVERY_S:
                said = time.monotonic()
                self.say(self._counts(len(runs)) + going_on(states(self.plan, runs)))
        self.say(self._counts(len(runs)))

    def _begin(self, run: PlannedRun, state: RunState) -> None:
        if state.phase in ("done", "unstable"):
            self._ended[state.phase] += 1
            return
        if self.retry_failed:
            self._forgiven[run.name] = state.tries
        elif state.ended:
            self._ended[state.phase] += 1
            self.say(f"{run.name}: {state.phase}: {state.reason} (--retry failed tries it again)")
            return
        self._after_check(run)

    def _after_check(self, run: PlannedRun) -> None:
        """Go on with a run whose check is done; else begin or await that check."""
        name = run.checked_by
        if name not in self._checks:
            self._checks[name] = 0 if not self.retry_failed and self._was_checked(name) else None
            if self._checks[name] is None:
                self._submit(self.plan.runs[name], "check")
        code = self._checks[name]
        if code is None:
            self._waiting.setdefault(name, []).append(run)
        elif code == 0:
            self._submit(run, "md")
        else:
            self._end(run, "failed", f"its check, that of {name}, failed")

    def _was_checked(self, name: str) -> bool:
        return any(e.stage == "check" and e.code == 0 for e in journal.read(self.plan.journal(name)))

    def _submit(self, run: PlannedRun, stage: str, delay_s: float = 0.0) -> None:
        work = Work(
            name=run.name,
            stage=stage,
            directory=self.plan.directory(run.name),
            journal=self.plan.journal(run.name),
            base=self.plan.base,
            overrides=tuple(run.overrides),
            slice_s=self.plan.slice_s if stage == "md" else None,
        )
        self._open += 1

        def begin() -> None:
            future = self.engine.submit(run.resources[stage], work)
            future.add_done_callback(lambda ended: self._ends.put((run, stage, ended)))

        if delay_s:
            timer = threading.Timer(delay_s, begin)
            timer.daemon = True
            timer.start()
        else:
            begin()

    def _after(self, run: PlannedRun, stage: str, future: Future[int]) -> None:
        """What follows from the end of a slice."""
        code, lost = self._code(run, stage, future)
        self._failures[run.name] += code not in FREE
        if stage == "check":
            self._after_the_check(run, code)
        elif code == 0 and stage == "md":
            self._submit(run, "analyse")
        elif code == 0:
            self._end(run, "done")
        elif code in UNSTABLE:
            self._end(run, "unstable", self._reason(run))
        elif code in FINAL:
            self._end(run, "failed", self._reason(run))
        elif self._out_of_tries(run):
            self._end(run, "given up", lost or self._why_given_up(run))
        else:
            if lost:
                self.say(f"{run.name}: {lost}; begun again")
            self._submit(run, stage, BUSY_S if code == InUseError.exit_code else 0.0)

    def _code(self, run: PlannedRun, stage: str, future: Future[int]) -> tuple[int, str]:
        """Exit code, and what happened where the worker is gone."""
        error = future.exception()
        if error is None:
            return future.result(), ""
        for cause in (error, error.__cause__):
            if isinstance(cause, PlaceError):
                raise cause
        lost = f"its worker is gone ({type(error).__name__}: {str(error)[:200]})"
        path = self.plan.journal(run.name)
        if journal.is_open(journal.read(path)):
            with suppress(OSError):
                journal.end(path, stage, step_of(self.plan.directory(run.name)), LOST, lost)
        return LOST, lost

    def _after_the_check(self, run: PlannedRun, code: int) -> None:
        if code not in (0, *FINAL) and not self._out_of_tries(run):
            self._submit(run, "check")
            return
        self._checks[run.name] = code
        for waiting in self._waiting.pop(run.name, []):
            if code == 0:
                self._submit(waiting, "md")
            else:
                whose = "its check" if waiting is run else f"the check of {run.name}"
                self._end(waiting, "failed", f"{whose} failed: {self._reason(run)}")

    def _out_of_tries(self, run: PlannedRun) -> bool:
        spent = journal.tries_of(journal.read(self.plan.journal(run.name))) - self._forgiven.get(run.name, 0)
        return max(spent, self._failures[run.name]) >= self.plan.tries

    def _why_given_up(self, run: PlannedRun) -> str:
        entries = journal.read(self.plan.journal(run.name))
        if not entries or not entries[-1].code:
            return "nothing can be written into the campaign's folder"
        last = entries[-1]
        if last.code == TIME_IS_UP:
            return "its slices are too short: no step of equilibration or production is done in one. " + LONGER
        return last.reason or f"exit code {last.code}"

    def _reason(self, run: PlannedRun) -> str:
        return journal.last_reason(journal.read(self.plan.journal(run.name)))

    def _end(self, run: PlannedRun, phase: str, why: str = "") -> None:
        self._ended[phase] += 1
        self.say(f"{run.name}: {phase}" + (f": {why}" if why else ""))

    def _counts(self, total: int) -> str:
        counts = ", ".join(f"{number} {phase}" for phase, number in self._ended.items())
        return f"{sum(self._ended.values())} of {total} runs have ended" + (f": {counts}" if counts else "")


def going_on(found: Sequence[RunState]) -> str:
    """How many runs are being worked on, and what the MD of the longest of them still takes."""
    running = [state for state in found if state.phase == "running"]
    left_s = max((state.left_s or 0.0 for state in running), default=0.0)
    left = f", about {duration(left_s)} left for {'it' if len(running) == 1 else 'these'}" if left_s else ""
    return f"; {len(running)} running{left}" if running else ""


LONGER = "Give longer ones: `slice` in the campaign, `walltime` of the place."


def exit_code(ended: Mapping[str, int]) -> int:
    """Of `campaign run`: 0 if each run is done, 12 if some are unstable and none failed, 1 if some failed."""
    if any(ended.get(phase) for phase in ("failed", "given up", "waiting", "paused", "run", "running")):
        return 1
    return UnstableError.exit_code if ended.get("unstable") else 0
