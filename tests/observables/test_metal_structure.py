"""Spacings, roughness, rumpling and atoms that left, on slabs known on paper."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, film, slab, water


def structure(frames):
    return analyse(frames, names=["metal_structure"])["metal_structure"]


def relaxed(height=40.0, shift=0.0, flip=False):
    """Layers at 0, 2.4, 4.7, 6.9 Å: d_12 = 2.2, d_23 = 2.3, d_34 = 2.4; four surface atoms up by 0.1, four down."""
    elements, positions, cell = film([3.0], [1], height=height)
    positions = positions.copy()
    positions[18:27, 2] -= 0.1
    positions[27:36, 2] -= 0.3
    positions[27:31, 2] += 0.1
    positions[31:35, 2] -= 0.1
    if flip:
        positions[:, 2] = -positions[:, 2]
    return elements, (positions + np.array([0, 0, shift])) % cell, cell


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shift", [0.0, -3.0, 33.3, 39.0])
def test_spacings_roughness_rumpling(shift, flip):
    elements, positions, cell = relaxed(shift=shift, flip=flip)
    table = structure(Frames(elements, np.tile(positions, (10, 1, 1)), cell))
    assert list(table.data.columns[1:]) == [
        "d_12 [Å]", "σ [Å]", "d_23 [Å]", "d_34 [Å]", "roughness [Å]", "rumpling [Å]", "left [1]",
    ]  # fmt: skip
    want = [2.2, 2.3, 2.4, np.sqrt(8 * 0.01 / 9), 0.2, 0]
    assert_allclose(table.data.iloc[0, [1, 3, 4, 5, 6, 7]], want, atol=1e-9)
    assert table.scalars["metal layer spacing d_12"].value == pytest.approx(2.2)
    assert not table.warnings


def test_slab_thicker_than_half_the_cell():
    elements, positions, cell = relaxed(height=12.0)
    table = structure(Frames(elements[:36], np.tile(positions[:36], (10, 1, 1)), cell))
    assert_allclose(table.data.iloc[0, [1, 3, 4]], [2.2, 2.3, 2.4], atol=1e-9)


def test_adatom_is_counted_and_does_not_roughen():
    elements, positions, cell = film([6.0], [1])
    frames = np.tile(positions, (20, 1, 1))
    frames[10:, 35, 2] += 2.3
    table = structure(Frames(elements, frames, cell))
    assert table.data["left [1]"].tolist() == [0] * 10 + [1] * 10
    assert_allclose(table.data["roughness [Å]"], 0, atol=1e-9)
    assert_allclose(table.value, 2.4)
    assert any("10 of 20 frames" in warning for warning in table.warnings)


def test_two_surfaces_are_averaged():
    metal, (a, b) = slab()
    metal = metal.copy()
    metal[0, 2] -= 0.6  # one atom of the lower surface
    positions = np.concatenate([metal, water((1, 1, 7.2 + 3.05)), water((4, 4, 30 - 4.05), -1)])
    table = structure(Frames(["Au"] * 36 + ["O", "H", "H"] * 2, np.tile(positions, (10, 1, 1)), [a, b, 30.0]))
    assert_allclose(table.data["rumpling [Å]"], 0.3, atol=1e-9)
    assert_allclose(table.data["d_34 [Å]"], 2.4 + 0.6 / 9, atol=1e-9)


def test_one_layer_has_no_spacing():
    metal, (a, b) = slab(layers=1)
    table = structure(Frames(["Au"] * 9, np.tile(metal, (10, 1, 1)), [a, b, 30.0]))
    assert list(table.data.columns[1:]) == ["roughness [Å]", "σ [Å]", "rumpling [Å]", "left [1]"]


def test_tilted_cell_and_breathing_cell():
    elements, positions, cell = relaxed()
    tilted = np.diag(cell)
    tilted[2, :2] = 3.0, -2.0
    table = structure(Frames(elements, np.tile(positions, (10, 1, 1)), tilted))
    assert_allclose(table.data.iloc[0, [1, 3, 4]], [2.2, 2.3, 2.4], atol=1e-9)


def test_no_metal_no_table():
    assert "metal_structure" not in analyse(Frames(["O", "H", "H"], water((1, 1, 1))[None], [9, 9, 9]))
