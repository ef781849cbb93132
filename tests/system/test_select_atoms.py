"""Atoms chosen by height, group and ids, and what is frozen by them."""

import numpy as np
import pytest

from lmpdrive.config import load
from lmpdrive.deck.render import render
from lmpdrive.errors import ConfigError, StructureError
from lmpdrive.system import id_ranges, make_system
from tests.conftest import SMALL_CLASSICAL


@pytest.fixture
def made(write_yaml):
    def of(freeze, **dynamics):
        config = load(write_yaml(SMALL_CLASSICAL | {"dynamics": {"fixed_layers": 0, "freeze": freeze} | dynamics}))
        return config, make_system(config)

    return of


@pytest.mark.parametrize(
    ("freeze", "fixed"),
    [
        ({"group": "layer_1"}, "1:16"),
        ("layer_2", "17:32"),
        ({"ids": "1:3, 40"}, "1:3 40"),
        ([{"ids": "1"}, "layer_2"], "1 17:32"),
        ({"z_A": [0.5, 1.5]}, "1:16"),
        ([], ""),
    ],
)
def test_what_is_frozen(made, freeze, fixed):
    _, system = made(freeze)
    assert id_ranges(system.groups["fixed"]) == fixed
    assert len(system.groups["mobile"]) + len(system.groups["fixed"]) == len(system.species)
    assert system.report.fixed == len(system.groups["fixed"])


def test_it_adds_to_the_layers(made):
    assert id_ranges(made({"group": "ion_Na"}, fixed_layers=1)[1].groups["fixed"]).startswith("1:16 ")


def test_the_deck_freezes_them_and_measures_no_temperature_of_them(made):
    config, system = made({"group": "ion_Na"})
    text = render(config, system).text
    ion = id_ranges(system.groups["ion_Na"])
    assert (
        f"group           fixed           id {ion}\n" in text and "fix             frozen fixed setforce 0 0 0" in text
    )
    assert "T_ion_Na" not in text and "T_water" in text
    assert "guard_metal" in render(config, system).files["guard.lammps"], "the slab can move"


def test_a_slab_that_is_frozen_as_a_whole_cannot_leave(made):
    config, system = made([{"group": "metal"}, {"group": "ion_Na"}])
    deck = render(config, system)
    assert "guard_metal" not in deck.files["guard.lammps"] and "T_metal" not in deck.text


@pytest.mark.parametrize(
    ("freeze", "words"),
    [
        ({"z_A": [500, 600]}, r"z_A: \[500, 600\] has no atoms; the atoms are between"),
        ("layer_9", r"there is no group layer_9.*Choices: .*layer_1"),
        ({"ids": "1:9999"}, "ids are 1 to"),
        ({"ids": "0"}, "ids are 1 to"),
        ({"ids": "9:3"}, "low to high"),
    ],
)
def test_atoms_that_are_not_there(made, freeze, words):
    with pytest.raises(StructureError, match=words):
        made(freeze)


@pytest.mark.parametrize(
    ("freeze", "words"),
    [
        ({"z_A": [4, 0]}, "the lower height comes first"),
        ({"ids": "a:b"}, "write ids and ranges"),
        ({"ids": "1", "group": "water"}, "exactly one of"),
        ({}, "exactly one of"),
    ],
)
def test_what_is_no_selection(made, freeze, words):
    with pytest.raises(ConfigError, match=words):
        made(freeze)


def test_nothing_is_left_to_move(made):
    _, system = made([{"z_A": [-1000, 1000]}])
    assert not len(system.groups["mobile"]) and np.all(np.diff(system.groups["fixed"]) == 1)


@pytest.fixture
def regions(write_yaml):
    def of(thermostats, **dynamics):
        content = {"fixed_layers": 1, "thermostats": thermostats} | dynamics
        return make_system(load(write_yaml(SMALL_CLASSICAL | {"dynamics": content}))).groups

    return of


def test_regions_are_mobile_and_the_rest_is_what_is_left(regions):
    groups = regions([{"where": "metal", "temperature_K": 350}, {"where": "ions", "temperature_K": 280}])
    assert id_ranges(groups["heat_1"]) == "17:48" and len(groups["heat_2"]) == 1
    assert len(groups["rest"]) + 33 == len(groups["mobile"])


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (["layer_1"], "all atoms of group: layer_1 are frozen"),
        (["metal", "layer_2"], "have another thermostat of the list already"),
        (["metal", "water", "ions"], "no mobile atom is left"),
    ],
)
def test_regions_that_cannot_be(regions, where, words):
    with pytest.raises(StructureError, match=words):
        regions([{"where": one, "temperature_K": 300} for one in where])


@pytest.mark.parametrize(
    ("thermostat", "dynamics", "words"),
    [
        ({"where": "metal"}, {}, "temperature_K: is missing"),
        ({"where": "metal", "temperature_K": 3, "damping_fs": 0.05}, {}, "The unit is fs"),
        ({"where": "metal", "temperature_K": 300}, {"ensemble": "npt"}, "one barostat cannot follow two thermostats"),
    ],
)
def test_thermostats_that_cannot_be_meant(regions, thermostat, dynamics, words):
    with pytest.raises(ConfigError, match=words):
        regions(thermostat, **dynamics)
