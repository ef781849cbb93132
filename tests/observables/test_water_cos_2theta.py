"""⟨cos 2θ⟩(z): values on paper, and what ⟨cos θ⟩ cannot tell."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, film, slab, water


def rows(frames, name="water_cos_2theta"):
    table = analyse(frames, names=[name])[name]
    return {round(z, 6): v for z, v in zip(table.x, table.value) if np.isfinite(v)}


def repeated(elements, positions, cell):
    return Frames(elements, np.tile(positions, (10, 1, 1)), cell)


def test_known_angles():
    frames = repeated(*film([3.05, 5.05, 7.05, 9.05], [1, -1, 0, 0.5]))
    assert_allclose(list(rows(frames).values()), [1, 1, -1, -0.5], atol=1e-9)


def test_up_and_down_differs_from_flat():
    frames = repeated(*film([3.05, 3.05, 6.05, 6.05], [1, -1, 0, 0]))
    assert_allclose(list(rows(frames).values()), [1, -1], atol=1e-9)
    assert_allclose(list(rows(frames, "water_cos_theta").values()), [0, 0], atol=1e-9)


def test_empty_bins_are_nan():
    table = analyse(repeated(*film([3.05], [1])), names=["water_cos_2theta"])["water_cos_2theta"]
    assert np.isnan(table.value[:-1]).all()
    assert table.value[-1] == 1.0


def test_mirror_image_has_the_same_sign():
    metal, (a, b) = slab()
    positions = np.concatenate([metal, water((1, 1, 7.2 + 3.05), 0.5), water((4, 4, 30 - 3.05), 0.5)])
    frames = repeated(["Au"] * 36 + ["O", "H", "H"] * 2, positions, [a, b, 30.0])
    assert_allclose(list(rows(frames).values()), [-0.5, -0.5], atol=1e-9)


def test_isotropic_is_minus_one_third():
    rng = np.random.default_rng(4)
    elements, _, cell = film([3.05] * 9, [0] * 9)
    frames = []
    for _ in range(300):
        frames.append(film([3.05] * 9, rng.uniform(-1, 1, 9))[1])
    assert_allclose(rows(Frames(elements, np.array(frames), cell))[3.05], -1 / 3, atol=0.03)
