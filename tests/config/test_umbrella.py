"""`dynamics.bias.umbrella`: one window or a set, the spring that is left out, springs that cannot overlap."""

import math

import pytest
import yaml

from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.config import dump_yaml, load
from lmpdrive.config.umbrella import Umbrella
from lmpdrive.errors import ConfigError
from tests.conftest import SMALL_CLASSICAL

SET = {"ion": "Na", "z_A": [2, 10], "windows": 17}


@pytest.fixture
def umbrella(write_yaml):
    """The section in a file with these other keys of `dynamics`, written out and read again."""

    def loaded(content, **dynamics):
        config = load(write_yaml(SMALL_CLASSICAL | {"dynamics": {"bias": {"umbrella": content}, **dynamics}}))
        assert load(write_yaml(yaml.safe_load(dump_yaml(config)))).dynamics == config.dynamics
        return config.dynamics.bias.umbrella

    return loaded


def test_a_set_is_evenly_spaced(umbrella):
    found = umbrella(SET)
    assert found.is_set and found.heights_A == [2 + 0.5 * i for i in range(17)]
    assert Umbrella(ion="Na", z_A=(1.5, 2.0), windows=4).heights_A == [1.5, 1.666667, 1.833333, 2.0]
    assert not umbrella({"ion": "Na", "at_A": 4}).is_set


@pytest.mark.parametrize(("temperature_K", "spacing_A"), [(300, 0.5), (330, 0.25), (600, 1.0)])
def test_the_default_spring_has_neighbours_two_sigma_apart(temperature_K, spacing_A):
    found = Umbrella(ion="Na", z_A=(2.0, 2 + 4 * spacing_A), windows=5)
    sigma = math.sqrt(K_B_EV_PER_K * temperature_K / found.stiffness_eV_per_A2(temperature_K))
    assert spacing_A / sigma == pytest.approx(2, rel=1e-3)
    found.check_overlap(temperature_K)


def test_a_single_window_has_the_spring_of_before(umbrella):
    assert umbrella({"ion": "Na", "at_A": 4}).k_eV_per_A2 == 0.5
    assert umbrella({"ion": "Na", "at_A": 4, "k_eV_per_A2": 2}).k_eV_per_A2 == 2
    assert Umbrella(ion="Na", at_A=4).stiffness_eV_per_A2(300) == 0.5


def test_springs_that_cannot_overlap_are_refused(umbrella):
    """σ = √(kT/k) = 0.0508 Å at 10 eV/Å²: 0.5 Å are 9.8 σ."""
    with pytest.raises(ConfigError, match=r"0\.5 Å apart cannot overlap: at 300 K.*0\.051 Å.*80 windows.*: 0\.41 \("):
        umbrella(SET | {"k_eV_per_A2": 10})
    assert umbrella(SET | {"k_eV_per_A2": 1.65}).windows == 17  # 3.995 σ
    with pytest.raises(ConfigError, match="cannot overlap"):
        umbrella(SET | {"k_eV_per_A2": 1.66})
    assert umbrella(SET | {"k_eV_per_A2": 1.66}, temperature_K=330).windows == 17


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"ion": "Na"}, "not none of them"),
        (SET | {"at_A": 4}, "not at_A and windows and z_A"),
        ({"ion": "Na", "z_A": [2, 4]}, "not z_A"),
        (SET | {"z_A": [10, 2]}, "must rise"),
        (SET | {"windows": 1}, "greater than or equal to 2"),
        (SET | {"z_A": [-1, 2]}, "greater than or equal to 0"),
    ],
)
def test_neither_a_window_nor_a_set(umbrella, content, words):
    with pytest.raises(ConfigError, match=words):
        umbrella(content)
