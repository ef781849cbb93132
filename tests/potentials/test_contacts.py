"""Frames of close contacts: no pair beyond its range, whole molecules, labels by difference."""

import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.calculators.calculator import Calculator, all_changes
from ase.geometry import get_distances

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "potentials"))
import contacts


def liquid(n: int = 3) -> Atoms:
    """n^3 water molecules on a grid, turned at random."""
    rng = np.random.default_rng(0)
    atoms = Atoms(cell=[3.1 * n] * 3, pbc=True)
    for i in np.ndindex(n, n, n):
        water = molecule("H2O")
        water.euler_rotate(*rng.uniform(0, 360, 3), center="COM")
        water.translate(3.1 * (np.array(i) + 0.5))
        atoms += water
    atoms.arrays["REF_forces"] = rng.normal(size=(len(atoms), 3))
    atoms.info["REF_energy"] = -7.0
    return atoms


def pairs(atoms: Atoms) -> np.ndarray:
    return get_distances(atoms.positions, cell=atoms.cell, pbc=True)[1]


def test_pushed_frames_have_the_contacts_they_name_and_nothing_closer():
    atoms, rng = liquid(), np.random.default_rng(1)
    symbols = np.array(atoms.get_chemical_symbols())
    of = np.repeat(np.arange(len(atoms) // 3), 3)
    between = of[:, None] != of[None, :]
    for _ in range(10):
        new = contacts.pushed(atoms, rng)
        distances = pairs(new)
        assert np.allclose(distances[~between], pairs(atoms)[~between], atol=1e-9), "molecules are moved whole"
        for a, b in (("H", "H"), ("O", "O"), ("H", "O")):
            mask = between & (symbols[:, None] == a) & (symbols[None, :] == b)
            assert distances[mask].min() >= contacts.CONTACTS_A[a, b][0] - 1e-6
        for contact in new.info["contacts_A"].split(", "):
            kind, target = contact.split()
            a, b = kind.split("-")
            mask = between & (symbols[:, None] == a) & (symbols[None, :] == b)
            assert np.abs(distances[mask] - float(target)).min() < 0.006


class Springs(Calculator):
    """Every atom on a spring to the origin, 0.5 k r^2 with k = 2 eV/Å^2."""

    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": float((atoms.positions**2).sum()), "forces": -2 * atoms.positions}


def test_labels_are_the_reference_plus_a_difference():
    atoms = liquid(2)
    moved = atoms.copy()
    moved.positions[0] += (0.1, 0, 0)
    (new,) = contacts.labelled(atoms, [moved], Springs())
    cost = (moved.positions**2).sum() - (atoms.positions**2).sum()
    assert new.info["REF_energy"] == pytest.approx(-7.0 + cost)
    change = new.arrays["REF_forces"] - atoms.arrays["REF_forces"]
    assert change[0] == pytest.approx([-0.2, 0, 0]) and np.abs(change[1:]).max() < 1e-12


def test_frames_with_extreme_forces_are_left_out():
    atoms = liquid(2)
    far = atoms.copy()
    far.positions[0] += (20.0, 0, 0)
    assert contacts.labelled(atoms, [far], Springs()) == []
