"""A trainer of one's own: it learns the mean energy of an atom, batch by batch, and can be interrupted.

Its calculator has that energy for every atom, and no forces.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from lmpdrive.training.trainer import Step, Trainer

THE_FILE = Path(__file__).absolute()


class Mean(Trainer):
    architecture: ClassVar[str] = "ase"
    unit: ClassVar[str] = "batches"
    file: ClassVar[str] = "mean.json"
    filled_in: ClassVar[tuple[str, ...]] = ("data.file",)

    def write(self, task, work, device):
        rows = [[a.info["REF_energy"], len(a)] for a in (*task.atoms("train"), *task.extra_atoms)]
        (work / "rows.json").write_text(json.dumps(rows))

    def steps(self, task, work, interpreter):
        settings = task.recipe.settings
        words = [interpreter.python, THE_FILE, str(task.recipe.length), str(settings.get("batch_s", 0))]
        return [Step("train", [*words, *(["fail"] if settings.get("fail") else [])])]

    def done(self, work):
        return int((work / "done").read_text()) if (work / "done").is_file() else 0

    def model(self, work):
        return work / "mean.json"

    def potential(self, model) -> dict[str, Any]:
        kwargs = {"file": str(model.absolute())}
        return {"architecture": "ase", "calculator": f"{THE_FILE}:Constant", "kwargs": kwargs}


class Constant(Calculator):
    implemented_properties = ("energy", "forces")

    def __init__(self, file: str) -> None:
        super().__init__()
        self.energy = json.loads(Path(file).read_text())["energy_eV"]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": self.energy * len(atoms), "forces": np.zeros((len(atoms), 3))}


def main(length: int, batch_s: float, fail: str = "") -> None:
    done = int(Path("done").read_text()) if Path("done").is_file() else 0
    print(f"beginning at batch {done}", flush=True)
    for batch in range(done, length):
        time.sleep(batch_s)
        Path("done").write_text(str(batch + 1))
    if fail:
        sys.exit("the loss is nan")
    energy, atoms = np.array(json.loads(Path("rows.json").read_text())).sum(axis=0)
    Path("mean.json").write_text(json.dumps({"energy_eV": energy / atoms}))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:])
