"""F(z) from windows: a parabola that is known, windows that do not belong together, the files of runs."""

import numpy as np
import pytest

from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.errors import RunDirectoryError, TrajectoryError
from lmpdrive.pipeline import umbrella
from lmpdrive.stages.umbrella import Window, free_energy, window_of
from tests.stages.resuming import CHEAP, rendered, resumed

KT = 300 * K_B_EV_PER_K


def window(at_A, seed, *, well=0.3, centre=5.0, spring=0.6, n=800, **others):
    """Samples of a parabola well/2 (z - centre)² with a spring: a Gaussian, whose mean and width are known."""
    stiffness = well + spring
    mean = (well * centre + spring * at_A) / stiffness
    z = np.random.default_rng(seed).normal(mean, np.sqrt(KT / stiffness), n)
    values = {"name": "w", "ion": "Na", "temperature_K": 300.0} | others
    return Window(at_A=at_A, k_eV_per_A2=spring, heights_A=z, **values)


def test_a_parabola_is_found_within_its_errors():
    windows = [window(at_A, seed) for seed, at_A in enumerate(np.arange(2.0, 8.01, 0.5))]
    table = free_energy(windows[::-1], bin_width_A=0.1)
    z, F, error = (table[column].to_numpy() for column in table)
    inner = (z > 3) & (z < 7)
    exact = 0.15 * (z - 5) ** 2
    offset = np.median((F - exact)[inner])
    assert abs(offset) < 0.01 and 30 < inner.sum() < 50
    pulls = ((F - exact - offset) / error)[inner & (error > 0)]
    assert 0.3 < pulls.std() < 2 and np.abs(pulls).max() < 5
    assert np.abs(F - exact - offset)[inner].max() < 0.02


def test_one_window_is_enough_for_its_bins():
    table = free_energy([window(5, 1, n=5000)])
    z, F = table["z [Å]"], table["F(z) [eV]"]
    near = (z - 5).abs() < 0.45
    assert np.ptp((F - 0.15 * (z - 5) ** 2)[near]) < 0.01


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"ion": "K"}, "different values of ion: K, Na"),
        ({"temperature_K": 330.0}, "300.0 K, 330.0 K"),
    ],
)
def test_windows_that_do_not_belong_together(other, words):
    with pytest.raises(TrajectoryError, match=words):
        free_energy([window(4, 1), window(4.5, 2, **other)])


def test_a_gap_between_windows_is_told():
    with pytest.raises(TrajectoryError, match=r"windows at 4 and 12 Å do not overlap.*add a window"):
        free_energy([window(3.5, 1), window(4, 2), window(12, 3)])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    bias = {"umbrella": {"ion": "Na", "at_A": 3.0, "k_eV_per_A2": 4.0, "every_fs": 2}}
    content = CHEAP | {"dynamics": CHEAP["dynamics"] | {"bias": bias}, "guard": "off"}
    made = rendered(tmp_path_factory.mktemp("window") / "case", content)
    assert resumed(made) == "finished"
    return made


def test_a_run_is_a_window(run, tmp_path):
    found = window_of(run)
    assert (found.ion, found.at_A, found.k_eV_per_A2, found.temperature_K) == ("Na", 3, 4, 300)
    assert len(found.heights_A) == 101, "400 steps of production, every 4"
    table = umbrella([run], tmp_path / "f.csv")
    assert (tmp_path / "f.csv").read_text().startswith("z [Å],F(z) [eV],σ F(z) [eV]\n") and len(table) > 1


def test_other_folders_are_no_windows(run, tmp_path):
    with pytest.raises(RunDirectoryError, match="no run directory"):
        window_of(tmp_path)
    plain = rendered(tmp_path / "plain", CHEAP)
    with pytest.raises(RunDirectoryError, match=r"no dynamics\.bias\.umbrella"):
        window_of(plain)
    empty = rendered(tmp_path / "empty", CHEAP, ["dynamics.bias={umbrella: {ion: Na, at_A: 3}}"])
    with pytest.raises(TrajectoryError, match="0 heights in the production"):
        window_of(empty)
