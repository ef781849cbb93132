"""Put two Deep Potentials together, and compare the forces of two: steps of `trainers/dpa.py`, run where deepmd-kit is.

python -m lmpdrive.training.dpa_models join FIRST.dp SECOND.dp JOINED.dp
python -m lmpdrive.training.dpa_models compare A.pth B.savedmodel FRAMES.xyz
"""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.training.dp_repaired import repair

EQUAL_EV_PER_A = 1e-4


def join(first: Path, second: Path, out: Path) -> None:
    """A model on both descriptors, equal to the first: the weights of what the second adds are zero."""
    from deepmd.dpmodel.utils.serialization import load_dp_model, save_dp_model

    a, b = load_dp_model(str(first)), load_dp_model(str(second))
    joined: Any = copy.deepcopy({key: value for key, value in a.items() if key not in ("backend", "tf_version")})
    scripts = [part["model_def_script"]["descriptor"] for part in (a, b)]
    model, added = joined["model"], scripts[1]["repflow"]["n_dim"]
    parts = [a["model"]["descriptor"], b["model"]["descriptor"]]
    model["descriptor"] = {"@class": "Descriptor", "type": "hybrid", "@version": 1, "list": parts}
    model["fitting"]["dim_descrpt"] += added
    for network in model["fitting"]["nets"]["networks"]:
        variables = network["layers"][0]["@variables"]
        zeros = np.zeros((added, variables["w"].shape[1]), variables["w"].dtype)
        variables["w"] = np.concatenate([variables["w"], zeros])
        network["in_dim"] += added
    joined["model_def_script"]["descriptor"] = {"type": "hybrid", "list": scripts}
    save_dp_model(str(out), joined)


def compare(first: Path, second: Path, frames: Path) -> None:
    """Print the largest difference of the forces [eV/Å].  Exits if the conversion changed them."""
    largest = float(np.abs(_forces(first, frames) - _forces(second, frames)).max())
    print(f"{second.name} against {first.name}: largest force difference {largest:.1e} eV/Å")
    if not largest <= EQUAL_EV_PER_A:
        sys.exit(f"the conversion to {second.name} changed forces by {largest:.1e} eV/Å")


def _forces(model: Path, frames: Path) -> NDArray[np.float64]:
    """In a process of its own: one cannot load two backends."""
    out = model.with_suffix(f"{model.suffix}.npy")
    words = [sys.executable, "-m", "lmpdrive.training.dpa_models", "forces", *map(str, (model, frames, out))]
    subprocess.run(words, check=True)
    return np.load(out)


def forces(model: Path, frames: Path, out: Path) -> None:
    """Those of all frames, by deepmd's calculator, as .npy."""
    from ase.io import read

    if model.suffix == ".pth":
        repair()
    from deepmd.calculator import DP

    calculator, found = DP(model=str(model)), []
    for atoms in read(frames, ":"):
        atoms.calc = calculator
        found.append(atoms.get_forces())
    np.save(out, np.concatenate(found))


if __name__ == "__main__":
    {"join": join, "compare": compare, "forces": forces}[sys.argv[1]](*map(Path, sys.argv[2:]))
