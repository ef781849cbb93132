"""Saved frames by potentials that only LAMMPS can evaluate: a run directory for their atoms, and LAMMPS' `rerun`.

For each set of atoms a deck is rendered with the potential, as for a run, from the first frame that has them: its bonds
and layers are those of all.  Nothing is frozen, no bias acts, nothing is relaxed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from lmpdrive.common.manifest import system_of
from lmpdrive.common.say import silent
from lmpdrive.config import Config, load
from lmpdrive.engine.agreement.through_lammps import evaluate
from lmpdrive.engine.committee.evaluate import Resources
from lmpdrive.engine.committee.members import Member
from lmpdrive.errors import TrajectoryError
from lmpdrive.stages.write import write_run_directory
from lmpdrive.trajectory.labelled import LabelledFrames

Array = NDArray[np.float64]


class FramesThroughLammps:
    """Evaluates some of `frames`, by any potential.

    more : of the run that the frames are from: `templates`, and what `system` says of the atoms (`slab`, `two_sided`).
    """

    def __init__(self, frames: LabelledFrames, resources: Resources, more: Mapping[str, Any]) -> None:
        self._frames, self._resources, self._more = frames, resources, more
        self._kinds = _kinds(frames)

    def __call__(self, member: Member, some: LabelledFrames, watch: Callable[[int], bool]) -> tuple[Array, Array]:
        """Energies (F,) [eV] and forces (N, 3) [eV/Å]; `watch` is called with the frames that are done, True stops.

        Raises a LmpdriveError where LAMMPS cannot evaluate them; KeyboardInterrupt where it was stopped.
        """
        energies, forces = np.full(len(some), np.nan), np.full((int(some.counts.sum()), 3), np.nan)
        done, of_frame = 0, some.frame_of_atom
        for atoms, numbers in _kinds(some).items():
            with tempfile.TemporaryDirectory(prefix="lmpdrive-frames-") as name:
                config = self._rendered(member, int(self._kinds[atoms][0]), Path(name))
                told = partial(_of_all, watch, done)
                answer = evaluate(Path(name) / "run", config, some.some(numbers), told)
            energies[numbers], forces[np.isin(of_frame, numbers)] = answer.energies_eV, answer.forces
            done += len(numbers)
        return energies, forces

    def _rendered(self, member: Member, first: int, folder: Path) -> Config:
        """A run directory `run` for the atoms of a frame.  Raises TrajectoryError if they have another order there."""
        from ase.io import write  # slow to import, and every command imports this module

        atoms = self._frames.atoms(first)
        if (~atoms.pbc).sum() == 1 and atoms.cell.rank == 3:
            atoms.pbc = True  # whether the deck repeats the cell of a slab is its own affair
        write(folder / "first.xyz", atoms, format="extxyz")
        content = {
            **self._more,
            "system": self._more.get("system", {}) | {"read": "first.xyz"},
            "potential": member.potential.model_dump(mode="json"),
            "dynamics": {"fixed_layers": 0, "minimise": None},
            "run": {"threads": self._resources.threads, "device": self._resources.device, "compare": "never"},
        }
        file = folder / "frames.yaml"
        file.write_text(yaml.safe_dump(content, sort_keys=False))
        config = write_run_directory(load(file), file, folder / "run", silent, to_run=True)
        if system_of(folder / "run").species != tuple(atoms.get_chemical_symbols()):
            raise TrajectoryError("the atoms of a structure that is read are not in its order")
        return config


def _of_all(watch: Callable[[int], bool], before: int, now: int) -> bool:
    """Told of frames that are done, after others."""
    return watch(before + now)


def _kinds(frames: LabelledFrames) -> dict[bytes, NDArray[np.int64]]:
    """Frames by their atoms in order and their periodicity."""
    found: dict[bytes, list[int]] = {}
    ends = np.cumsum(frames.counts)
    for number, (end, count) in enumerate(zip(ends, frames.counts, strict=True)):
        key = frames.numbers[end - count : end].tobytes() + frames.pbc[number].tobytes()
        found.setdefault(key, []).append(number)
    return {key: np.array(numbers) for key, numbers in found.items()}
