"""After a run: which limits were passed, by which atoms; the frames before are kept.

Everything is found in the files of the run directory, so a run by plain `lmp` is treated as one by lmpdrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lmpdrive.common.manifest import SystemSection, read_manifest
from lmpdrive.common.run_files import DATA, FAILED_RESTART, GUARD_TABLE, LAST_RESTART
from lmpdrive.common.worker_error import WorkerError
from lmpdrive.guard import candidates, gate
from lmpdrive.guard import events as events_file
from lmpdrive.guard.frames import Frame, remove_ring, ring, write_xyz
from lmpdrive.guard.values import values_of
from lmpdrive.stability import Event, Limits, Watch
from lmpdrive.stability.geometry import broken_waters, contacts, farthest_metal

LOST = re.compile(
    r"ERROR.*?((?:Lost atoms|[Nn]on-numeric|Out of range atoms|Bond atoms?\b.*missing|Angle atoms?\b.*missing)[^(\n]*)"
)
"""What LAMMPS says when atoms have flown apart."""
HALT = re.compile(r"Fix halt condition for fix-id guard_(\w+) met on step (\d+) with value (\S+)")


def find(run_dir: Path) -> list[Event]:
    """The first event of each rule in the files of a run, in order; an empty list where too little is known."""
    manifest = read_manifest(run_dir)
    limits = Limits.of_manifest(manifest)
    if limits is None or manifest.dynamics.ensemble == "minimise":
        return []
    values, limits = values_of(run_dir, limits, manifest.guard is not None and limits.any)
    guarded = (run_dir / GUARD_TABLE).is_file() and limits.on_instability != "continue"
    watch = Watch(limits, "stop" if guarded else "continue")
    first: dict[str, Event] = {}
    for one in values:
        for event in watch.check(one):
            first.setdefault(event.rule, event)
    last = values[-1].step if values else 0
    log = run_dir / manifest.last_part.log
    for event in (*_halts(log, limits, last), *_errors(log, limits, last), *gate.ends(run_dir, limits)):
        first.setdefault(event.rule, event)
    found = sorted(first.values(), key=lambda event: event.step)
    end = events_file.first_end(found)
    return [*gate.notes(run_dir, limits, end.step if end else None), *found]


def events_of(run_dir: Path) -> list[Event]:
    """Those of `events.jsonl`, else those that guard.txt and the log show; in the latter case nothing is written."""
    written = events_file.read(run_dir)
    if written is not None:
        return written
    return find(run_dir)


def clear(run_dir: Path) -> None:
    """Remove what the guard wrote about an earlier run in this folder."""
    remove_ring(run_dir)
    candidates.clear(run_dir)
    for path in (run_dir / GUARD_TABLE, run_dir / events_file.EVENTS, *run_dir.glob("event-*.xyz")):
        path.unlink(missing_ok=True)


def after_run(run_dir: Path) -> list[Event]:
    """Find the events of a run that has ended, write `events.jsonl` and keep the frames before the first of them.

    Those of an earlier part of the run stay; those that a resumed run got past are marked so.  Without new
    ones the frames in reserve are removed.
    """
    candidates.remove_gate_ring(run_dir)
    every = find(run_dir)
    kept = [event for event in every if event.action == "keep"]  # counted anew each time
    seen = {(event.step, event.rule): event for event in every if event.action != "keep"}
    before = kept + [
        replace(event, action="restart") if event.action == "stop" and (event.step, event.rule) not in seen else event
        for event in events_file.read(run_dir) or []
        if event.action != "keep"
    ]
    known = {(event.step, event.rule) for event in before if event.action != "keep"}
    found = [event for at, event in seen.items() if at not in known]
    if not found:
        remove_ring(run_dir)
        if before:
            events_file.write(run_dir, before)
        return before
    manifest = read_manifest(run_dir)
    system, limits = manifest.system, Limits.of_manifest(manifest)
    assert limits is not None
    frames = ring(run_dir, system.species)
    first = found[0]
    until = [frame for frame in frames if frame.step <= first.step]
    more: dict[str, Any] = {}
    if until:
        name = f"event-{first.step}.xyz"
        write_xyz(run_dir / name, until, system.species, limits.timestep_fs)
        more["frames"] = name
        more["good_frames"] = sum(frame.step < first.step for frame in until)
    if first.action == "stop" and (run_dir / LAST_RESTART).is_file():
        # the restart at the event must not pass for a good one
        (run_dir / LAST_RESTART).rename(run_dir / FAILED_RESTART)
        more["restart"] = FAILED_RESTART
    found = [with_atoms(event, frames, limits, system, run_dir) for event in found]
    found[0] = replace(found[0], more=(found[0].more or {}) | more or None)
    remove_ring(run_dir)
    events_file.write(run_dir, [*before, *found])
    return [*before, *found]


def _halts(log: Path, limits: Limits, last: int) -> Iterator[Event]:
    """What LAMMPS stopped at, where rounding in guard.txt hides it or there is no table."""
    text = log.read_text(errors="replace") if log.is_file() else ""
    for rule, step, value in HALT.findall(text):
        if int(step) < last:  # the run was resumed after it
            continue
        stage = limits.stage_at(int(step))
        yield _event(int(step), rule, None, f"the rule {rule} of the guard (value {value})", limits, stage)


def _errors(log: Path, limits: Limits, last: int) -> list[Event]:
    """What LAMMPS or the model died of, if it is of this kind."""
    failure = WorkerError.read(log.parent) or WorkerError("")
    stage = limits.stage_at(last)
    if limits.energy and failure.not_finite_at is not None:
        what = "the model gave an energy, force or virial that is not finite"
        return [_event(failure.not_finite_at, "energy", "finite", what, limits, stage)]
    tail = log.read_text(errors="replace")[-4000:] if log.is_file() else ""
    lost = LOST.search(failure.message) or LOST.search(tail)
    if not limits.lost or lost is None:
        return []
    what = f"LAMMPS lost hold of the atoms ({lost[1].strip()})"
    return [_event(last + limits.every, "lost", None, what, limits, stage)]


def _event(step: int, rule: str, limit: str | None, what: str, limits: Limits, stage: str) -> Event:
    time_ps = round(step * limits.timestep_fs * 1e-3, 9)
    return Event(step=step, time_ps=time_ps, rule=rule, value=None, limit=limit, what=what, stage=stage)


def with_atoms(event: Event, frames: Sequence[Frame], limits: Limits, system: SystemSection, run_dir: Path) -> Event:
    """The event with the atoms that caused it, where a frame of that step shows them."""
    frame = next((f for f in frames if f.step == event.step), None)
    if frame is None:
        return event
    species = system.species
    if event.rule == "distance":
        found = contacts(frame.positions, frame.cell, species, limits.pairs)
        if found:
            i, j, distance, limit = found[0]
            what = f"{_atom(i, species)} and {_atom(j, species)} came within {distance:.3g} Å (limit {limit:g} Å)"
            return replace(event, value=distance, limit=limit, what=what, more={"atoms": [i + 1, j + 1]})
    if event.rule == "force" and frame.forces is not None:
        i = int(np.abs(frame.forces).max(axis=1).argmax())
        return replace(
            event, what=event.what.replace("a force", f"the force on {_atom(i, species)}"), more={"atoms": [i + 1]}
        )
    if event.rule == "metal" and (start := _start(run_dir)) is not None:
        metal = np.array(system.members("metal"))
        i, _ = farthest_metal(frame.positions, start, frame.cell, metal)
        return replace(event, what=event.what.replace("a metal atom", _atom(i, species), 1), more={"atoms": [i + 1]})
    if event.rule == "water":
        oxygens = np.flatnonzero(np.array(species) == "O")
        broken = broken_waters(frame.positions, frame.cell, oxygens, species)
        if broken:
            names = " and ".join(_atom(i, species) for i in broken[:2])
            what = event.what.replace("a water molecule", f"the water of {names}", 1)
            return replace(event, what=what, more={"atoms": [i + 1 for i in broken]})
    return event


def _atom(i: int, species: Sequence[str]) -> str:
    return f"{species[i]} {i + 1}"


def _start(run_dir: Path) -> Any:
    from ase.io import read

    try:
        atoms: Any = read(run_dir / DATA, format="lammps-data", sort_by_id=True)
    except Exception:  # ASE raises many kinds; the name of the atom is a courtesy
        return None
    return atoms.positions
