"""Coordination numbers and ion pairs, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, slab

DIRECTIONS = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=float)


def solvated(n_frames=20, six=0.75, seed=0):
    """Na with O at 2.4 Å: six in `six` of the frames, five in the rest; and three O at 4.6 Å."""
    rng = np.random.default_rng(seed)
    metal, _ = slab(n=4, spacing=3.0)
    ion = np.array([6.0, 6.0, 15.0])
    frames = []
    for f in range(n_frames):
        radii = rng.normal(2.4, 0.05, 6)
        if f >= six * n_frames:
            radii[0] = 4.6
        around = ion + DIRECTIONS * radii[:, None]
        outer = ion + np.array([[1, 1, 0], [-1, 1, 0], [0, -1, 1]]) / np.sqrt(2) * rng.normal(4.6, 0.1, (3, 1))
        frames.append(np.concatenate([metal, [ion], around, outer]))
    return Frames(["Au"] * 64 + ["Na"] + ["O"] * 9, np.array(frames), [12.0, 12.0, 40.0])


def test_distribution_of_the_number_of_oxygens():
    tables = analyse(solvated())
    table = tables["coordination_Na_O"]
    assert table.x.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert_allclose(table.value, [0, 0, 0, 0, 0, 0.25, 0.75])
    assert_allclose(table.value.sum(), 1)
    assert any("first minimum of g(r)" in note for note in table.notes)
    mean = table.scalars["mean number of O around Na"]
    assert mean.value == pytest.approx(5.75)
    assert mean.error > 0
    assert tables["rdf_Na_O"].scalars["coordination number Na-O"].value == pytest.approx(5.75)


def test_shell_of_the_user():
    options = {"coordination": {"shell_A": {"Na-O": 5.2}}}
    table = analyse(solvated(), options=options)["coordination_Na_O"]
    assert_allclose(table.value[9], 1)
    assert any("5.20 Å (given)" in note for note in table.notes)


def test_no_shell_is_nan_and_says_what_to_do():
    rng = np.random.default_rng(0)
    frames = Frames(["Na"] + ["O"] * 3, rng.uniform(0, 12, (10, 4, 3)) * [1, 1, 0.001], [12.0, 12.0, 12.0])
    frames._positions[:, 1:] = [[1, 1, 5], [2, 1, 5], [3, 1, 5]]
    frames._positions[:, 0] = [1, 1, 10.5]  # the nearest O is 5.5 Å away, and nothing follows
    table = analyse(frames)["coordination_Na_O"]
    assert np.isnan(table.value).all()
    assert any("give coordination.shell_A" in note for note in table.notes)


def test_contact_ion_pairs():
    metal, _ = slab(n=4, spacing=3.0)
    frames = np.tile(np.concatenate([metal, [[6, 6, 15], [6, 6, 17.7], [1, 1, 20]]]), (20, 1, 1))
    frames[15:, 65, 2] = 19.9
    trajectory = Frames(["Au"] * 64 + ["Na", "Cl", "Na"], frames, [12.0, 12.0, 40.0])
    tables = analyse(trajectory, options={"coordination": {"shell_A": {"Na-Cl": 3.5, "Cl-Na": 3.5}}})
    assert tables["coordination_Na_Cl"].scalars["share of Na-Cl contact pairs"].value == pytest.approx(0.375)
    assert tables["coordination_Cl_Na"].scalars["share of Cl-Na contact pairs"].value == pytest.approx(0.75)
    assert_allclose(tables["coordination_Cl_Na"].value, [0.25, 0.75])


def test_no_ions_no_table():
    frames = Frames(["O"] * 3, np.random.default_rng(0).uniform(0, 9, (5, 3, 3)), [9, 9, 9])
    assert not [name for name in analyse(frames) if name.startswith("coordination")]
