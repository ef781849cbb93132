"""The worker process of one run.

    python -m lmpdrive.engine.worker in.lammps [--no-plugins] [--callback [--compare] | --mliap] [-- arguments of lmp]
    python -m lmpdrive.engine.worker in.lammps --ase [--resume]

With `--log=NAME` the log has another name than log.lammps; with `--seconds=S` the run stops after so long, with
`--lifeline=FD` when this pipe is closed: when the driver is gone.

Drives the `lammps` module through the deck, in the run directory; with `--callback` it first loads the model
that `resolved.yaml` names, with `--mliap` it lets `pair_style mliap` use this interpreter.  With `--ase` there is no
LAMMPS.  Exit code 0: the deck ended; 1: stopped with an error, told in `error.json`; 130: stopped by SIGINT or SIGTERM,
75: by the wall-time limit, after writing what the deck writes last.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

SIGNALS = {signal.SIGINT, signal.SIGTERM}
INTERRUPTED = 130

if __name__ == "__main__":
    # A second thread waits for them, because LAMMPS holds the main thread inside C, where Python's handlers never run.
    # Before NumPy comes: a thread of its BLAS that is older than this would take a signal away from the one that waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

from lmpdrive.common.walltime import EXIT_CODE as TIME_IS_UP  # noqa: E402
from lmpdrive.engine.directory.provenance import leave_lammps  # noqa: E402
from lmpdrive.engine.feed import feed  # noqa: E402
from lmpdrive.engine.lammps_library import activate_mliap, load  # noqa: E402
from lmpdrive.errors import EngineError  # noqa: E402


def main(
    deck: str,
    plugins: bool = True,
    callback: bool = False,
    compare: bool = False,
    mliap: bool = False,
    ase: bool = False,
    resume: bool = False,
    log: str = "log.lammps",
    seconds: float | None = None,
    lifeline: int | None = None,
    arguments: Sequence[str] = (),
) -> int:
    """Run `deck` to its end, to a signal, or for `seconds`."""
    if lifeline is not None:
        threading.Thread(target=_stop_with_the_driver, args=(lifeline,), daemon=True).start()
    stopped = threading.Event()
    code = INTERRUPTED
    before = _last_restart()
    lmp = None

    def stop() -> None:
        nonlocal code
        if seconds is None:
            signal.sigwait(SIGNALS)
        elif signal.sigtimedwait(SIGNALS, max(seconds, 0)) is None:
            code = TIME_IS_UP
        stopped.set()
        if lmp is not None:
            lmp.lib.lammps_force_timeout(lmp.lmp)

    threading.Thread(target=stop, daemon=True).start()
    try:
        if ase:
            _integrated(stopped.is_set, resume)
        else:
            lammps = load(plugins, beside_torch=callback or mliap)
            lmp = lammps(cmdargs=["-log", log, "-screen", "none", "-nocite", *arguments])
            leave_lammps(lmp)
            if mliap:
                activate_mliap(lmp, kokkos="kokkos" in arguments)
            run = _coupled(lmp, deck, compare) if callback else partial(feed, lmp)
            if not stopped.is_set():
                run(Path(deck), stopped.is_set)
    except Exception as error:
        if stopped.is_set():
            traceback.print_exc()
            return code
        _tell(error, before)
        return 1
    return code if stopped.is_set() else 0


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

    config = load_config(Path("resolved.yaml"))
    require(config.potential.programs(Path()))
    elements = system_of(Path())["elements"]
    evaluator = config.potential.evaluator(Path(), config.run.device)
    if compare:
        from lmpdrive.engine.agreement.step0 import by_worker

        by_worker(lmp, evaluator, config, Path(deck))
    return Coupling(lmp, evaluator, elements).run


def _integrated(stopped: Callable[[], bool], resume: bool) -> None:
    """The run directory's run by ASE; raises UntrustedError as `_coupled` does."""
    from lmpdrive.common.trust import require
    from lmpdrive.config import load as load_config
    from lmpdrive.engine.ase.run import calculator_of, run_here

    config = load_config(Path("resolved.yaml"))
    require(config.potential.programs(Path()))
    run_here(config, calculator_of(config.potential, config.run.device), stopped, resume)


def _last_restart() -> tuple[int, int] | None:
    path = Path("last.restart")
    return (path.stat().st_ino, path.stat().st_mtime_ns) if path.is_file() else None


def _tell(error: Exception, before: tuple[int, int] | None) -> None:
    """`error.json` for the parent; the last restart of a failed run must not pass for a good one.

    `before`: what `_last_restart` said when the run began, as an earlier part of it may have left a good one.
    """
    traceback.print_exc()
    by_lammps = type(error) is Exception  # what the lammps module raises
    source = "ASE" if isinstance(error, EngineError) else "model"
    told = {"message": str(error)} if by_lammps else {"message": f"{type(error).__name__}: {error}", "source": source}
    Path("error.json").write_text(json.dumps(told))
    if _last_restart() != before:
        Path("last.restart").rename("failed.restart")


if __name__ == "__main__":
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    ours, theirs = sys.argv[2:cut], sys.argv[cut + 1 :]
    flags: dict[str, Any] = {name: f"--{name}" in ours for name in ("callback", "compare", "mliap", "ase", "resume")}
    given = dict(word.removeprefix("--").split("=", 1) for word in ours if "=" in word)
    flags |= {"log": given["log"]} if "log" in given else {}
    flags |= {"seconds": float(given["seconds"])} if "seconds" in given else {}
    flags |= {"lifeline": int(given["lifeline"])} if "lifeline" in given else {}
    sys.exit(main(sys.argv[1], "--no-plugins" not in ours, arguments=theirs, **flags))
