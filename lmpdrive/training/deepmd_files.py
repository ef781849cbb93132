"""DeePMD-kit's data folders and `input.json`, for its trainers.

https://docs.deepmodeling.com/projects/deepmd/en/stable/train/training.html
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from lmpdrive.training.plan import Task
from lmpdrive.trajectory.labelled import ENERGY, FORCES

CURVE = "lcurve.out"
FILLED_IN = (
    "model.type_map",
    "training.training_data",
    "training.validation_data",
    "training.numb_steps",
    "training.seed",
    "training.disp_file",
)
STEPS_OF_DECAY = 200
"""The learning rate falls so many times, if the recipe does not say how often."""


def write_systems(frames: Sequence[Atoms], elements: Sequence[str], folder: Path) -> list[str]:
    """Write deepmd's npy format, one system per composition; returns the folders."""
    groups: dict[str, list[Atoms]] = {}
    for atoms in frames:
        open_ = "" if atoms.pbc.any() else "-open"
        groups.setdefault(atoms.get_chemical_formula() + open_, []).append(atoms)
    systems = []
    for name, group in sorted(groups.items()):
        system = folder / name
        (system / "set.000").mkdir(parents=True)
        (system / "type_map.raw").write_text("\n".join(elements) + "\n")
        types = [str(elements.index(s)) for s in group[0].get_chemical_symbols()]
        (system / "type.raw").write_text("\n".join(types) + "\n")
        if name.endswith("-open"):
            (system / "nopbc").touch()
        n = len(group)
        arrays = {
            "coord": np.array([a.positions for a in group]).reshape(n, -1),
            "box": np.array([a.cell.array for a in group]).reshape(n, 9),
            "force": np.array([a.arrays[FORCES] for a in group]).reshape(n, -1),
            "energy": np.array([a.info[ENERGY] for a in group]),
        }
        for array, values in arrays.items():
            np.save(system / "set.000" / f"{array}.npy", values)
        systems.append(str(system.relative_to(folder.parent)))
    return systems


def write_input(task: Task, settings: Mapping[str, Any], length: int, work: Path) -> None:
    """`input.json` and its data in `work`: the recipe's settings with data, seeds and length filled in."""
    content = copy.deepcopy(dict(settings))
    model, training = content.setdefault("model", {}), content.setdefault("training", {})
    model["type_map"] = list(task.elements)
    seeded = (model.get("descriptor"), *(model.get("descriptor") or {}).get("list", ()), model.get("fitting_net"))
    for part in seeded:
        if part is not None and part.get("type") != "hybrid":
            part.setdefault("seed", task.recipe.seed)
    rate = content.setdefault("learning_rate", {})
    rate.setdefault("decay_steps", max(1, length // STEPS_OF_DECAY))
    systems = write_systems(task.atoms("train"), task.elements, work / "train")
    shares = "prob_sys_size"
    if task.extra:
        first, systems = len(systems), systems + write_systems(task.extra_atoms, task.elements, work / "extra")
        if share := task.recipe.extra.share_of_batches:
            shares += f"; 0:{first}:{1 - share}; {first}:{len(systems)}:{share}"
    training.setdefault("disp_freq", max(1, min(500, length // 20)))
    training.setdefault("save_freq", max(1, min(5000, length // 4)))
    watched = write_systems(task.atoms("validation"), task.elements, work / "validation")
    training |= {
        "training_data": {"systems": systems, "batch_size": 1, "auto_prob": shares},
        "validation_data": {"systems": watched, "batch_size": 1, "numb_btch": 2},
        "numb_steps": length,
        "seed": task.recipe.seed,
        "disp_file": CURVE,
    }
    (work / "input.json").write_text(json.dumps(content, indent=1))


def batches_done(work: Path) -> int:
    """The last batch in the learning curve."""
    try:
        lines = (work / CURVE).read_text().splitlines()
    except OSError:
        return 0
    numbers = [words[0] for line in lines if (words := line.split()) and words[0].isdigit()]
    return int(numbers[-1]) if numbers else 0
