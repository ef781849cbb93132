"""Slabs that are not repeated along their normal, for programs that repeat every cell."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from lmpdrive.trajectory.boundaries import VACUUM_A
from lmpdrive.trajectory.labelled import without_labels
from lmpdrive.trajectory.room import with_room


def film(pbc, cell=(4.0, 4.0, 10.0), lowest=1.0):
    """A face at `lowest` and an atom 0.5 Å below 10 Å."""
    return Atoms("Ar2", [[0, 0, lowest], [0, 0, 9.5]], cell=cell, pbc=pbc)


def test_the_ends_of_an_open_axis_are_apart():
    """Along z, 9.5 Å to the next image of 1 Å: 1.5 Å where the cell is repeated, 21.5 Å with room."""
    frames = with_room(without_labels([film((True, True, False)), film(True)]))
    assert frames.pbc.all() and frames.cells[:, 2, 2] == pytest.approx([10 + VACUUM_A, 10])
    first = frames.atoms(0)
    assert first.get_distance(0, 1, mic=True) == pytest.approx(8.5)
    assert film(True).get_distance(0, 1, mic=True) == pytest.approx(1.5)
    assert (frames.positions == without_labels([film(True)] * 2).positions).all()


def test_atoms_beyond_the_cell_have_room_too():
    frames = with_room(without_labels([film((True, True, False), cell=(4.0, 4.0, 8.0), lowest=-2.0)]))
    assert frames.cells[0, 2, 2] == pytest.approx(11.5 + VACUUM_A)


def test_another_axis_and_a_leaning_cell():
    leaning = np.array([[12.0, 0, 0], [3.0, 4.0, 0], [0, 0, 5.0]])
    frames = with_room(without_labels([Atoms("Ar", [[1, 1, 1]], cell=leaning, pbc=(True, False, True))]))
    assert frames.cells[0, 1] == pytest.approx([3 * 5, 4 * 5, 0]), "5 Å and 20 Å more, in its direction"
    assert (frames.cells[0, [0, 2]] == leaning[[0, 2]]).all()


def test_molecules_and_slabs_without_a_cell_stay():
    flat = film((True, True, False), cell=(4.0, 4.0, 0.0))
    free = molecule("H2O", cell=[9.0, 9.0, 9.0])
    for atoms in (flat, free):
        given = without_labels([atoms])
        kept = with_room(given)
        assert (kept.cells == given.cells).all() and (kept.pbc == given.pbc).all()
