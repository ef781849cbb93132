"""Deep Potential models for `train.py`: settings, and `dp train` around them.

https://docs.deepmodeling.com/projects/deepmd/en/stable/train/training.html
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ase import Atoms
from data import CONTACTS_SHARE, ELEMENTS, Split, by_composition


def write_deepmd_systems(frames: list[Atoms], folder: Path) -> list[str]:
    """Write deepmd's npy format, one system per composition; returns the folders."""
    systems = []
    for formula, group in by_composition(frames).items():
        system = folder / formula
        (system / "set.000").mkdir(parents=True)
        (system / "type_map.raw").write_text("\n".join(ELEMENTS) + "\n")
        types = [str(ELEMENTS.index(s)) for s in group[0].get_chemical_symbols()]
        (system / "type.raw").write_text("\n".join(types) + "\n")
        n = len(group)
        arrays = {
            "coord": np.array([a.positions for a in group]).reshape(n, -1),
            "box": np.array([a.cell.array for a in group]).reshape(n, 9),
            "force": np.array([a.arrays["REF_forces"] for a in group]).reshape(n, -1),
            "energy": np.array([a.info["REF_energy"] for a in group]),
        }
        for name, values in arrays.items():
            np.save(system / "set.000" / f"{name}.npy", values)
        systems.append(str(system))
    return systems


SE_E2_A = {
    "descriptor": {
        "type": "se_e2_a",
        "rcut": 6.0,
        "rcut_smth": 0.5,
        "sel": "auto",
        "neuron": [16, 32, 64],
        "axis_neuron": 8,
        "type_one_side": True,
        "precision": "float32",
        "seed": 1,
    },
    "fitting_net": {"neuron": [96, 96, 96], "precision": "float32", "seed": 1},
}

LOSS = {"start_pref_e": 0.02, "limit_pref_e": 1, "start_pref_f": 1000, "limit_pref_f": 5}
"""Forces first, energies caught up at the end, as is usual."""


def deepmd_input(
    model: dict,
    parts: Split,
    work: Path,
    batches: int,
    start_lr: float,
    stop_lr: float = 5e-6,
    loss: dict | None = None,
) -> dict:
    """deepmd's `input.json`; loss: other than `LOSS`."""
    systems = write_deepmd_systems(parts.train, work / "train")
    shares = "prob_sys_size"
    if parts.contacts:
        more = write_deepmd_systems(parts.contacts, work / "contacts")
        first, last = len(systems), len(systems) + len(more)
        shares += f"; 0:{first}:{1 - CONTACTS_SHARE}; {first}:{last}:{CONTACTS_SHARE}"
        systems += more
    return {
        "model": {"type_map": ELEMENTS, **model},
        "learning_rate": {
            "type": "exp",
            "start_lr": start_lr,
            "stop_lr": stop_lr,
            "decay_steps": max(1, batches // 200),
        },
        "loss": loss or LOSS,
        "training": {
            "training_data": {
                "systems": systems,
                "batch_size": 1,
                "auto_prob": shares,
            },
            "validation_data": {
                "systems": write_deepmd_systems(parts.watch, work / "watch"),
                "batch_size": 1,
                "numb_btch": 2,
            },
            "numb_steps": batches,
            "seed": 1,
            "disp_file": "lcurve.out",
            "disp_freq": 500,
            "save_freq": 5000,
        },
    }


ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "DP_INTRA_OP_PARALLELISM_THREADS", "DP_INTER_OP_PARALLELISM_THREADS"), "1"
)
"""On a busy machine two are several times slower (docs/performance.md)."""


def train_deepmd(backend: str, model: dict, frozen: str, start_lr: float) -> Callable[[Split, Path, int], Path]:
    """A recipe: train with `dp --<backend>` and freeze to `frozen`."""

    def recipe(parts: Split, work: Path, batches: int) -> Path:
        (work / "input.json").write_text(json.dumps(deepmd_input(model, parts, work, batches, start_lr), indent=1))
        env = os.environ | ONE_THREAD
        dp = str(Path(sys.executable).with_name("dp"))
        for command in (["train", "input.json"], ["freeze", "-o", frozen]):
            subprocess.run([dp, f"--{backend}", *command], cwd=work, env=env, check=True)
        return work / frozen

    return recipe


def deepmd_calculator(model: Path):
    """deepmd's own ASE calculator."""
    from deepmd.calculator import DP

    return DP(model=str(model))
