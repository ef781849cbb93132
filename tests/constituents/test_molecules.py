"""Ions, molecules and water are told from each other by their bonds; what has no surface has none."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule

from lmpdrive.constituents import Configuration, find_constituents
from tests.constituents import interfaces as made
from tests.constituents.test_slabs import found

TETRAHEDRON = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]) / np.sqrt(3)
TRIANGLE = np.array([(np.cos(a), np.sin(a), 0) for a in np.radians([0, 120, 240])])


def centred(centre, ligand, bond, directions):
    """A central atom with ligands."""
    return Atoms([centre, *[ligand] * len(directions)], positions=[(0, 0, 0), *(bond * directions)])


ANIONS = {
    "ClO4": centred("Cl", "O", 1.45, TETRAHEDRON),
    "SO4": centred("S", "O", 1.49, TETRAHEDRON),
    "NO3": centred("N", "O", 1.25, TRIANGLE),
    "CO3": centred("C", "O", 1.29, TRIANGLE),
    "BF4": centred("B", "F", 1.39, TETRAHEDRON),
    "PF6": centred("P", "F", 1.60, np.concatenate([np.eye(3), -np.eye(3)])),
    "NH4": centred("N", "H", 1.02, TETRAHEDRON),
}
MOLECULES = {"CH3OH": "CH3OH", "CO2": "CO2", "NH3": "NH3", "CH3CN": "CH3CN", "C2H5OH": "CH3CH2OH", "CO": "CO"}


def beside_water(*species, slab=None):
    """Molecules in a row in the upper part of the film, far from water."""
    slab = fcc111("Au", (6, 6, 3), orthogonal=True) if slab is None else slab
    atoms, own = made.with_water(slab, vacuum=16.0)
    top = atoms.positions[:, 2].max() + 4.0
    for k, one in enumerate(species):
        one = one.copy()
        one.positions += np.array([2.5 + 5.0 * (k % 3), 2.5 + 5.0 * (k // 3), top]) - one.positions[0]
        atoms += one
    return atoms, own


@pytest.mark.parametrize("name", ANIONS)
def test_polyatomic_ions(name):
    atoms, own = beside_water(ANIONS[name], Atoms("Na"), ANIONS[name])
    what = found(atoms, scale=0.04)
    assert sorted(what.slab) == own.tolist() and len(what.molecules.water) == 24
    assert {n: len(one.members) for n, one in what.ions.items()} == {name: 2, "Na": 1}
    centres = what.elements[what.ions[name].centres]
    assert set(centres.tolist()) == {ANIONS[name].get_chemical_symbols()[0]}
    assert what.ions["Na"].charge_e == 1 and what.ions[name].charge_e in (-2, -1, 1)


@pytest.mark.parametrize("name", MOLECULES)
def test_other_molecules(name):
    one = molecule(MOLECULES[name])
    atoms, _ = beside_water(one, one)
    what = found(atoms, scale=0.04)
    assert list(what.others) == [name] and len(what.others[name].members) == 2 and not what.ions
    assert what.others[name].charge_e == 0 and len(what.molecules.water) == 24


def test_hydroxide_and_hydronium():
    hydronium = Atoms("OH3", positions=[(0, 0, 0), *(0.99 * TRIANGLE + (0, 0, 0.2))])
    hydroxide = Atoms("OH", positions=[(0, 0, 0), (0, 0, 0.97)])
    atoms, _ = beside_water(hydronium, hydroxide)
    what = found(atoms, scale=0.03)
    counts = [len(o) for o in (what.molecules.water, what.molecules.hydroxide, what.molecules.hydronium)]
    assert counts == [24, 1, 1] and len(what.water_oxygens) == 26 and not what.ions


def test_ions_that_are_surrounded_by_water_are_no_network():
    """Concentrated CsCl: Cs ions nearly touch, as atoms of a metal do, but water is between them."""
    rng = np.random.default_rng(1)
    side, n = 17.0, 5
    grid = np.array([(i, j, k) for i in range(n) for j in range(n) for k in range(n)]) * side / n
    grid = grid[rng.permutation(len(grid))] + 0.5 + rng.normal(scale=0.1, size=grid.shape)
    atoms = Atoms(cell=[side] * 3, pbc=True)
    for k, place in enumerate(grid):
        if k < 30:
            atoms += Atoms("Cs" if k % 2 else "Cl", positions=[place])
        else:
            one = molecule("H2O")
            one.rotate(rng.uniform(0, 360), rng.normal(size=3), center=one.positions[0])
            one.positions += place - one.positions[0]
            atoms += one
    what = found(atoms, scale=0.02)
    assert not what.slabs and {n: len(one.members) for n, one in what.ions.items()} == {"Cl": 15, "Cs": 15}
    assert len(what.molecules.water) == 95


def test_a_melt_and_a_crystal_fill_the_cell():
    for crystal in (bulk("Cu", cubic=True).repeat(3), bulk("NaCl", "rocksalt", a=5.64, cubic=True).repeat(2)):
        what = found(crystal)
        assert not what.slabs and len(what.solid) == len(crystal)


@pytest.mark.parametrize("normal", [None, 2])
def test_water_alone_has_no_slab(normal):
    cell = np.diag([12.0, 12.0, 30.0])
    film = made.waters(cell, 30, 5.0, 15.0, np.random.default_rng(0))
    elements = np.array(film.get_chemical_symbols())
    what = find_constituents(elements, [Configuration(film.positions, cell)], normal=normal)
    assert not what.slabs and not len(what.solid) and len(what.molecules.water) == 30
    assert "none" in what.lines()[1]


def test_the_table_names_everything():
    atoms, _ = beside_water(ANIONS["ClO4"], Atoms("Na"), molecule("CH3OH"), slab=made.rutile(repeat=(6, 3)))
    text = "\n".join(found(atoms, scale=0.04).lines())
    for words in ("Ti108 O216: 3 layers, normal along z", "24 H2O", "1 ClO4 (counted at Cl), 1 Na", "1 CH3OH (counted"):
        assert words in text, text
