"""Every shipped architecture keeps the contract of `lmpdrive.testing.check_architecture`."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits
from tests.architectures.structures import water_on

DATA = Path(__file__).parent / "data"


def film_on(metal: str, lattice_A: float) -> Atoms:
    """A slab of 32 atoms with three molecules, a little off their sites."""
    return water_on(metal, lattice_A, layers=2, heights_A=(9.3, 12.5, 15.5), height_A=20.0, shake_A=0.02)


def alloy() -> Atoms:
    """32 atoms of Cu and Pt, a little off their sites."""
    atoms = bulk("Cu", "fcc", 3.75, cubic=True).repeat((2, 2, 2))
    rng = np.random.default_rng(1)
    atoms.symbols[rng.permutation(32)[:12]] = "Pt"
    atoms.positions += rng.normal(scale=0.02, size=(32, 3))
    return atoms


SINGLE = Limits(force_eV_per_A=1e-4, energy_eV=1e-2, virial_eV=1e-2, derivative_eV=0.2, restart_A=1e-5)
"""Networks in single precision: the energy of a structure has seven digits."""

CASES = {
    "ase": ({"architecture": "ase", "calculator": "ase.calculators.emt:EMT", "elements": ["Cu", "Pt"]}, Limits()),
    "deepmd, double": (
        {"architecture": "deepmd", "model": str(DATA / "dp-float64.pb"), "compress": "never"},
        Limits(virial_eV=1e-4),
    ),
    "mace, double": (
        {"architecture": "mace", "model": str(DATA / "mace-tiny.model"), "dtype": "float64", "compile": "never"},
        Limits(),
    ),
    "mace, single": (
        {"architecture": "mace", "model": str(DATA / "mace-tiny.model"), "compile": "never"},
        SINGLE,
    ),
}


SLOW = {"mace, single"}
"""test_mace.py compares single precision with the calculator too."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.validation] if name in SLOW else []) for name in CASES]
)
def test_contract(name):
    potential, limits = CASES[name]
    atoms = alloy() if name == "ase" else film_on("Pt", 3.94)
    measured = check_architecture(potential, atoms, limits=limits)
    print(name, measured)
    assert not measured.skipped
    assert len(measured.numbers) >= 12


def test_contract_of_the_classical_potential():
    """It has no calculator of its own; pairs that cross the Lennard-Jones cutoff jump by some 1e-6 eV."""
    # at the usual accuracy the mesh of two cells differs by more than the energies to be compared
    potential = {"architecture": "classical", "kspace_accuracy": 1e-8}
    measured = check_architecture(potential, film_on("Au", 4.08), limits=Limits(derivative_eV=5e-3))
    print(measured)
    assert set(measured.skipped) == {"against the calculator"}
    assert "virial xx against -dE/dε [eV]" in measured.numbers
