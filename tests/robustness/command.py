"""The command line in this process: output, exit code, whether it hung or showed a traceback."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lmpdrive.cli.app import main

KNOWN_CODES = {0, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 75}


class HangError(BaseException):
    """A command took too long; no `except Exception` catches it."""


@dataclass(frozen=True)
class Outcome:
    """What a script would see; `fault`: what must never be."""

    code: int
    out: str
    err: str
    fault: str = ""


def lmpdrive(*args: object, cwd: Path, seconds: float = 30) -> Outcome:
    """Run `lmpdrive ARGS` in `cwd`."""
    out, err = io.StringIO(), io.StringIO()
    code, fault = 1, ""
    with _inside(cwd), _limited(seconds), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        before, sys.argv = sys.argv, ["lmpdrive", *map(str, args)]
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except HangError:
            fault = f"no end after {seconds} s"
        except BaseException:
            fault = traceback.format_exc()
        finally:
            sys.argv = before
    if not fault and "Traceback" in out.getvalue() + err.getvalue():
        fault = "it printed a traceback"
    if not fault and code not in KNOWN_CODES:
        fault = f"exit code {code}"
    if not fault and code not in (0, 75) and not (err.getvalue() + out.getvalue()).strip():
        fault = f"exit code {code} without a word"
    return Outcome(code, out.getvalue(), err.getvalue(), fault)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise HangError

    changed = (signal.SIGALRM, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the command sets them too
    before = {number: signal.getsignal(number) for number in changed}
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
