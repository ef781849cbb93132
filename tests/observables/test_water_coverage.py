"""Layer counts and coverage: on paper, sum rules in every frame, two surfaces."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import ConfigError
from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, film, slab, water


def coverage(frames, **options):
    return analyse(frames, options={"water_coverage": options})["water_coverage"]


def test_counts_per_area_and_per_metal_atom():
    elements, positions, cell = film([3.0, 3.0, 4.4, 6.0, 12.0], [1, 0, 0, 1, -1])
    table = coverage(Frames(elements, np.tile(positions, (10, 1, 1)), cell))
    assert list(table.data.columns[1:]) == ["N_1 [1]", "σ [1]", "N_2 [1]", "N_beyond [1]", "Γ_1 [1/nm^2]", "θ_1 [ML]"]
    assert_allclose(table.data.iloc[0, [1, 3, 4, 5, 6]], [3, 1, 1, 3 / (8.7 * 8.7) * 100, 3 / 9])
    assert table.scalars["water coverage"].value == pytest.approx(1 / 3)
    assert table.scalars["water coverage"].error == pytest.approx(0)


def test_boundaries_of_the_user_belong_to_the_inner_layer():
    elements, positions, cell = film([3.0, 3.5, 5.0], [1, 0, 0])
    table = coverage(Frames(elements, np.tile(positions, (10, 1, 1)), cell), boundaries_A=[3.25, 4.0])
    assert_allclose(table.data.iloc[0, [1, 3, 4]], [1, 1, 1])
    with pytest.raises(ConfigError, match="0 < z_1 < z_2"):
        coverage(Frames(elements, positions[None], cell), boundaries_A=[4, 3])


def test_every_water_is_in_one_layer_in_every_frame():
    rng = np.random.default_rng(0)
    elements, _, cell = film([3.0] * 8, [0] * 8)
    frames = np.array([film(rng.uniform(2, 15, 8), rng.uniform(-1, 1, 8))[1] for _ in range(30)])
    tables = analyse(Frames(elements, frames, cell))
    table = tables["water_coverage"]
    assert_allclose(table.data.iloc[:, [1, 3, 4]].sum(axis=1), tables["water_species"].value)
    assert np.ptp(table.value) > 0


def test_two_surfaces_are_covered_together():
    metal, (a, b) = slab()
    waters = [water((1, 1, 7.2 + 3.05)), water((4, 4, 7.2 + 3.05)), water((4, 4, 30 - 3.05), -1), water((1, 1, 18.6))]
    positions = np.concatenate([metal, *waters])
    table = coverage(Frames(["Au"] * 36 + ["O", "H", "H"] * 4, np.tile(positions, (10, 1, 1)), [a, b, 30.0]))
    assert_allclose(table.data.iloc[0, [1, 3, 4]], [3, 0, 1])
    assert_allclose(table.data["θ_1 [ML]"], 3 / 18)
    assert_allclose(table.data["Γ_1 [1/nm^2]"], 3 / (2 * a * b) * 100)


def test_within_the_first_minimum_of_the_density():
    rng = np.random.default_rng(2)
    elements, _, cell = film([3.0] * 9, [0] * 9)
    layers = np.array([2.8] * 4 + [5.5] * 5)
    frames = np.array([film(layers + rng.normal(scale=0.2, size=9), np.zeros(9))[1] for _ in range(200)])
    found = coverage(Frames(elements, frames, cell)).scalars["water coverage within the first minimum"]
    assert found.value == pytest.approx(4 / 9, abs=1e-9)
    assert "z = " in found.note


def test_needs_a_surface_and_water():
    metal, (a, b) = slab()
    assert "water_coverage" not in analyse(Frames(["Au"] * 36, metal[None], [a, b, 40.0]))
    assert "water_coverage" not in analyse(Frames(["O", "H", "H"], water((1, 1, 1))[None], [9, 9, 9]))


def test_hydroxide_is_no_water():
    elements, positions, cell = film([3.0, 3.0], [1, 0])
    frames = np.tile(positions, (10, 1, 1))
    frames[5:, -1, 2] += 3.0
    assert coverage(Frames(elements, frames, cell)).value.tolist() == [2] * 5 + [1] * 5
