"""The same structures through the model's own ASE calculator.

    python -m lmpdrive.testing.calculator_jobs IN.json OUT.json

In a process of its own: some packages cannot share one with LAMMPS' plugin.  Jobs are {"folder"}; an architecture
without a calculator answers null.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ase.io import read

from lmpdrive.architectures import AseEvaluator, Configuration
from lmpdrive.config import load as load_config


def main(jobs: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Energy [eV], forces [eV/Å] and virial [eV] (xx yy zz xy xz yz) of each folder's structure."""
    potential = load_config(Path(jobs[0]["folder"]) / "resolved.yaml").potential
    calculator = potential.make_calculator()
    if calculator is None:
        return None
    evaluate = AseEvaluator(calculator)
    answers = []
    for job in jobs:
        atoms: Any = read(Path(job["folder"]) / "system.data", format="lammps-data", sort_by_id=True)
        said = evaluate(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, (True, True, True)))
        answers.append(
            {
                "energy": said.energy_eV,
                "forces": said.forces.tolist(),
                "virial": [float(said.virial[i, j]) for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))],
            }
        )
    return answers


if __name__ == "__main__":
    done = main(json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(done))
