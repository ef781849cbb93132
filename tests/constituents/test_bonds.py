"""Bonds: the same pairs as ASE's neighbour list in any cell, compiled or not; networks without an end."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, graphene, molecule
from ase.neighborlist import neighbor_list

from lmpdrive.constituents import bonds as of_bonds
from lmpdrive.constituents.bonds import find_bonds, neighbours
from lmpdrive.constituents.kernels import close, close_numpy
from lmpdrive.constituents.layers import find_planes
from lmpdrive.constituents.networks import networks


@pytest.mark.parametrize("cell", [[5, 6, 7], [[6, 0, 0], [2.5, 5, 0], [-1.5, 2, 7]], [3, 3, 20]])
@pytest.mark.parametrize("cutoff", [1.7, 4.1])
@pytest.mark.parametrize("tree", [False, True])
def test_neighbours_are_those_of_ase(cell, cutoff, tree, monkeypatch):
    if tree:
        monkeypatch.setattr(of_bonds, "MANY", 0)
    rng = np.random.default_rng(3)
    atoms = Atoms("H20", cell=cell, pbc=True)
    atoms.set_scaled_positions(rng.uniform(-1, 2, (20, 3)))
    found = neighbours(atoms.positions, np.array(atoms.cell), cutoff)
    i, j, d = neighbor_list("ijd", atoms, cutoff)

    assert len(i) == 2 * len(found.first)
    ours = sorted((*sorted(pair), round(length, 9)) for *pair, length in zip(found.first, found.second, found.length))
    theirs = sorted((*sorted(pair), round(length, 9)) for *pair, length in zip(i, j, d))[::2]
    assert ours == theirs
    np.testing.assert_allclose(np.linalg.norm(found.vector, axis=1), found.length)


def test_the_twin_finds_the_same():
    rng = np.random.default_rng(0)
    points, around = rng.uniform(0, 9, (70, 3)), rng.uniform(-2, 11, (300, 3))
    around = around[np.argsort(around[:, 2])]
    for cutoff in (0.5, 3.0, 20.0):
        for a, b in zip(close.close_pairs(points, around, cutoff), close_numpy.close_pairs(points, around, cutoff)):
            np.testing.assert_allclose(a, b)


@pytest.mark.parametrize(
    ("atoms", "dimensions", "normal"),
    [
        (bulk("Cu", cubic=True), 3, None),
        (bulk("Cu"), 3, None),
        (graphene(vacuum=10.0), 2, 2),
        (Atoms("C2", positions=[(0, 0, 0), (1.25, 0, 0)], cell=[2.5, 20, 20], pbc=True), 1, None),
        (molecule("CH3CH2OH", cell=[12] * 3, pbc=True), 0, None),
    ],
)
def test_along_how_many_directions_a_network_has_no_end(atoms, dimensions, normal):
    symbols = np.array(atoms.get_chemical_symbols())
    (part,) = networks(len(atoms), find_bonds(symbols, atoms.positions, np.array(atoms.cell)))
    assert (part.dimensions, part.normal) == (dimensions, normal) and len(part.atoms) == len(atoms)


def test_a_hydrogen_has_one_bond():
    """Between two O it belongs to the nearer, and a metal counts only where there is no O."""
    places = [(0, 0, 0), (2.3, 0, 0), (1.0, 0, 0), (1.0, 1.6, 0), (8, 8, 8), (8, 8, 9.6)]
    bonds = find_bonds(np.array(["O", "O", "H", "Pt", "H", "Pt"]), np.array(places, dtype=float), np.diag([20.0] * 3))
    ends = zip(bonds.first.tolist(), bonds.second.tolist())
    pairs = {tuple(sorted(pair)) for pair in ends if set(pair) & {2, 4}}
    assert pairs == {(0, 2), (4, 5)}


@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_planes_bottom_to_top(offset):
    rng = np.random.default_rng(0)
    z = np.repeat([0.0, 2.4, 4.8, 7.2], 12) + rng.normal(scale=0.12, size=48) + offset
    assert [sorted(plane) for plane in find_planes(z)] == [list(range(12 * i, 12 * i + 12)) for i in range(4)]


def test_a_gas_has_no_planes():
    assert not find_planes(np.random.default_rng(0).uniform(0, 20, 60))
    assert not find_planes(np.array([1.0, 12.0]))
