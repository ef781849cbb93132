"""Fit the small ACE models of the tests: linear, and with two densities; with their active sets.

    python tests/architectures/make_ace.py tests/architectures/data/ace

Run it where python-ace 0.4.0rc1 is (`lmpdrive env create pace`); it takes seconds.  The linear one is a least-squares
fit to frames of potentials/ (DFT, and made close contacts), poor, but a real model; the other one has its coefficients
and a second density under a square root.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from ase.io import read
from pyace import ACEBBasisSet, BBasisConfiguration, create_multispecies_basis_config
from pyace.activelearning import (
    compute_A_active_inverse,
    compute_active_set,
    compute_B_projections,
    save_active_inverse_set,
)
from pyace.linearacefit import LinearACEDataset, LinearACEFit

POTENTIALS = Path(__file__).resolve().parents[2] / "potentials"
ELEMENTS = ["H", "O", "Pt"]
ISOLATED_eV = {"H": -1.2058, "O": -1.6348, "Pt": -0.6548}
"""RPBE, of the source of the frames: ../shared/data/pt-water-rpbe-d3/isolated-atoms.xyz."""

ENERGY_WEIGHT = 100
"""Of the energy per atom [eV] against a force [eV/Å]."""


def basis(densities: list[float]) -> BBasisConfiguration:
    """Pairs and triples within 4 Å; each density ρ adds its power."""
    return create_multispecies_basis_config(
        {
            "deltaSplineBins": 0.01,
            "elements": ELEMENTS,
            "embeddings": {
                "ALL": {
                    "npot": "FinnisSinclairShiftedScaled",
                    "fs_parameters": [x for power in densities for x in (1.0, power)],
                    "ndensity": len(densities),
                }
            },
            "bonds": {
                "ALL": {
                    "radbase": "SBessel",
                    "radparameters": [4.0],
                    "rcut": 4.0,
                    "dcut": 0.01,
                    "NameOfCutoffFunction": "cos",
                    "core-repulsion": [50.0, 5.0],
                    "r_in": 0.7,
                    "delta_in": 0.2,
                    "inner_cutoff_type": "distance",
                }
            },
            "functions": {"ALL": {"nradmax_by_orders": [6, 2], "lmax_by_orders": [0, 1]}},
        }
    )


def frames() -> pd.DataFrame:
    """Structures with forces and the energy above isolated atoms."""
    files = (POTENTIALS / "pt-water-test" / "held-back.xyz.gz", POTENTIALS / "pt-water-contacts" / "contacts.xyz.gz")
    found = [atoms for file in files for atoms in read(file, ":150") if len(atoms) <= 151]
    isolated = [sum(ISOLATED_eV[e] for e in atoms.symbols) for atoms in found]
    return pd.DataFrame(
        {
            "ase_atoms": found,
            "energy_corrected": [a.info["REF_energy"] - e for a, e in zip(found, isolated, strict=True)],
            "forces": [a.arrays["REF_forces"] for a in found],
        }
    )


def write(name: str, model: ACEBBasisSet, data: pd.DataFrame, folder: Path) -> None:
    """`name.yaml`, `name.yace`, `name.asi`."""
    model.save(str(folder / f"{name}.yaml"))
    model.to_ACECTildeBasisSet().save_yaml(str(folder / f"{name}.yace"))
    projections = compute_B_projections(model, data["ase_atoms"].to_list())
    inverse = compute_A_active_inverse(compute_active_set(projections))
    save_active_inverse_set(str(folder / f"{name}.asi"), inverse, elements_name=ELEMENTS)


def main(folder: Path) -> None:
    """Fit and write both."""
    folder.mkdir(parents=True, exist_ok=True)
    data = frames()
    fit = LinearACEFit(train_dataset=LinearACEDataset(basis([1.0]), data))
    scores = fit.train_dataset.get_design_matrix(max_workers=1), fit.train_dataset.get_target_vector()
    for array in scores:
        array[: len(data)] *= ENERGY_WEIGHT
    fit.fit()
    for array in scores:
        array[: len(data)] /= ENERGY_WEIGHT
    print(fit.compute_errors(fit.train_dataset))
    linear = fit.get_bbasis()
    write("linear", linear, data, folder)
    two = ACEBBasisSet(basis([1.0, 0.5]))
    coefficients = np.zeros((len(linear.basis_coeffs), 2))
    coefficients[:, 0] = linear.basis_coeffs
    coefficients[:, 1] = np.random.default_rng(1).normal(scale=0.02, size=len(coefficients))
    two.basis_coeffs = coefficients.ravel()
    write("two-densities", two, data, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
