"""The worker process of one run.

    python -m lmpdrive.engine.worker in.lammps [--no-plugins] [--callback [--compare] | --mliap] [-- arguments of lmp]
    python -m lmpdrive.engine.worker in.lammps --ase [--resume]

With `--log=NAME` the log has another name than log.lammps; with `--seconds=S` the run stops after so long, with
`--lifeline=FD` when this pipe is closed: when the driver is gone.

Drives the `lammps` module through the deck, in the run directory; with `--callback` it first loads the model
that `resolved.yaml` names, with `--mliap` it lets `pair_style mliap` use this interpreter.  With `--ase` there is no
LAMMPS.  Exit code 0: the deck ended; 1: stopped with an error, which is in `error.json`; 130: stopped by SIGINT or
SIGTERM, 75: by the wall-time limit, after writing what the deck writes last.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

SIGNALS = {signal.SIGINT, signal.SIGTERM}
INTERRUPTED = 130

if __name__ == "__main__":
    # A second thread waits for them, because LAMMPS holds the main thread inside C, where Python's handlers never run.
    # Before NumPy comes: a thread of its BLAS that is older than this would take a signal away from the one that waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

from lmpdrive.common.run_files import CONFIG, FAILED_RESTART, LAST_RESTART, LOG  # noqa: E402
from lmpdrive.common.walltime import EXIT_CODE as TIME_IS_UP  # noqa: E402
from lmpdrive.common.worker_error import WorkerError  # noqa: E402
from lmpdrive.engine.directory.provenance import leave_lammps  # noqa: E402
from lmpdrive.engine.feed import feed  # noqa: E402
from lmpdrive.engine.lammps_library import activate_mliap, load  # noqa: E402
from lmpdrive.errors import EngineError, NotFiniteError  # noqa: E402


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the command line asks for; the module's docstring has the options."""

    deck: str
    log: str = LOG
    plugins: bool = True
    callback: bool = False
    compare: bool = False
    mliap: bool = False
    ase: bool = False
    resume: bool = False
    seconds: float | None = None
    lifeline: int | None = None
    arguments: Sequence[str] = ()

    @classmethod
    def of(cls, argv: Sequence[str]) -> Task:
        """From the words after the program's name."""
        cut = argv.index("--") if "--" in argv else len(argv)
        ours, arguments = argv[1:cut], argv[cut + 1 :]
        given = dict(word.removeprefix("--").split("=", 1) for word in ours if "=" in word)
        return cls(
            deck=argv[0],
            log=given.get("log", LOG),
            plugins="--no-plugins" not in ours,
            callback="--callback" in ours,
            compare="--compare" in ours,
            mliap="--mliap" in ours,
            ase="--ase" in ours,
            resume="--resume" in ours,
            seconds=float(given["seconds"]) if "seconds" in given else None,
            lifeline=int(given["lifeline"]) if "lifeline" in given else None,
            arguments=arguments,
        )


class Worker:
    """Runs a task to its end, to a signal, or for `seconds`."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.stopped = threading.Event()
        self.code = INTERRUPTED
        self.lmp: Any = None

    def run(self) -> int:
        """The exit code."""
        if self.task.lifeline is not None:
            threading.Thread(target=_stop_with_the_driver, args=(self.task.lifeline,), daemon=True).start()
        before = _last_restart()
        threading.Thread(target=self._wait_for_stop, daemon=True).start()
        try:
            if self.task.ase:
                _integrate(self.stopped.is_set, self.task.resume)
            else:
                self._feed_lammps()
        except Exception as error:
            if self.stopped.is_set():
                traceback.print_exc()
                return self.code
            _record(error, before)
            return 1
        return self.code if self.stopped.is_set() else 0

    def _wait_for_stop(self) -> None:
        if self.task.seconds is None:
            signal.sigwait(SIGNALS)
        elif signal.sigtimedwait(SIGNALS, max(self.task.seconds, 0)) is None:
            self.code = TIME_IS_UP
        self.stopped.set()
        if self.lmp is not None:
            self.lmp.lib.lammps_force_timeout(self.lmp.lmp)

    def _feed_lammps(self) -> None:
        task = self.task
        lammps = load(task.plugins, beside_torch=task.callback or task.mliap)
        lmp = self.lmp = lammps(cmdargs=["-log", task.log, "-screen", "none", "-nocite", *task.arguments])
        leave_lammps(lmp)
        if task.mliap:
            activate_mliap(lmp, kokkos="kokkos" in task.arguments)
        run = _coupled(lmp, task.deck, task.compare) if task.callback else partial(feed, lmp)
        if not self.stopped.is_set():
            run(Path(task.deck), self.stopped.is_set)


def _stop_with_the_driver(lifeline: int) -> None:
    """Stop, and write the restart, when the other end of a pipe is closed: the driver is gone, however it died."""
    with contextlib.suppress(OSError):  # a container may not have it
        if stat.S_ISFIFO(os.fstat(lifeline).st_mode) and not os.read(lifeline, 1):
            os.kill(os.getpid(), signal.SIGTERM)


def _coupled(lmp: Any, deck: str, compare: bool) -> Callable[[Path, Callable[[], bool]], None]:
    """What runs a deck with the model of this run directory behind its `fix external`.

    `compare`: only if the deck's first frame is what the model's calculator says; raises UnequalError.  Raises
    UntrustedError for a model that was not accepted: this process may be another user's, or run on another machine.
    """
    from lmpdrive.common.manifest import system_of
    from lmpdrive.common.trust import require
    from lmpdrive.config import load as load_config
    from lmpdrive.engine.callback import Coupling

    config = load_config(Path(CONFIG))
    require(config.potential.programs(Path()))
    elements = system_of(Path()).elements
    evaluator = config.potential.evaluator(Path(), config.run.device)
    if compare:
        from lmpdrive.engine.agreement.step0 import by_worker

        by_worker(lmp, evaluator, config, Path(deck))
    return Coupling(lmp, evaluator, elements).run


def _integrate(stopped: Callable[[], bool], resume: bool) -> None:
    """The run directory's run by ASE; raises UntrustedError as `_coupled` does."""
    from lmpdrive.common.trust import require
    from lmpdrive.config import load as load_config
    from lmpdrive.engine.ase.run import calculator_of, run_here

    config = load_config(Path(CONFIG))
    require(config.potential.programs(Path()))
    run_here(config, calculator_of(config.potential, config.run.device), stopped, resume)


def _last_restart() -> tuple[int, int] | None:
    path = Path(LAST_RESTART)
    return (path.stat().st_ino, path.stat().st_mtime_ns) if path.is_file() else None


def _record(error: Exception, before: tuple[int, int] | None) -> None:
    """Write `error.json` for the parent; the last restart of a failed run must not pass for a good one.

    `before`: what `_last_restart` said when the run began, as an earlier part of it may have left a good one.
    """
    traceback.print_exc()
    if type(error) is Exception:  # what the lammps module raises
        failure = WorkerError(str(error))
    else:
        step = error.step if isinstance(error, NotFiniteError) else None
        source: Literal["ASE", "model"] = "ASE" if isinstance(error, EngineError) else "model"
        failure = WorkerError(f"{type(error).__name__}: {error}", source, step)
    failure.write(Path())
    if _last_restart() != before:
        Path(LAST_RESTART).rename(FAILED_RESTART)


if __name__ == "__main__":
    sys.exit(Worker(Task.of(sys.argv[1:])).run())
