"""Weights of frames against averages known on paper: a particle in a harmonic well whose spring is changed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.observables.reweighting.weights import cumulant, direct, effective_frames, reduced

T = 300.0
KT = K_B_EV_PER_K * T
K = 1.0
"""Spring constant [eV/Å²]."""


def well(n=20_001):
    """Positions [Å] of the canonical ensemble of K x²/2, evenly spaced in probability: no noise."""
    return norm.ppf((np.arange(n) + 0.5) / n) * np.sqrt(KT / K)


def of_spring(change, x, offset=0.0):
    """Reduced energy differences to a spring K (1 + change)."""
    return reduced(0.5 * K * (1 + change) * x**2 + offset, 0.5 * K * x**2, T)


def mean(weights, values):
    return (weights * values).sum() / len(values)


def test_the_cumulant_expansion_is_the_equation_of_the_study():
    rng = np.random.default_rng(1)
    n, de = rng.normal(size=500), 0.01 * rng.normal(size=500)
    beta = 1 / KT
    expected = n.mean() - beta * ((n * de).mean() - n.mean() * de.mean())
    assert_allclose(mean(cumulant(reduced(de, 0 * de, T)), n), expected, rtol=1e-12)


@pytest.mark.parametrize("change", [-0.2, -0.05, 0.05, 0.2, 0.5])
def test_direct_weights_give_the_exact_width_of_another_spring(change):
    x = well()
    exact = KT / (K * (1 + change))
    assert_allclose(mean(direct(of_spring(change, x)), x**2), exact, rtol=2e-3)


def test_the_expansion_is_exact_to_first_order():
    """⟨x²⟩ = kT/K (1 - δ) on paper, where the truth is kT/K/(1 + δ): the error is δ²/(1 + δ)."""
    x = well()
    for change in (0.01, 0.05, 0.1, 0.2):
        found = mean(cumulant(of_spring(change, x)), x**2)
        assert_allclose(found, KT / K * (1 - change), rtol=1e-3)
        assert_allclose(KT / K / (1 + change) - found, KT / K * change**2 / (1 + change), rtol=0.25, atol=1e-5)


def test_a_constant_of_the_energy_changes_nothing():
    x = well(2001)
    for weights in (cumulant, direct):
        assert_allclose(weights(of_spring(0.1, x, offset=-1234.5)), weights(of_spring(0.1, x)), rtol=1e-6)


def test_weights_sum_to_the_frames_and_are_one_for_the_driver():
    x = well(2001)
    for weights in (cumulant, direct):
        assert_allclose(weights(of_spring(0.3, x)).sum(), len(x))
        assert (weights(of_spring(0.0, x, offset=-1e5)) == 1).all()


def test_effective_frames():
    assert effective_frames(np.ones(100)) == pytest.approx(100)
    assert effective_frames(np.array([1.0, 0, 0, 0])) == pytest.approx(1)
    # of a Gaussian difference of width s, N exp(-s²) frames carry direct weights
    gauss = norm.ppf((np.arange(20_001) + 0.5) / 20_001)
    assert effective_frames(direct(0.5 * gauss)) / 20_001 == pytest.approx(np.exp(-0.25), rel=1e-2)


def test_refusals():
    with pytest.raises(ValueError, match="1 of 3 energies are not finite"):
        reduced(np.array([1.0, np.nan, 2.0]), np.zeros(3), T)
    with pytest.raises(ValueError, match="want a positive temperature"):
        reduced(np.zeros(3), np.zeros(3), 0.0)
