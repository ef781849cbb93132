"""Who is a water: protons that hop, hydroxide, hydronium, free hydrogen, tilted and wrapped cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmpdrive.observables import analyse
from lmpdrive.observables.kernels.waters_numpy import nearest_oxygens
from lmpdrive.observables.water import BOND_A, SPECIES, WaterFinder
from tests.observables.synthetic_frames import Frames, film

CELL = np.diag([12.0, 12.0, 12.0])


def find(elements, positions, cell=CELL):
    positions = np.asarray(positions, dtype=float)
    positions = positions if positions.ndim == 3 else positions[None]
    return WaterFinder(np.array(elements)).find(positions, np.tile(cell, (len(positions), 1, 1)))


def counts(frames, frame=0):
    return dict(zip(SPECIES, frames.species[frame]))


def test_hydroxide_and_hydronium_are_counted_not_dropped():
    elements = ["O", "H", "O", "H", "H", "H", "O", "H", "O"]
    positions = [[1, 1, 1], [1, 1, 2], [5, 5, 5], [5, 5, 6], [5, 6, 5], [6, 5, 5], [9, 9, 9], [3, 9, 3], [9, 1, 1]]
    found = find(elements, positions)
    assert counts(found) == {
        "H2O": 0, "OH-": 1, "H3O+": 1, "O without H": 2, "O with 4 H or more": 0, "H without O": 1,
    }  # fmt: skip
    assert len(found.oxygen) == 0


def hop():
    """A shared proton moves from the first water, which becomes OH-, to the second: H3O+; then back."""
    elements = ["O", "H", "H", "O", "H", "H"]
    first = np.array([[1, 1, 1], [1, 1.96, 1], [1.96, 1, 1], [3.4, 1, 1], [3.4, 1, 1.96], [3.4, 1.96, 1]], float)
    frames = np.tile(first, (7, 1, 1))
    frames[:, 2, 0] = [1.96, 2.1, 2.19, 2.21, 2.3, 2.44, 2.0]
    return elements, frames


def test_proton_hop_counts_in_the_frame_where_it_happens():
    elements, frames = hop()
    found = find(elements, frames)
    assert found.species[:, 0].tolist() == [2, 2, 2, 0, 0, 0, 2]
    assert found.species[:, 1].tolist() == found.species[:, 2].tolist() == [0, 0, 0, 1, 1, 1, 0]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_proton_hop_does_not_depend_on_chunks(size):
    elements, frames = hop()
    finder = WaterFinder(np.array(elements))
    parts = [
        finder.find(frames[i : i + size], np.tile(CELL, (len(frames[i : i + size]), 1, 1))) for i in range(0, 7, size)
    ]
    assert np.array_equal(np.concatenate([p.species for p in parts]), find(elements, frames).species)


def test_free_hydrogen_that_finds_an_oxygen_later():
    elements = ["O", "H", "H"]
    frames = np.tile([[1.0, 1, 1], [1, 1.96, 1], [1, 1, 4]], (3, 1, 1))
    frames[2, 2, 2] = 1.96
    assert find(elements, frames).species[:, [0, 1, 5]].tolist() == [[0, 1, 1], [0, 1, 1], [1, 0, 0]]


def test_analysis_reports_species_and_does_not_crash():
    elements, positions, cell = film([3, 6], [1, 0])
    frames = np.tile(positions, (12, 1, 1))
    frames[6:, -1, 2] += 3.0  # a proton leaves: OH- and a free H
    tables = analyse(Frames(elements, frames, cell))
    assert tables["water_species"].value.tolist() == [2] * 6 + [1] * 6
    warning = " ".join(tables["summary"].warnings)
    assert "changes between 1 and 2" in warning
    assert "OH- in 6 of 12 frames" in warning


def test_bisector_across_the_boundary():
    found = find(["O", "H", "H"], [[0.1, 0.1, 0.1], [11.8, 0.1, 0.9], [0.4, 11.7, 0.9]])
    np.testing.assert_allclose(found.bisector, [[-0.3 + 0.3, -0.4, 1.6]], atol=1e-12)


def brute_force(oxygen, hydrogen, cell):
    shifts = np.array(np.meshgrid(*[range(-3, 4)] * 3)).reshape(3, -1).T @ cell
    d = np.linalg.norm(hydrogen[:, None, None] - oxygen[None, :, None] - shifts, axis=-1).min(axis=2)
    return np.where(d.min(axis=1) <= BOND_A, d.argmin(axis=1), -1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(-3, 3), st.floats(-2, 2), st.floats(-2, 2))
def test_nearest_oxygen_equals_brute_force_in_any_cell(seed, xy, xz, yz):
    rng = np.random.default_rng(seed)
    cell = np.array([[7.0, 0, 0], [xy, 6.0, 0], [xz, yz, 8.0]])
    oxygen, hydrogen = rng.uniform(-5, 12, (6, 3)), rng.uniform(-5, 12, (30, 3))
    assert np.array_equal(nearest_oxygens(oxygen, hydrogen, cell, BOND_A), brute_force(oxygen, hydrogen, cell))


def test_no_hydrogen_at_all():
    assert counts(find(["O", "Au"], [[1, 1, 1], [2, 2, 2]]))["O without H"] == 1
