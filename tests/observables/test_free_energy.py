"""F(z) from windows on landscapes that are known: values, errors and their coverage, references, comparisons."""

from dataclasses import replace

import numpy as np
import pytest

from lmpdrive.errors import TrajectoryError
from lmpdrive.observables.free_energy import deviation, free_energy
from tests.observables.umbrella_samples import KT, ar1, double_well, exact, metropolis, parabola, window

CENTRES = np.arange(3, 7.01, 0.5)
K = 0.41
"""Neighbours are two σ apart at 300 K."""


def windows(seed, n=1000, k=K, centres=CENTRES):
    """Of the parabola, with a correlation time of 10 heights."""
    rng = np.random.default_rng(seed)
    return [window(ar1(at, k, n, 10, rng), at, k, f"z{at:.2f}") for at in centres]


def inside(found, landscape, reference=None):
    """Which bins have the exact F within 2σ, of those with an error."""
    off = np.abs(found.values_eV - exact(landscape, found, 0.2, reference))
    known = (found.errors_eV > 0) & (found.errors_eV < KT)
    return (off <= 2 * found.errors_eV)[known]


def test_a_parabola_is_found_within_its_errors():
    found = free_energy(windows(1, 4000)[::-1])
    middle = (found.z_A > 3.5) & (found.z_A < 6.5)
    off = found.values_eV - exact(parabola, found, 0.2)
    assert found.errors_eV[middle].max() < 0.015 and np.abs(off[middle]).max() < 0.03
    assert found.values_eV.min() == 0 and abs(found.lowest_A - 5) <= 0.3
    assert [w.at_A for w in found.windows] == sorted(CENTRES)
    assert list(found.table.columns) == ["z [Å]", "F(z) [eV]", "σ F(z) [eV]"]


@pytest.mark.parametrize("heights", [None, (5.6, 6.2)])
def test_two_sigma_cover_a_parabola(heights):
    """Short form of docs/validation.md: 92 to 94 % over 400 sets."""
    wide = {"centres": [3.5, 4.5, 5.5, 6.5], "k": 0.103}  # two σ apart as well
    sets = [free_energy(windows(seed, **wide), reference=heights) for seed in range(50)]
    within = [heights and (f.z_A >= heights[0]) & (f.z_A <= heights[1]) for f in sets]
    covered = np.concatenate([inside(f, parabola, rows) for f, rows in zip(sets, within, strict=True)])
    assert len(covered) > 500 and 0.88 <= covered.mean() <= 0.99


def test_two_sigma_cover_a_double_well():
    rng = np.random.default_rng(5)
    sets = [
        free_energy([window(metropolis(double_well, at, K, 1500, rng), at, K) for at in CENTRES[::2]]) for _ in range(4)
    ]
    covered = np.concatenate([inside(found, double_well) for found in sets])
    assert len(covered) > 40 and covered.mean() >= 0.85


def test_a_run_without_a_bias_gives_minus_kt_ln_p():
    z = ar1(5, 0, 5000, 10, np.random.default_rng(0))
    found = free_energy([window(z, 0, 0)])
    counts = np.histogram(z, np.arange(0, 10.1, 0.2))[0]
    expected = -KT * np.log(counts[counts > 0] / counts.max())
    assert found.values_eV == pytest.approx(expected, abs=1e-12)
    assert np.mean(inside(found, parabola)) >= 0.88


def test_several_ions_of_a_frame_leave_with_it():
    """Three ions that move as one tell no more than one."""
    z = ar1(5, 0, 2000, 10, np.random.default_rng(0))
    one, three = (free_energy([window(heights, 0, 0)]) for heights in (z, np.stack([z, z, z], axis=1)))
    assert three.values_eV == pytest.approx(one.values_eV)
    assert three.errors_eV == pytest.approx(one.errors_eV, nan_ok=True)


