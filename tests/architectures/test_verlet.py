"""The neighbour list with a skin gives the pairs of a list that is made anew, while atoms and cell move."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("vesin", reason="vesin comes with the mace extra")

from ase.neighborlist import neighbor_list

from lmpdrive.architectures import Configuration
from lmpdrive.architectures.shared import pairs_numpy
from lmpdrive.architectures.shared.verlet import VerletList
from tests.architectures.structures import water_on

CUTOFF_A = 4.5


def film() -> Configuration:
    atoms = water_on("Pt", 3.94, layers=2, heights_A=(9.3, 12.5, 15.5), height_A=20.0, shake_A=0.02)
    return Configuration(atoms.numbers, atoms.positions, atoms.cell.array, (True, True, True))


def lengths_of_each_pair(i, j, d):
    order = np.lexsort((d, j, i))
    return i[order], j[order], d[order]


def same_pairs(found, configuration):
    from ase import Atoms

    atoms = Atoms(configuration.numbers, configuration.positions, cell=configuration.cell, pbc=configuration.pbc)
    i, j, d, vectors = neighbor_list("ijdD", atoms, CUTOFF_A)
    ours, theirs = lengths_of_each_pair(found.i, found.j, found.lengths), lengths_of_each_pair(i, j, d)
    assert all(np.allclose(a, b) for a, b in zip(ours, theirs, strict=True))
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), found.lengths)
    assert found.vectors.sum(axis=0) == pytest.approx(vectors.sum(axis=0), abs=1e-9)
    assert (np.diff(found.i) >= 0).all()


@pytest.mark.parametrize("strain", [0.0, 2e-4, 1e-2])
def test_pairs_while_atoms_and_cell_move(strain):
    rng, now, neighbours = np.random.default_rng(1), film(), VerletList(CUTOFF_A)
    for _ in range(12):
        stretch = np.eye(3) + strain * rng.normal(size=(3, 3))
        positions = (now.positions + rng.normal(scale=0.01, size=now.positions.shape)) @ stretch
        now = replace(now, positions=positions, cell=now.cell @ stretch)
        same_pairs(neighbours.pairs(now), now)
    assert (neighbours.builds < 12) == (strain < 1e-2), "a small motion does not need a new list, a large one does"


def test_sorted_wrapped_and_exchanged_atoms_make_a_new_list():
    neighbours, first = VerletList(CUTOFF_A), film()
    neighbours.pairs(first)
    order = np.random.default_rng(2).permutation(len(first.numbers))
    shuffled = replace(first, numbers=first.numbers[order], positions=first.positions[order])
    same_pairs(neighbours.pairs(shuffled), shuffled)
    wrapped = replace(shuffled, positions=shuffled.positions + np.eye(len(order), 1) * first.cell[0])
    same_pairs(neighbours.pairs(wrapped), wrapped)
    same_pairs(neighbours.pairs(replace(wrapped, pbc=(True, True, False))), replace(wrapped, pbc=(True, True, False)))
    assert neighbours.builds == 4


def test_the_plain_twin_finds_the_same():
    first = film()
    compiled, plain = VerletList(CUTOFF_A), VerletList(CUTOFF_A)
    plain._within = pairs_numpy.within
    for a, b in zip(compiled.pairs(first), plain.pairs(first), strict=True):
        assert np.allclose(a, b) and len(a)


def test_a_cluster_without_neighbours():
    alone = Configuration(np.array([78, 8]), np.array([[0.0, 0, 0], [9.0, 0, 0]]), np.diag([20.0] * 3), (False,) * 3)
    neighbours = VerletList(CUTOFF_A)
    assert len(neighbours.pairs(alone).i) == 0
    assert len(neighbours.pairs(replace(alone, cell=alone.cell * 1.1)).i) == 0
