"""α from synthetic committees whose covariance is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.observables.reweighting.calibration import alpha_squared, calibrate, compositions, relative


def committee(rng, n, m, alpha, spread=0.1):
    """(n,) reference and (n, m) members: all scatter about the same centre, the reference α times as far."""
    sigma = spread * rng.uniform(0.5, 2.0, n)  # differs from frame to frame
    centre = rng.normal(size=n)
    return centre + alpha * sigma * rng.normal(size=n), centre[:, None] + sigma[:, None] * rng.normal(size=(n, m))


@pytest.mark.parametrize("m", [6, 8, 16])
@pytest.mark.parametrize("alpha", [1.0, 3.0, 12.0])
def test_alpha_is_recovered_without_bias(m, alpha):
    rng = np.random.default_rng(m)
    found = [alpha_squared(*committee(rng, 400, m, alpha)) for _ in range(200)]
    assert np.mean(found) == pytest.approx(alpha**2, abs=4 * np.std(found) / np.sqrt(200))


def test_the_calibrated_interval_covers_the_reference():
    """± 2 α s √(1 + 1/(α² M)) holds the reference as often as Student's t with M - 1 degrees of freedom does."""
    from scipy.stats import t

    rng = np.random.default_rng(3)
    m, alpha = 8, 4.0
    found = calibrate(*committee(rng, 4000, m, alpha), np.zeros(4000, int))
    assert abs(found.alpha - alpha) < 3 * found.error
    reference, members = committee(rng, 20_000, m, alpha)
    wide = found.alpha * members.std(axis=1, ddof=1) * np.sqrt(1 + 1 / (found.alpha**2 * m))
    inside = np.abs(reference - members.mean(axis=1)) < 2 * wide
    assert inside.mean() == pytest.approx(1 - 2 * t.sf(2, m - 1), abs=0.015)


def test_offsets_of_compositions_do_not_count():
    """The zero of the energy of each composition moves no atom: another one, of any member, leaves α as it is."""
    rng = np.random.default_rng(4)
    reference, members = committee(rng, 300, 6, 2.0)
    kinds = np.arange(300) % 3
    plain = calibrate(reference, members, kinds)
    moved = members + 100.0 * rng.normal(size=(3, 6))[kinds]
    assert_allclose(calibrate(reference - 500.0 * kinds, moved, kinds).alpha, plain.alpha, rtol=1e-9)
    assert plain.alpha == pytest.approx(2.0, abs=4 * plain.error)


def test_frames_alone_with_their_composition_are_left_out_and_said():
    rng = np.random.default_rng(5)
    reference, members = committee(rng, 42, 6, 2.0)
    kinds = np.r_[np.zeros(40, int), 1, 2]
    found = calibrate(reference, members, kinds)
    assert found.n_frames == 40
    assert "2 with a composition of their own left out" in found.note
    assert_allclose(found.alpha, calibrate(reference[:40], members[:40], kinds[:40]).alpha)


def test_where_there_is_no_alpha_it_is_one_and_says_why():
    rng = np.random.default_rng(6)
    reference, members = committee(rng, 50, 6, 1.0)
    same = np.zeros(50, int)
    for found, why in (
        (calibrate(reference, members[:, :3], same), "needs 4 members, there are 3"),
        (calibrate(members.mean(axis=1), members, same), "is not positive"),
        (calibrate(reference, np.repeat(members[:, :1], 6, axis=1), same), "agree exactly"),
        (calibrate(reference[:5], members[:5], same[:5]), "5 labelled frames"),
        (calibrate(reference, members, np.arange(50)), "0 labelled frames"),
    ):
        assert found.alpha == 1.0
        assert not found.calibrated
        assert why in found.note
    with pytest.raises(ValueError, match="at least 4 members"):
        alpha_squared(reference, members[:, :3])


def test_compositions_and_relative_energies():
    water, other = np.array([8, 1, 1]), np.array([1, 8, 1])
    assert compositions([water, other, np.array([8, 1])]).tolist() == [0, 0, 1]
    assert relative(np.array([1.0, 3.0, 7.0]), np.array([0, 0, 1])).tolist() == [-1.0, 1.0, 0.0]
