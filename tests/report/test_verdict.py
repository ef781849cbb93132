"""The verdict of a run: each limit from both sides, and what is too short to say is said to be."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from lmpdrive.common.manifest import Manifest
from lmpdrive.observables import read_results, write_results
from lmpdrive.observables.equilibration import detect, discard_ps
from lmpdrive.observables.slope import linear_drift
from lmpdrive.observables.summary import summary
from lmpdrive.observables.tables import Table
from lmpdrive.report.findings.drift import drift
from lmpdrive.report.findings.sampling import convergence
from lmpdrive.report.findings.temperature import temperature
from lmpdrive.report.findings.water import water
from lmpdrive.report.stable_part import StablePart
from lmpdrive.report.verdict import Verdict, verdict_of
from tests.report.runs import MOBILE, correlated, log, manifest, profile, tables, waters


def words(found) -> str:
    return " ".join(finding.text for finding in found)


@pytest.mark.parametrize(
    ("rate", "ps", "level"),
    [
        (0.0, 50, "good"),
        (3.0, 50, "good"),
        (-3.0, 50, "good"),
        (20.0, 50, "caution"),
        (-20.0, 50, "caution"),
        (421.0, 50, "bad"),
        (-421.0, 50, "bad"),
        (0.0, 2, "short"),
        (3000.0, 2, "bad"),
        (3000.0, 0.5, "short"),
        (30000.0, 0.5, "bad"),
    ],
)
def test_drift_is_a_rate_with_an_error(rate, ps, level):
    (found,) = drift(tables(log(ps, drift=rate)), manifest())
    assert found.level == level, found.text
    assert "meV/atom/ns" in found.text and "±" in found.text
    assert (found.more_ps > 0) == (level == "short")


def test_drift_does_not_depend_on_the_zero_of_energy():
    """All-electron energies are huge, relative ones small: neither is a measure of what is conserved."""
    rows = log(50, drift=421.0)
    for zero in (-1e6, 0.0):
        moved = rows.assign(Econserve=rows["Econserve"] + zero)
        assert drift(tables(moved), manifest())[0].level == "bad"


def test_drift_is_per_mobile_atom():
    rows = log(50, drift=8.0)
    assert "8" in words(drift(tables(rows), manifest()))
    assert drift(tables(rows, n_mobile=10_000), manifest())[0].level == "good"


@pytest.mark.parametrize(
    ("noise", "least"),
    [
        (lambda rng: rng.normal(size=500), 0.90),
        (lambda rng: correlated(500, rng, 5.0), 0.90),
        (lambda rng: correlated(500, rng, 25.0), 0.90),
        (lambda rng: np.cumsum(rng.normal(size=500)), 0.80),
    ],
    ids=["white", "correlated", "few independent rows", "random walk"],
)
def test_the_error_of_a_slope_covers_it(noise, least):
    """300 independent series: 2σ contains the true slope in about 95 of 100, and is not far too wide."""
    t = 0.01 * np.arange(500)
    found = [linear_drift(t, 0.7 * t + noise(np.random.default_rng(seed))) for seed in range(300)]
    assert least <= np.mean([abs(slope - 0.7) <= 2 * error for slope, error in found]) <= 0.99


def test_no_drift_is_judged_where_nothing_is_conserved():
    forces_only = log().assign(PotEng=0.0)
    assert drift(tables(forces_only), manifest()) == []
    without = log().drop(columns="Econserve")
    assert "econserve" in words(drift(tables(without), manifest()))
    assert drift(tables(without.assign(TotEng=log()["Econserve"])), manifest(ensemble="nve"))[0].level == "good"


def test_what_is_not_a_number_is_bad():
    rows = log()
    rows.loc[100:, ["Temp", "Econserve"]] = np.nan
    found = tables(rows)
    assert drift(found, manifest())[0].level == "bad" and temperature(found, manifest())[0].level == "bad"


def test_a_cold_metal_and_a_hot_water_that_cancel():
    found = temperature(tables(log(200, metal=296.0, water=336.0, na=330.0)), manifest(target=330))
    everything, groups = found
    assert everything.level == "good", everything.text
    assert groups.level == "bad" and "water 33" in groups.text
    assert re.search(r"metal 29\d\.\d ± [\d.]+ K \(3[345] K below\)", groups.text), groups.text


@pytest.mark.parametrize(("off_K", "level"), [(0, "good"), (8, "caution"), (-8, "caution"), (25, "bad")])
def test_levels_of_a_group(off_K, level):
    found = temperature(tables(log(water=300.0 + off_K, ps=200)), manifest())
    assert max(found, key=lambda f: ["good", "short", "caution", "bad"].index(f.level)).level == level, words(found)


def test_three_ions_are_too_few_to_say():
    """±16 K in 50 ps: neither good nor off."""
    (_, groups) = temperature(tables(log(na=310.0)), manifest())
    assert groups.level == "good" and re.search(r"Too small or too short to say: .*Na 3", groups.text)


def test_few_false_alarms_of_temperature():
    """Runs at their target, with the fluctuations of the canonical ensemble correlated over 0.1 ps."""
    alarms = sum(
        any(finding.level in ("caution", "bad") for finding in temperature(tables(log(20, seed=seed)), manifest()))
        for seed in range(100)
    )
    assert alarms <= 2, alarms


@pytest.mark.parametrize("ps", [2, 4, 20, 60, 101, 150, 250])
def test_few_false_alarms_where_metal_and_water_share_energy_slowly(ps):
    """A part of the metal's temperature is correlated over 5 ps, and the mean of all is kept."""
    alarms = 0
    for seed in range(100):
        rows = log(ps, seed=seed)
        amplitude = 300.0 * np.sqrt((1 - 48 / MOBILE) / (3 * 48))
        slow = amplitude * correlated(len(rows), np.random.default_rng(1000 + seed), 5.0 / 0.01)
        moved = rows.assign(c_T_metal=rows["c_T_metal"] + slow, c_T_water=rows["c_T_water"] - slow * 48 / (3 * 93))
        alarms += any(finding.level in ("caution", "bad") for finding in temperature(tables(moved), manifest()))
    assert alarms <= 3, alarms


