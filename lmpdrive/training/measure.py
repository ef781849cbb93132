"""Errors of a trained model on held-back frames, through the architecture's own calculator.

In the interpreter of the architecture, on the CPU:

    python -m lmpdrive.training.measure POTENTIAL.json FRAMES.npz ANSWER.npz
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from lmpdrive.architectures import find
from lmpdrive.engine.agreement.labelled import predicted
from lmpdrive.engine.agreement.own_calculator import calculator_of
from lmpdrive.environments import Interpreter
from lmpdrive.training.ask import ask
from lmpdrive.trajectory.labelled import ENERGY, FORCES, LabelledFrames

Array = NDArray[np.float64]


def errors_on(frames: Sequence[Atoms], potential: Mapping[str, Any], interpreter: Interpreter) -> dict[str, Any]:
    """With the `potential:` section of a run, the card's `test` section: of all frames, and of each composition.

    Raises ModelError as `ask` does.
    """
    energies, forces = ask(__name__, potential, frames, interpreter, "the trained model on held-back frames")
    ends = np.cumsum([len(atoms) for atoms in frames])
    of_frame = np.split(forces, ends[:-1])
    found: dict[str, Any] = summary(frames, energies, of_frame)
    formulas = [atoms.get_chemical_formula() for atoms in frames]
    found["compositions"] = {}
    for formula in sorted(set(formulas)):
        own = [k for k, other in enumerate(formulas) if other == formula]
        part = summary([frames[k] for k in own], energies[own], [of_frame[k] for k in own])
        kept = ("frames", "force_rmse_eV_per_A", "energy_rmse_meV_per_atom")
        found["compositions"][formula] = {key: part[key] for key in kept}
    return found


def summary(frames: Sequence[Atoms], energies: Array, forces: Sequence[Array]) -> dict[str, float | int]:
    """Root mean square and mean absolute differences from the labels.

    energies : (F,) eV; forces : of each frame (n, 3) eV/Å.  RMSE of E/n [meV/atom], and over force components [eV/Å].
    """
    sizes = np.array([len(atoms) for atoms in frames])
    dE = (energies - np.array([atoms.info[ENERGY] for atoms in frames])) / sizes
    F = np.concatenate([atoms.arrays[FORCES].ravel() for atoms in frames])
    dF = np.concatenate([force.ravel() for force in forces]) - F
    return {
        "frames": len(frames),
        "force_rmse_eV_per_A": round(float(np.sqrt(np.mean(dF**2))), 4),
        "force_mae_eV_per_A": round(float(np.mean(np.abs(dF))), 4),
        "force_rms_of_reference_eV_per_A": round(float(np.sqrt(np.mean(F**2))), 4),
        "energy_rmse_meV_per_atom": round(1e3 * float(np.sqrt(np.mean(dE**2))), 3),
        "mean_energy_shift_meV_per_atom": round(1e3 * float(np.mean(dE)), 3),
    }


def main(potential: Path, given: Path, answer: Path) -> None:
    """Load the model, evaluate the frames, and write `answer`."""
    section: Mapping[str, Any] = json.loads(potential.read_text())
    checked = find(section["architecture"]).model_validate(section).resolve(Path())
    energies, forces = predicted(calculator_of(checked), LabelledFrames.load(given))
    np.savez(answer, energies=energies, forces=forces)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
