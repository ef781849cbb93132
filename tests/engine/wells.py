"""Potentials for committees that are exact on paper: atoms in harmonic wells along z, as ASE calculators."""

from __future__ import annotations

from pathlib import Path

import yaml

CALCULATOR = '''
import numpy as np
from ase.calculators.calculator import Calculator, all_changes


class Well(Calculator):
    """E = offset + k/2 sum (z - 10)^2; appends a letter to `log` for every frame."""

    implemented_properties = ["energy", "forces", "stress"]

    def __init__(self, k=0.5, offset=0.0, log=None, fail=False):
        super().__init__()
        self.k, self.offset, self.log, self.fail = k, offset, log, fail

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        if self.fail:
            raise RuntimeError("the well is dry")
        if self.log:
            with open(self.log, "a") as stream:
                stream.write("x")
        d = atoms.positions[:, 2] - 10.0
        forces = np.zeros((len(atoms), 3))
        forces[:, 2] = -self.k * d
        self.results = {"energy": self.offset + 0.5 * self.k * float(d @ d), "forces": forces, "stress": np.zeros(6)}
'''


def write_well(folder: Path, name: str, **kwargs) -> Path:
    """`name.yaml` with a `potential:` section, and the calculator beside it."""
    (folder / "well.py").write_text(CALCULATOR)
    path = folder / f"{name}.yaml"
    potential = {"architecture": "ase", "calculator": "./well.py:Well", "kwargs": kwargs}
    path.write_text(yaml.safe_dump({"potential": potential}))
    return path
