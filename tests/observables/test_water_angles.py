"""Angle distributions: known angles, normalisation, isotropic = 1, regions, mirrored surfaces."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import ConfigError
from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import HALF_ANGLE, SLAB_GROUPS, Frames, film, slab, water


def angles(frames, **options):
    return analyse(frames, options={"water_angles": options})


def repeated(elements, positions, cell, n=10, **kwargs):
    return Frames(elements, np.tile(positions, (n, 1, 1)), cell, **kwargs)


def filled(table):
    return {float(x): float(v) for x, v in zip(table.x, table.value) if v > 0}


def test_one_angle_is_one_bin():
    tables = angles(repeated(*film([3.05, 3.05, 3.05], [np.cos(np.radians(62))] * 3)))
    table = tables["water_angles_bisector_first_layer"]
    assert filled(table) == {62.5: pytest.approx(0.2)}  # 1/(5 degrees)
    assert list(table.data.columns) == ["θ [deg]", "p(θ) [1/deg]", "σ [1/deg]", "f(θ) [1]", "σ_f(θ) [1]"]
    isotropic = 0.5 * (np.cos(np.radians(60)) - np.cos(np.radians(65)))
    assert_allclose(table.data["f(θ) [1]"].max(), 1 / isotropic)
    assert table.scalars["mean angle of the dipole, first layer"].value == pytest.approx(62.5)


def test_oh_vectors_of_an_upright_water():
    tables = angles(repeated(*film([3.05], [1])))
    half = np.degrees(HALF_ANGLE)
    assert filled(tables["water_angles_oh_first_layer"]) == {5 * (half // 5) + 2.5: pytest.approx(0.2)}


def test_ends_are_in_the_first_and_last_bin():
    tables = angles(repeated(*film([3.05, 3.05], [1, -1])))
    assert list(filled(tables["water_angles_bisector_first_layer"])) == [2.5, 177.5]


def test_integral_is_one_and_isotropic_is_flat():
    rng = np.random.default_rng(0)
    elements, _, cell = film([3.05] * 9, [0] * 9)
    frames = np.array([film([3.05] * 9, rng.uniform(-1, 1, 9))[1] for _ in range(1000)])
    tables = angles(Frames(elements, frames, cell), bin_width_deg=30)
    for vector in ("bisector", "oh"):
        table = tables[f"water_angles_{vector}_first_layer"]
        assert_allclose(table.value.sum() * 30, 1)
    table = tables["water_angles_bisector_first_layer"]
    f = table.data["f(θ) [1]"]
    assert_allclose(f, 1, atol=0.1)
    assert (abs(f - 1) < 4 * table.data["σ_f(θ) [1]"]).all()


def even_film(top, cosine, start=2.05):
    """A water every 0.2 Å from `start` to `top` Å above Au, far from each other in the plane; cosine(z) of each."""
    metal, (_, b) = slab()
    heights = np.arange(start, top, 0.2)
    waters = [water((12.0 * k, 3.0, 7.2 + h), cosine(h)) for k, h in enumerate(heights)]
    elements = ["Au"] * 36 + ["O", "H", "H"] * len(heights)
    cell = [12.0 * len(heights), b, 60.0]
    return repeated(elements, np.concatenate([metal, *waters]), cell, groups=SLAB_GROUPS)


def test_bulk_is_the_region_of_the_bulk_density():
    """Waters point up from 8 Å off the metal to just below the free surface at 24 Å, and down at both ends."""
    tables = analyse(
        even_film(24.0, lambda z: 1.0 if 8.0 < z < 23.4 else -1.0), names=["water_angles", "water_density"]
    )
    bulk = tables["water_angles_bisector_bulk"]
    assert list(filled(bulk)) == [2.5]
    density = tables["water_density"].scalars["bulk water density"]
    assert "8.0 < z <= 22" in density.note and density.note.removeprefix("mean over ") in bulk.notes[0]


def test_no_bulk_in_a_thin_film():
    tables = analyse(even_film(12.0, lambda z: 1.0), names=["water_angles", "water_density", "reorientation"])
    assert np.isnan(tables["water_angles_bisector_bulk"].value).all()
    assert np.isnan(tables["reorientation_oh_bulk"].value).all()
    for scalar in (
        tables["water_density"].scalars["bulk water density"],
        tables["water_angles_oh_bulk"].scalars["mean angle of the O-H bond, bulk"],
    ):
        assert np.isnan(scalar.value) and "12.0 Å is too thin" in scalar.error_in_words
    assert any("12.0 Å is too thin" in note for note in tables["reorientation_oh_bulk"].notes)


def test_regions_of_the_user_and_empty_ones():
    frames = repeated(*film([3.05, 5.05], [1, -1]))
    tables = angles(frames, regions={"second": [4.5, 6], "far": [20, 30]}, bulk=False)
    assert {name for name in tables if "angles" in name} == {
        f"water_angles_{v}_{r}" for v in ("bisector", "oh") for r in ("second", "far")
    }
    assert list(filled(tables["water_angles_bisector_second"])) == [177.5]
    assert np.isnan(tables["water_angles_bisector_far"].value).all()


def test_two_surfaces_each_see_their_own_angle():
    tilt = np.cos(np.radians(62))
    metal, (a, b) = slab()
    positions = np.concatenate([metal, water((1, 1, 7.2 + 3.05), tilt), water((4, 4, 30 - 3.05), -tilt)])
    frames = repeated(["Au"] * 36 + ["O", "H", "H"] * 2, positions, [a, b, 30.0])
    assert_allclose(list(filled(angles(frames)["water_angles_bisector_first_layer"])), [62.5])


def test_no_metal_is_all_bulk():
    waters = np.concatenate([water((1, 1, z)) for z in (1, 4, 7)])
    frames = repeated(["O", "H", "H"] * 3, waters, [6.0, 6.0, 10.0])
    tables = angles(frames)
    assert {n for n in tables if "angles" in n} == {"water_angles_bisector_bulk", "water_angles_oh_bulk"}
    assert list(filled(tables["water_angles_bisector_bulk"])) == [2.5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bin_width_deg": 7}, "must divide 180"),
        ({"regions": {"a": [5, 4]}}, "low < high"),
        ({"regions": {"bulk": [5, 6]}}, "not 'bulk'"),
        ({"region": {}}, "region"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ConfigError, match=message):
        angles(repeated(*film([3], [1])), **options)
