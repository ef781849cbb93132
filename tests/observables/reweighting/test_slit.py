"""A reweighted run against the true run of the perturbed potential, by LAMMPS."""

from __future__ import annotations

import numpy as np
import pytest

from lmpdrive.observables.reweighting.weights import cumulant, direct, reduced
from tests.observables.reweighting import slit


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slit")
    return {change: slit.run(folder / f"{change}", change, 40_000) for change in (0.0, 0.3)}


def test_atoms_in_the_first_layers_under_stickier_walls(runs):
    """The change is many times its error, and the reweighted number is that of the true run."""
    teacher, truth = slit.in_first_layers(runs[0.0]), slit.in_first_layers(runs[0.3])
    x = reduced(0.3 * slit.wall_energies(runs[0.0]), np.zeros(len(teacher)), slit.T_K)
    error = np.hypot(slit.error_of_mean(teacher), slit.error_of_mean(truth))
    assert truth.mean() - teacher.mean() > 4 * error
    for weights in (cumulant(x), direct(x)):
        found = (weights * teacher).mean()
        # the weights' own noise, from blocks
        blocks = [((w * n).sum() / w.sum()) for w, n in zip(np.array_split(weights, 10), np.array_split(teacher, 10))]
        own = np.std(blocks, ddof=1) / np.sqrt(10)
        assert found == pytest.approx(truth.mean(), abs=4 * np.hypot(own, slit.error_of_mean(truth)))


def test_the_profile_comes_closer_to_the_true_one(runs):
    z, plain, expanded, _, _ = slit.profiles(runs[0.0], 0.3)
    truth = slit._profile(runs[0.3])[np.round(z / 0.2 - 0.5).astype(int)]
    assert slit.distance(expanded, truth, 0.2) < 0.7 * slit.distance(plain, truth, 0.2)


@pytest.mark.validation
def test_error_against_the_size_of_the_perturbation():
    """The table of docs/validation.md."""
    print("\n".join(slit.table(1_000_000)))
