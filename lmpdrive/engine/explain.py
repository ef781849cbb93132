"""Turn a LAMMPS error into: what LAMMPS said, the line of the deck, the likely cause."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from lmpdrive.common.run_files import DECK, LOG
from lmpdrive.common.worker_error import WorkerError
from lmpdrive.deck.commands import parse_deck, read_deck
from lmpdrive.engine.causes import likely_cause

_LIBRARY = re.compile(r"\s*([\w+-]+[: ]+){0,4}error:", re.IGNORECASE)
"""Begins the message of a library; commands that LAMMPS echoes have `error` elsewhere."""


def explain(run_dir: Path, deck: str = DECK, log: str = LOG, code: int = 1) -> str:
    """Message for the user from `error.json` (worker) or the log (MPI); `code`: of the process, -n by signal n."""
    message = _what_lammps_said(run_dir, log, code)
    command = re.search(r"Last (?:input|command)(?: line)?:\s*(.+)", message)
    lines = message.splitlines() or ["nothing"]
    first = next((line for line in lines if "ERROR" in line), lines[0])
    parts = [f"{_source(run_dir)} said: {first.strip()}"]
    if command:
        parts.append(f"Deck: {_where(run_dir / deck, command.group(1).strip())}")
    parts += [f"Before that: {line}" for line in _before_the_error(run_dir / log)]
    parts.append(_cause(message, run_dir))
    parts.append(f"Run directory: {run_dir}")
    return "\n".join(parts)


def _cause(message: str, run_dir: Path) -> str:
    if cause := likely_cause(message, run_dir):
        return f"Likely cause: {cause}"
    if "ERROR" in message:
        return "Likely cause: in the words above; log.lammps and worker.log have the details"
    return "Likely cause: unknown; log.lammps and worker.log have the details"


def _before_the_error(log: Path) -> list[str]:
    """What a library inside LAMMPS (Colvars, PLUMED) said just before LAMMPS ended with an error."""
    if not log.is_file():
        return []
    lines = log.read_text(errors="replace").splitlines()
    end = next((i for i, line in enumerate(lines) if line.startswith("ERROR")), None)
    before = [] if end is None else lines[max(0, end - 15) : end]
    begin = next((i for i, line in enumerate(before) if _LIBRARY.match(line)), len(before))
    return [line.strip() for line in before[begin:]]


def _source(run_dir: Path) -> str:
    failure = WorkerError.read(run_dir)
    return {"model": "The model", "ASE": "The run by ASE"}.get(failure.source if failure else "", "LAMMPS")


def _what_lammps_said(run_dir: Path, name: str, code: int) -> str:
    failure = WorkerError.read(run_dir)
    text = failure.message if failure else ""
    log = run_dir / name
    tail = log.read_text(errors="replace").splitlines()[-40:] if log.is_file() else []
    start = next((i for i, line in enumerate(tail) if "ERROR" in line), None)
    if start is not None:
        return text + "\n" + "\n".join(tail[start:])
    if text:
        return text
    if code < 0:
        return f"nothing: the process was ended by {signal.Signals(-code).name}"
    worker = run_dir / "worker.log"
    lines = worker.read_text(errors="replace").strip().splitlines() if worker.is_file() else []
    return lines[-1] if lines else "the process ended without a message (killed, or out of memory)"


def _where(deck: Path, command: str) -> str:
    words = parse_deck(command).commands[0].words
    for one in read_deck(deck).commands:
        if words and one.words == words:
            return f"{one.file}, line {one.line}: {one.text.splitlines()[0].strip()}"
    return f"{deck.name}: {command}"
