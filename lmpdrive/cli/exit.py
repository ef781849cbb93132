"""How a command ends: errors as one message and an exit code, signals in order."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from lmpdrive.cli.warn import warn_in_sentences
from lmpdrive.common.streams import outlive_readers
from lmpdrive.errors import LmpdriveError, RunDirectoryError

FULL_OR_CLOSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)
"""Errors that a disk may give at any moment."""


def run(app: Any, argv: Sequence[str]) -> NoReturn:
    """Run a Typer app; exit codes as in `errors.py`, 130 after a signal."""
    verbose = "-v" in argv or "--verbose" in argv
    outlive_readers()
    _stop_on_signals()
    warn_in_sentences()
    try:
        app(list(argv))
    except LmpdriveError as error:
        if verbose:
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in FULL_OR_CLOSED or verbose:
            raise
        print(f"error: cannot write{f' {error.filename}' if error.filename else ''}: {error.strerror}", file=sys.stderr)
        sys.exit(RunDirectoryError.exit_code)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


def _stop_on_signals() -> None:
    """SIGTERM ends a command as Ctrl-C does, at every stage: what it began is put in order, and the manifest says so.

    Ctrl-C too, as a shell starts background jobs with it ignored; SIGHUP unless nohup ignores it.
    """

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
