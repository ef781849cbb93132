"""Run a deck in its run directory: comparison with the model, worker, manifest.

Whatever ends it, the manifest says how.
"""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lmpdrive.architectures import Integrated
from lmpdrive.common.manifest import read_manifest
from lmpdrive.common.trust import require
from lmpdrive.config import Config
from lmpdrive.engine.agreement import step0
from lmpdrive.engine.directory import provenance
from lmpdrive.engine.directory.write import of_the_worker, update_manifest
from lmpdrive.engine.loops import loops
from lmpdrive.engine.restart.deck import SeamMismatch, take_seam_mismatch
from lmpdrive.engine.restart.files import Recorder, mark
from lmpdrive.engine.run import Job, State
from lmpdrive.engine.run import run as run_worker
from lmpdrive.errors import EngineError, LmpdriveError, RunDirectoryError
from lmpdrive.stages import stability as guarded

Say = Callable[[str], None]
NOT_THE_LOG = "does not continue the log"


class SeamError(EngineError):
    """A restart file is not where the log was; it is marked, and another one can be tried."""

    def __init__(self, mismatch: SeamMismatch) -> None:
        super().__init__(f"{mismatch.restart} {NOT_THE_LOG} at step {mismatch.step}: not used")
        self.mismatch = mismatch


def run(out: Path, config: Config, job: Job, quiet: bool, say: Say, continues: dict[str, Any] | None = None) -> State:
    """Run `job` in the run directory `out`, which the caller holds; `continues`: from where, for the manifest.

    Raises what step0.before_run, the worker and the model raise; KeyboardInterrupt while there is no worker.
    """
    try:
        return _run(out, config, job, quiet, say, continues)
    except BaseException as error:
        _not_running(out, "interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise


def _not_running(out: Path, state: str) -> None:
    """The manifest must not say `running` when nothing runs."""
    with contextlib.suppress(OSError, RunDirectoryError):
        content = read_manifest(out)
        if content.get("state") == "running":
            *earlier, last = content["parts"]
            update_manifest(out, state=state, parts=[*earlier, last | {"state": state}])


def _run(out: Path, config: Config, job: Job, quiet: bool, say: Say, continues: dict[str, Any] | None) -> State:
    require(config.potential.programs(out))  # again: building a system takes minutes, and a deck is run days later
    started = time.monotonic()
    part = {"deck": job.deck, "log": job.log, **(continues or {}), "host": platform.node(), "started": _now()}
    earlier = read_manifest(out).get("parts", []) if continues else []

    if not continues:
        guarded.begin(out)
    take_seam_mismatch(out)  # of an earlier run that was killed

    def tell(state: str, **changes: Any) -> None:
        update_manifest(out, state=state, parts=[*earlier, part | {"state": state}], **changes)

    tell("running", **of_the_worker(config.potential.interpreter()), **provenance.of_the_run(config))
    try:
        note = config.potential.prepare(out)
        if note:
            say(note)
        in_worker = step0.before_run(out, config, job.deck, say, continued=continues is not None)
        tells = step0.teller(out, say) if in_worker else lambda: None
        recorder = Recorder(out)

        def look() -> None:
            tells()
            recorder.look()

        if job.deadline is not None and job.deadline.left_s() <= 0:
            say("the wall-time limit leaves no time to begin")
            state: State = "walltime"
        else:
            state = guarded.judged(out, run_worker(out, config, quiet, job.with_comparison(in_worker), look))
        if state == "finished" and not continues:
            for line in provenance.steps_missing(out / job.log, config):
                say(f"warning: {line}")
    except LmpdriveError as error:
        mismatch = take_seam_mismatch(out)
        if mismatch is not None:
            mark(out, mismatch.restart, NOT_THE_LOG)
            tell("failed")
            raise SeamError(mismatch) from None
        about = step0.for_manifest(out) | provenance.of_lammps(out, config)
        tell("failed", performance=_performance(out / job.log, started), **about)
        step0.must_be_equal(out)
        if guarded.judged(out, "finished") != "unstable":
            raise
        say(str(error))
        state, note = "unstable", None
    about = step0.for_manifest(out) | provenance.of_lammps(out, config)
    tell(state, performance=_performance(out / job.log, started), model_note=note, **about)
    by = "ASE" if isinstance(config.potential.chosen, Integrated) else "LAMMPS"
    how = {"walltime": "stopped for the wall-time limit"}.get(state, state)
    say(f"{by} {how} after {time.monotonic() - started:.0f} s")
    return state


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _performance(log: Path, started: float) -> dict[str, float]:
    found: dict[str, float] = {"wall_s": round(time.monotonic() - started, 2)}
    if log.is_file():
        for line in log.read_text(errors="replace").splitlines():
            words = line.split()
            if line.startswith("Performance:") and "ns/day," in words:
                found["ns_per_day"] = float(words[1])
    if done := loops(log):
        found["production_loop_s"] = done[-1][0]
    return found
