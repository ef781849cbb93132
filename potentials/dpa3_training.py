"""A message-passing Deep Potential for `train.py`: DPA-3 beside the se_e2_a of `pt-water-dp`.

Alone a DPA-3 of two layers learned slowly (0.23 eV/Å after 3,500 batches, when se_e2_a of 60,000 has 0.083).  So

1. DPA-3 is trained alone for `ALONE_BATCHES`;
2. it is joined with the se_e2_a and the fitting networks of `pt-water-dp`, whose first layers get zeros for what DPA-3
   adds: the joined model begins as `pt-water-dp`, to 5e-5 eV/Å;
3. the whole is trained.

`dp --jax train` compiles anew for each number of periodic images, so for nearly every frame; PyTorch trains
(`dp_repaired.py`), and JAX runs: .pth -> .dp -> .savedmodel, forces compared.  DPA-3: Zhang et al., arXiv:2506.01686.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from data import Split
from deepmd_training import LOSS, ONE_THREAD, SE_E2_A, deepmd_calculator, deepmd_input
from dp_repaired import repair

HERE = Path(__file__).parent
BEGUN_FROM = HERE / "pt-water-dp" / "model.pb"
ALONE_BATCHES = 3500
EQUAL_EV_PER_A = 1e-4

FLOW = {
    "type": "dpa3",
    "repflow": {
        "n_dim": 48,
        "e_dim": 24,
        "a_dim": 12,
        "nlayers": 2,
        "e_rcut": 5.0,
        "e_rcut_smth": 4.3,
        "e_sel": 80,
        "a_rcut": 3.5,
        "a_rcut_smth": 3.0,
        "a_sel": 30,
        "axis_neuron": 4,
        "update_angle": True,
        "update_style": "res_residual",
        "update_residual": 0.1,
        "update_residual_init": "const",
        "smooth_edge_update": True,
        "use_exp_switch": True,
        "use_dynamic_sel": True,
        "sel_reduce_factor": 2.0,
    },
    "precision": "float32",
    "activation_function": "tanh",
    "seed": 1,
}
FITTING = {"neuron": [64, 64, 64], "activation_function": "tanh", "precision": "float32", "seed": 1}
SE = SE_E2_A["descriptor"] | {"sel": [84, 44, 56]}
"""`sel: auto` as it was found for pt-water-dp."""
DPA3 = {"descriptor": {"type": "hybrid", "list": [SE, FLOW]}, "fitting_net": SE_E2_A["fitting_net"]}
LOSS_OF_THE_WHOLE = LOSS | {"start_pref_e": 0.2, "start_pref_f": 100, "limit_pref_f": 10}


def train_dpa3(parts: Split, work: Path, batches: int) -> Path:
    """The recipe; `batches` of the whole."""
    alone, whole = work / "alone", work / "whole"
    alone.mkdir()
    whole.mkdir()
    model = {"descriptor": FLOW, "fitting_net": FITTING}
    _train(alone, deepmd_input(model, parts, alone, ALONE_BATCHES, 2e-3, 2e-4))
    _repaired("convert-backend", "model.pth", "model.dp", folder=alone)
    _dp("convert-backend", str(BEGUN_FROM), "begun.dp", folder=whole)
    _join(whole / "begun.dp", alone / "model.dp", whole / "joined.dp")
    _repaired("convert-backend", "joined.dp", "joined.pth", folder=whole)
    given = deepmd_input(DPA3, parts, whole, batches, 5e-4, 5e-6, LOSS_OF_THE_WHOLE)
    _train(whole, given, "--init-frz-model", "joined.pth")
    return export(whole / "model.pth", parts.watch[::20])


def export(trained: Path, frames: list[Atoms]) -> Path:
    """`model.pth` as `model.savedmodel` beside it, for JAX and LAMMPS.  Raises ValueError if the forces differ."""
    _repaired("convert-backend", trained.name, "model.dp", folder=trained.parent)
    _repaired("convert-backend", "model.dp", "model.savedmodel", folder=trained.parent)
    saved = trained.with_name("model.savedmodel")
    before, after = (_forces(path, frames) for path in (trained, saved))
    largest = float(np.abs(before - after).max())
    print(f"{saved.name} against {trained.name}: largest force difference {largest:.1e} eV/Å")
    if largest > EQUAL_EV_PER_A:
        raise ValueError(f"the conversion changed forces by {largest:.1e} eV/Å")
    return saved


def _train(folder: Path, given: dict[str, Any], *options: str) -> None:
    given["training"] |= {"disp_freq": 100, "save_freq": 250}
    (folder / "input.json").write_text(json.dumps(given, indent=1))
    _repaired("--pt", "train", "input.json", "--skip-neighbor-stat", *options, folder=folder)
    _repaired("--pt", "freeze", "-o", "model.pth", folder=folder)


def _join(first: Path, second: Path, out: Path) -> None:
    """A model on both descriptors, equal to the first: the weights of what the second adds are zero."""
    from deepmd.dpmodel.utils.serialization import load_dp_model, save_dp_model

    a, b = load_dp_model(str(first)), load_dp_model(str(second))
    joined = copy.deepcopy({key: value for key, value in a.items() if key not in ("backend", "tf_version")})
    model, added = joined["model"], FLOW["repflow"]["n_dim"]
    parts = [a["model"]["descriptor"], b["model"]["descriptor"]]
    model["descriptor"] = {"@class": "Descriptor", "type": "hybrid", "@version": 1, "list": parts}
    model["fitting"]["dim_descrpt"] += added
    for network in model["fitting"]["nets"]["networks"]:
        variables = network["layers"][0]["@variables"]
        zeros = np.zeros((added, variables["w"].shape[1]), variables["w"].dtype)
        variables["w"] = np.concatenate([variables["w"], zeros])
        network["in_dim"] += added
    scripts = [part["model_def_script"]["descriptor"] for part in (a, b)]
    joined["model_def_script"]["descriptor"] = {"type": "hybrid", "list": scripts}
    save_dp_model(str(out), joined)


def _forces(model: Path, frames: list[Atoms]) -> np.ndarray:
    """In a process of its own: one cannot load two backends."""
    from ase.io import write

    write(model.with_name("frames.xyz"), frames, format="extxyz")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import dpa3_training as t; t.write_forces(*sys.argv[2:])"
    words = [sys.executable, "-c", code, str(HERE), model.name, "frames.xyz", f"{model.suffix[1:]}.npy"]
    subprocess.run(words, cwd=model.parent, env=os.environ | ONE_THREAD, check=True)
    return np.load(model.with_name(f"{model.suffix[1:]}.npy"))


def write_forces(model: str, frames: str, out: str) -> None:
    """Forces of all `frames` by deepmd's calculator, as .npy."""
    from ase.io import read

    if model.endswith(".pth"):
        repair()
    calculator, forces = deepmd_calculator(Path(model)), []
    for atoms in read(frames, ":"):
        atoms.calc = calculator
        forces.append(atoms.get_forces())
    np.save(out, np.concatenate(forces))


def _repaired(*words: str, folder: Path) -> None:
    command = [sys.executable, str(HERE / "dp_repaired.py"), *words]
    subprocess.run(command, cwd=folder, env=os.environ | ONE_THREAD, check=True)


def _dp(*words: str, folder: Path) -> None:
    subprocess.run([Path(sys.executable).with_name("dp"), *words], cwd=folder, env=os.environ | ONE_THREAD, check=True)
