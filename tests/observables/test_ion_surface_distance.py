"""Distances of ions: probabilities and free energies known on paper."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.errors import ConfigError
from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, film, slab, water


def two_level(share=0.75, n=20, **options):
    """One Na that is at 3.1 Å in `share` of the frames and at 6.1 Å in the rest, alternating."""
    elements, positions, cell = film([9.0], [1], extra=[("Na", (1, 1, 7.2 + 3.1))])
    frames = np.tile(positions, (n, 1, 1))
    period = round(1 / (1 - share))
    frames[period - 1 :: period, -1, 2] += 3.0
    tables = analyse(Frames(elements, frames, cell), options={"ion_surface_distance": options})
    return tables["ion_surface_distance_Na"]


def at(table, z):
    return table.data.iloc[int(np.argmin(abs(table.x - z)))]


def test_two_levels():
    table = two_level()
    assert_allclose(table.value.sum() * 0.2, 1)
    assert_allclose([at(table, 3.1).iloc[1], at(table, 6.1).iloc[1]], [0.75 / 0.2, 0.25 / 0.2])
    difference = K_B_EV_PER_K * 300 * np.log(3)
    assert_allclose(at(table, 3.1)["F(z) [eV]"], 0, atol=1e-15)
    assert_allclose(at(table, 6.1)["F(z) [eV]"], difference)
    assert table.data["F(z) [eV]"].notna().sum() == 2
    assert list(table.data.columns) == ["z [Å]", "p(z) [1/Å]", "σ [1/Å]", "F(z) [eV]", "σ_F(z) [eV]"]
    assert_allclose(table.scalars["mean distance of Na from the surface"].value, 0.75 * 3.1 + 0.25 * 6.1)
    assert any("300 K" in note for note in table.notes)


def test_error_of_the_free_energy_is_that_of_the_logarithm():
    row = at(two_level(n=37), 6.1)
    assert row["σ [1/Å]"] > 0
    assert_allclose(row["σ_F(z) [eV]"], K_B_EV_PER_K * 300 * row["σ [1/Å]"] / row["p(z) [1/Å]"])


def test_temperature_and_zero_of_the_user():
    table = two_level(temperature_K=350, reference_A=[6.0, 6.2])
    assert_allclose(at(table, 6.1)["F(z) [eV]"], 0, atol=1e-15)
    assert_allclose(at(table, 3.1)["F(z) [eV]"], -K_B_EV_PER_K * 350 * np.log(3))
    assert np.isnan(two_level(reference_A=[8.0, 9.0]).data["F(z) [eV]"]).all()  # no ion there, no zero


def test_two_surfaces_count_the_nearest():
    metal, (a, b) = slab()
    positions = np.concatenate([metal, [[1, 1, 7.2 + 3.1], [4, 4, 30 - 5.1]]])
    table = analyse(Frames(["Au"] * 36 + ["Na", "Na"], np.tile(positions, (10, 1, 1)), [a, b, 30.0], two_sided=True))[
        "ion_surface_distance_Na"
    ]
    assert_allclose([at(table, 3.1).iloc[1], at(table, 5.1).iloc[1]], 2.5)


def test_no_metal_no_table():
    frames = Frames(["Na"], np.ones((10, 1, 3)), [5, 5, 5])
    assert "ion_surface_distance_Na" not in analyse(frames)


def test_temperature_is_positive():
    with pytest.raises(ConfigError, match="temperature_K"):
        two_level(temperature_K=0)


@pytest.mark.parametrize(
    ("near_top", "warned"), [((40, 40), True), ((0, 0), True), ((40, 0), False), ((21, 20), False)]
)
def test_two_faces_that_are_not_alike_are_said(near_top, warned):
    """Two Na in a slit of 20 Å, each 4.1 Å from the lower electrode (the slab's top face) in some frames, or from the
    upper one."""
    metal, (a, b) = slab()
    frames = []
    for f in range(40):
        ions = [(2.0 + 4 * k, 2.0, 7.2 + (4.1 if f < n else 15.9)) for k, n in enumerate(near_top)]
        frames.append(np.concatenate([metal, water((1, 7, 7.2 + 3)), water((5, 7, 7.2 + 17)), ions]))
    cell = [a, b, 7.2 + 20.0]
    elements = ["Au"] * 36 + ["O", "H", "H"] * 2 + ["Na"] * 2
    table = analyse(Frames(elements, np.array(frames), cell), names=["ion_surface_distance"])["ion_surface_distance_Na"]
    share = table.scalars["share of Na nearer to the top face"]
    assert_allclose(share.value, min(40, near_top[0]) / 80 + min(40, near_top[1]) / 80)
    assert_allclose(table.scalars["mean distance of Na from the surface"].value, 4.1)
    assert any("not alike" in warning for warning in table.warnings) == warned


def test_one_face_has_no_share():
    assert "share of Na nearer to the top face" not in two_level().scalars
