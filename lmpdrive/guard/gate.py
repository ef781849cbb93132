"""The gate on a run's uncertainty: what its record says, and the events that follow from it.

The record is `model_devi.out` (σ_F, the largest deviation of a force) or `uncertainty.dat` (γ), a row every so many
steps; docs/uncertainty.md, docs/guard.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lmpdrive.stability import Event, Gate, Limits

CANDIDATES = "candidates.xyz"
"""Frames above the low level."""
COLUMN = {"model_deviation": 4, "extrapolation_grade": 1}
"""Of the record, from 0: max_devi_f, max_gamma."""
UNIT = {"model_deviation": "eV/Å", "extrapolation_grade": ""}
KEY = {"model_deviation": "sigma_F_eV_per_A", "extrapolation_grade": "gamma"}
"""Of the value in a candidate's header."""
WHAT = {
    "model_deviation": "the committee's forces deviate by up to",
    "extrapolation_grade": "the extrapolation grade is up to",
}


def records(run_dir: Path, gate: Gate) -> list[Path]:
    """The record's files in order: LAMMPS begins `model_devi.1.out` where a run is resumed."""
    stem, _, suffix = gate.file.partition(".")
    numbered = re.compile(rf"{re.escape(stem)}\.(\d+)\.{re.escape(suffix)}$")
    later = [(int(found[1]), path) for path in run_dir.iterdir() if (found := numbered.match(path.name))]
    first = run_dir / gate.file
    return [*([first] if first.is_file() else []), *(path for _, path in sorted(later))]


def row(line: str, gate: Gate) -> tuple[int, float] | None:
    """(step, value) of a line; None of a header, or of a line that is not whole."""
    words = line.split()
    try:
        return int(words[0]), float(words[COLUMN[gate.rule]])
    except (ValueError, IndexError):
        return None


def values(run_dir: Path, gate: Gate) -> dict[int, float]:
    """Step -> value, of the stages: a minimisation has its own steps, first; a resumed run replaces what it repeats."""
    found: dict[int, float] = {}
    for number, path in enumerate(records(run_dir, gate)):
        last = -1
        rows = (row(line, gate) for line in path.read_text(errors="replace").splitlines())
        for at, (step, value) in enumerate(r for r in rows if r is not None):
            if step < last:  # the stages begin after a minimisation; the last step of one is the first of the next
                found = {}
            if number and at == 0:
                found = {known: old for known, old in found.items() if known < step}
            found[step], last = value, step
    return found


def ends(run_dir: Path, limits: Limits) -> Iterator[Event]:
    """The first time each gate was passed that ends the run."""
    for gate in limits.gates:
        if gate.on_high == "keep":
            continue
        for step, value in sorted(values(run_dir, gate).items()):
            if value > gate.high:
                what = f"{WHAT[gate.rule]} {_number(value, gate)} (limit {_number(gate.high, gate)})"
                yield _event(gate, step, value, gate.high, what, limits, "stop")
                break


def notes(run_dir: Path, limits: Limits, before: int | None) -> Iterator[Event]:
    """What was kept of each gate's frames, up to the step `before` at which the run ended; None: to its end."""
    for gate in limits.gates:
        found = {s: v for s, v in sorted(values(run_dir, gate).items()) if before is None or s <= before}
        above = {step: value for step, value in found.items() if value > gate.low}
        if not above:
            continue
        first, largest = next(iter(above)), max(above, key=lambda step: above[step])
        high = sum(value > gate.high for value in above.values())
        time_ps = largest * limits.timestep_fs * 1e-3
        what = (
            f"{WHAT[gate.rule]} more than {_number(gate.low, gate)} at {len(above)} of {len(found)} steps"
            f"{f', {high} of them above {_number(gate.high, gate)}' if high else ''}, "
            f"{_number(above[largest], gate)} at most, at {time_ps:.6g} ps ({CANDIDATES})"
        ).replace(" up to more than", " more than")
        yield _event(gate, first, above[largest], gate.low, what, limits, "keep")


def _event(gate: Gate, step: int, value: float, limit: float, what: str, limits: Limits, action: str) -> Event:
    return Event(
        step=step,
        time_ps=round(step * limits.timestep_fs * 1e-3, 9),
        rule=gate.rule,
        value=value,
        limit=limit,
        unit=UNIT[gate.rule],
        what=what,
        stage=limits.stage_at(step),
        action=action,
    )


def _number(value: float, gate: Gate) -> str:
    return f"{value:.3g} {UNIT[gate.rule]}".rstrip()
