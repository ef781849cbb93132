"""Survival by both definitions, of patterns that can be counted by hand and of two-state hopping."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lmpdrive.observables import analyse
from lmpdrive.observables.survival import continuous, without_gaps
from tests.observables.moving_frames import DT_PS, assert_cuts_do_not_matter, two_sided, visitors

BOTH = ["survival_endpoint", "survival_continuous"]


def options(**kwargs):
    return {"survival": {"window_ps": 0.1, **kwargs}}


def test_one_molecule_that_steps_out_for_one_frame():
    present = np.ones((11, 1), dtype=bool)
    present[5] = False
    tables = analyse(visitors(present), options=options())
    origins = present[:, 0]
    for lag in range(11):
        start = np.flatnonzero(origins[: 11 - lag])
        ends = [present[t + lag, 0] for t in start]
        stays = [present[t : t + lag + 1, 0].all() for t in start]
        assert_allclose(tables["survival_endpoint"].value[lag], np.mean(ends))
        assert_allclose(tables["survival_continuous"].value[lag], np.mean(stays))


@pytest.mark.parametrize("origins", ["window", "all"])
def test_definition_by_double_loop(origins):
    n, length = 47, 10
    present = np.random.default_rng(4).random((n, 5)) < 0.75
    tables = analyse(visitors(present), options=options(origins=origins))
    for lag in range(length + 1):
        starts = [t for t in range(n - lag) if origins == "all" or t + lag <= (t // length + 1) * length]
        at = sum(present[t].sum() for t in starts)
        ends = sum((present[t] & present[t + lag]).sum() for t in starts)
        stays = sum(present[t : t + lag + 1].all(axis=0).sum() for t in starts)
        assert_allclose(tables["survival_endpoint"].value[lag], ends / at)
        assert_allclose(tables["survival_continuous"].value[lag], stays / at)


def hopping(n, columns, leave, back, seed=0):
    """Two-state Markov chains, in equilibrium."""
    rng = np.random.default_rng(seed)
    state = np.zeros((n, columns), dtype=bool)
    state[0] = rng.random(columns) < back / (leave + back)
    for t in range(1, n):
        toss = rng.random(columns)
        state[t] = np.where(state[t - 1], toss >= leave, toss < back)
    return state


def test_two_state_hopping_has_exact_survival():
    """Continuous: (1 - p)^τ.  Endpoint: c + (1 - c)(1 - p - q)^τ with c = q/(p + q)."""
    p, q = 0.04, 0.1
    frames = visitors(hopping(5000, 8, p, q))
    tables = analyse(frames, names=BOTH, options=options(window_ps=0.3))
    lag = np.arange(31)
    c = q / (p + q)
    for name, want in ((BOTH[0], c + (1 - c) * (1 - p - q) ** lag), (BOTH[1], (1 - p) ** lag)):
        assert (abs(tables[name].value - want) <= 4 * tables[name].error + 1e-12).all()
        assert tables[name].error[1:].max() < 0.05
    time = tables[BOTH[1]].scalars["residence time (continuous, exponential)"]
    assert abs(time.value + DT_PS / np.log(1 - p)) < 4 * time.error


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("origins", ["window", "all"])
@pytest.mark.parametrize("extra", [{}, {"sample_ps": 0.02}, {"max_lag_ps": 0.04}])
def test_chunks_and_parts_change_nothing(name, origins, extra):
    assert_cuts_do_not_matter(name, visitors(hopping(60, 4, 0.2, 0.4)), options(origins=origins, **extra))


def test_tolerance_overlooks_short_absences():
    present = np.ones((41, 1), dtype=bool)
    present[[7, 20, 21]] = False
    for tolerance, want in ((0.0, False), (0.01, False), (0.02, True)):
        table = analyse(visitors(present), options=options(window_ps=0.4, tolerance_ps=tolerance))[BOTH[1]]
        assert (table.value[-1] == 1.0) == want
        assert any("overlooked" in note for note in table.notes) == (tolerance > 0)


def test_leaving_one_surface_is_not_hidden_by_the_other():
    """A molecule that jumps from one surface to the other has left, at both."""
    present = np.ones((20, 1), dtype=bool)
    frames = two_sided(visitors(present))
    height = frames._cell[2, 2]
    frames._positions[10:, 36:39, 2] = height - 3.0  # from 3 Å above the slab to 3 Å below it
    table = analyse(frames, options=options())[BOTH[0]]
    # of two molecules one stays, the other was at each surface for ten frames
    assert table.value[10] == pytest.approx((10 + 0) / (10 + 10))


def test_empty_region_one_frame_and_no_metal():
    tables = analyse(visitors(np.zeros((20, 2), dtype=bool)), options=options())
    single = analyse(visitors(np.ones((1, 2), dtype=bool)), options=options())
    for name in BOTH:
        assert np.isnan(tables[name].value).all()
        assert_allclose(single[name].value[0], 1)
        assert np.isnan(single[name].value[1:]).all()
        assert tables[name].kind == "correlation"


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 25), st.integers(1, 30), st.integers(1, 4))
def test_runs_and_gaps_against_plain_loops(seed, n, n_lags, tolerance):
    present = np.random.default_rng(seed).random((n, 3)) < 0.6
    n_origins = 1 + seed % n
    want = [
        sum(present[t : t + lag + 1, k].all() for t in range(min(n_origins, n - lag)) for k in range(3))
        for lag in range(n_lags)
    ]
    assert list(continuous(present, n_origins, n_lags)[0]) == want
    filled = present.copy()
    for k in range(3):
        at = np.flatnonzero(present[:, k])
        for a, b in pairwise(at):
            if b - a - 1 <= tolerance:
                filled[a:b, k] = True
    assert (without_gaps(present, tolerance) == filled).all()