def test_in_a_short_run_only_what_chance_cannot_make_is_bad():
    """48 atoms in 4 ps: σ of the mean is 22 K."""
    (_, groups) = temperature(tables(log(4, metal=200.0, water=317.0)), manifest())
    assert groups.level == "bad" and "more than chance" in groups.text
    (_, groups) = temperature(tables(log(4, metal=265.0, water=306.0)), manifest())
    assert groups.level == "short" and "may be chance" in groups.text and 240 < groups.more_ps < 250
    langevin = manifest(dynamics={"temperature_K": 300, "ensemble": "nvt", "friction_fs": 100})
    (_, groups) = temperature(tables(log(4, metal=265.0, water=306.0)), langevin)
    assert groups.level == "bad"


def test_the_centre_of_mass_at_rest_is_no_cold_metal():
    """Without held atoms the metal lacks its share of three degrees of freedom: w/N = 0.9/96 of its temperature."""
    free = manifest(fixed=0)
    mass = np.array([{"Au": 196.97, "O": 15.999, "H": 1.008, "Na": 22.99}[s] for s in free.system.species])
    rest = mass[:96].sum() / mass.sum() / 96
    assert rest > 0.009
    rows = log(400, metal=300.0 * (1 - rest), fixed=0)
    assert words(temperature(tables(rows), free)).count("below") == 0
    colder = log(400, metal=300.0 * (1 - rest) - 6, fixed=0)
    assert "below" in words(temperature(tables(colder), free))


def test_velocities_show_elements_that_differ():
    rows, n = log(), 500
    rng = np.random.default_rng(3)
    columns = {"t [ps]": 0.01 * np.arange(n), "T [K]": 300.0 + rng.normal(size=n), "σ [K]": 0.1}
    columns |= {"T_H [K]": 270 + rng.normal(size=n), "T_O [K]": 330 + rng.normal(size=n)}
    velocities = Table("species_temperature", "Temperature of each element", "series", pd.DataFrame(columns))
    found = temperature(tables(rows) | {"species_temperature": velocities}, manifest())
    assert "element H 270.0" in words(found) and "30 K below" in words(found) and found[-1].level == "bad"


def test_without_a_thermostat_groups_are_compared_with_the_mean():
    found = temperature(tables(log(200, metal=270.0, water=305.0)), manifest(ensemble="nve"))
    assert len(found) == 1 and found[0].level == "bad" and "the mean of" in found[0].text


