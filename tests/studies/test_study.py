"""A study's file, what follows from it, and the distances from the teacher on paper."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lmpdrive.campaigns.plan import make_plan
from lmpdrive.errors import ConfigError
from lmpdrive.studies import campaigns
from lmpdrive.studies.contacts import closer
from lmpdrive.studies.figures import learning, stability
from lmpdrive.studies.file import is_study
from lmpdrive.studies.plan import make_study_plan
from lmpdrive.studies.report import verdict_rows
from lmpdrive.studies.tables import _longer
from lmpdrive.studies.verdict import distance, verdict_lines

ROOT = Path(__file__).parents[2] / "studies" / "charge-states"


@pytest.fixture
def study(tmp_path):
    """Write the quick study with changes; its plan."""
    shutil.copytree(ROOT, tmp_path / "study")

    def changed(**sections):
        file = tmp_path / "study" / "study-quick.yaml"
        content = yaml.safe_load(file.read_text())
        for name, section in sections.items():
            content[name] = content.get(name, {}) | section if isinstance(section, dict) else section
        file.write_text(yaml.safe_dump(content, sort_keys=False))
        return make_study_plan(file, tmp_path / "out")

    return changed


@pytest.mark.parametrize("name", ["study.yaml", "study-first.yaml", "study-quick.yaml"])
def test_shipped_studies_are_valid(name, tmp_path):
    plan = make_study_plan(ROOT / name, tmp_path)
    assert is_study(ROOT / name) and not is_study(ROOT / "teacher.yaml")
    assert campaigns.write_teacher(plan).is_file()
    runs = make_plan(campaigns.write_runs(plan), tmp_path / "runs").runs
    for run in runs.values():
        # a model of one state runs there; a mixed one in every state
        learns = run.points["model"].rsplit("-", 2)[0].rpartition("-")[2]
        assert learns in ("mixed", run.points["state"])
    n_models = len(plan.study.models)
    assert len(runs) == n_models * len(plan.run_states) * 2 * plan.study.runs.splits


def test_the_page_shows_the_quick_study():
    text = (ROOT.parents[1] / "docs" / "study.md").read_text().partition("# A study with the truth known")[2]
    shown = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])
    assert shown == yaml.safe_load((ROOT / "study-quick.yaml").read_text())


def test_names_and_places(study):
    plan = study(training={"sizes": [20, 10]}, runs={"states": ["na1"], "sizes": [10], "splits": 2})
    assert plan.training_sets == ["na1", "mixed"] and list(plan.states) == ["na0", "na1"]
    assert len(list(plan.learned())) == 2 * 2 * 3
    assert [one.label for one in plan.running()] == [
        "mace-local-na1-n10-s1",
        "mace-local-na1-n10-s2",
        "mace-local-mixed-n10-s1",
        "mace-local-mixed-n10-s2",
    ]
    one = plan.running()[1]
    assert plan.folder_of(one) == plan.folder / "models" / "mace-local" / "na1" / "split-2" / "n-10"
    assert [member.split for member in plan.committee(one)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": {"states": ["na7"]}}, "runs.states: no 'na7'. Did you mean|runs.states: no 'na7'"),
        ({"runs": {"sizes": [77]}}, "77 is no size that 'mace-local' is trained with"),
        ({"training": {"sizes": [5, 5]}}, "one or more numbers of frames, each once"),
        ({"models": {}, "tries": 0}, "tries"),
        ({"teacher": {"base": "none.yaml"}}, "there is no file"),
        ({"colour": "red"}, "unknown key"),
    ],
)
def test_what_cannot_be_is_said(study, changes, message):
    with pytest.raises(ConfigError, match=message):
        study(**changes)


def curve(value, error, teacher, sigma, model=np.nan, bound=False):
    data = {"value": value, "σ": error, "teacher": teacher, "σ teacher": sigma, "σ_model": model, "lower bound": bound}
    return pd.DataFrame({key: np.broadcast_to(column, len(value)) for key, column in data.items()})


def test_distance_on_paper():
    """z = 5/5 in each bin; relative: √(n 5²)/√(n 10²); with σ_model = 12: 5/13."""
    found = distance(curve([15.0, 5.0, 15.0], 3.0, 10.0, 4.0, 12.0))
    assert found["distance [σ]"] == pytest.approx(1.0) and found["distance"] == pytest.approx(0.5)
    assert found["with σ_model [σ]"] == pytest.approx(5 / 13) and found["bins"] == 3 and found["bins different"] == 0
    far = distance(curve([90.0, 10.0], 3.0, 10.0, 4.0))
    assert far["bins different"] == 1 and np.isnan(far["with σ_model [σ]"])
    assert far["distance [σ]"] == pytest.approx(np.sqrt(16**2 / 2))
    assert not far["at most"] and distance(curve([90.0, 10.0], 3.0, 10.0, 4.0, bound=True))["at most"]
    # bins without an error tell nothing
    assert distance(curve([1.0, np.nan], [0.0, 1.0], 1.0, 0.0))["bins"] == 0


def test_distance_of_runs_that_agree_is_one_sigma():
    rng = np.random.default_rng(5)
    own, truth = rng.normal(0, 3, 4000), rng.normal(0, 4, 4000)
    found = distance(curve(own, 3.0, truth, 4.0))
    assert found["distance [σ]"] == pytest.approx(1, abs=0.04) and found["bins different"] == 0


def test_a_histogram_is_compared_where_either_has_bins():
    assert _longer(np.array([1.0, 2.0]), np.array([-1.0, 0.0, 1.0])).tolist() == [-1, 0, 1, 2]
    assert _longer(np.array([1.0, 2.0]), np.array([1.5, 3.4])).tolist() == [1, 2, 3, 4]
    assert _longer(np.array([1.0, 2.0]), np.array([1.0, 2.0])).tolist() == [1, 2]
    assert _longer(np.array([1.0]), np.array([5.0])).tolist() == [1]


def test_runs_that_the_guard_ended_are_counted_and_not_compared():
    run = {"model": "dp", "size": 10, "state": "na1"}
    kinds = [("specific", "done"), ("specific", "unstable"), ("mixed", "unstable")]
    runs = pd.DataFrame([run | {"kind": kind, "phase": phase} for kind, phase in kinds])
    own = {"kind": "specific", "observable": "water_density", "distance [σ]": 2.0, "with σ_model [σ]": 1.5}
    specific, mixed = verdict_rows(pd.DataFrame([run | own | {"at most": False}]), runs)
    assert specific["cells"][0] == "2.0 (1.5)" and specific["unstable"] == "1 of 2"
    bound, _ = verdict_rows(pd.DataFrame([run | own | {"at most": True}]), runs)
    assert bound["cells"][0] == "≤ 2.0 (1.5)"
    assert not any(mixed["cells"]) and mixed["unstable"] == "1 of 1"
    assert verdict_rows(pd.DataFrame(), pd.DataFrame()) == []


def test_verdict_in_words():
    rows = [("dp", "specific", 1.0, False), ("dp", "mixed", 7.0, True), ("mace", "specific", 1.5, False)]
    found = pd.DataFrame(
        [
            {"model": m, "kind": k, "observable": "water_density", "distance [σ]": d, "at most": bound}
            for m, k, d, bound in rows
        ]
    )
    runs = pd.DataFrame([("dp", "done"), ("dp", "done"), ("mace", "done"), ("mace", "unstable")])
    runs.columns = ["model", "phase"]
    lines = verdict_lines(found, ["water_density"], runs)
    assert lines == ["dp: water_density 1.0 σ specific, ≤ 7.0 σ mixed", "mace: the guard ended 1 of 2 runs"]
    assert verdict_lines(pd.DataFrame(), ["water_density"], runs) == lines[1:]
    assert "nothing to compare" in verdict_lines(pd.DataFrame(), ["water_density"], pd.DataFrame())[0]
    runs["phase"] = "running"
    assert "nothing to compare" in verdict_lines(pd.DataFrame(), ["water_density"], runs)[0]


def test_errors_count_where_a_model_has_learned():
    rows = [("na0", "specific", "na0", 0.1), ("na0", "specific", "na1", 9.0), ("mixed", "mixed", "na1", 0.2)]
    errors = pd.DataFrame(
        [
            {"model": "dp", "learns": learns, "kind": kind, "size": 10, "state": state, "force RMSE [eV/Å]": error}
            for learns, kind, state, error in rows
        ]
    )
    seen = learning.seen_states(errors)
    assert seen["force RMSE [eV/Å]"].tolist() == [0.1, 0.2]
    runs = pd.DataFrame(
        [
            {"model": "dp", "kind": "mixed", "size": 10, "phase": phase, "stable [ps]": ps, "speed [ns/day]": 2.0}
            for phase, ps in (("done", 10.0), ("unstable", 0.5), ("failed", 0.0))
        ]
    )
    (counted,) = stability.counts(runs).to_dict("records")
    assert (counted["runs"], counted["unstable"], counted["shortest stable time [ps]"]) == (2, 1, 0.5)
    (point,) = learning.pareto(seen, runs).to_dict("records")
    assert (point["kind"], point["force RMSE [eV/Å]"], point["speed [ns/day]"]) == ("mixed", 0.2, 2.0)


def test_contacts_shift_molecules_as_a_whole_and_leave_the_metal():
    from ase import Atoms
    from ase.build import molecule

    water = molecule("H2O")
    water.positions += (0.1, 5.0, 6.0)  # across the edge of the cell
    film = Atoms("Au2", [[0, 0, 1], [3, 3, 1]], cell=[10, 10, 20], pbc=True) + water + Atoms("Na", [[5, 5, 9]])
    film.wrap()
    found = closer([film] * 1000, 0.25, [0, 1], seed=3)
    moved = np.array([atoms.positions - film.positions for atoms in found])
    exchanged = np.linalg.norm(moved[:, 5], axis=1) > 3
    assert exchanged.mean() == pytest.approx(0.5, abs=0.05)
    assert not moved[exchanged, :2].any()
    moved = moved[~exchanged]
    assert not moved[:, :2].any()
    assert np.abs(moved[:, 2] - moved[:, 3]).max() < 1e-12 and np.abs(moved[:, 2] - moved[:, 4]).max() < 1e-12
    assert np.corrcoef(moved[:, 2, 0], moved[:, 5, 0])[0, 1] == pytest.approx(0.0, abs=0.15)
    assert moved[:, [2, 5]].std() == pytest.approx(0.25, rel=0.05)
    assert closer([film], 0.25, [0, 1], seed=3)[0].positions == pytest.approx(found[0].positions)


def test_contacts_bring_ions_to_other_places_and_beside_each_other():
    from ase import Atoms
    from ase.build import molecule

    film = Atoms("Au", [[0, 0, 1]], cell=[15, 15, 30], pbc=True)
    for k in range(27):
        water = molecule("H2O")
        water.positions += np.array([2, 2, 5]) + 5 * np.array(np.unravel_index(k, (3, 3, 3))) - water.positions[0]
        film += water
    film += Atoms("Na2", [[4.5, 4.5, 7.5], [14.5, 14.5, 17.5]])
    found = closer([film] * 400, 1e-9, [0], seed=1)
    for atoms in found:
        # an ion is where it was or where an oxygen was, and no place is taken twice
        assert _places(atoms) == _places(film) and len(_places(film)) == 29
        assert atoms.get_distances(1, [2, 3]) == pytest.approx(film.get_distances(1, [2, 3]))
    hydroxide = film + Atoms("OH", [[12, 4.5, 22.5], [12, 4.5, 23.47]])
    for atoms in closer([hydroxide] * 50, 1e-9, [0], seed=1):
        assert atoms.get_distance(84, 85) == pytest.approx(0.97, abs=1e-6), "an ion of two atoms is not torn apart"
    assert film.get_distance(82, 83, mic=True) > 12
    apart = np.array([atoms.get_distance(82, 83, mic=True) for atoms in found])
    # each ion goes beside the other in a quarter of the frames
    assert np.mean(apart < 6.0) > 0.3 and np.mean(apart > 12.0) > 0.2


def _places(atoms):
    """Of ions and oxygens, whichever is where."""
    return {tuple(place) for place in atoms.positions[np.isin(atoms.numbers, (8, 11))].round(5)}
