"""Maps: one atom is one bin, the mean along the surface is the profile, translation moves the map."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.common.units import MOL_PER_L_PER_A3
from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, film, slab


def frames_with_na(x=1.0, y=5.0, h=4.3, n=10, cell=None, origin=(0, 0, 0)):
    elements, positions, own = film([3.0, 9.0], [1, 0], extra=[("Na", (x, y, 7.2 + h))])
    return Frames(
        elements, np.tile(positions + np.array(origin), (n, 1, 1)), own if cell is None else cell, origin=origin
    )


def ion_map(frames, name="ion_map_Na", **options):
    return analyse(frames, options={"ion_map": {"bins": 29, **options}})[name]


def test_one_ion_is_one_bin():
    table = ion_map(frames_with_na())
    assert (table.kind, table.n_variables) == ("map", 2)
    assert list(table.data.columns) == ["z [Å]", "u_a [Å]", "c_Na [mol/L]", "σ [mol/L]"]
    (row,) = table.data[table.data["c_Na [mol/L]"] > 0].to_numpy()
    assert_allclose(row[:2], [4.375, 1.05])
    assert_allclose(row[2], MOL_PER_L_PER_A3 / (0.25 * 0.3 * 8.7))
    assert_allclose(table.error, 0, atol=1e-12)


def test_along_b():
    (row,) = (t := ion_map(frames_with_na(), along="b")).data[t.value > 0].to_numpy()
    assert_allclose(row[1], 5.0, atol=0.16)


def test_mean_along_the_surface_is_the_profile():
    rng = np.random.default_rng(0)
    elements, positions, cell = film([3.0], [1], extra=[("Na", (1, 1, 14)), ("Na", (1, 1, 20))])
    frames = np.tile(positions, (50, 1, 1))
    frames[:, -2:] += rng.normal(scale=2.0, size=(50, 2, 3))
    trajectory = Frames(elements, frames, cell)
    tables = analyse(trajectory, bin_width_A=0.25, options={"ion_map": {"bins": 10}})
    table, profile = tables["ion_map_Na"], tables["ion_density_Na"]
    of_map = table.value.reshape(-1, 10).mean(axis=1)
    assert_allclose(table.x[::10], profile.x)
    assert_allclose(of_map, profile.value, atol=1e-12)


def test_sliding_by_one_bin_rolls_the_map():
    first, moved = ion_map(frames_with_na()), frames_with_na()
    moved._positions[:, :, 0] += 8.7 - 0.3
    second = ion_map(moved)
    assert_allclose(np.roll(first.value.reshape(-1, 29), -1, axis=1), second.value.reshape(-1, 29))


def test_origin_and_images_change_nothing():
    first = ion_map(frames_with_na())
    assert_allclose(ion_map(frames_with_na(origin=(3.0, -2.0, 9.0))).value, first.value)
    images = frames_with_na()
    images._positions[:, -1] += [8.7, -17.4, 40.0]
    assert_allclose(ion_map(images).value, first.value)


def test_tilted_cell_is_projected_straight_down():
    tilted = np.array([[8.7, 0, 0], [0, 8.7, 0], [2.0, -1.0, 40.0]])
    assert_allclose(ion_map(frames_with_na(cell=tilted)).value, ion_map(frames_with_na()).value)


def test_skewed_surface():
    """In a hexagonal cell, u is the fraction along a, whatever b does."""
    cell = np.array([[8.7, 0, 0], [4.35, 8.7, 0], [0, 0, 40.0]])
    frames = frames_with_na(cell=cell)
    frames._positions[:, -1, :2] = 0.25 * cell[0, :2] + 0.4 * cell[1, :2]
    (row,) = (t := ion_map(frames, bins=10)).data[t.value > 0].to_numpy()
    assert_allclose(row[1], 0.25 * 8.7)


def test_water_on_request():
    tables = analyse(frames_with_na(), options={"ion_map": {"water": True}})
    table = tables["ion_map_O"]
    volume = 8.7 * 8.7 / 36 * 0.25
    assert_allclose(table.value.sum() * volume / MOL_PER_L_PER_A3, 2)
    assert "ion_map_O" not in analyse(frames_with_na())


def test_two_surfaces():
    metal, (a, b) = slab()
    positions = np.concatenate([metal, [[1, 1, 7.2 + 3.1], [4, 4, 30 - 3.1]]])
    table = ion_map(Frames(["Au"] * 36 + ["Na", "Na"], np.tile(positions, (10, 1, 1)), [a, b, 30.0], two_sided=True))
    near = table.data[(table.value > 0) & (table.x < 4)]
    assert_allclose(near["z [Å]"], 3.125)
    assert_allclose(near["u_a [Å]"], [1.05, 4.05])


@pytest.mark.parametrize("sizes", [(1, 9), (4, 6)])
def test_parts_add_up(sizes):
    from lmpdrive.observables import Interface
    from lmpdrive.observables.base import Settings
    from lmpdrive.observables.ion_map import IonMap

    frames = frames_with_na()
    frames._positions[:, -1] += np.random.default_rng(1).normal(scale=3.0, size=(10, 3))
    interface = Interface(frames.topology, frames.read(0, 1))
    whole, left, right = (IonMap.for_interface(interface, Settings())[0] for _ in range(3))
    for target, start, stop in ((whole, 0, 10), (left, 0, sizes[0]), (right, sizes[0], 10)):
        target.update(frames.read(start, stop), interface.frames(frames.read(start, stop)))
    left.merge(right)
    for a, b in zip(whole.result().values(), left.result().values()):
        assert_allclose(a, b, atol=1e-12)
