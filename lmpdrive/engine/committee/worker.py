"""Energies and forces of frames by one potential, in the interpreter of its architecture.

    python -m lmpdrive.engine.committee.worker POTENTIAL.json FRAMES.npz ANSWER.npz

POTENTIAL.json is a `potential:` section with absolute file names.  Writes a line `done N` to stdout now and then, and
ends with NO_CALCULATOR where the potential has none of its own for its options.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from lmpdrive.architectures import find
from lmpdrive.common.trust import require
from lmpdrive.engine.agreement.labelled import energy_and_forces
from lmpdrive.trajectory.labelled import LabelledFrames

LINE_EVERY_S = 0.5
DONE = "committee frames done:"
NO_CALCULATOR = 3
"""Exit code."""


def main(section: Path, given: Path, answer: Path) -> None:
    """Load the potential, evaluate every frame, and write `answer`."""
    content = json.loads(section.read_text())
    potential = find(content["architecture"]).model_validate(content)
    require(potential.programs())
    calculator = potential.make_calculator()
    if calculator is None:
        sys.exit(NO_CALCULATOR)
    frames = LabelledFrames.load(given)
    energies, forces = [], []
    told = time.monotonic()
    for number in range(len(frames)):
        atoms = frames.atoms(number)
        atoms.calc = calculator
        energy, force = energy_and_forces(atoms)
        energies.append(energy)
        forces.append(force)
        if time.monotonic() - told > LINE_EVERY_S:
            told = time.monotonic()
            print(DONE, number + 1, flush=True)
    np.savez(answer, energies=np.array(energies, float), forces=np.concatenate(forces).astype(float))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
