"""MACE models for `train.py`: settings, and `mace_run_train` around them.

https://mace-docs.readthedocs.io/en/latest/guide/training.html
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ase.io import write
from data import Split

MACE = {
    "model": "ScaleShiftMACE",
    "num_interactions": 2,
    "correlation": 2,
    "r_max": 4.5,
    "num_radial_basis": 8,
    "pair_repulsion": True,
    "E0s": "average",
    "scaling": "rms_forces_scaling",
    "batch_size": 4,
    "lr": 0.01,
    "forces_weight": 100.0,
    "energy_weight": 10.0,
    "ema": True,
    "ema_decay": 0.99,
    "amsgrad": True,
    "default_dtype": "float32",
    "seed": 1,
}


def train_mace(settings: dict) -> Callable[[Split, Path, int], Path]:
    """A recipe: train with `mace_run_train`; the last fifth of the epochs weighs energies higher (its `swa`)."""

    def recipe(parts: Split, work: Path, epochs: int) -> Path:
        write(work / "train.xyz", [*parts.train, *parts.contacts], format="extxyz")
        write(work / "watch.xyz", parts.watch, format="extxyz")
        options = settings | {
            "name": "model",
            "train_file": "train.xyz",
            "valid_file": "watch.xyz",
            "energy_key": "REF_energy",
            "forces_key": "REF_forces",
            "max_num_epochs": epochs,
            "device": "cpu",
            "swa": True,
            "start_swa": max(1, epochs * 4 // 5),
            "swa_energy_weight": 100.0,
            "swa_forces_weight": 100.0,
            "swa_lr": 1e-3,
            "valid_batch_size": 8,
        }
        flags = [f"--{k}" if v is True else f"--{k}={v}" for k, v in options.items()]
        # One thread: on a busy machine two are several times slower (docs/performance.md).
        env = os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        subprocess.run([Path(sys.executable).with_name("mace_run_train"), *flags], cwd=work, env=env, check=True)
        final = next(work / name for name in ("model_stagetwo.model", "model.model") if (work / name).is_file())
        return final.rename(work / "mace.model")

    return recipe


def mace_calculator(model: Path):
    """MACE's own ASE calculator."""
    from mace.calculators import MACECalculator

    return MACECalculator(model_paths=str(model), device="cpu", default_dtype="float64")
