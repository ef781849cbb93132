"""MBAR on a grid: against pymbar's own, exact densities, and states that do not overlap."""

import numpy as np
import pytest

from lmpdrive.observables import mbar

GRID = np.arange(0.005, 10, 0.01)
CENTRES = np.arange(3, 7.01, 0.5)
BIASES = 0.5 * 16 * (GRID - CENTRES[:, None]) ** 2
"""kT: neighbours are two σ apart."""


def counts(landscape, n=1000, seed=0):
    weights = np.exp(-landscape(GRID) - BIASES)
    rng = np.random.default_rng(seed)
    return np.array([rng.multinomial(n, p) for p in weights / weights.sum(axis=1)[:, None]], dtype=float)


def flat(z):
    return np.zeros_like(z)


def wavy(z):
    return 3 * np.cos(2 * z) + 0.5 * z


def test_it_is_pymbar_s_mbar():
    from pymbar import MBAR

    seen = counts(wavy, 100)
    z = np.concatenate([np.repeat(GRID, row.astype(int)) for row in seen])
    reference = MBAR(0.5 * 16 * (z - CENTRES[:, None]) ** 2, seen.sum(axis=1).astype(int))
    f = mbar.solve(BIASES, seen)
    assert f == pytest.approx(np.asarray(reference.f_k), abs=1e-7)
    matrix = np.asarray(reference.compute_overlap()["matrix"])
    assert mbar.overlap(f, BIASES, seen) == pytest.approx(matrix, abs=1e-7)


@pytest.mark.parametrize("landscape", [flat, wavy])
def test_exact_counts_give_the_exact_density(landscape):
    """Counts in proportion to the probabilities: f_k and p are known on paper."""
    weights = np.exp(-landscape(GRID) - BIASES)
    exact = 1e4 * weights / weights.sum(axis=1)[:, None]
    f = mbar.solve(BIASES, exact)
    known = -np.log(weights.sum(axis=1))
    assert f == pytest.approx(known - known[0], abs=1e-8)
    p = mbar.density(f, BIASES, exact)
    assert np.log(p[300:700] / p[300]) == pytest.approx(-(landscape(GRID) - landscape(GRID)[300])[300:700], abs=1e-8)


def test_equal_states_are_equal():
    seen = counts(flat)[:1].repeat(3, axis=0)
    assert mbar.solve(np.zeros((3, len(GRID))), seen) == pytest.approx(np.zeros(3), abs=1e-12)
    assert mbar.overlap(np.zeros(3), np.zeros((3, len(GRID))), seen) == pytest.approx(np.full((3, 3), 1 / 3))


def test_states_apart_have_no_overlap():
    biases = 0.5 * 400 * (GRID - np.array([[3.0], [3.1], [8.0]])) ** 2
    weights = np.exp(-biases)
    seen = np.round(1000 * weights / weights.sum(axis=1)[:, None])
    matrix = mbar.overlap(mbar.solve(biases, seen), biases, seen)
    assert matrix[:2, 2:].sum() < 1e-6 < 0.03 < matrix[0, 1]
    assert matrix.sum(axis=1) == pytest.approx(np.ones(3))
