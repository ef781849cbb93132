"""The tables of attributes in docs/extending.md name all that a writer of observables is given, with its shape."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lmpdrive.observables import Interface
from tests.observables.synthetic_frames import Frames, film

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
TABLE = re.compile(r"^\*\*`([\w.]+)`\*\* \(in `(\w+)`\).*?\n\n((?:\|.*\n)+)", re.MULTILINE)


def tables():
    """(name, method) -> attribute with its arguments -> shape."""
    found = {}
    for name, method, rows in TABLE.findall(PAGE.read_text()):
        cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows.splitlines()[2:]]
        assert all(len(row) == 4 and row[3] for row in cells)
        found[name, method] = {row[0].strip("`"): row[1] for row in cells}
    return found


@pytest.fixture(scope="module")
def given():
    """What the methods of an observable are given, by the names in the page."""
    elements, positions, cell = film([2.6, 3.1, 5.5, 8.2], [0.3, -0.8, 0, 1], extra=[("Na", (1, 2, 14))])
    trajectory = Frames(elements, np.array([positions] * 3), cell)
    chunk = trajectory.read(0, 3)
    interface = Interface(trajectory.topology, trajectory.read(0, 1))
    frames = interface.frames(chunk)
    return {
        ("chunk", "update"): chunk,
        ("interface", "update"): frames,
        ("interface.water", "update"): frames.water,
        ("interface", "for_interface"): interface,
    }


def test_every_public_attribute_is_in_its_table(given):
    listed = {key: {name.partition("(")[0] for name in rows} for key, rows in tables().items()}
    public = {key: {name for name in dir(one) if not name.startswith("_")} for key, one in given.items()}
    assert listed == public


def test_arrays_have_the_shapes_in_the_tables(given):
    frames = given["interface", "update"]
    n_atoms = given["interface", "for_interface"].topology.n_atoms
    found = given["interface", "for_interface"]
    of_water = {"n_O": len(found.oxygens), "n_H": len(found.hydrogens)}
    sizes = of_water | {"F": 3, "N": n_atoms, "S": len(frames.signs), "W": len(frames.water.frame), "n": 2}
    assert sizes["W"] == 12
    checked = 0
    for key, rows in tables().items():
        for name, shape in rows.items():
            value = getattr(given[key], name.partition("(")[0])
            if not shape or value is None:
                assert not isinstance(value, np.ndarray)
                continue
            value = value(np.arange(2)) if callable(value) else value
            want = tuple(sizes.get(size) or int(size) for size in re.findall(r"\w+", shape))
            assert value.shape == want, name
            checked += 1
    assert checked == 23  # all but the velocities, which these frames lack
