"""Energies and forces of frames from a module that runs in the interpreter of an architecture, on the CPU."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from lmpdrive.engine.lammps_library import environment
from lmpdrive.environments import Interpreter
from lmpdrive.errors import ModelError
from lmpdrive.trajectory.labelled import without_labels

Array = NDArray[np.float64]


def ask(
    module: str, section: Mapping[str, Any], frames: Sequence[Atoms], interpreter: Interpreter, what: str
) -> tuple[Array, Array]:
    """(F,) energies [eV] and (ΣN, 3) forces [eV/Å] of `python -m module SECTION.json FRAMES.npz ANSWER.npz`.

    what : for messages.  Raises ModelError with the last line if it fails, or if an answer is not finite.
    """
    with tempfile.TemporaryDirectory(prefix="lmpdrive-training-") as name:
        asked, given, answer = (Path(name) / file for file in ("section.json", "frames.npz", "answer.npz"))
        asked.write_text(json.dumps(section))
        without_labels(frames).save(given)
        done = subprocess.run(
            [interpreter.python, "-m", module, asked, given, answer],
            cwd=name,
            env=environment("cpu", 1),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no message"]
            raise ModelError(f"{what} cannot be evaluated: {lines[-1]}")
        with np.load(answer) as content:
            energies, forces = content["energies"], content["forces"]
    if not (np.isfinite(energies).all() and np.isfinite(forces).all()):
        raise ModelError(f"{what} gives energies or forces that are not finite")
    return energies, forces
