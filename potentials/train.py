"""Retrain a demonstration potential in one command, with the package's own trainer.

    python potentials/train.py deepmd ../shared/data/pt-water-rpbe-d3 potentials/pt-water-dp \\
        --contacts potentials/pt-water-contacts/contacts.xyz.gz
    python potentials/train.py dpa3 ../shared/data/pt-water-rpbe-d3 potentials/pt-water-dpa3 \\
        --contacts potentials/pt-water-contacts/contacts.xyz.gz
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
import shutil
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
from data import CONTACTS_SHARE, ELEMENTS, SPLIT_SEED, Split, load, load_contacts, split, write_test
from deepmd_training import SE_E2_A, deepmd_calculator, train_deepmd
from dpa3_training import ALONE_BATCHES, DPA3, train_dpa3
from grace_training import GRACE_1L, GRACE_2L, grace_calculator, train_grace
from mace_training import MACE, mace_calculator, train_mace

from lmpdrive.common.hashing import sha256


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
        "Message-passing Deep Potential: DPA-3 beside se_e2_a (DeePMD-kit, JAX .savedmodel, float32 networks)",
        train_dpa3,
        deepmd_calculator,
        2_500,
        DPA3 | {"batches_of_dpa3_alone": ALONE_BATCHES},
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
