"""What was done to a run, line by line: `journal/RUN.jsonl`, written by whoever did it.

A line is appended in one write, so a kill leaves whole lines, and none is ever changed.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lmpdrive.common.walltime import EXIT_CODE as TIME_IS_UP
from lmpdrive.errors import InUseError, UncertainError, UnstableError

INTERRUPTED, LOST = 130, -1
"""Exit codes: of a slice that was told to stop, and (ours) of one whose worker or node is gone."""
FREE = (0, TIME_IS_UP, INTERRUPTED, InUseError.exit_code)
"""Ends that cost no try."""
UNSTABLE = (UnstableError.exit_code, UncertainError.exit_code)
FINAL = (2, 3, 4, 5, 9, *UNSTABLE)
"""Ends that another try would only repeat: configuration, structure, model, template, environment; unstable."""

Event = Literal["begin", "end"]


@dataclass(frozen=True)
class Entry:
    """One line.

    stage : check, md or analyse.  step : how far the run was.  code : exit code of an end; `reason` in words.
    where : host, batch job and GPU.
    """

    t: float
    event: Event
    stage: str
    step: int = 0
    code: int | None = None
    reason: str = ""
    where: Mapping[str, str] | None = None


def begin(path: Path, stage: str, step: int) -> None:
    """Note that a slice begins here."""
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    job = next((os.environ[name] for name in ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID") if name in os.environ), "")
    where = {"host": platform.node(), "pid": str(os.getpid()), "gpu": gpu, "job": job}
    _append(path, {"event": "begin", "stage": stage, "step": step, "where": where})


def end(path: Path, stage: str, step: int, code: int, reason: str = "") -> None:
    """Note how a slice ended."""
    _append(path, {"event": "end", "stage": stage, "step": step, "code": code, "reason": reason})


def _append(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"t": round(time.time(), 2), **content}, ensure_ascii=False).encode() + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def read(path: Path) -> list[Entry]:
    """All lines, without one that a full disk cut short."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    entries = []
    for line in text.splitlines():
        try:
            entries.append(Entry(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return entries


def is_open(entries: Sequence[Entry]) -> bool:
    """Whether the last slice has begun and not ended, as far as the journal knows."""
    return bool(entries) and entries[-1].event == "begin"


def last_reason(entries: Sequence[Entry]) -> str:
    """Why the last slice that said so did not go well; empty if none did."""
    return next((entry.reason for entry in reversed(entries) if entry.reason), "")


def tries_of(entries: Sequence[Entry]) -> int:
    """How many slices failed for reasons outside of the run: lost, ended by an error, or without progress."""
    failed, furthest = 0, 0
    for before, entry in zip((None, *entries), (*entries, None), strict=True):
        began = before is not None and before.event == "begin"
        if began and entry is not None and entry.event == "begin":
            failed += 1  # nobody wrote the end: killed together with its driver
        if entry is None or entry.event != "end":
            continue
        if entry.code == TIME_IS_UP and entry.stage == "md":
            failed += entry.step <= furthest
        elif entry.code not in FREE:
            failed += 1
        if entry.stage == "md":
            furthest = max(furthest, entry.step)
    return failed
