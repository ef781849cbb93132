"""Evaluate labelled frames with the potential of a run, through its own ASE calculator.

In a separate process, with the interpreter of the run's architecture, on the CPU:

    python -m lmpdrive.engine.agreement.labelled RUN_DIR FRAMES.npz ANSWER.npz [any]

LAMMPS has no part in it: that it computes what the calculator says is the business of `step0.py`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.run_files import CONFIG
from lmpdrive.common.trust import require
from lmpdrive.config import load as load_config
from lmpdrive.engine.agreement.own_calculator import calculator_of, can_make, potential_of, run_module
from lmpdrive.errors import ModelError, RunDirectoryError
from lmpdrive.trajectory.labelled import LabelledFrames
from lmpdrive.trajectory.room import with_room

if TYPE_CHECKING:
    from ase import Atoms

Array = NDArray[np.float64]

ANY = "any"
"""Argument that lets the calculator fail on some frames."""


def evaluate(run_dir: Path, frames: LabelledFrames, finite: bool = True) -> tuple[Array, Array]:
    """Energies (F,) [eV] and forces (N, 3) [eV/Å] that the potential of `run_dir` gives `frames`.

    A slab that is not repeated along one axis has an empty space there that no model reaches across (`with_room`).
    With `finite=False` a frame on which the calculator fails has NaN, and so may others; only if it fails on all is
    that an error.

    Raises RunDirectoryError if the folder does not say which potential ran, UntrustedError for a model that was not
    accepted, ModelError if it has no calculator, the calculator fails (e.g. for an element it does not know), or what
    it says is not finite.
    """
    if not (run_dir / CONFIG).is_file():
        raise RunDirectoryError(f"{run_dir} has no {CONFIG}, which says what potential ran")
    config = load_config(run_dir / CONFIG)
    require(config.potential.programs(run_dir))
    if not can_make(config.potential):
        raise ModelError(f"the architecture {config.potential.architecture} has no calculator of its own")
    if lacking := config.potential.environment_problems():
        raise ModelError("; ".join(problem.message for problem in lacking))
    with tempfile.TemporaryDirectory(prefix="lmpdrive-accuracy-") as name:
        given, answer = Path(name) / "frames.npz", Path(name) / "answer.npz"
        with_room(frames).save(given)
        more = () if finite else (ANY,)
        run_module(config, "lmpdrive.engine.agreement.labelled", run_dir.absolute(), given, answer, *more, folder=name)
        with np.load(answer) as content:
            energies, forces = content["energies"], content["forces"]
    bad = ~np.isfinite(energies)
    np.logical_or.at(bad, frames.frame_of_atom, ~np.isfinite(forces).all(axis=1))
    if finite and bad.any():
        raise ModelError(f"its energy or forces are not finite in {bad.sum()} of {len(frames)} frames")
    return energies, forces


def main(run_dir: Path, given: Path, answer: Path, fail: str = "") -> None:
    """Load the potential as it ran in `run_dir`, evaluate, and write `answer`."""
    energies, forces = predicted(calculator_of(potential_of(run_dir)), LabelledFrames.load(given), fail)
    np.savez(answer, energies=energies, forces=forces)


def predicted(calculator: Any, frames: LabelledFrames, fail: str = "") -> tuple[Array, Array]:
    """Energies (F,) [eV] and forces (N, 3) [eV/Å] of a calculator; with `fail` as `ANY`, NaN where it raises."""
    energies, forces = [], []
    failure: Exception | None = None
    for number in range(len(frames)):
        atoms = frames.atoms(number)
        atoms.calc = calculator
        try:
            energy, force = energy_and_forces(atoms)
        except Exception as error:  # a calculator may raise anything on a strange frame
            if fail != ANY:
                raise
            failure = error
            energy, force = np.nan, np.full((len(atoms), 3), np.nan)
        energies.append(energy)
        forces.append(force)
    if failure is not None and np.isnan(energies).all():
        raise failure
    return np.array(energies, float), np.concatenate(forces).astype(float)


def energy_and_forces(atoms: Atoms) -> tuple[float, Array]:
    """Energy and forces; the free energy where the calculator has one, as it is what the forces belong to."""
    forces = atoms.get_forces()
    try:
        return float(atoms.get_potential_energy(force_consistent=True)), forces
    except NotImplementedError:  # ASE's PropertyNotImplementedError: no free energy, so one energy only
        return float(atoms.get_potential_energy()), forces


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
