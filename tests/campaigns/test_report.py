"""The page and tables of a campaign: means over repetitions, errors, error against speed, what was unstable."""

from __future__ import annotations

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import write

from lmpdrive.campaigns.plan import make_plan
from lmpdrive.campaigns.report import write_report
from lmpdrive.campaigns.spread import by_experiment, together


def test_mean_and_errors_on_paper():
    """Values 1 and 3 with σ 0.3 and 0.4: mean 2, within 0.25, between 1."""
    mean = together([np.array([1.0]), np.array([3.0])], [np.array([0.3]), np.array([0.4])])
    assert (mean.value, mean.within, mean.between) == (pytest.approx([2]), pytest.approx([0.25]), pytest.approx([1]))
    assert mean.error == pytest.approx([1])
    alone = together([np.array([1.0])], [np.array([0.3])])
    assert np.isnan(alone.between) and alone.error == pytest.approx([0.3])
    unknown = together([np.array([1.0]), np.array([3.0])], [np.array([np.nan]), np.array([0.1])])
    assert unknown.error == pytest.approx([1])


def test_the_spread_between_runs_covers_what_blocks_miss():
    """Runs that are each stuck near another value: 4 of them, blocks that see a tenth of it, 2000 times."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(4, 2000))
    mean = together(list(values), [np.full(2000, 0.1)] * 4)
    inside = np.abs(mean.value) < 3.182 * mean.error  # Student's t for three degrees of freedom
    assert 0.93 < inside.mean() < 0.97
    assert (np.abs(mean.value) < 2 * mean.within).mean() < 0.2


def test_experiments_are_runs_that_differ_in_repetitions_only():
    points = {f"{m}_{s}": {"m": m, "s": s} for m in ("a", "b") for s in ("s1", "s2")}
    assert by_experiment(points, ["s"]) == {"a": ["a_s1", "a_s2"], "b": ["b_s1", "b_s2"]}
    assert list(by_experiment(points, ["m", "s"])) == ["all"]


class Links(HTMLParser):
    """Files that a page links to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name == "href" and not value.startswith("#")]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Copper with EMT and with a Lennard-Jones potential, each twice, tested on frames that EMT labels."""
    pytest.importorskip("parsl", reason="parsl is not in this environment")
    folder = tmp_path_factory.mktemp("report")
    copper = bulk("Cu", cubic=True).repeat(3)
    write(folder / "cu.xyz", copper)
    frames = []
    for seed in range(5):
        frame = copper.copy()
        frame.rattle(0.05, seed=seed)
        frame.calc = EMT()
        frame.get_forces()
        frames.append(frame)
    write(folder / "emt.xyz", frames)
    emt = {"architecture": "ase", "calculator": "ase.calculators.emt:EMT"}
    lj = {"architecture": "ase", "calculator": "ase.calculators.lj:LennardJones"}
    base = {
        "system": {"read": "cu.xyz"},
        "potential": emt,
        "dynamics": {
            "timestep_fs": 2,
            "equilibrate_ps": 0.02,
            "production_ps": 0.4,
            "minimise": None,
            "fixed_layers": 0,
        },
        "output": {"frames_every_fs": 10, "report": False},
    }
    axes = {
        "model": {
            "emt": {"potential": emt},
            "lj": {"potential": {**lj, "kwargs": {"sigma": 2.3, "epsilon": 0.4, "rc": 5}}},
        },
        "s": {"dynamics.seed": [1, 2]},
    }
    campaign = {"campaign": "copper", "base": "base.yaml", "axes": axes, "labelled": ["emt.xyz"]}
    for name, content in (("base", base), ("copper", campaign)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    command = [sys.executable, "-m", "lmpdrive", "campaign", "run", "copper.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return make_plan(folder / "copper.yaml", folder / "campaigns" / "copper")


def test_numbers_of_experiments_are_the_means_of_their_runs(ran):
    numbers = pd.read_csv(ran.folder / "numbers.csv")
    experiments = pd.read_csv(ran.folder / "experiments.csv").set_index(["experiment", "quantity"])
    each = numbers[(numbers["model"] == "emt") & (numbers["quantity"] == "mean temperature")]
    row = experiments.loc[("emt", "mean temperature")]
    assert row["value"] == pytest.approx(each["value"].mean()) and row["runs"] == 2
    assert row["σ between runs"] == pytest.approx(each["value"].std(ddof=1) / 2**0.5)
    assert row["σ"] == pytest.approx(np.nanmax([row["σ between runs"], row["σ within runs"]]))


def test_profiles_are_in_one_file(ran):
    xarray = pytest.importorskip("xarray", reason="xarray is not in this environment")
    with xarray.open_dataset(ran.folder / "campaign.nc", engine="scipy") as data:
        names = [name for name in data if name.endswith("_between")]
        assert names
        table = names[0].removesuffix("_between")
        assert data[table].attrs["experiments"] == "emt lj"
        assert data[table].shape == data[f"{table}_x"].shape


def test_error_against_speed(ran):
    pareto = pd.read_csv(ran.folder / "pareto" / "pareto.csv").set_index("potential")
    force, time = "force RMSE [eV/Å]", "time [ms/atom/step]"
    assert pareto.loc["emt", force] < 1e-6 < 0.01 < pareto.loc["lj", force]
    assert (pareto[time] > 0).all() and (pareto["rounds [1]"] == 2).all()


def test_the_page_links_to_files_and_shows_what_was_unstable(ran):
    page = write_report(ran)
    assert "Error against speed" in page.read_text()
    unstable = ran.directory("lj_s2") / "manifest.json"
    kept = unstable.read_text()
    unstable.write_text(json.dumps(json.loads(kept) | {"state": "unstable"}))
    try:
        text = write_report(ran).read_text()
    finally:
        unstable.write_text(kept)
    assert "lj: 1 of 2 unstable" in text
    links = Links(page).found
    assert all((ran.folder / link).is_file() for link in links)
