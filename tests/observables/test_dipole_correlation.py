"""C_dip(τ) of rotors, of molecules that leave, and by the double loop of its definition."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import ConfigError
from lmpdrive.observables import analyse
from tests.observables.moving_frames import DT_PS, assert_cuts_do_not_matter, part, rotors, two_sided, visitors
from tests.observables.synthetic_frames import Frames, film

NAME = "dipole_correlation"


def options(**kwargs):
    return {NAME: {"window_ps": 0.2, **kwargs}}


@pytest.mark.parametrize("origins", ["window", "all"])
@pytest.mark.parametrize("cosine", [0.0, 0.6, 1.0])
def test_free_rotors(origins, cosine):
    table = analyse(rotors(600, 37, cosine=cosine), options=options(origins=origins))[NAME]
    assert_allclose(table.x, DT_PS * np.arange(21), atol=1e-12)
    want = cosine**2 + (1 - cosine**2) * np.cos(2 * np.pi * np.arange(21) / 37)
    assert_allclose(table.value, want, atol=1e-6)
    assert_allclose(table.error, 0, atol=1e-6)
    assert "blocks of" in table.source
    assert list(table.data.columns) == ["τ [ps]", "C_dip [1]", "σ [1]"]
    assert table.kind == "correlation"


def test_too_short_for_blocks_with_too_few_molecules_has_no_error():
    table = analyse(rotors(100, 37), options=options())[NAME]
    assert np.isnan(table.error).all() and table.n_blocks == 0
    assert "fewer than 8 molecules" in table.source
    assert all(np.isnan(s.error) and s.error_in_words.startswith("none: ") for s in table.scalars.values())
    assert any(w.startswith("No valid error can be given: ") for w in table.warnings)


def test_default_window_is_2_5_ps_with_its_end():
    table = analyse(rotors(600, 1000), names=[NAME])[NAME]
    assert_allclose(table.x[[0, -1]], [0, 2.5])
    # the last lag has one origin for each whole window (two), each with two molecules
    assert any("4 at the longest" in note for note in table.notes)


@pytest.mark.parametrize("origins", ["window", "all"])
def test_definition_by_double_loop(origins):
    rng = np.random.default_rng(0)
    n, length = 57, 10
    present = rng.random((n, 4)) < 0.7
    frames = visitors(present)
    # turn every water by its own random angle in every frame
    for k in range(4):
        o = 36 + 3 * k
        angle = rng.uniform(0, 2 * np.pi, n)
        c, s = np.cos(angle), np.sin(angle)
        turn = np.moveaxis(np.array([[c, -s, 0 * c], [s, c, 0 * c], [0 * c, 0 * c, 1 + 0 * c]]), 2, 0)
        arms = frames._positions[:, o + 1 : o + 3] - frames._positions[:, o : o + 1]
        frames._positions[:, o + 1 : o + 3] = frames._positions[:, o : o + 1] + arms @ np.swapaxes(turn, 1, 2)
    p = np.stack([frames._positions[:, 36 + 3 * k + 1 : 39 + 3 * k].mean(axis=1) for k in range(4)], axis=1)
    p -= frames._positions[:, 36::3]
    p /= np.linalg.norm(p, axis=2, keepdims=True)
    want = []
    for lag in range(length + 1):
        values = []
        for t in range(n - lag):
            if origins == "window" and t + lag > (t // length + 1) * length:
                continue
            values += [p[t, k] @ p[t + lag, k] for k in range(4) if present[t, k] and present[t + lag, k]]
        want.append(np.mean(values))
    table = analyse(frames, options={NAME: {"window_ps": 0.1, "origins": origins}})[NAME]
    assert_allclose(table.value, want, atol=1e-6)


def test_who_leaves_does_not_count_and_who_returns_does():
    present = np.zeros((30, 1), dtype=bool)
    present[::3] = True
    table = analyse(visitors(present), options=options())[NAME]
    assert_allclose(table.value[::3], 1, atol=1e-6)
    assert np.isnan(np.delete(table.value, np.s_[::3])).all()


@pytest.mark.parametrize("origins", ["window", "all"])
@pytest.mark.parametrize("extra", [{}, {"sample_ps": 0.03}, {"max_lag_ps": 0.07}])
def test_chunks_and_parts_change_nothing(origins, extra):
    present = np.random.default_rng(1).random((60, 3)) < 0.8
    assert_cuts_do_not_matter(NAME, visitors(present), options(origins=origins, **extra))
    assert_cuts_do_not_matter(NAME, rotors(60, 23), options(origins=origins, **extra))


def test_both_surfaces_count():
    one = rotors(60, 23)
    assert_allclose(
        analyse(two_sided(one), options=options())[NAME].value, analyse(one, options=options())[NAME].value, atol=1e-6
    )


def test_an_empty_region_is_nan_not_a_crash():
    table = analyse(rotors(40, 10, heights=(9.0,)), options=options())[NAME]
    assert np.isnan(table.value).all()
    assert all(np.isnan(s.value) for s in table.scalars.values())


def test_one_frame():
    table = analyse(rotors(1, 10), options=options())[NAME]
    assert table.value[0] == pytest.approx(1)
    assert np.isnan(table.value[1:]).all()
    assert any("too few frames" in w for w in table.warnings)


def test_no_water_or_no_metal_gives_no_table():
    elements, positions, cell = film([], [], extra=[("Na", (1, 1, 12.0))])
    assert NAME not in analyse(Frames(elements, np.tile(positions, (5, 1, 1)), cell))


def test_unknown_timestep_gives_frames():
    frames = rotors(60, 20)
    frames.times_ps = np.full(60, np.nan)
    table = analyse(frames, options=options())[NAME]
    assert table.data.columns[0] == "τ [frames]"
    assert_allclose(table.x, np.arange(21))
    assert any("timestep is not known" in note for note in table.notes)
    assert {s.unit for s in table.scalars.values()} == {"frames"}


def test_no_pair_over_missing_frames():
    frames = rotors(60, 20)
    frames.times_ps = frames.times_ps + 1.0 * (np.arange(60) >= 25)  # 1 ps is missing: 50 turns of the rotor
    frames._positions[25:] = rotors(85, 20)._positions[50:]  # out of phase by a quarter turn
    table = analyse(frames, options=options())[NAME]
    assert_allclose(table.value, np.cos(2 * np.pi * np.arange(21) / 20), atol=1e-6)
    assert any("changes 1 times" in w for w in table.warnings)
    assert_cuts_do_not_matter(NAME, frames, options())
    assert_cuts_do_not_matter(NAME, frames, options(), edges=(25,))


def test_hydroxide_is_no_water_and_breaks_nothing():
    elements, positions, cell = film([3.0, 3.2], [0.3, -0.2])
    frames = np.tile(positions, (30, 1, 1))
    frames[10:20, 37] = positions[37] + [0, 0, 15.0]  # one H of the first water goes
    table = analyse(Frames(elements, frames, cell), options=options())[NAME]
    assert_allclose(table.value, 1, atol=1e-6)
    assert any(f"{30 * 2 - 10} samples at the shortest" in note for note in table.notes)


def test_exponential_time_of_a_random_flip():
    """Dipoles up or down that flip with probability q per frame: C = (1 - 2q)^τ."""
    rng, n, q = np.random.default_rng(3), 4000, 0.02
    sign = np.cumprod(np.where(rng.random((n, 8)) < q, -1, 1), axis=0)
    up, positions, cell = film([3.0] * 8, [1.0] * 8)
    frames = np.tile(positions, (n, 1, 1))
    for k in range(8):
        for h in (1, 2):
            arm = frames[:, 36 + 3 * k + h, 2] - frames[:, 36 + 3 * k, 2]
            frames[:, 36 + 3 * k + h, 2] = frames[:, 36 + 3 * k, 2] + arm * sign[:, k]
    scalars = analyse(Frames(up, frames, cell), names=[NAME], options={NAME: {"window_ps": 1.0}})[NAME].scalars
    want = -DT_PS / np.log(1 - 2 * q)
    for name, scalar in scalars.items():
        # the bisector flips, the in-plane arms do not: p is exactly ±z
        lost = np.exp(-1.0 / want) * want if "integral" in name else 0.0
        assert abs(scalar.value - (want - lost)) < 4 * scalar.error
        assert scalar.error < 0.3 * want


def test_wrong_option_says_which():
    with pytest.raises(ConfigError, match=r"dipole_correlation\.window_ps"):
        analyse(rotors(5, 5), options=options(window_ps=-1))


def test_thinning_is_said():
    table = analyse(rotors(30, 10, heights=(3, 3, 3)), options=options(max_molecules=2))[NAME]
    assert any("2 of 3 molecules" in note for note in table.notes)
    assert_allclose(table.value, np.cos(2 * np.pi * np.arange(21) / 10), atol=1e-6)


def test_guard():
    one = part(NAME, rotors(3, 3), 0, 0)
    with pytest.raises(RuntimeError, match="no frame"):
        one.result()
