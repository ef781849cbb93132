"""Run a deck once in its run directory: comparison with the model, worker, manifest.

Whatever ends it, the manifest says how.
"""

from __future__ import annotations

import contextlib
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lmpdrive import guard
from lmpdrive.architectures import Integrated
from lmpdrive.common.disk import told_if_full
from lmpdrive.common.manifest import Part, Performance, read_manifest, update_manifest
from lmpdrive.common.patience import announced_if_long
from lmpdrive.common.say import Say
from lmpdrive.common.shell import to_paste
from lmpdrive.common.streams import closed_at
from lmpdrive.common.trust import require
from lmpdrive.config import Config
from lmpdrive.engine.agreement import step0
from lmpdrive.engine.directory import provenance
from lmpdrive.engine.directory.write import of_the_worker
from lmpdrive.engine.loops import loops
from lmpdrive.engine.model_form import FormPrinter, forget, form_of
from lmpdrive.engine.restart.deck import take_seam_mismatch
from lmpdrive.engine.restart.files import RestartRecorder, mark_unusable
from lmpdrive.engine.run import Job, State
from lmpdrive.engine.run import run as run_worker
from lmpdrive.errors import LmpdriveError, RunDirectoryError, SeamError
from lmpdrive.stability import Limits
from lmpdrive.stages.stability import final_state

PREPARING = "preparing the model for this machine (compression, compilation): done once, then kept"


def run_once(out: Path, config: Config, job: Job, quiet: bool, say: Say) -> State:
    """Run `job` in the run directory `out`, whose lock the caller holds; returns how it ended.

    Raises what step0.before_run, the worker and the model raise; SeamError for a restart that is not where the log was;
    KeyboardInterrupt while there is no worker.
    """
    try:
        with told_if_full(out, to_paste("resume", out)):
            return _Run(out, config, job, quiet, say).run()
    except BaseException as error:
        _record_end(out, "interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise


def _record_end(out: Path, state: str) -> None:
    """The manifest must not say `running` when nothing runs."""
    with contextlib.suppress(OSError, RunDirectoryError):
        manifest = read_manifest(out)
        if manifest.state == "running":
            *earlier, last = manifest.parts
            update_manifest(out, state=state, parts=(*earlier, last.model_copy(update={"state": state})))


class _Run:
    """One start of a run, and what the manifest says of it."""

    def __init__(self, out: Path, config: Config, job: Job, quiet: bool, say: Say) -> None:
        self.out, self.config, self.job, self.quiet, self.say = out, config, job, quiet, say
        self.started = time.monotonic()
        self.earlier = read_manifest(out).parts if job.resumed_from else ()
        began_with = self.earlier[0].deck if self.earlier else job.deck
        self.part = {
            "deck": job.deck,
            "log": job.log,
            **(job.resumed_from.entries() if job.resumed_from else {}),
            "host": platform.node(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "deck_files": provenance.deck_files(out, began_with),
        }

    def record(self, state: str, **changes: Any) -> None:
        """Write the state, and other entries, into the manifest."""
        closed = {"output_closed": since} if (since := closed_at()) else {}
        part = Part(**self.part, state=state, **closed)
        update_manifest(self.out, state=state, parts=(*self.earlier, part), **changes)

    def run(self) -> State:
        require(self.config.potential.programs(self.out))  # again: between writing and running may lie days
        if not self.job.resumed_from:
            guard.clear(self.out)
            if read_manifest(self.out).frames_missing:  # of the run that this one replaces
                update_manifest(self.out, frames_missing=None)
        take_seam_mismatch(self.out)  # of an earlier run that was killed
        forget(self.out)
        self.record(
            "running",
            **of_the_worker(self.config.potential),
            ran_with=provenance.of_the_run(self.config),
        )
        note = None
        try:
            with announced_if_long(self.say, PREPARING):
                note = self.config.potential.prepare(self.out)
            if note:
                self.say(note)
            state = self._by_worker()
        except LmpdriveError as error:
            state, note = self._after(error), None
        by = "ASE" if isinstance(self.config.potential.chosen, Integrated) else "LAMMPS"
        how = {"walltime": "stopped for the wall-time limit"}.get(state, state)
        self.say(f"{by} {how} after {time.monotonic() - self.started:.0f} s")
        self.record(state, model_note=note, **self._about())
        return state

    def _by_worker(self) -> State:
        resumed = self.job.resumed_from is not None
        in_worker = step0.before_run(self.out, self.config, self.job.deck, self.say, resumed=resumed)
        if self.job.deadline is not None and self.job.deadline.left_s() <= 0:
            self.say("the wall-time limit leaves no time to begin")
            state: State = "walltime"
        else:
            verdict = step0.VerdictPrinter(self.out, self.say) if in_worker else None
            recorder, form, keeper = RestartRecorder(self.out), FormPrinter(self.out, self.say), self._keeper()

            def poll() -> bool:
                if verdict:
                    verdict.poll()
                recorder.poll()
                form.poll()
                return keeper.poll()

            job = self.job.with_comparison(in_worker)
            state = final_state(self.out, run_worker(self.out, self.config, self.quiet, job, poll))
        if state == "finished" and not resumed:
            for line in provenance.steps_missing(self.out / self.job.log, self.config):
                self.say(f"warning: {line}")
        return state

    def _keeper(self) -> guard.Keeper:
        """What keeps the frames in which the model is uncertain; without a gate it does nothing."""
        manifest = read_manifest(self.out)
        limits = Limits.of_manifest(manifest)
        assert limits is not None  # written with the run directory
        from_step = self.job.resumed_from.step if self.job.resumed_from else -1
        return guard.Keeper(self.out, limits, manifest.system.species, manifest.potential.sha256, from_step)

    def _after(self, error: LmpdriveError) -> State:
        """`unstable` where the guard explains the error; raises it, or what is behind it, where not."""
        if mismatch := take_seam_mismatch(self.out):
            mark_unusable(self.out, mismatch.restart, SeamError.REASON)
            self.record("failed")
            raise SeamError(mismatch.restart, mismatch.step) from None
        self.record("failed", **self._about())
        step0.raise_if_unequal(self.out)
        if final_state(self.out, "finished") != "unstable":
            raise error
        self.say(str(error))
        return "unstable"

    def _about(self) -> dict[str, Any]:
        """Entries of the manifest that a run has when it has ended, however it did."""
        found: dict[str, Any] = {"performance": _performance(self.out / self.job.log, self.started)}
        if comparison := step0.answer_of(self.out):
            found["step0"] = comparison.content()
        if form := form_of(self.out):
            found["model_form"] = form
        if lammps := provenance.of_lammps(self.out, self.config):
            found["lammps"] = lammps
        return found


def _performance(log: Path, started: float) -> Performance:
    found: dict[str, float] = {"wall_s": round(time.monotonic() - started, 2)}
    if log.is_file():
        for line in log.read_text(errors="replace").splitlines():
            words = line.split()
            if line.startswith("Performance:") and "ns/day," in words:
                found["ns_per_day"] = float(words[1])
    if done := loops(log):
        found["production_loop_s"] = done[-1][0]
    return Performance(**found)
