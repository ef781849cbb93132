"""From the campaign file to its runs: names, settings, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lmpdrive.campaigns.axes import flattened
from lmpdrive.campaigns.drive import going_on
from lmpdrive.campaigns.plan import make_plan
from lmpdrive.campaigns.state import RunState
from lmpdrive.errors import ConfigError, RunDirectoryError

AXES = {
    "model": {
        "dp": {"potential": {"architecture": "deepmd", "model": "models/dp.pb"}},
        "lj": {"potential": {"architecture": "classical"}, "resources": "big"},
    },
    "na": {"system.build.ions.Na": [0, 1]},
    "T": {"dynamics.temperature_K": [300, 330], "names": ["300K", "330K"]},
    "s": {"together": ["dynamics.seed", "system.build.seed"], "values": [1, 2, 3]},
}


def campaign(folder: Path, **changes):
    """Write a campaign file, with its base."""
    (folder / "base.yaml").write_text("potential: {architecture: classical}\n")
    content = {
        "campaign": "study",
        "base": "base.yaml",
        "set": {"dynamics.production_ps": 5, "potential.table": "x"},
        "axes": AXES,
        "resources": {"cpu": {"cpus": 1}, "big": {"cpus": 2}},
        **changes,
    }
    path = folder / "study.yaml"
    path.write_text(
        yaml.safe_dump({key: value for key, value in content.items() if value is not None}, sort_keys=False)
    )
    return path


def test_every_combination_is_a_run_named_by_its_points(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "dp.pb").write_text("")
    plan = make_plan(campaign(tmp_path), tmp_path / "out")
    assert len(plan.runs) == 2 * 2 * 2 * 3
    run = plan.runs["dp_na1_330K_s2"]
    assert run.points == {"model": "dp", "na": "na1", "T": "330K", "s": "s2"}
    assert run.settings["dynamics.seed"] == run.settings["system.build.seed"] == 2
    assert run.settings["system.build.ions.Na"] == 1 and run.settings["dynamics.temperature_K"] == 330
    # a potential replaces what was set inside of another one, and its files count from the campaign file
    assert "potential.table" not in run.settings
    assert run.settings["potential"] == {"architecture": "deepmd", "model": str(tmp_path / "models" / "dp.pb")}
    assert (run.resources["md"], run.resources["analyse"]) == ("cpu", "cpu")
    assert plan.runs["lj_na0_300K_s1"].resources == {"check": "cpu", "md": "big", "analyse": "cpu"}
    assert plan.repeats == ("s",)


def test_left_out_added_checked_once_and_compared(tmp_path):
    file = campaign(
        tmp_path,
        without=[{"model": "dp", "T": "330K"}],
        also={"long": {"dynamics.production_ps": 50, "like": {"model": "lj", "na": "na1", "T": "300K", "s": "s1"}}},
        stages={"check": {"once_per": ["model"]}},
        compare=[{"by": ["na", "T", "s"], "reference": {"model": "dp"}}],
    )
    plan = make_plan(file, tmp_path / "out")
    assert len(plan.runs) == 24 - 6 + 1 and "dp_na0_330K_s1" not in plan.runs
    long = plan.runs["long"]
    assert long.settings["dynamics.production_ps"] == 50 and long.settings["system.build.ions.Na"] == 1
    assert long.resources["md"] == "big" and long.checked_by == "long"
    assert {run.checked_by for run in plan.runs.values()} == {"dp_na0_300K_s1", "lj_na0_300K_s1", "long"}
    group = next(group for group in plan.groups if group.name == "model_na1_300K_s2")
    assert group.runs == ("dp_na1_300K_s2", "lj_na1_300K_s2")
    assert [run.name for run in plan.only({"T": "300K", "s": "s1", "model": "dp"})] == [
        "dp_na0_300K_s1",
        "dp_na1_300K_s1",
    ]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"axis": {}}, "axis: unknown key; did you mean 'axes'?"),
        ({"campaign": "a/b"}, "becomes a folder's name"),
        ({"base": "gone.yaml"}, "base: there is no file"),
        ({"axes": {"a": {"dynamics.seed": [1]}, "b": {"dynamics.seed": [2]}}}, "both set dynamics.seed"),
        ({"axes": {"a": {"dynamics.seed": [1, 1]}}}, "two points are called a1"),
        ({"axes": {"a": {"dynamics.seed": 1}}}, "axes.a: write one key with a list"),
        ({"axes": {"a": {"system.build.ions": [{}, {"Na": 1}]}}}, "axes.a: give `names`"),
        ({"axes": {"a": {"dynamics.seed": [1, 2], "names": ["x"]}}}, "axes.a.names: give 2 names"),
        ({"axes": {"a": {"dynamics.seed": [1], "names": ["x/y"]}}}, "becomes part of a folder's name"),
        ({"axes": {"a": {"dynamics.seed": [1], "names": ["x" * 300]}}}, "has 300 characters, at most 200"),
        ({"without": [{"model": "dq"}]}, "without.model: no 'dq'. Choices: dp, lj"),
        ({"without": [{"model": "dp"}, {"model": "lj"}]}, "leaves out every combination"),
        ({"also": {"x": {"like": {"model": "dp"}}}}, "say which point of na, T, s"),
        ({"stages": {"simulate": {}}}, "stages: no 'simulate'"),
        ({"stages": {"md": {"resources": "gpu"}}}, "stages.md.resources: no 'gpu'"),
        ({"stages": {"md": {"once_per": ["T"]}}}, "only the check may stand for several"),
        ({"compare": [{"by": ["na"], "reference": {"model": "dp"}}]}, "by all the others"),
        ({"resources": {"cpu": {"share": 2}}}, "share is for GPUs"),
        ({"slice": "soon"}, "no wall-time limit"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_is_wrong_is_said_before_anything_runs(changes, says, tmp_path):
    with pytest.raises(ConfigError) as caught:
        make_plan(campaign(tmp_path, **changes), tmp_path / "out")
    assert says in str(caught.value)


def test_a_run_that_was_begun_keeps_its_settings(tmp_path):
    plan = make_plan(campaign(tmp_path), tmp_path / "out")
    plan.save()
    plan.directory("lj_na0_300K_s1").mkdir(parents=True)
    other = make_plan(campaign(tmp_path, set={"dynamics.production_ps": 6}), tmp_path / "out")
    with pytest.raises(RunDirectoryError, match=r"begun with other settings \(dynamics.production_ps"):
        other.save()
    more = make_plan(campaign(tmp_path, axes=AXES | {"s": {**AXES["s"], "values": [1, 2, 3, 4]}}), tmp_path / "out")
    more.save()


def test_ten_thousand_runs(tmp_path):
    axes = {name: {f"dynamics.{name}": list(range(10))} for name in ("a", "b", "c", "d")}
    plan = make_plan(campaign(tmp_path, axes=axes), tmp_path / "out")
    plan.save()
    assert len(plan.runs) == 10_000


def test_every_key_is_documented():
    from lmpdrive.campaigns.file import Campaign, Comparison, Resources, StageSection
    from lmpdrive.campaigns.places import Blocks, Place, Size
    from tests.conftest import ROOT

    page = (ROOT / "docs" / "campaigns.md").read_text()
    keys = {
        key
        for model in (Campaign, Comparison, Resources, StageSection, Blocks, Place, Size)
        for key in model.model_fields
    }
    assert not {key for key in keys - {"name", "blocks"} if f"`{key}`" not in page}


def test_names_of_ions_may_be_files_with_a_dot(tmp_path):
    build = {
        "ions": {"my-ion.xyz": 1},
        "ion_charges_e": {"my-ion.xyz": -1},
        "liquid": {"ions": {"a.xyz": 2}, "waters": 5},
    }
    assert flattened({"system": {"build": build}}, tmp_path) == {
        "system.build.ions": {"my-ion.xyz": 1},
        "system.build.ion_charges_e": {"my-ion.xyz": -1},
        "system.build.liquid.ions": {"a.xyz": 2},
        "system.build.liquid.waters": 5,
    }


BASE = {
    "system": {"build": {"ions": {"Na": 1}}},
    "potential": {"architecture": "classical"},
    "dynamics": {"bias": {"umbrella": {"ion": "Na", "z_A": [3, 4], "windows": 3}}},
}
TEMPERATURES = {"T": {"dynamics.temperature_K": [300, 330], "names": ["300K", "330K"]}}


def umbrella(folder, **changes):
    path = campaign(folder, set=None, resources=None, **changes)
    (folder / "base.yaml").write_text(yaml.safe_dump(BASE))
    return make_plan(path, folder / "out")


def test_a_set_of_umbrella_windows_is_taken_apart(tmp_path):
    plan = umbrella(tmp_path, axes=TEMPERATURES)
    assert list(plan.runs) == [f"{T}_z{z}" for T in ("300K", "330K") for z in ("03.00", "03.50", "04.00")]
    run = plan.runs["330K_z03.50"]
    assert run.points == {"T": "330K", "window": "z03.50"} and run.checked_by == run.name
    assert run.settings["system.build.ion_heights_A"] == [3.5]
    # the default spring is that of the run's own temperature
    assert run.settings["dynamics.bias.umbrella"]["k_eV_per_A2"] == pytest.approx(0.455, abs=1e-3)
    assert run.settings["dynamics.bias.umbrella"]["at_A"] == 3.5


def test_a_campaign_can_be_one_set_and_axes_can_make_it(tmp_path):
    assert list(umbrella(tmp_path, axes={}).runs) == ["z03.00", "z03.50", "z04.00"]
    one = {"at_A": 5, "z_A": None, "windows": None}
    axes = {"b": {"set": {"dynamics.seed": 2}, "one": {"dynamics.bias.umbrella": one}}}
    plan = umbrella(tmp_path, axes=axes)
    assert list(plan.runs) == ["set_z03.00", "set_z03.50", "set_z04.00", "one"]
    assert plan.runs["set_z03.00"].settings["dynamics.seed"] == 2001


def test_one_check_for_a_set(tmp_path):
    plan = umbrella(tmp_path, axes=TEMPERATURES, stages={"check": {"once_per": ["T"]}})
    assert {run.checked_by for run in plan.runs.values()} == {"300K_z03.00", "330K_z03.00"}


def test_windows_are_not_compared_nor_named_twice(tmp_path):
    with pytest.raises(ConfigError, match=r"compare: .*makes several runs of each.*lmpdrive umbrella"):
        umbrella(tmp_path, axes=TEMPERATURES, compare=[{"by": [], "reference": {"T": "300K"}}])
    with pytest.raises(ConfigError, match=r"axes\.window: .*makes an axis of this name"):
        umbrella(tmp_path, axes={"window": TEMPERATURES["T"]})


def test_what_is_said_of_runs_that_go_on(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "dp.pb").write_text("")
    plan = make_plan(campaign(tmp_path), tmp_path / "out")
    first, second, third, *_ = plan.runs.values()
    found = [
        RunState(first, "running", left_s=600.0),
        RunState(second, "running", left_s=None),
        RunState(third, "paused", left_s=9000.0),
    ]
    assert going_on(found) == "; 2 running, about 10 min left for these"
    assert going_on(found[1:]) == "; 1 running" and going_on(found[2:]) == ""
