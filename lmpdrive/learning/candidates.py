"""Frames of exploring runs that may teach the potential something.

Of every run: the structure it was given, which a bad model has not touched, and some of its stable part, spread evenly.
Of a run that the guard ended: those just before the event.  Of a run with a gate (docs/guard.md): those between its two
levels.  Each knows where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read

from lmpdrive import guard
from lmpdrive.common.manifest import read_manifest, system_of
from lmpdrive.common.run_files import CONFIG, DATA
from lmpdrive.config import load
from lmpdrive.guard.gate import CANDIDATES
from lmpdrive.learning.file import Candidates
from lmpdrive.trajectory import Trajectory, open_trajectory

BEFORE_ALL = -1
"""Step of the structure that a run is given."""


def candidates_of(run_dir: Path, wanted: Candidates) -> list[Atoms]:
    """In order of time; `info` has run, step, time_ps and reason."""
    found = [
        given_structure(run_dir),
        *_before_event(run_dir, wanted.last_ps),
        *_between_levels(run_dir),
        *_of_stable_part(run_dir, wanted.stable_frames),
    ]
    first: dict[int, Atoms] = {}
    for atoms in found:
        atoms.info["run"] = run_dir.name
        first.setdefault(atoms.info["step"], atoms)
    return [first[step] for step in sorted(first)]


def stable_ps(run_dir: Path) -> float:
    """How long a run was stable, all its stages counted."""
    event = guard.first_end(guard.events_of(run_dir))
    return event.time_ps if event is not None else sum(stage.ps for stage in load(run_dir / CONFIG).plan)


def given_structure(run_dir: Path) -> Atoms:
    """Before any minimisation, which leads a bad model astray."""
    there: Any = read(run_dir / DATA, format="lammps-data", sort_by_id=True)
    info = {"step": BEFORE_ALL, "time_ps": 0.0, "reason": "start"}
    return Atoms(system_of(run_dir).species, there.positions, cell=there.cell, pbc=True, info=info)


def _before_event(run_dir: Path, last_ps: float) -> list[Atoms]:
    event = guard.first_end(guard.events_of(run_dir))
    file = None if event is None else run_dir / f"event-{event.step}.xyz"
    if event is None or file is None or not file.is_file():
        return []
    frames = [_plain(atoms, f"before {event.rule}") for atoms in read(file, ":")]
    return [
        atoms
        for atoms in frames
        if atoms.info["step"] < event.step and event.time_ps - atoms.info["time_ps"] <= last_ps + 1e-9
    ]


def _between_levels(run_dir: Path) -> list[Atoms]:
    file = run_dir / CANDIDATES
    if not file.is_file() or not file.stat().st_size:
        return []
    return [_plain(atoms, atoms.info["rule"]) for atoms in read(file, ":") if atoms.info["level"] == "low"]


def _plain(atoms: Atoms, reason: str) -> Atoms:
    """Without the potential's own forces."""
    info = {key: atoms.info[key] for key in ("step", "time_ps")} | {"reason": reason}
    return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True, info=info)


def _of_stable_part(run_dir: Path, n: int) -> list[Atoms]:
    event = guard.first_end(guard.events_of(run_dir))
    if not any(run_dir.glob("traj*.dcd")):  # it ended before its production
        return []
    trajectory = open_trajectory(run_dir)
    stable = np.flatnonzero(trajectory.steps < event.step) if event else np.arange(trajectory.n_frames)
    chosen = stable[np.unique(np.linspace(0, len(stable) - 1, n).round().astype(int))] if len(stable) and n else []
    frames = saved_frames(run_dir, trajectory, chosen)
    for atoms in frames:
        atoms.info["reason"] = "stable"
    return frames


def saved_frames(run_dir: Path, trajectory: Trajectory, numbers: Iterable[int]) -> list[Atoms]:
    """These frames of a run, with its elements; `info` has run, step and time_ps."""
    timestep_fs = read_manifest(run_dir).dynamics.timestep_fs or 0.0
    symbols = system_of(run_dir).species
    frames = []
    for i in map(int, numbers):
        chunk, step = trajectory.read(i, i + 1), int(trajectory.steps[i])
        info = {"run": run_dir.name, "step": step, "time_ps": step * timestep_fs * 1e-3}
        positions = chunk.positions[0] - chunk.origins[0]
        frames.append(Atoms(symbols, positions, cell=chunk.cells[0], pbc=True, info=info))
    return frames