@pytest.mark.parametrize(
    ("table", "level"),
    [
        (waters(93), "good"),
        (waters(92, hydroxide=1, free=1), "caution"),
        (waters(0, hydroxide=93, free=93), "bad"),
        (waters(np.linspace(93, 20, 100)), "bad"),
    ],
)
def test_share_of_intact_water(table, level):
    (found,) = water({"water_species": table}, manifest())
    assert found.level == level and "of the 93 water molecules" in found.text


def test_water_of_a_trajectory_from_elsewhere():
    assert water({"water_species": waters(22)}, Manifest())[0].level == "good"
    torn = water({"water_species": waters(0, hydroxide=22, free=22)}, Manifest())
    assert torn[0].level == "bad" and "0 % of the 22 water" in torn[0].text
    assert water({}, Manifest()) == []


def test_convergence_of_what_was_asked_for():
    good, not_yet, blind = profile("a", 0.01), profile("b", 0.2), profile("c", 0.01, blocks=0)
    (found,) = convergence({"a": good})
    assert found.level == "good"
    (found,) = convergence({"a": good, "b": not_yet, "c": blind})
    assert found.level == "caution" and "1 of 3" in found.text
    for nothing in ({"b": not_yet}, {"c": blind}, {"b": not_yet, "c": blind}):
        (found,) = convergence(nothing)
        assert found.level == "short", found.text
    assert convergence({}) == []


def test_the_time_to_run_is_within_reach():
    """Bands of 10 % and of 80 % in 50 ps: 150 ps more are proposed, and not 12 ns."""
    found = tables(log()) | {"b": profile("b", 0.05), "c": profile("c", 0.4)}
    verdict = verdict_of(found, manifest())
    assert verdict.level == "short" and verdict.production_ps == 200
    only = tables(log()) | {"c": profile("c", 0.4)}
    assert verdict_of(only, manifest()).production_ps > 10_000


def late():
    """A signal that jumps 49 ps into a run of 50."""
    t = 0.01 * np.arange(5000)
    x = np.random.default_rng(4).normal(size=5000) + np.where(t > 49, 30.0, 0.0)
    return detect("potential energy", t, x)


def test_an_equilibration_in_the_last_fifth_is_refused():
    one = late()
    assert one.late and one.start_ps > 40
    assert discard_ps([one]) == 0.0
    table = summary({}, [one])
    row = table.data.set_index("quantity").loc["sampling: potential energy: equilibrated after"]
    assert np.isnan(row["value"]) and "not within the run" in row["note"]
    verdict = verdict_of({"summary": table}, manifest())
    assert verdict_of({"summary": table} | tables(log()), manifest()).production_ps == 100
    assert verdict.level == "short" and "Run longer" in words(verdict.findings)
    assert not any("--discard-ps" in finding.text for finding in verdict.findings)


@pytest.mark.parametrize(
    ("state", "level"),
    [
        ("finished", "good"),
        ("interrupted", "caution"),
        ("walltime", "caution"),
        ("failed", "bad"),
        ("paused", "caution"),
    ],
)
def test_how_a_run_ended(state, level):
    found = tables(log()) | {"a": profile("a", 0.01), "water_species": waters(93)}
    assert verdict_of(found, manifest(state=state)).level == level


def test_the_gravest_finding_decides_and_comes_first():
    stable = StablePart(("stopped at 1 ps: two atoms came close",), ended=True, frames=10, used=5, last_ps=0.9)
    verdict = verdict_of(tables(log(ps=2)), manifest(state="unstable"), stable, ["frames are not evenly spaced"])
    assert [f.level for f in verdict.findings] == sorted(
        (f.level for f in verdict.findings), key=["bad", "short", "caution", "good"].index
    )
    assert verdict.level == "bad" and verdict.production_ps is None
    assert "frames are not evenly spaced." in words(verdict.findings)


def test_nothing_is_known():
    assert "Nothing is known" in verdict_of({}, Manifest()).text


def test_results_keep_the_verdict(tmp_path):
    verdict = verdict_of(tables(log(ps=2)), manifest())
    write_results({}, tmp_path / "results.nc", {"verdict": verdict.content()})
    assert Verdict.of(read_results(tmp_path / "results.nc").about["verdict"]) == verdict
    assert json.loads(json.dumps(verdict.content(), allow_nan=False))
