"""Selections by element, group, region, index and MDAnalysis string; what is wrong is said."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from lmpdrive.errors import ConfigError
from lmpdrive.observables import Interface
from lmpdrive.observables.selection import charges_of, read_region, select
from tests.observables.synthetic_frames import Frames, film


def system(**topology):
    elements, positions, cell = film([3, 5, 9], [1, 0, -1], extra=[("Na", (1, 1, 20)), ("Cl", (4, 4, 15))])
    return Frames(elements, np.tile(positions, (3, 1, 1)), cell, **topology)


def chosen(what, **topology):
    """Atoms selected in the last frame."""
    frames = system(**topology)
    interface = Interface(frames.topology, frames.read(0, 1))
    selection = select(what, interface, "here")
    chunk = frames.read(0, 3)
    inside = selection.inside(chunk, interface.frames(chunk).distances(selection.atoms))
    assert inside.shape == (1, 3, len(selection.atoms))
    return selection.atoms[inside[0, -1]].tolist()


WATER = list(range(36, 45))


@pytest.mark.parametrize(
    ("what", "atoms"),
    [
        ("Na", [45]),
        ("O", [36, 39, 42]),
        ("metal", list(range(36))),
        ("layer_4", list(range(27, 36))),
        ("water", WATER),
        ("ions", [45, 46]),
        ({"element": ["Na", "Cl"]}, [45, 46]),
        ({"group": "ions"}, [45, 46]),
        ({"indices": [3, 1, 3]}, [1, 3]),
        ({"element": "O", "region": "z < 4.5"}, [36]),
        ({"element": "O", "region": "4 < z <= 5"}, [39]),
        ({"group": "water", "region": "z >= 8.9"}, [42]),  # its H point down
        ({"mda": "name O"}, [36, 39, 42]),
        ({"mda": "element Na or group metal and not element Au"}, [45]),
        ({"mda": "name O and prop z < 11"}, [36]),
        ({"mda": "name O and prop z < 13", "region": "z > 4"}, [39]),
    ],
)
def test_what_is_selected(what, atoms):
    assert chosen(what) == atoms


def test_groups_of_the_run_win():
    assert chosen("fixed", groups={"fixed": np.array([0, 1])}) == [0, 1]
    assert chosen({"mda": "group fixed"}, groups={"fixed": np.array([0, 1])}) == [0, 1]


def test_mda_string_with_positions_follows_the_frames():
    elements, positions, cell = film([3], [1], extra=[("Na", (1, 1, 20))])
    frames = np.tile(positions, (4, 1, 1))
    frames[2:, -1, 2] = 12.0
    trajectory = Frames(elements, frames, cell)
    interface = Interface(trajectory.topology, trajectory.read(0, 1))
    selection = select({"mda": "name Na and prop z < 15"}, interface, "here")
    chunk = trajectory.read(0, 4)
    inside = selection.inside(chunk, interface.frames(chunk).distances(selection.atoms))
    assert inside[0, :, -1].tolist() == [False, False, True, True]
    assert inside.sum() == 2


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("NaO", "did you mean 'Na'"),
        ("watr", "did you mean 'water'"),
        ({"element": "Kr"}, "no element 'Kr'.*Au, Cl"),
        ({"group": "fixd"}, "no group 'fixd'"),
        ({"element": "Na", "group": "water"}, "exactly one"),
        ({"elements": "Na"}, "exactly one"),
        ({"region": "z < 4"}, "exactly one"),
        ({"element": "O", "region": "x < 4"}, "z < 4.5"),
        ({"element": "O", "region": "z"}, "z < 4.5"),
        ({"indices": [0, 47]}, "0 to 46"),
        ({"indices": [0.5]}, "whole numbers"),
        ({"mda": "nonsense of mine"}, "MDAnalysis cannot read"),
    ],
)
def test_what_is_wrong_is_said(what, message):
    with pytest.raises(ConfigError, match=message):
        chosen(what)


def test_without_mdanalysis_the_error_has_the_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "MDAnalysis", None)  # what Python itself does for a missing module
    with pytest.raises(ConfigError, match="pip install MDAnalysis"):
        chosen({"mda": "name O"})


def test_regions():
    z = np.array([-1.0, 0.0, 2.0, 4.5, 5.0])
    assert read_region("0 < z <= 4.5", "here").holds(z).tolist() == [False, False, True, True, False]
    assert read_region("z>=2", "here").holds(z).tolist() == [False, False, True, True, True]
    assert read_region("-1 <= z", "here").holds(z).all()


def test_charges_by_element_or_of_the_structure():
    frames = system()
    interface = Interface(frames.topology, frames.read(0, 1))
    assert charges_of(interface, None, "here") is None
    charges = charges_of(interface, {"Na": 1.0, "O": -0.8}, "here")
    assert charges[45] == 1.0
    assert charges.sum() == pytest.approx(1.0 - 2.4)
    with pytest.raises(ConfigError, match="no element 'K'"):
        charges_of(interface, {"K": 1.0}, "here")
