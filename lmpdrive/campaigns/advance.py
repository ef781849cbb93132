"""The unit of work: advance one run by one slice.  Safe to call at any moment, any number of times.

What there is to do follows from the run directory and its journal; the work itself is one lmpdrive command in a process
of its own, which dies with its parent.  The answer is an exit code, never an exception: 0 the stage is done, 75 there
is more to do, everything else as `lmpdrive --help` says.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lmpdrive.campaigns import journal
from lmpdrive.campaigns.facts import analysed, facts_of, step_of
from lmpdrive.common.walltime import EXIT_CODE as TIME_IS_UP
from lmpdrive.errors import RunDirectoryError, UnstableError

LMPDRIVE = "LMPDRIVE"
"""Variable: a command line to run instead of this interpreter's lmpdrive, for tests of the machinery."""
BLOCK_END = "LMPDRIVE_BLOCK_END"
"""Variable, set where a block of a batch system begins: when it ends, in seconds since 1970."""
BLOCK_GPUS = "LMPDRIVE_BLOCK_GPUS"
"""Variable, set there too: the GPUs that the batch system gave; the engine counts them from 0 whatever they are."""
COMMAND = "command"
"""Stage of work that is no run: an lmpdrive command that goes on where it was when it is called again."""
SHORTEST_S = 10.0
"""A slice that is shorter does nothing but start and stop."""
ENDS_S = 5.0
"""Left between the end of a slice and the end of its block."""


@dataclass(frozen=True)
class Work:
    """What to advance: plain values, so that it can be sent anywhere.

    directory, journal : of the run.  base, overrides : what it is a variation of, and how.
    slice_s : longest slice, None for no limit of its own.  words : of stage COMMAND, the lmpdrive command line.
    """

    name: str
    stage: str
    directory: Path
    journal: Path
    base: Path
    overrides: tuple[str, ...]
    slice_s: float | None = None
    words: tuple[str, ...] = ()


def advance(work: Work) -> int:
    """One slice of one stage; the exit code, which the journal has too unless the disk is full."""
    try:
        return _advance(work)
    except OSError as error:
        print(f"{work.name}: {error}", file=sys.stderr)
        return RunDirectoryError.exit_code


def _advance(work: Work) -> int:
    if (known := _done(work)) is not None:
        return known
    left_s = _left_s(work)
    if left_s is not None and left_s < SHORTEST_S:
        time.sleep(max(0.0, left_s))  # the next block takes it
        return TIME_IS_UP
    command = _command(work, left_s)
    output = work.journal.with_suffix(".log")
    work.journal.parent.mkdir(parents=True, exist_ok=True)
    os.environ.update(gpu_of_this_worker(os.environ))
    journal.begin(work.journal, work.stage, step_of(work.directory))
    with output.open("ab") as log:
        begin = log.tell()
        code = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent, check=False
        ).returncode
    if code < 0:
        code = 128 - code
    reason = "" if code in (0, TIME_IS_UP, journal.INTERRUPTED) else _reason(output, begin, code)
    journal.end(work.journal, work.stage, step_of(work.directory), code, reason)
    return code


def _done(work: Work) -> int | None:
    """The answer where nothing is left to do."""
    if work.stage == COMMAND:
        return None
    state = facts_of(work.directory).state
    if work.stage == "md":
        return {"finished": 0, "unstable": UnstableError.exit_code}.get(state or "")
    if work.stage == "analyse":
        return 0 if analysed(work.directory) else None
    return None


def _command(work: Work, left_s: float | None) -> list[str]:
    program = os.environ.get(LMPDRIVE, "").split() or [sys.executable, "-m", "lmpdrive"]
    if work.stage == COMMAND:
        return [*program, *work.words]
    settings = [word for override in work.overrides for word in ("--set", override)]
    if work.stage == "check":
        return [*program, "check", str(work.base), "--quiet", *settings]
    if work.stage == "analyse":
        return [*program, "analyse", str(work.directory), "--quiet"]
    walltime = [] if left_s is None else ["--walltime", f"{left_s:.0f}s"]
    how = ["--quiet", "--no-analysis", *walltime]
    if not facts_of(work.directory).exists:
        return [*program, "simulate", str(work.base), "--out", str(work.directory), *how, *settings]
    return [*program, "resume", str(work.directory), *how]


def _left_s(work: Work) -> float | None:
    """Time for this slice: the shorter of its own limit and what is left of the block."""
    end = os.environ.get(BLOCK_END) or os.environ.get("SLURM_JOB_END_TIME")
    limits = [] if work.slice_s is None else [work.slice_s]
    if end:
        limits.append(float(end) - time.time() - ENDS_S)
    return min(limits) if limits else None


def gpu_of_this_worker(environment: Mapping[str, str]) -> dict[str, str]:
    """The GPU that the batch system gave, for the number that the engine chose; each number is translated once."""
    given = [gpu for gpu in environment.get(BLOCK_GPUS, "").split(",") if gpu]
    chosen = environment.get("CUDA_VISIBLE_DEVICES", "")
    if not given or not chosen.isdigit() or int(chosen) >= len(given):
        return {}
    return {"CUDA_VISIBLE_DEVICES": given[int(chosen)], BLOCK_GPUS: ""}


def _reason(output: Path, begin: int, code: int) -> str:
    """The error that the command printed, in one line."""
    with output.open("rb") as log:
        log.seek(begin)
        lines = log.read().decode(errors="replace").splitlines()
    at = next((n for n, line in enumerate(lines) if line.startswith("error: ")), None)
    if at is not None:
        return lines[at].removeprefix("error: ")[:500]
    return next((line.strip()[:500] for line in reversed(lines) if line.strip()), f"exit code {code}")


def _die_with_parent() -> None:
    """Linux: SIGTERM when the worker is gone, so that no run is left behind; lmpdrive then writes its restart."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
