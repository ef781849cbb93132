"""Errors by leaving out parts: exact where they are known on paper, the same however the frames were cut."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.observables.blocks import block_error, jackknife_error
from lmpdrive.observables.peaks import position_with_error, vertex
from lmpdrive.observables.resampling import FEWEST_PARTS, MOST_SLICES, Estimate, Groups, Resampled, WindowSums


def test_jackknife_of_a_mean_is_the_block_error():
    blocks = np.random.default_rng(0).normal(size=(10, 3))
    rests = np.array([np.delete(blocks, i, axis=0).mean(axis=0) for i in range(10)])
    assert_allclose(jackknife_error(rests), block_error(blocks))


def test_jackknife_of_a_product_is_its_first_order_error():
    """(mean of x)²: σ = 2 |mean| σ_mean."""
    x = 5 + 0.01 * np.random.default_rng(1).normal(size=20)
    rests = np.array([np.delete(x, i).mean() ** 2 for i in range(20)])
    assert_allclose(jackknife_error(rests), 10 * block_error(x), rtol=0.01)


def test_what_rests_on_one_part_has_no_error():
    assert np.isnan(jackknife_error(np.array([1.0, 2.0, np.nan])))
    assert np.isnan(jackknife_error(np.array([1.0])))
    assert jackknife_error(np.full(10, 0.1 + 0.2)) == 0


def sums_of(windows, length=5):
    """Sums with one group, row and lag: the number of the window's first sample."""
    sums = WindowSums(length)
    for window in windows:
        sums.add(np.full((2, 1, 1), float(window)), window * length)
    return sums


@pytest.mark.parametrize("n", [3, MOST_SLICES, MOST_SLICES + 1, 5 * MOST_SLICES])
def test_slices_stay_few_and_do_not_depend_on_the_cuts(n):
    whole = sums_of(range(n))
    assert len(whole.by_slice) <= MOST_SLICES
    parts = [sums_of(range(a, b)) for a, b in ((0, n // 3), (n // 3, n // 3 + 1), (n // 3 + 1, n))]
    merged = WindowSums(5)
    for part in parts:
        merged.merge(part)
    assert merged.level == whole.level
    assert {k: v.item() for k, v in merged.by_slice.items()} == {k: v.item() for k, v in whole.by_slice.items()}
    assert_allclose(merged.by_group.sum(), 2 * sum(range(n)))
    if n > 2:
        assert parts[0].level == 0 or parts[0].level < whole.level  # as they were


def test_blocks_are_as_long_as_asked_or_there_are_none():
    sums = sums_of(range(48), length=5)
    assert len(sums.without_blocks(15)) == 16
    assert len(sums.without_blocks(30)) == 8
    assert sums.without_blocks(31) == []
    assert all(len(sums.without_blocks(shortest)) >= FEWEST_PARTS for shortest in (1, 5, 30))


def test_one_way_alone_is_a_lower_bound():
    parts = Resampled(np.exp(-np.linspace(0, 1, 11)) * (1 + 0.02 * np.arange(10)[:, None, None]), "40 groups")
    number = estimate(100.0, (parts,), "the run is short").scalar(lambda c: float(c[3]), 0, "1", "")
    assert number.lower_bound and number.error_in_words == "lower bound: 40 groups; the run is short"


def test_groups_hold_whole_molecules():
    groups = Groups(np.arange(100, 200), together=2)
    members = groups.members(np.arange(100, 200))
    assert members.shape == (40, 100)
    assert (members.sum(axis=0) == 1).all()
    assert (members[:, ::2] == members[:, 1::2]).all()
    assert Groups(np.arange(7)).count == 1
    assert Groups(np.zeros(0, dtype=np.int64)).members(np.zeros(0, dtype=np.int64)).shape == (1, 0)


def estimate(run, resampled, bound=""):
    lags = np.linspace(0, 1, 11)
    return Estimate(lags, "ps", np.exp(-lags)[None], resampled, "too short", bound, run)


def test_the_larger_error_counts_and_says_what_it_rests_on():
    wide = Resampled(np.exp(-np.linspace(0, 1, 11)) * (1 + 0.02 * np.arange(10)[:, None, None]), "10 groups")
    narrow = Resampled(wide.curves[:, :, :].mean(axis=0) + 0.1 * (wide.curves - wide.curves.mean(axis=0)), "9 blocks")
    both = estimate(100.0, (narrow, wide))
    assert_allclose(both.errors(), estimate(100.0, (wide,)).errors())
    number = both.scalar(lambda c: float(c[3]), 0, "1", "")
    assert number.source == "10 groups" and not number.lower_bound
    assert_allclose(number.error, both.errors()[0, 3])


def test_a_time_of_which_the_run_holds_few_has_a_lower_bound():
    parts = Resampled(np.exp(-np.linspace(0, 1, 11)) * (1 + 0.02 * np.arange(10)[:, None, None]), "10 groups")
    short = estimate(2.9, (parts,)).scalar(lambda c: 1.0, 0, "ps", "")
    assert short.lower_bound and "shorter than 3 such times" in short.source
    assert not estimate(3.1, (parts,)).scalar(lambda c: 1.0, 0, "ps", "").lower_bound
    assert not estimate(2.9, (parts,)).scalar(lambda c: 1.0, 0, "1", "").lower_bound  # not a time


def test_a_fit_ends_where_the_curve_is_lost_in_noise():
    lags = np.linspace(0, 10, 101)
    curve = np.exp(-lags)
    noise = 0.01 * np.random.default_rng(0).normal(size=(10, 1, 101))
    known = Estimate(lags, "ps", curve[None], (Resampled(curve + noise / 3, "10 groups"),), "", "", 100.0)
    number = known.exponential(0, 0.5, 10.0, "ps", "fit")
    assert_allclose(number.value, 1.0)
    assert "where the curve is within 3 σ of zero" in number.note
    assert np.isfinite(number.error)


def test_no_way_to_resample_gives_the_reason():
    number = estimate(5.0, ()).scalar(lambda c: 1.0, 0, "ps", "")
    assert np.isnan(number.error) and number.error_in_words == "none: too short"


def test_a_position_is_finer_than_a_bin():
    z = (np.arange(80) + 0.5) * 0.1
    for centre in (3.0, 3.03, 3.07):
        curve = np.exp(-0.5 * ((z - centre) / 0.4) ** 2)
        assert vertex(z, curve, int(curve.argmax()), 0.2) == pytest.approx(centre, abs=0.003)


def test_a_position_that_jumps_between_blocks_has_a_large_error():
    """Half of the blocks have their peak at 2 Å, half at 4 Å: the position is known to 1 Å at best."""
    z = (np.arange(80) + 0.5) * 0.1
    blocks = np.array([np.exp(-0.5 * ((z - (2.0 if i % 2 else 4.0)) / 0.3) ** 2) for i in range(10)])
    rests = np.array([np.delete(blocks, i, axis=0).mean(axis=0) for i in range(10)])
    number = position_with_error(lambda p: float(z[p.argmax()]), blocks.mean(axis=0), rests, "Å")
    assert number.error > 0.8
