"""Times of curves whose times are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.observables.decay import exponential_time, integral_time, line_slope

LAGS = np.arange(501) * 0.01


def test_exponential():
    curve = 0.7 * np.exp(-LAGS / 1.3)
    assert_allclose(exponential_time(LAGS, curve, 1.0, 5.0), 1.3)
    assert_allclose(integral_time(LAGS, curve), 1.3 * (1 - np.exp(-5 / 1.3)), rtol=1e-4)


def test_fit_starts_after_the_fast_part():
    curve = 0.2 * np.exp(-LAGS / 0.05) + 0.8 * np.exp(-LAGS / 2.0)
    assert_allclose(exponential_time(LAGS, curve, 1.0, 5.0), 2.0, rtol=1e-4)
    assert exponential_time(LAGS, curve, 0.0, 5.0) < 1.99


def test_integral_ends_at_the_first_zero():
    assert_allclose(integral_time(LAGS, np.cos(LAGS)), 1.0, atol=1e-3)
    assert_allclose(integral_time(LAGS[:3], np.array([1.0, -1.0, 1.0])), 0.005)


def test_lags_that_were_not_seen():
    curve = np.exp(-LAGS / 1.3)
    curve[301:] = np.nan
    assert_allclose(integral_time(LAGS, curve), 1.3 * (1 - np.exp(-3 / 1.3)), rtol=1e-4)
    assert_allclose(exponential_time(LAGS, curve, 1.0, 5.0), 1.3)


@pytest.mark.parametrize("curve", [np.ones(501), np.full(501, np.nan), np.linspace(0.5, 1, 501), np.zeros(501)])
def test_no_decay_has_no_time(curve):
    assert np.isnan(exponential_time(LAGS, curve, 0.0, 5.0))


def test_too_few_points():
    one = np.r_[1.0, np.full(500, np.nan)]
    assert np.isnan(integral_time(LAGS, one))
    assert np.isnan(exponential_time(LAGS, one, 0.0, 5.0))
    assert np.isnan(line_slope(LAGS, one, 0.0, 5.0))


def test_slope():
    assert_allclose(line_slope(LAGS, 3.0 + 2.0 * LAGS, 1.0, 2.0), 2.0)
