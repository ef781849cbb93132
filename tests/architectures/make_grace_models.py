"""Make the tiny GRACE models of the tests, with gracemaker's own training and exports.

    python tests/architectures/make_grace_models.py ../shared/data/pt-water-rpbe-d3 WORK

Run it where tensorpotential is; it takes minutes.  They are fitted to 48 frames: poor, but real models.  Written to
`tests/architectures/data/grace`: `1l` and `2l.tar.gz` (SavedModel), `1l.npz`, `2l.npz` (for KOKKOS), `fs.yaml`, and
`1l-uq.tar.xz`, which has γ.
"""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pandas as pd
from ase.io import read

from lmpdrive.environments import Interpreter
from lmpdrive.training import frames as labelled_frames
from lmpdrive.training.plan import Task
from lmpdrive.training.recipe import load_recipe
from lmpdrive.training.splits import Parts
from lmpdrive.training.trainers import find

HERE = Path(__file__).resolve().parent
DATA = HERE / "data" / "grace"
ELEMENTS = ("H", "O", "Pt")
ONE = {"lmax": 1, "max_order": 2, "n_rad_base": 6, "n_rad_max": 6, "prod_func_n_max": 6}
TINY = {
    "1l": ("GRACE_1LAYER_latest", 4.0, ONE | {"n_mlp_dens": 4, "embedding_size": 8}),
    "2l": (
        "GRACE_2LAYER_latest",
        3.5,
        ONE
        | {"lmax": [1, 1], "n_rad_max": [6, 6], "prod_func_n_max": [6, 6], "indicator_lmax": 1}
        | {"n_mlp_dens": 4, "embedding_size": 8},
    ),
    "fs": (
        "FS",
        4.0,
        {
            "n_rad_base": 8,
            "embedding_size": 4,
            "max_order": 2,
            "n_rad_max": [6, 4],
            "lmax": [1, 1],
            "Lmax": [None, 0],
            "max_sum_l": [None, None],
            "lmax_hist": [None, None],
            "fs_parameters": [[1.0, 1.0], [1.0, 0.5]],
        },
    ),
}


def fit(name: str, frames: list, work: Path) -> Path:
    """Train in `work`; returns the SavedModel."""
    preset, cutoff, kwargs = TINY[name]
    recipe = load_recipe("grace-1l")
    settings = recipe.settings
    settings |= {"cutoff": cutoff, "potential": settings["potential"] | {"preset": preset, "kwargs": kwargs}}
    settings["fit"] |= {"train_max_n_buckets": 1, "test_max_n_buckets": 1}  # each compiles for a minute
    recipe = recipe.model_copy(update={"length": 12, "settings": settings})
    parts = Parts(tuple(range(40)), tuple(range(40, 48)), ())
    task, trainer = Task(name, work, recipe, frames, [], parts, ELEMENTS, {}), find("grace")
    trainer.write(task, work, "cpu")
    for step in trainer.steps(task, work, Interpreter(Path(sys.executable), "here", "grace")):
        subprocess.run(step.words, cwd=work, env=os.environ | trainer.environment(), check=True)
    return trainer.model(work)


def with_gamma(folder: Path, env: dict[str, str]) -> None:
    """The model in `folder` with Gaussian mixtures of its training frames, of which γ is made."""
    frames = read(folder / "train.extxyz", ":")
    bare = [frame.copy() for frame in frames]  # labels have no part in it
    table = pd.DataFrame({"ase_atoms": bare, "energy": 0.0, "forces": [0 * frame.positions for frame in bare]})
    table.to_pickle(folder / "train.pkl.gz", compression="gzip")
    checkpoint = ["--model-yaml", "seed/1/model.yaml", "--checkpoint", "seed/1/checkpoints/checkpoint"]
    mixtures = ["--train-data", "train.pkl.gz", "--n-clusters", "1", "2", "--n-workers", "1"]
    command = [Path(sys.executable).parent / "grace_uq", "build", *checkpoint, *mixtures]
    subprocess.run([*command, "--artifact-path", "UQ/gmm.npz"], cwd=folder, env=env, check=True)
    with tarfile.open(DATA / "1l-uq.tar.xz", "w:xz") as packed:
        packed.add(folder / "UQ" / "saved_model", "1l-uq")


def main(data: Path, work: Path) -> None:
    """All six."""
    found = labelled_frames.read([data / "interface.xyz.gz", data / "protons.xyz.gz"])
    found = [labelled_frames.sorted_by_element(frame, ELEMENTS) for frame in sorted(found, key=lambda f: len(f.atoms))]
    frames = [frame for frame in found if set(frame.counts) == set(ELEMENTS)][:48]
    bin_ = Path(sys.executable).parent
    env = os.environ | {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    DATA.mkdir(exist_ok=True)
    for name in TINY:
        folder = work / name
        folder.mkdir(parents=True)
        model = fit(name, frames, folder)
        if name == "fs":
            subprocess.run([bin_ / "gracemaker", "input.yaml", "-r", "-s", "-sf"], cwd=folder, env=env, check=True)
            shutil.copy(folder / "seed/1/saved_model.yaml", DATA / "fs.yaml")
            continue
        if name == "2l":
            with tarfile.open(DATA / "2l.tar.gz", "w:gz") as packed:
                packed.add(model, "2l")
        else:
            shutil.copytree(model, DATA / name, dirs_exist_ok=True)
            with_gamma(folder, env)
        weights = ["-p", "seed/1/model.yaml", "-c", "seed/1/checkpoints/checkpoint.index"]
        output = DATA / f"{name}.npz"
        subprocess.run([bin_ / "grace_utils", *weights, "export_kokkos", "-o", output], cwd=folder, env=env, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
