"""Retrain a demonstration potential in one command, with the package's own trainer.

    python potentials/train.py deepmd ../shared/data/pt-water-rpbe-d3 potentials/pt-water-dp \\
        --contacts potentials/pt-water-contacts/contacts.xyz.gz
    python potentials/train.py dpa3 ../shared/data/pt-water-rpbe-d3 potentials/pt-water-dpa3
    python potentials/train.py mace ../shared/data/pt-water-rpbe-d3 potentials/pt-water-mace \\
        --contacts potentials/pt-water-contacts/contacts.xyz.gz

Run it in the environment of the architecture (`pip install "lmpdrive[deepmd]"`).  The steps are the
same for every recipe:

1. split: per composition, a seeded shuffle; one tenth is held back for testing and never seen, one
   tenth watches the training;
2. train and freeze with the package's trainer;
   `--contacts` adds frames of close contacts (see contacts.py) to the fit, a quarter of the batches;
3. measure energy and force RMSE on the held-back tenth through the package's ASE calculator, on the
   frozen file that is shipped;
4. write `card.yaml` beside the model.

Units: eV, Å, eV/Å.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import yaml
from ase import Atoms
from ase.neighborlist import neighbor_list
from data import CONTACTS_SHARE, ELEMENTS, SPLIT_SEED, Split, by_composition, load, load_contacts, split, write_test
from grace_training import GRACE_1L, GRACE_2L, grace_calculator, train_grace
from mace_training import MACE, mace_calculator, train_mace

from lmpdrive.common.hashing import sha256

# --- deepmd-kit ------------------------------------------------------------------------------------


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

DPA3 = {
    "descriptor": {
        "type": "dpa3",
        "repflow": {
            "n_dim": 32,
            "e_dim": 16,
            "a_dim": 8,
            "nlayers": 2,
            "e_rcut": 5.0,
            "e_rcut_smth": 3.5,
            "e_sel": 80,
            "a_rcut": 3.5,
            "a_rcut_smth": 2.5,
            "a_sel": 24,
            "axis_neuron": 4,
            "update_angle": True,
            "update_style": "res_residual",
            "update_residual": 0.1,
            "update_residual_init": "const",
            "smooth_edge_update": True,
            "use_exp_switch": True,
        },
        "precision": "float32",
        "seed": 1,
    },
    "fitting_net": {"neuron": [64, 64, 64], "precision": "float32", "seed": 1},
}


def deepmd_input(model: dict, parts: Split, work: Path, batches: int, start_lr: float) -> dict:
    """deepmd's `input.json`: forces first, energies caught up at the end, as is usual."""
    systems = write_deepmd_systems(parts.train, work / "train")
    shares = "prob_sys_size"
    if parts.contacts:
        more = write_deepmd_systems(parts.contacts, work / "contacts")
        first, last = len(systems), len(systems) + len(more)
        shares += f"; 0:{first}:{1 - CONTACTS_SHARE}; {first}:{last}:{CONTACTS_SHARE}"
        systems += more
    return {
        "model": {"type_map": ELEMENTS, **model},
        "learning_rate": {"type": "exp", "start_lr": start_lr, "stop_lr": 5e-6, "decay_steps": max(1, batches // 200)},
        "loss": {
            "start_pref_e": 0.02,
            "limit_pref_e": 1,
            "start_pref_f": 1000,
            "limit_pref_f": 5,
        },
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


def train_deepmd(backend: str, model: dict, frozen: str, start_lr: float) -> Callable[[Split, Path, int], Path]:
    """A recipe: train with `dp --<backend>` and freeze to `frozen`."""

    def recipe(parts: Split, work: Path, batches: int) -> Path:
        (work / "input.json").write_text(json.dumps(deepmd_input(model, parts, work, batches, start_lr), indent=1))
        # One thread: on a busy machine two are several times slower (docs/performance.md).
        env = os.environ | dict.fromkeys(
            ("OMP_NUM_THREADS", "DP_INTRA_OP_PARALLELISM_THREADS", "DP_INTER_OP_PARALLELISM_THREADS"), "1"
        )
        dp = str(Path(sys.executable).with_name("dp"))
        for command in (["train", "input.json"], ["freeze", "-o", frozen]):
            subprocess.run([dp, f"--{backend}", *command], cwd=work, env=env, check=True)
        return work / frozen

    return recipe


def deepmd_calculator(model: Path):
    """deepmd's own ASE calculator."""
    from deepmd.calculator import DP

    return DP(model=str(model))


@dataclass(frozen=True)
class Recipe:
    """How one architecture is trained, and the words for its card."""

    title: str
    train: Callable[[Split, Path, int], Path]
    calculator: Callable[[Path], object]
    length: int
    settings: dict
    unit: str = "batches"
    """Of the length."""
    contacts_share: float | None = CONTACTS_SHARE
    """Share of the batches that come from the frames of close contacts; None: every frame counts alike."""


def mace_recipe(messages: str, size: dict) -> Recipe:
    """One of the founding study's variants of MACE, scaled down."""
    settings = MACE | size
    title = f"MACE with {messages}, {size['num_channels']} channels, 2 layers, 4.5 Å (float32 training)"
    return Recipe(title, train_mace(settings), mace_calculator, 30, settings, "epochs", contacts_share=None)


RECIPES = {
    "deepmd": Recipe(
        "Deep Potential se_e2_a (DeePMD-kit, TensorFlow .pb, float32 networks)",
        train_deepmd("tf", SE_E2_A, "model.pb", 2e-3),
        deepmd_calculator,
        60_000,
        SE_E2_A,
    ),
    "dpa3": Recipe(
        "DPA-3, message-passing Deep Potential (DeePMD-kit, JAX .savedmodel, float32 networks)",
        train_deepmd("jax", DPA3, "model.savedmodel", 5e-4),
        deepmd_calculator,
        20_000,
        DPA3,
    ),
    "mace": mace_recipe("scalar messages", {"num_channels": 16, "max_L": 0}),
    "mace-l1": mace_recipe("messages up to L = 1", {"num_channels": 8, "max_L": 1}),
    "mace-l2": mace_recipe("messages up to L = 2", {"num_channels": 8, "max_L": 2}),
    "grace-1l": Recipe(
        "GRACE-1L (tensorpotential, SavedModel, float64)",
        train_grace(GRACE_1L, ELEMENTS),
        grace_calculator,
        60,
        GRACE_1L,
        "epochs",
        contacts_share=None,
    ),
    "grace-2l": Recipe(
        "GRACE-2L (tensorpotential, SavedModel, float64)",
        train_grace(GRACE_2L, ELEMENTS),
        grace_calculator,
        40,
        GRACE_2L,
        "epochs",
        contacts_share=None,
    ),
}


# --- measure and describe ----------------------------------------------------------------------------


def measure(model: Path, recipe: Recipe, frames: list[Atoms]) -> dict[str, float | int]:
    """Energy RMSE [meV/atom] and force-component RMSE [eV/Å] against the reference."""
    calculator = recipe.calculator(model)
    energy_errors, force_errors, reference = [], [], []
    for atoms in frames:
        atoms = atoms.copy()
        atoms.calc = calculator
        energy_errors.append((atoms.get_potential_energy() - atoms.info["REF_energy"]) / len(atoms))
        force_errors.append((atoms.get_forces() - atoms.arrays["REF_forces"]).ravel())
        reference.append(atoms.arrays["REF_forces"].ravel())
    dE, dF, F = np.array(energy_errors), np.concatenate(force_errors), np.concatenate(reference)
    return {
        "frames": len(frames),
        "force_rmse_eV_per_A": round(float(np.sqrt(np.mean(dF**2))), 4),
        "force_mae_eV_per_A": round(float(np.mean(np.abs(dF))), 4),
        "force_rms_of_reference_eV_per_A": round(float(np.sqrt(np.mean(F**2))), 4),
        "energy_rmse_meV_per_atom": round(1e3 * float(np.sqrt(np.mean(dE**2))), 3),
    }


def shortest_distances(frames: list[Atoms]) -> dict[str, float]:
    """Shortest distance [Å] of each pair of elements; closer than this a model has never been."""
    shortest: dict[str, float] = {}
    for atoms in frames:
        i, j, d = neighbor_list("ijd", atoms, 4.0)
        symbols = np.array(atoms.get_chemical_symbols())
        for a, b in combinations_with_replacement(ELEMENTS, 2):
            found = d[(symbols[i] == a) & (symbols[j] == b)]
            if len(found):
                shortest[f"{a}-{b}"] = round(min(float(found.min()), shortest.get(f"{a}-{b}", np.inf)), 3)
    return shortest


def describe_contacts(parts: Split, share: float | None) -> str:
    """For the card."""
    n = len(parts.contacts)
    if not n:
        return "none"
    share = share or n / (n + len(parts.train))
    return (
        f"{n} frames with pushed or shaken molecules, labelled DFT + difference of SevenNet-0 (contacts.py); "
        f"{share:.0%} of what is fitted; none in the test"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("data", type=Path, help="folder of interface.xyz.gz and protons.xyz.gz")
    parser.add_argument("out", type=Path, nargs="?", help="folder for the model and its card")
    parser.add_argument(
        "--write-test", type=Path, metavar="FILE", help="only write the held-back frames, e.g. to held-back.xyz.gz"
    )
    parser.add_argument("--contacts", type=Path, help="frames of contacts.py, added to the fit")
    parser.add_argument("--length", type=int, help="batches, or epochs for mace and grace (default: the recipe's)")
    parser.add_argument("--work", type=Path, default=None, help="scratch folder (default: OUT/work, kept)")
    args = parser.parse_args()

    if args.write_test:
        write_test(args.data, args.write_test)
        return
    if args.out is None:
        parser.error("the following arguments are required: out")
    recipe = RECIPES[args.recipe]
    length = args.length or recipe.length
    work = args.work or args.out / "work"
    if work.exists():
        sys.exit(f"{work} exists: remove it, or name another --work folder")
    work.mkdir(parents=True)
    parts = split(load(args.data))
    if args.contacts:
        parts.contacts.extend(load_contacts(args.contacts))
    started = time.time()
    frozen = recipe.train(parts, work, length)
    minutes = (time.time() - started) / 60

    args.out.mkdir(parents=True, exist_ok=True)
    target = args.out / frozen.name
    if frozen.is_dir():
        shutil.copytree(frozen, target, dirs_exist_ok=True)
    else:
        shutil.copy(frozen, target)
    card = {
        "title": recipe.title,
        "file": target.name,
        "sha256": sha256(target),
        "elements": ELEMENTS,
        "level_of_theory": "RPBE-D3(0), VASP, 450 eV",
        "data": "Pt(111)/water with O, OH, H coverages and solvated protons, some bulk water; "
        "example data of https://github.com/lucasdekam/appa",
        "licence": "MIT (data and weights)",
        "limits": "Pt, O, H only: no Au, no ions. Trained for trying the software, not for publication.",
        "split": {"train": len(parts.train), "watch": len(parts.watch), "test": len(parts.test), "seed": SPLIT_SEED},
        "contacts": describe_contacts(parts, recipe.contacts_share),
        "training": {recipe.unit: length, "minutes_on_one_core": round(minutes, 1), "settings": recipe.settings},
        "shortest_distances_A": shortest_distances(parts.train + parts.contacts),
        "test": measure(target, recipe, parts.test),
        "retrain": " ".join(
            ["python potentials/train.py", args.recipe, str(args.data), str(args.out), f"--length {length}"]
            + ([f"--contacts {args.contacts}"] if args.contacts else [])
        ),
    }
    (args.out / "card.yaml").write_text(yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=110))
    print((args.out / "card.yaml").read_text())


if __name__ == "__main__":
    main()
