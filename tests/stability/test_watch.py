"""The rules on numbers known on paper."""

import json
import math

import numpy as np
import pytest
import yaml

from lmpdrive.common.manifest import members
from lmpdrive.config import load
from lmpdrive.errors import ConfigError
from lmpdrive.guard.events import first_end
from lmpdrive.guard.values import read_table
from lmpdrive.stability import Event, Limits, Values, Watch
from lmpdrive.stability.geometry import broken_waters, contacts, farthest_metal
from lmpdrive.stability.limits import pairs
from lmpdrive.system import make_system
from tests.conftest import SMALL_CLASSICAL

LIMITS = Limits(
    timestep_fs=0.5,
    every=10,
    production_from=1000,
    target_K=300,
    drift_fraction=1e-3,
    drift_eV=(0.1, 1.0),
    drift_looks=200,
    hottest_K=3000,
    band_K=(200, 400),
    warm_K=600,
    temperature_looks=21,
    force_eV_per_A=50,
    pairs=pairs(["H", "O"], 0.5),
    metal_A=3.4,
)


def rules(values, limits=LIMITS):
    """(step, rule) of everything that is seen."""
    watch = Watch(limits)
    return [(event.step, event.rule) for one in values for event in watch.check(one)]


def hot() -> Event:
    watch = Watch(LIMITS)
    watch.check(Values(step=2458))
    (event,) = watch.check(Values(step=2468, T_K=3412))
    return event


def at(steps, **series):
    return [Values(step=s, **{k: v[i] for k, v in series.items()}) for i, s in enumerate(steps)]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"E_eV": math.nan}, "energy"),
        ({"E_eV": math.inf}, "energy"),
        ({"T_K": 3001.0}, "explosion"),
        ({"T_K": math.nan}, "explosion"),
        ({"force_eV_per_A": 50.1}, "force"),
        ({"force_eV_per_A": math.nan}, "force"),
        ({"close": 0.01}, "distance"),
        ({"metal_A": 3.5}, "metal"),
    ],
)
def test_some_limits_hold_at_once_and_everywhere(values, rule):
    for step in (0, 5000):
        assert rules([Values(step=step), Values(step=step + 10, **values)]) == [(step + 10, rule)]


def test_nothing_is_judged_before_the_first_step():
    """As LAMMPS: `fix halt` looks after steps."""
    assert rules([Values(step=0, T_K=9999)]) == []


def test_values_at_the_limit_are_fine():
    fine = {"T_K": 3000, "E_eV": -1.0, "force_eV_per_A": 50, "close": 0, "metal_A": 3.4}
    assert rules([Values(step=0), Values(step=10, **fine)]) == []


def test_what_is_off_or_unknown_is_no_event():
    off = Limits(timestep_fs=0.5, every=10, energy=False)
    assert not off.any
    bad = {"T_K": 1e9, "E_eV": math.nan, "force_eV_per_A": 1e9, "close": 1, "metal_A": 9, "water": 1}
    assert rules([Values(step=0), Values(step=10, **bad)], off) == []
    assert rules([Values(step=0), Values(step=10)]) == []


def test_the_temperature_must_be_outside_for_a_tenth_of_a_picosecond():
    steps = range(1000, 2000, 10)
    T = np.full(100, 300.0)
    T[10:30] = 450  # 20 looks: 0.095 ps
    assert rules(at(steps, T_K=T)) == []
    T[30] = 150  # the 21st, on the other side
    assert rules(at(steps, T_K=T)) == [(1300, "temperature")]


def test_a_production_that_begins_cold_is_not_unstable():
    steps = range(1000, 2000, 10)
    T = np.full(100, 150.0)
    assert rules(at(steps, T_K=T)) == []
    T[50] = 250
    assert rules(at(steps, T_K=T))[0] == (1710, "temperature")


