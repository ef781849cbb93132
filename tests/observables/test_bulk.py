"""Where the bulk is: on profiles whose answer is known on paper, with and without noise, and on frames."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose

from lmpdrive.observables import Interface, analyse
from lmpdrive.observables.bulk import BIN_A, Bulk, find_bulk, students_t
from lmpdrive.observables.bulk_search import bulk_of
from tests.observables.synthetic_frames import SLAB_GROUPS, Frames, slab, water

Z = (np.arange(400) + 0.5) * BIN_A
PERIOD_A, WIDTH_A, EDGE_A = 3.0, 1.3, 24.0


def layered(z, amplitude, length):
    """Density 1 with nothing up to 2 Å from a solid, and layers that decay from there on."""
    return np.where(z < 2.0, 0.0, 1.0 + amplitude * np.exp(-(z - 2.0) / length) * np.cos(2 * np.pi * z / PERIOD_A))


def film(edge=EDGE_A, amplitude=1.0, length=1.5, width=WIDTH_A):
    """A film on a solid with a free surface."""
    return layered(Z, amplitude, length) * 0.5 * (1.0 - np.tanh((Z - edge) / width))


def noisy(profile, sigma, seed, n_blocks=10):
    """Blocks with noise whose average over 1 Å has the standard deviation `sigma` in each."""
    noise = np.random.default_rng(seed).normal(scale=sigma * np.sqrt(1.0 / BIN_A), size=(n_blocks, len(profile)))
    return profile * (1.0 + noise)


def test_a_film_ends_two_widths_inside_its_free_surface():
    bulk = find_bulk(film()[None])
    assert_allclose([bulk.low, bulk.high], [8.0, EDGE_A - 2 * WIDTH_A], atol=0.25)
    assert_allclose(bulk.mean(Z, film()), 1.0, atol=0.004)
    assert "8.0 < z <= 21" in f"{bulk}"


@pytest.mark.parametrize("width", [0.4, 0.8, 2.0])
def test_a_wider_free_surface_ends_it_earlier(width):
    assert_allclose(find_bulk(film(width=width)[None]).high, EDGE_A - max(2.0, 2 * width), atol=0.2)


@pytest.mark.parametrize("length", [2.0, 3.0, 4.0])
def test_it_begins_where_the_layering_has_decayed(length):
    """To 10 % in averages over 1 Å, which see cos(2πz/3 Å) times sin(π/3)/(π/3)."""
    profile = film(edge=30.0, amplitude=2.0, length=length)
    bulk = find_bulk(profile[None])
    seen = 2.0 * np.sin(np.pi / PERIOD_A) / (np.pi / PERIOD_A)
    decayed = 2.0 + length * np.log(seen / 0.1)
    # the first extremum beyond which every one is allowed lies up to half a period before or after
    assert abs(bulk.low - max(8.0, decayed)) < 0.5 * PERIOD_A + 0.5
    assert_allclose(bulk.mean(Z, profile), 1.0, atol=0.01)


def test_layering_that_reaches_through_the_film_leaves_no_bulk():
    bulk = find_bulk(film(amplitude=1.0, length=30.0)[None])
    assert not bulk.exists and "flat nowhere" in bulk.why and "layering" in bulk.why
    assert np.isnan(bulk.mean(Z, film()))
    assert not bulk.holds(Z).any()


def test_a_thin_film_has_no_bulk():
    for edge in (7.0, 10.0, 13.0):
        bulk = find_bulk(film(edge=edge)[None])
        assert not bulk.exists and "is too thin" in bulk.why
        assert_allclose(float(bulk.why.split()[3]), edge, atol=0.2)


def test_two_faces_are_treated_alike():
    gap = 30.0

    def both(amplitude, length):
        z = Z[:300]
        inside = (z > 2) & (z < gap - 2)
        return inside * (layered(z, amplitude, length) + layered(gap - z, amplitude, length) - 1.0)

    bulk = find_bulk(both(1.0, 1.5)[None], both_faces=True)
    assert_allclose([bulk.low, bulk.high], [8.0, 22.0], atol=0.05)
    bulk = find_bulk(both(2.0, 3.0)[None], both_faces=True)
    assert bulk.low > 9.0
    assert_allclose(bulk.low + bulk.high, gap)
    thin = find_bulk(both(1.0, 1.5)[None, :180], both_faces=True)
    assert not thin.exists and "the other face" in thin.why


def test_two_films_with_vacuum_between_them_end_at_their_own_surfaces():
    profile = film(edge=15.0) + film(edge=15.0)[::-1]
    bulk = find_bulk(profile[None], both_faces=True)
    assert_allclose(bulk.high, 15.0 - 2 * WIDTH_A, atol=0.2)


def test_a_box_without_metal_is_bulk_as_a_whole():
    bulk = find_bulk(noisy(np.ones(200), 0.05, 1), has_surface=False)
    assert bulk.whole_cell and bulk.exists and bulk.holds(Z).all()
    assert "whole cell" in f"{bulk}"


@pytest.mark.parametrize("shift", [0, 150, 260])
def test_a_film_without_metal_has_two_free_surfaces_wherever_it_lies(shift):
    """25 Å of water in a cell of 40 Å, also across the boundary."""
    profile = 0.5 * (np.tanh((Z - 7.5) / WIDTH_A) - np.tanh((Z - 32.5) / WIDTH_A))
    profile = np.roll(profile, shift)
    bulk = find_bulk(profile[None], has_surface=False)
    assert_allclose(bulk.high - bulk.low, 25.0 - 4 * WIDTH_A, atol=0.3)
    assert_allclose(bulk.mean(Z, profile), 1.0, atol=0.004)
    assert_allclose(bulk.holds(Z).sum() * BIN_A, bulk.high - bulk.low, atol=0.15)


def test_water_beyond_the_vacuum_is_not_of_the_film():
    """Molecules that evaporated, or sit on the dry face of the slab."""
    profile = film()
    with_others = profile + np.where((Z > 36) & (Z < 38), 0.4, 0.0) + np.where(Z > 30, 0.001, 0.0)
    assert find_bulk(with_others[None]) == find_bulk(profile[None])


def test_nothing_is_found_where_there_is_nothing():
    assert "no water" in find_bulk(np.zeros((10, 300))).why
    assert not Bulk.none("a reason").exists


@pytest.mark.parametrize("sigma", [0.02, 0.06])
def test_noise_moves_it_but_does_not_bias_it(sigma):
    """100 runs of a film whose averages over 1 Å have an error of 0.6 or 2 %: the mean is that of the plateau."""
    profile, means, errors = film(), [], []
    for seed in range(100):
        blocks = noisy(profile, sigma, seed)
        bulk = find_bulk(blocks)
        if bulk.exists:
            each = [bulk.mean(Z, block) for block in blocks]
            means.append(np.mean(each))
            errors.append(np.std(each, ddof=1) / np.sqrt(len(each)))
    assert len(means) >= 90
    off = (np.array(means) - 1.0) / np.array(errors)
    assert abs(np.mean(means) - 1.0) < 0.004
    assert (np.abs(off) < 2.26).mean() > 0.85  # 95 % by t with 9 degrees of freedom, less the bias of 0.3 %


@pytest.mark.parametrize("freedom", [4, 9, 19, 99])
def test_student_s_quantile(freedom):
    probabilities = [0.9, 0.975, 0.99, 0.995, 0.999]
    exact = scipy.stats.t.ppf(probabilities, freedom)
    assert_allclose([students_t(p, freedom) for p in probabilities], exact, rtol=0.04 if freedom < 9 else 0.005)


def scattered(n_frames, n, low, high, seed=0):
    """(n_frames, n) heights of waters at random between two distances, evenly: one in each n-th of it."""
    rng = np.random.default_rng(seed)
    return low + (high - low) * (np.arange(n) + rng.uniform(size=(n_frames, n))) / n


def frames_of(heights, height=60.0, metal=True):
    """Waters at these distances above Au (or the origin), so far apart in the plane that they never meet."""
    atoms, (_, b) = slab()
    base = 7.2 if metal else 0.0
    positions = [
        np.concatenate(([atoms] if metal else []) + [water((12.0 * k, 3.0, base + h), 0.5) for k, h in enumerate(row)])
        for row in heights
    ]
    elements = ["Au"] * 36 * metal + ["O", "H", "H"] * heights.shape[1]
    positions = np.array(positions)
    if not metal:
        positions[..., 2] %= height
    cell = [12.0 * heights.shape[1], b, height]
    return Frames(elements, positions, cell, groups=SLAB_GROUPS if metal else {})


def test_of_a_trajectory_it_is_the_same_for_every_observable():
    frames = frames_of(scattered(40, 60, 2.0, 25.0))
    tables = analyse(frames, names=["water_density", "water_angles", "reorientation"])
    bulk = bulk_of(frames, Interface(frames.topology, frames.read(0, 1)))
    assert_allclose([bulk.low, bulk.high], [8.0, 23.0], atol=0.6)
    said = [tables["water_density"].scalars["bulk water density"].note]
    said += [" ".join(tables[name].notes) for name in ("water_angles_oh_bulk", "reorientation_dipole_bulk")]
    assert all(f"{bulk}" in text for text in said)
    scalar = tables["water_density"].scalars["bulk water density"]
    expected = 60 / 23.0 / (720.0 * 8.7) * 18.01528 / 0.602214
    assert_allclose(scalar.value, expected, rtol=0.02)
    assert 0 < scalar.error < 0.05 * expected


def test_few_of_many_frames_are_enough_and_are_spread_over_the_run():
    """The film is thicker in the second half: the region is that of the mean, not that of the start."""
    thin, thick = scattered(400, 50, 2.0, 22.0), scattered(400, 50, 2.0, 30.0)
    frames = frames_of(np.concatenate([thin, thick]))
    picked = [int(step) for chunk in frames.spread(10) for step in chunk.steps]
    assert len(picked) == 10 and set(np.diff(picked)) == {80 * 20}  # every 80th frame, 20 steps apart
    for way in ({"seeks": False}, {"mapped": True}):
        other = frames_of(np.concatenate([thin, thick]))
        other.__dict__.update(way)
        assert [int(step) for chunk in other.spread(10) for step in chunk.steps] == picked
    whole, half = (bulk_of(one, Interface(one.topology, one.read(0, 1))) for one in (frames, frames_of(thin)))
    assert half.exists and whole != half


def test_a_film_across_the_boundary_of_a_cell_without_metal():
    frames = frames_of(scattered(40, 60, -10.0, 15.0), height=40.0, metal=False)
    scalar = analyse(frames, names=["water_density"])["water_density"].scalars["bulk water density"]
    assert_allclose(scalar.value, 60 / 25.0 / (720.0 * 8.7) * 18.01528 / 0.602214, rtol=0.02)


def test_one_frame_and_a_lone_water_are_no_bulk():
    scalar = analyse(frames_of(np.array([[3.0]])), names=["water_density"])["water_density"].scalars
    found = scalar["bulk water density"]
    assert np.isnan(found.value) and found.error_in_words.startswith("none: the film")
