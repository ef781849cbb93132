"""GRACE models for `train.py`: settings, and `gracemaker` around them.

The settings are gracemaker's own input.yaml: https://gracemaker.readthedocs.io (input file, presets).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

GRACE_1L = {
    "preset": "GRACE_1LAYER_latest",
    "cutoff_A": 4.5,
    "kwargs": {
        "lmax": 2,
        "max_order": 3,
        "n_rad_base": 8,
        "n_rad_max": 12,
        "prod_func_n_max": 12,
        "n_mlp_dens": 6,
        "embedding_size": 16,
    },
}

GRACE_2L = {
    "preset": "GRACE_2LAYER_latest",
    "cutoff_A": 4.5,
    "kwargs": {
        "lmax": [2, 2],
        "max_order": 3,
        "indicator_lmax": 1,
        "n_rad_base": 8,
        "n_rad_max": [10, 8],
        "prod_func_n_max": [10, 8],
        "n_mlp_dens": 6,
        "embedding_size": 16,
    },
}


def gracemaker_input(settings: dict, elements: Sequence[str], epochs: int) -> dict:
    """gracemaker's `input.yaml`: errors of energy per atom and of forces weigh alike in Huber's loss.

    Total energies are fitted, with a shift for each element found first: what the model says is comparable to DFT.
    """
    huber = {"type": "huber", "delta": 0.05}
    return {
        "seed": 1,
        "cutoff": settings["cutoff_A"],
        "data": {
            "filename": "train.extxyz",
            "test_filename": "watch.extxyz",
            "reference_energy": 0,
            "save_dataset": False,
        },
        "potential": {
            "preset": settings["preset"],
            "kwargs": settings["kwargs"],
            "elements": list(elements),
            "shift": True,
            "scale": True,
            "float_dtype": "float64",
        },
        "fit": {
            "loss": {"energy": {**huber, "weight": 16}, "forces": {**huber, "weight": 32}},
            "maxiter": epochs,
            "optimizer": "Adam",
            "opt_params": {
                "learning_rate": 0.008,
                "use_ema": True,
                "ema_momentum": 0.99,
                "weight_decay": 1e-20,
                "clipnorm": 1.0,
            },
            "scheduler": "cosine_decay",
            "scheduler_params": {"minimum_learning_rate": 1e-4},
            "batch_size": 4,
            "test_batch_size": 8,
            "jit_compile": True,
            "train_max_n_buckets": 6,
            "test_max_n_buckets": 2,
            "checkpoint_freq": 1,
            "progressbar": False,
        },
    }


def train_grace(settings: dict, elements: Sequence[str]) -> Callable[[object, Path, int], Path]:
    """A recipe: train with `gracemaker`, which exports the last state as a SavedModel, a folder."""

    def recipe(parts, work: Path, epochs: int) -> Path:
        write(work / "train.extxyz", [_labelled(a) for a in (*parts.train, *parts.contacts)], format="extxyz")
        write(work / "watch.extxyz", [_labelled(a) for a in parts.watch], format="extxyz")
        (work / "input.yaml").write_text(yaml.safe_dump(gracemaker_input(settings, elements, epochs), sort_keys=False))
        # One thread: on a busy machine two are several times slower (docs/performance.md).
        env = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
        env["TF_CPP_MIN_LOG_LEVEL"] = "3"
        subprocess.run([Path(sys.executable).with_name("gracemaker"), "input.yaml"], cwd=work, env=env, check=True)
        return (work / "seed/1/final_model").rename(work / "model")

    return recipe


def grace_calculator(model: Path):
    """tensorpotential's own ASE calculator."""
    from tensorpotential.calculator import TPCalculator

    return TPCalculator(str(model), pad_neighbors_fraction=0.25)


def _labelled(atoms: Atoms) -> Atoms:
    """A copy with the labels where gracemaker looks for them."""
    labelled = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    labelled.calc = SinglePointCalculator(labelled, energy=atoms.info["REF_energy"], forces=atoms.arrays["REF_forces"])
    return labelled