def test_the_reference_has_no_error_and_others_count_from_it():
    lowest, outside = (free_energy(windows(2), reference=heights) for heights in (None, (6.0, 6.2)))
    at = np.flatnonzero(np.isclose(outside.z_A, 6.1))[0]
    assert outside.errors_eV[at] == outside.values_eV[at] == 0
    assert lowest.values_eV - outside.values_eV == pytest.approx(lowest.values_eV[at])
    assert outside.errors_eV[np.argmin(outside.values_eV)] == pytest.approx(lowest.errors_eV[at])
    assert str(lowest.reference).startswith("its minimum, at") and "6 to 6.2 Å" in outside.reference


def test_a_reference_where_no_ion_was():
    with pytest.raises(TrajectoryError, match=r"not everywhere between 8 and 12 Å; choose heights within 3.* to 6"):
        free_energy(windows(2), reference=(8, 12))


def test_biased_and_unbiased_runs_agree_and_other_landscapes_do_not():
    free = free_energy([window(ar1(5, 0, 20_000, 10, np.random.default_rng(9)), 0, 0)], reference=(5.6, 6))
    same = deviation(free_energy(windows(3, 3000)), free)
    assert np.abs(same.sigmas).max() < 4 and len(same.z_A) > 10 and np.mean(np.abs(same.sigmas) < 2) > 0.85
    assert "largest deviation" in same.sentence
    tilted = replace(free, values_eV=free.values_eV + 0.05 * free.z_A)
    assert np.abs(deviation(free_energy(windows(3, 3000)), tilted).sigmas).max() > 6


def test_an_offset_is_no_deviation():
    found = free_energy(windows(3))
    shifted = deviation(found, replace(found, values_eV=found.values_eV + 1.5))
    assert shifted.offset_eV == pytest.approx(-1.5) and np.nanmax(np.abs(shifted.differences_eV)) < 1e-12


def test_two_profiles_without_common_bins():
    with pytest.raises(TrajectoryError, match="no two bins in common"):
        deviation(free_energy(windows(1, centres=[3])), free_energy([window(np.linspace(20, 21, 100), 20, 1.0)]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ion": "K"}, "different values of ion: K, Na"),
        ({"temperature_K": 330.0}, "300.0 K, 330.0 K"),
        ({"heights_A": np.full(19, 3.5)}, "19 heights in the production, fewer than 20"),
    ],
)
def test_windows_that_cannot_be_joined(changes, words):
    first, second = windows(1)[:2]
    with pytest.raises(TrajectoryError, match=words):
        free_energy([first, replace(second, **changes)])


@pytest.mark.parametrize(("centres", "k"), [([3, 3.5, 9], K), ([3, 4, 5], 30.0), ([2, 8], 1.0)])
def test_a_gap_between_windows_is_told(centres, k):
    with pytest.raises(TrajectoryError, match=r"do not overlap.*add a window between"):
        free_energy(windows(1, centres=centres, k=k))


def test_a_barrier_that_was_not_crossed_is_told():
    """Soft springs overlap, but nobody was between."""
    rng = np.random.default_rng(0)
    found = free_energy([window(rng.normal(at, 0.1, 400), at, 0.02) for at in (3.0, 5.0)])
    assert "no window visited 3." in found.warnings[0] and "not to be trusted" in found.warnings[0]


def test_slow_windows_are_told():
    slow = window(ar1(4, K, 1000, 300, np.random.default_rng(0)), 4, K, "slow")
    found = free_energy([slow, windows(1)[3]])
    assert "heights of slow are correlated" in found.warnings[-1] and "lower bound" in found.warnings[-1]


def test_runs_that_differ_have_larger_errors_than_their_blocks_say():
    """Two runs without bias that stayed in different wells: which well is deeper is not known."""
    rng = np.random.default_rng(0)
    left, right = (window(rng.normal(at, 0.2, 1000), 0, 0, f"run{at:g}") for at in (4.0, 6.0))
    found = free_energy([left, right])
    assert [one.name for one in found.windows] == ["run4 + run6"] and len(found.windows[0].heights_A) == 2000
    high = np.flatnonzero(np.isclose(found.z_A, 6.1))[0]
    assert found.errors_eV[high] > 0.3 * KT and any("lower bound" in warning for warning in found.warnings)
    with pytest.raises(TrajectoryError, match="run4, run6 have different numbers of Na"):
        free_energy([left, replace(right, heights_A=np.full((50, 2), 6.0))])
