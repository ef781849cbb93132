"""C_1 and C_2 of rotors, of hopping protons, and in both regions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.observables import analyse
from lmpdrive.observables.reorientation import second_order
from tests.observables.moving_frames import assert_cuts_do_not_matter, rotors, two_sided, visitors
from tests.observables.synthetic_frames import SLAB_GROUPS, Frames, film, water

LAGS = np.arange(21)
EVERY = {"reorientation": {"window_ps": 0.2, "sample_ps": 0.0}}


@pytest.mark.parametrize("kind", ["oh", "dipole"])
def test_planar_rotors(kind):
    """In the plane both the O-H bonds and the dipole turn by ω τ: C_l = P_l(cos ω τ)."""
    table = analyse(rotors(100, 37), options=EVERY)[f"reorientation_{kind}_interface"]
    x = np.cos(2 * np.pi * LAGS / 37)
    assert_allclose(table.data["C_1 [1]"], x, atol=1e-6)
    assert_allclose(table.value, 1.5 * x**2 - 0.5, atol=1e-6)
    assert list(table.data.columns) == ["τ [ps]", "C_2 [1]", "σ [1]", "C_1 [1]", "σ_C_1 [1]"]


def test_tilted_rotors():
    tables = analyse(rotors(100, 37, cosine=0.6), options=EVERY)
    x = 0.36 + 0.64 * np.cos(2 * np.pi * LAGS / 37)
    assert_allclose(tables["reorientation_dipole_interface"].value, 1.5 * x**2 - 0.5, atol=1e-6)


def test_second_order_is_the_legendre_polynomial():
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, 50, 3))
    u, v = (w / np.linalg.norm(w, axis=1, keepdims=True) for w in (u, v))
    x = (u * v).sum(axis=1)
    assert_allclose((second_order(u) * second_order(v)).sum(axis=1), 1.5 * x**2 - 0.5)
    assert not second_order(np.zeros(3)).any()


def test_interface_and_bulk_are_apart():
    """Slow rotors up to 4.5 Å from the surface, fast ones in the bulk; others between them and at the free surface."""
    heights = np.arange(2.05, 24.0, 0.2)
    metal = film([], [])[1]
    period = np.select([heights < 4.5, heights < 8.0, heights < 23.4], [100, 7, 15], 7)
    frames = [
        np.concatenate(
            [
                metal,
                *(water((12.0 * k, 3.0, 7.2 + h), 0.0, 2 * np.pi * f / period[k]) for k, h in enumerate(heights)),
            ]
        )
        for f in range(60)
    ]
    elements, cell = ["Au"] * 36 + ["O", "H", "H"] * len(heights), [12.0 * len(heights), 8.7, 60.0]
    tables = analyse(Frames(elements, frames, cell, groups=SLAB_GROUPS), names=["reorientation"], options=EVERY)
    for where, turn in (("interface", 100), ("bulk", 15)):
        got = tables[f"reorientation_oh_{where}"].data["C_1 [1]"]
        assert_allclose(got, np.cos(2 * np.pi * LAGS / turn), atol=1e-6)


def test_bulk_by_numbers():
    options = {"reorientation": {**EVERY["reorientation"], "bulk_A": [2.9, 3.1]}}
    table = analyse(rotors(40, 20, heights=(3.0,)), options=options)["reorientation_oh_bulk"]
    assert_allclose(table.data["C_1 [1]"], np.cos(2 * np.pi * LAGS / 20), atol=1e-6)


def test_without_a_metal_the_whole_cell_is_the_bulk():
    frames = rotors(40, 20, heights=np.arange(-7.0, 32.0, 2.0))
    wet = Frames(["O", "H", "H"] * 20, frames._positions[:, 36:], np.diag(frames._cell))
    tables = analyse(wet, options=EVERY)
    assert "reorientation_oh_interface" not in tables
    table = tables["reorientation_oh_bulk"]
    assert_allclose(table.data["C_1 [1]"], np.cos(2 * np.pi * LAGS / 20), atol=1e-6)
    assert any("whole cell" in note for note in table.notes)


def test_a_hopped_proton_is_a_new_bond():
    """Two still waters that point different ways swap one H each: no pair of vectors reaches over that."""
    elements, positions, cell = film([3.0, 3.0], [0.9, -0.9])
    frames = np.tile(positions, (30, 1, 1))
    frames[13:, [37, 40]] = frames[13:, [40, 37]]
    tables = analyse(Frames(elements, frames, cell), options=EVERY)
    for name in ("reorientation_oh_interface", "reorientation_dipole_interface"):
        assert_allclose(tables[name].value, 1, atol=1e-6)
        assert_allclose(tables[name].data["C_1 [1]"], 1, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["reorientation_oh_interface", "reorientation_dipole_interface", "reorientation_oh_bulk"]
)
@pytest.mark.parametrize("origins", ["window", "all"])
def test_chunks_and_parts_change_nothing(name, origins):
    options = {"reorientation": {"window_ps": 0.2, "sample_ps": 0.02, "origins": origins, "bulk_A": [5, 9]}}
    present = np.random.default_rng(1).random((60, 3)) < 0.8
    assert_cuts_do_not_matter(name, visitors(present), options)
    assert_cuts_do_not_matter(name, rotors(60, 23), options)


def test_two_surfaces_one_frame_and_an_empty_region():
    one = analyse(rotors(60, 23), options=EVERY)
    both = analyse(two_sided(rotors(60, 23)), options=EVERY)
    single = analyse(rotors(1, 23), options=EVERY)
    for kind in ("oh", "dipole"):
        name = f"reorientation_{kind}_interface"
        assert_allclose(both[name].value, one[name].value, atol=1e-6)
        assert_allclose(single[name].value[0], 1, atol=1e-6)
        assert np.isnan(single[name].value[1:]).all()
        assert np.isnan(one[f"reorientation_{kind}_bulk"].value).all()
