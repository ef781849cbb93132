"""Labels without the electrostatics of fixed charges (`electrostatics:` of a recipe): what the model then learns.

In the interpreter of the architecture, on the CPU:

    python -m lmpdrive.training.baseline SECTION.json FRAMES.npz ANSWER.npz
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lmpdrive.architectures.shared.electrostatics import ChargesCalculator, Electrostatics
from lmpdrive.engine.agreement.labelled import predicted
from lmpdrive.environments import Interpreter
from lmpdrive.training.ask import ask
from lmpdrive.training.frames import Frame
from lmpdrive.training.plan import Task
from lmpdrive.trajectory.labelled import ENERGY, FORCES, LabelledFrames


def without_electrostatics(task: Task, interpreter: Interpreter) -> Task:
    """The task with energies and forces less those of the recipe's charges, or as it is.

    Raises ModelError where a frame is not neutral.
    """
    section = task.recipe.electrostatics
    if section is None:
        return task
    frames = _less([*task.data, *task.extra], section, interpreter)
    return replace(task, data=frames[: len(task.data)], extra=frames[len(task.data) :])


def _less(frames: Sequence[Frame], section: Electrostatics, interpreter: Interpreter) -> list[Frame]:
    content = section.model_dump(mode="json")
    energies, forces = ask(__name__, content, [frame.atoms for frame in frames], interpreter, "electrostatics")
    ends = np.cumsum([len(frame.atoms) for frame in frames])[:-1]
    found = []
    for frame, energy, force in zip(frames, energies, np.split(forces, ends), strict=True):
        atoms = frame.atoms.copy()
        atoms.info[ENERGY] = float(atoms.info[ENERGY] - energy)
        atoms.arrays[FORCES] = atoms.arrays[FORCES] - force
        found.append(Frame(frame.name, atoms))
    return found


def main(section: Path, given: Path, answer: Path) -> None:
    """Evaluate the frames, and write `answer`."""
    calculator = ChargesCalculator(Electrostatics.model_validate_json(section.read_text()))
    energies, forces = predicted(calculator, LabelledFrames.load(given))
    np.savez(answer, energies=energies, forces=forces)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
