"""The guard of a run by ASE: the values and rules that the deck has for LAMMPS, in Python.

Writes `guard.txt` as LAMMPS does, and keeps the last frames in memory until they are wanted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units

from lmpdrive.common.run_files import GUARD_TABLE
from lmpdrive.config.guard import Guard
from lmpdrive.stability import Limits, Values, Watch
from lmpdrive.stability.geometry import broken_waters, contacts, farthest_metal

COLUMNS = ("T_K", "E_eV", "conserved_eV", "force_eV_per_A", "close", "metal_A", "water")
A_PER_PS = 1000 * units.fs
"""ASE's velocities times this are Å/ps."""


class AseGuard:
    """Checks the atoms of a run every `limits.every` steps.

    start : positions from which the displacement of metal counts.
    groups : name -> indices.
    """

    def __init__(
        self, guard: Guard, limits: Limits, atoms: Atoms, groups: Mapping[str, Any], start: Any, resume: bool
    ) -> None:
        self.limits, self.atoms, self.start = limits, atoms, start
        self.stops = guard.on_instability != "continue"
        self.watch = Watch(limits)
        self.species = atoms.get_chemical_symbols()
        self.metal = groups.get("metal", np.array([], dtype=int))
        water = groups.get("water", np.array([], dtype=int))
        self.oxygens = np.array([i for i in water if self.species[i] == "O"], dtype=int)
        self.frames_every = max(1, round(guard.frames_every_fs / limits.timestep_fs))
        self.frames: deque[dict[str, Any]] = deque(maxlen=guard.frames)
        self.table = Path(GUARD_TABLE) if limits.any else None
        if not resume:
            Path(GUARD_TABLE).unlink(missing_ok=True)
        self.write("step", *COLUMNS)

    def write(self, *words: object) -> None:
        """A row of `guard.txt`."""
        if self.table:
            with self.table.open("a") as file:
                print(*words, file=file)

    def begin(self, stage: str) -> None:
        """Rules that look back over some time begin anew."""
        self.watch = Watch(self.limits)
        self.write("#", stage)

    def check(self, step: int, row: Mapping[str, float]) -> bool:
        """Whether the run is to end: `row` has Temp [K], PotEng [eV] and Econserve [eV] of this step."""
        if step % self.frames_every == 0:
            self.frames.append(self.frame(step))
        if self.table is None or step % self.limits.every:
            return False
        values = self.values(step, row)
        numbers = (getattr(values, name) for name in COLUMNS)
        self.write(step, *("-" if number is None else f"{number:.10g}" for number in numbers))
        if not self.watch.check(values) or not self.stops:
            return False
        if step % self.frames_every:
            self.frames.append(self.frame(step))
        self.write_frames()
        return True

    def values(self, step: int, row: Mapping[str, float]) -> Values:
        """All that a rule may need."""
        atoms, limits = self.atoms, self.limits
        cell = atoms.cell.array
        metal = None
        if limits.metal_A is not None and len(self.metal):
            metal = farthest_metal(atoms.positions, self.start, cell, self.metal)[1]
        broken = broken_waters(atoms.positions, cell, self.oxygens, self.species) if limits.water else None
        return Values(
            step=step,
            T_K=row["Temp"],
            E_eV=row["PotEng"],
            conserved_eV=row.get("Econserve"),
            force_eV_per_A=float(np.abs(atoms.get_forces()).max()),
            close=float(len(contacts(atoms.positions, cell, self.species, limits.pairs))),
            metal_A=metal,
            water=None if broken is None else float(len(broken)),
        )

    def frame(self, step: int) -> dict[str, Any]:
        """Positions [Å], velocities [Å/ps], forces [eV/Å]."""
        atoms = self.atoms
        return {
            "step": step,
            "positions": atoms.positions.copy(),
            "cell": atoms.cell.array.copy(),
            "velocities": atoms.get_velocities() * A_PER_PS,
            "forces": atoms.get_forces().copy(),
        }

    def write_frames(self) -> None:
        """Write the last frames, as LAMMPS has its own at hand all the time."""
        for frame in self.frames:
            np.savez(f"guard.{frame['step']}.npz", **frame)
