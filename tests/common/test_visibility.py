"""Which atoms have all ions in sight: distances known on paper, through the cell's sides too."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.common.visibility import farthest_distances
from lmpdrive.errors import ConfigError
from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, film

TOP = 7.2
"""Height of the top layer of `film`."""


def far(atoms, ions, cell):
    cell = np.diag(cell) if np.ndim(cell) == 1 else np.asarray(cell, dtype=float)
    return farthest_distances(np.array([atoms], dtype=float), np.array([ions], dtype=float), cell[None])[0]


def test_one_ion_and_the_nearest_of_its_images():
    assert_allclose(far([[1, 2, 3]], [[4, 6, 3]], (20, 20, 20)), [5])
    assert_allclose(far([[1, 0, 0], [5, 0, 0]], [[19, 0, 0]], (20, 20, 20)), [2, 6])
    assert_allclose(far([[0, 0, 1]], [[0, 0, 39]], (10, 10, 40)), [2])


def test_the_farthest_of_several_ions_counts():
    assert_allclose(far([[0, 0, 0]], [[3, 0, 0], [0, 7, 0], [0, 0, 38]], (20, 20, 40)), [7])
    assert_allclose(farthest_distances(np.zeros((1, 2, 3)), np.zeros((1, 0, 3)), np.eye(3)[None]), [[0, 0]])


def test_tilted_cells_have_the_nearest_image_of_all():
    rng = np.random.default_rng(1)
    cell = np.array([[10.0, 0, 0], [5.0, 9.0, 0], [-4.0, 4.0, 12.0]])
    atoms, ions = rng.uniform(-20, 20, (30, 3)), rng.uniform(-20, 20, (2, 3))
    steps = np.stack(np.meshgrid(*[np.arange(-6, 7)] * 3), axis=-1).reshape(-1, 3) @ cell
    brute = np.array([max(np.linalg.norm(ion - atom + steps, axis=1).min() for ion in ions) for atom in atoms])
    assert_allclose(far(atoms, ions, cell), brute)


def table_of(radius, heights=(3.2, 8.2), ion=(0.5, 0.5, TOP + 9.2), frames=4):
    elements, positions, cell = film(list(heights), [1] * len(heights), extra=[("Na", ion)])
    trajectory = Frames(elements, np.tile(positions, (frames, 1, 1)), cell)
    return analyse(trajectory, options={"charge_visibility": {"receptive_field_A": radius}})["charge_visibility"]


def at(table, z):
    return table.value[int(np.argmin(abs(table.x - z)))]


def test_a_profile_known_on_paper():
    """Na at z = 9.2 Å right above the first water (3.2), and 2.9 Å beside the second (8.2): 6.0 and 3.07 Å away."""
    for radius, near, second in ((5.9, 0, 1), (6.1, 1, 1), (3.0, 0, 0)):
        table = table_of(radius)
        assert (at(table, 3.25), at(table, 8.25)) == (near, second)
        assert table.scalars["interfacial water that sees all ions"].value == near
        assert np.isnan(at(table, 5.75))


def test_metal_atoms_are_counted_by_distance():
    """The site below the ion (0.5, 0.5 off, 9.2 Å) is 9.23 Å away; the others are farther."""
    cell = 8.7
    x = np.array([0.0, 2.9, 5.8]) - 0.5
    x -= cell * np.rint(x / cell)
    distance = np.sqrt(np.add.outer(x**2, x**2) + 9.2**2)
    for radius in (9.2, 9.24, 9.5, 9.7, 10.5):
        found = table_of(radius).scalars["wet metal atoms that see all ions"].value
        assert found == pytest.approx((distance <= radius).mean())


def test_the_table_is_made_on_request_only():
    elements, positions, cell = film([3.0], [1], extra=[("Na", (0, 0, 12))])
    frames = Frames(elements, np.tile(positions, (4, 1, 1)), cell)
    assert "charge_visibility" not in analyse(frames)
    with pytest.raises(ConfigError, match="receptive_field_A"):
        analyse(frames, options={"charge_visibility": {"receptive_field_A": -3}})
