"""Run a command on a pseudo-terminal: colours, progress bars and wrapped lines as a user sees them."""

from __future__ import annotations

import os
import pty
import subprocess
import threading


def run_on_terminal(command, cwd, env, timeout):
    """(exit status, everything that it printed) of a command whose three streams are one terminal of 100 columns."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, cwd=cwd, env=env | {"COLUMNS": "100", "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        watchdog = threading.Timer(timeout, process.kill)
        watchdog.start()
        pieces = []
        try:
            while piece := os.read(ours, 65536):
                pieces.append(piece)
        except OSError:  # Linux: the other end is closed
            pass
        finally:
            watchdog.cancel()
            os.close(ours)
    return process.returncode, b"".join(pieces).decode(errors="replace")