def test_equilibration_may_be_cold_or_warm_but_not_twice_as_hot():
    steps = range(0, 1000, 10)
    assert rules(at(steps, T_K=np.full(100, 100.0))) == []
    assert rules(at(steps, T_K=np.full(100, 590.0))) == []
    hot = np.full(100, 610.0)
    hot[0] = 300
    assert rules(at(steps, T_K=hot))[0] == (210, "temperature")


def test_looks_back_end_where_a_stage_begins():
    steps = [*range(500, 1500, 10)]
    T = np.full(100, 300.0)
    T[40:65] = 610  # 10 looks in one stage, 15 in the next
    E = np.where(np.arange(100) < 50, 0.0, 5.0)  # another integrator, another conserved quantity
    assert rules(at(steps, T_K=T, E_eV=np.full(100, -50.0), conserved_eV=E)) == []
    again = [Values(step=1500, conserved_eV=0.0, begins=True), Values(step=1510, conserved_eV=0.01)]
    assert rules([*at(steps, E_eV=np.full(100, -50.0), conserved_eV=E), *again]) == [], "a continuation counts anew"


def test_a_slow_drift_is_no_event_a_jump_is():
    steps = np.arange(1000, 11000, 10)
    E = np.full(1000, -200.0)
    slow = 0.3 * (steps - 1000) * 0.5e-3  # 1.5 eV in 5 ps, 0.15 eV off the last mean: less than 0.1 % of 200 eV
    assert rules(at(steps, E_eV=E, conserved_eV=slow)) == []
    jump = slow + 0.25 * (steps >= 6000)
    assert rules(at(steps, E_eV=E, conserved_eV=jump))[0] == (6000, "drift")


@pytest.mark.parametrize(("energy", "jump"), [(-1e5, 1.0), (0.0, 0.1), (-500.0, 0.5)])
def test_the_limit_of_the_drift_does_not_depend_on_the_zero_of_energy(energy, jump):
    """0.1 % of |E|, but within bounds: E is -1e5 eV in one code and 0 in another."""
    both = [Values(step=1000, E_eV=energy, conserved_eV=0.0), Values(step=1010, E_eV=energy, conserved_eV=jump * 2.02)]
    assert rules(both) == [(1010, "drift")]
    both[1] = Values(step=1010, E_eV=energy, conserved_eV=jump * 1.98)
    assert rules(both) == []


def test_half_the_sum_of_covalent_radii():
    limits = {pair.elements: pair.limit_A for pair in pairs(["H", "O", "Pt"], 0.5)}
    assert limits[("H", "H")] == 0.31 and limits[("H", "O")] == 0.485 and limits[("Pt", "Pt")] == 1.36
    assert [pair.bin for pair in pairs(["H", "O"], 0.5)] == [62, 97, 132]


@pytest.mark.parametrize("cell", [np.diag([9.0, 9, 9]), np.array([[9.0, 0, 0], [2, 9, 0], [1, -1, 9]])])
def test_contacts_see_through_the_boundary(cell):
    fractional = np.array([[0.01, 0.5, 0.5], [0.99, 0.5, 0.5], [0.3, 0.3, 0.3]])
    found = contacts(fractional @ cell, cell, ["O", "H", "O"], pairs(["H", "O"], 0.5))
    assert [(one.i, one.j) for one in found] == [(0, 1)]
    assert found[0].distance_A == pytest.approx(0.18) and found[0].limit_A == 0.485


def test_metal_and_water():
    cell = np.diag([10.0, 10, 30])
    start = np.array([[0, 0, 1.0], [2, 0, 1], [5, 5, 5], [5.9, 5, 5], [5, 5.9, 5]])
    now = start.copy()
    now[1, 2] -= 4 - 30  # four down, through the boundary
    assert farthest_metal(now, start, cell, np.array([0, 1])) == (1, pytest.approx(4))
    species = ["Pt", "Pt", "O", "H", "H"]
    assert broken_waters(now, cell, np.array([2]), species) == []
    now[3, 0] += 0.5
    assert broken_waters(now, cell, np.array([2]), species) == [2]


