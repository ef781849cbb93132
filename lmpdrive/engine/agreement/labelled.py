"""Evaluate labelled frames with the potential of a run, through its own ASE calculator.

In a process of its own, with the interpreter of the run's architecture, on the CPU:

    python -m lmpdrive.engine.agreement.labelled RUN_DIR FRAMES.npz ANSWER.npz

LAMMPS has no part in it: that it computes what the calculator says is the business of `step0.py`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.run_files import CONFIG
from lmpdrive.common.trust import require
from lmpdrive.config import load as load_config
from lmpdrive.engine.agreement.own_calculator import calculator_of, potential_of, run_module
from lmpdrive.engine.agreement.step0 import has_calculator
from lmpdrive.errors import ModelError, RunDirectoryError
from lmpdrive.trajectory.labelled import LabelledFrames

Array = NDArray[np.float64]


def evaluate(run_dir: Path, frames: LabelledFrames) -> tuple[Array, Array]:
    """Energies (F,) [eV] and forces (N, 3) [eV/Å] that the potential of `run_dir` gives `frames`.

    Raises RunDirectoryError if the folder does not say which potential ran, UntrustedError for a model that was not
    accepted, ModelError if it has no calculator, the calculator fails (e.g. for an element it does not know), or what
    it says is not finite.
    """
    if not (run_dir / CONFIG).is_file():
        raise RunDirectoryError(f"{run_dir} has no {CONFIG}, which says what potential ran")
    config = load_config(run_dir / CONFIG)
    require(config.potential.programs(run_dir))
    if not has_calculator(config.potential):
        raise ModelError(f"the architecture {config.potential.architecture} has no calculator of its own")
    if lacking := config.potential.environment_problems():
        raise ModelError("; ".join(problem.message for problem in lacking))
    with tempfile.TemporaryDirectory(prefix="lmpdrive-accuracy-") as name:
        given, answer = Path(name) / "frames.npz", Path(name) / "answer.npz"
        frames.save(given)
        run_module(config, "lmpdrive.engine.agreement.labelled", run_dir.absolute(), given, answer, folder=name)
        with np.load(answer) as content:
            energies, forces = content["energies"], content["forces"]
    bad = ~np.isfinite(energies)
    np.logical_or.at(bad, frames.frame_of_atom, ~np.isfinite(forces).all(axis=1))
    if bad.any():
        raise ModelError(f"its energy or forces are not finite in {bad.sum()} of {len(frames)} frames")
    return energies, forces


def main(run_dir: Path, given: Path, answer: Path) -> None:
    """Load the potential as it ran in `run_dir`, evaluate, and write `answer`."""
    calculator = calculator_of(potential_of(run_dir))
    frames = LabelledFrames.load(given)
    energies, forces = [], []
    for number in range(len(frames)):
        atoms = frames.atoms(number)
        atoms.calc = calculator
        forces.append(atoms.get_forces())
        try:
            energies.append(atoms.get_potential_energy(force_consistent=True))
        except NotImplementedError:  # ASE's PropertyNotImplementedError: no free energy, so one energy only
            energies.append(atoms.get_potential_energy())
    np.savez(answer, energies=np.array(energies, float), forces=np.concatenate(forces).astype(float))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