def test_limits_of_a_run(write_yaml):
    config = load(write_yaml(SMALL_CLASSICAL))
    limits = Limits.of(config, make_system(config))
    mobile = len(make_system(config).groups["mobile"])
    sigma = 300 * math.sqrt(2 / (3 * mobile))
    assert limits.band_K == pytest.approx((300 - 3 * sigma, 300 + 3 * sigma), rel=1e-5)
    assert (limits.every, limits.temperature_looks, limits.drift_looks) == (10, 21, 200)
    assert limits.water, "the classical potential has intact water"
    assert 1.5 * 2.3 < limits.metal_A < 1.5 * 2.5
    assert Limits.read(json.loads(json.dumps(limits.content()))) == limits
    weak = load(write_yaml(SMALL_CLASSICAL), ["dynamics.thermostat={style: langevin, damping_fs: 5000}"])
    assert Limits.of(weak, make_system(weak)).temperature_looks == 2001, "10 ps"
    nve = load(write_yaml(SMALL_CLASSICAL), ["dynamics.ensemble=nve"])
    assert Limits.of(nve, make_system(nve)).band_K is None


def test_rules_can_be_switched_off(write_yaml):
    every = load(write_yaml(SMALL_CLASSICAL), ["guard=off"])
    assert not Limits.of(every, make_system(every)).any
    one = load(write_yaml(SMALL_CLASSICAL), ["guard.force_eV_per_A=off", "guard.water=off", "guard.energy=off"])
    limits = Limits.of(one, make_system(one))
    assert limits.force_eV_per_A is None and not limits.water and not limits.energy and limits.pairs
    with pytest.raises(ConfigError, match=r"guard\.force_eV_per_A"):
        load(write_yaml(SMALL_CLASSICAL), ["guard.force_eV_per_A=-3"])
    with pytest.raises(ConfigError, match="unknown key; did you mean 'on_instability'"):
        load(write_yaml(SMALL_CLASSICAL), ["guard.on_instabilty=stop"])


def test_values_are_known_for_thermo_rows_too():
    assert LIMITS.every_steps(20).temperature_looks == 11
    assert LIMITS.every_steps(2000).temperature_looks == 2


def test_the_table_forgets_what_was_run_again(tmp_path):
    path = tmp_path / "guard.txt"
    before = "step T_K E_eV\n# equilibrate\n0 300 -1\n10 310 -1\n# production\n10 310 -1\n20 320 -1\n"
    path.write_text(before)
    stages = [(one.step, one.stage, one.begins) for one in read_table(path)]
    assert stages == [
        (0, "equilibrate", True),
        (10, "equilibrate", False),
        (10, "production", True),
        (20, "production", False),
    ]
    path.write_text(before + "step T_K E_eV\n10 311 nan\n20 - -2\n30 3")
    found = {one.step: one for one in read_table(path)}
    assert list(found) == [0, 10, 20], "the last line was cut by a kill"
    assert found[10].T_K == 311 and math.isnan(found[10].E_eV) and found[20].T_K is None


def test_an_event_is_one_line_of_json():
    event = hot()
    assert event.sentence == ("stopped at 1.234 ps: the temperature is 3412 K (limit 3000 K, the target 300 K)")
    content = json.loads(event.line())
    assert {"step", "time_ps", "rule", "value", "limit", "sentence"} <= set(content)
    assert Event.read(event.line()) == event


def test_events_that_were_overcome_end_nothing():
    event = hot()
    from dataclasses import replace

    assert first_end([replace(event, action="restart"), replace(event, action="accepted")]) is None
    assert first_end([replace(event, step=9000), event]) == event


def test_members():
    assert members("1:3,8") == [0, 1, 2, 7] and members("") == []
    assert yaml.safe_load("off") is False, "why guard: off is taken as false"
