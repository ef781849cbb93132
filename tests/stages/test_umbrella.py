"""The files of one run as a window; a set of windows from one YAML: run, resumed, analysed, compared."""

import shutil

import numpy as np
import pytest
import yaml

import lmpdrive
from lmpdrive.config import load
from lmpdrive.errors import ConfigError, ModelError, RunDirectoryError, TrajectoryError
from lmpdrive.pipeline import check, render, report, umbrella
from lmpdrive.stages.trial_run import trial_of
from lmpdrive.stages.umbrella import window_of
from lmpdrive.stages.umbrella_windows import planned_windows
from lmpdrive.stages.unbiased import unbiased_window
from tests.stages.resuming import CHEAP, rendered, resumed


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
    table = umbrella([run], tmp_path / "f.csv").table
    assert (tmp_path / "f.csv").read_text().startswith("z [Å],F(z) [eV],σ F(z) [eV]\n") and len(table) > 1


def test_other_folders_are_no_windows(run, tmp_path):
    with pytest.raises(RunDirectoryError, match="no run directory"):
        window_of(tmp_path)
    plain = rendered(tmp_path / "plain", CHEAP)
    with pytest.raises(RunDirectoryError, match=r"no dynamics\.bias\.umbrella"):
        window_of(plain)
    empty = rendered(tmp_path / "empty", CHEAP, ["dynamics.bias={umbrella: {ion: Na, at_A: 3}}"])
    with pytest.raises(TrajectoryError, match="0 heights in the production"):
        umbrella(empty, tmp_path / "f.csv")


SPRING = {"ion": "Na", "z_A": [3.0, 3.5], "windows": 3, "k_eV_per_A2": 0.3, "every_fs": 1}
"""Soft springs over a short distance: they overlap within 0.05 ps."""
SHORT = {"equilibrate_ps": 0.01, "production_ps": 0.05}
CONTENT = CHEAP | {"dynamics": CHEAP["dynamics"] | SHORT | {"bias": {"umbrella": SPRING}}, "guard": "off"}


def written(path, content, **dynamics):
    content = content | {"dynamics": content["dynamics"] | dynamics}
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope="module")
def umb(tmp_path_factory):
    """A set that has run, its YAML beside it, and what was said."""
    folder, said = tmp_path_factory.mktemp("umb"), []
    result = lmpdrive.simulate(written(folder / "umb.yaml", CONTENT), folder / "umb", say=said.append)
    return folder / "umb", result, said


def test_a_set_runs_all_windows_and_ends_with_the_free_energy(umb):
    out, result, said = umb
    windows = [window_of(out / name) for name in ("z03.00", "z03.25", "z03.50")]
    assert [(w.at_A, w.k_eV_per_A2) for w in windows] == [(3.0, 0.3), (3.25, 0.3), (3.5, 0.3)]
    assert all(abs(w.heights_A[0] - w.at_A) < 1 for w in windows)
    assert len({load(out / w.name / "resolved.yaml").dynamics.seed for w in windows}) == 3
    assert result.state == "finished" and result.report == out / "report.html"
    assert list(result.tables["free_energy"].columns) == ["z [Å]", "F(z) [eV]", "σ F(z) [eV]"]
    for name in ("free_energy.csv", "free_energy.png", "free_energy.svg", "free_energy.windows.csv"):
        assert (out / name).stat().st_size > 100
    page = (out / "report.html").read_text()
    assert "3 windows" in page and "z03.25" in page and "<svg" in page
    assert "window 1 of 3, z03.00: 3 Å" in said
    assert any(line.startswith("window 3 of 3, z03.50: 3.5 Å; ") and line.endswith(" left") for line in said)


def test_what_has_finished_is_not_run_again(umb, tmp_path):
    out, _, _ = umb
    copy, said = shutil.copytree(out, tmp_path / "umb", symlinks=True), []
    shutil.rmtree(copy / "z03.25")
    untouched = (copy / "z03.00" / "log.lammps").stat().st_mtime_ns
    result = lmpdrive.simulate(out.parent / "umb.yaml", copy, say=said.append)
    assert [line.partition(":")[0] for line in said if line.startswith("window")] == ["window 2 of 3, z03.25"]
    assert "2 of 3 windows have ended already" in said and result.state == "finished"
    assert (copy / "z03.00" / "log.lammps").stat().st_mtime_ns == untouched
    again, before = (window_of(one / "z03.25").heights_A for one in (copy, out))
    assert again == pytest.approx(before)


def test_a_limit_on_the_time_stops_between_windows(umb, tmp_path):
    copy = shutil.copytree(umb[0], tmp_path / "umb", symlinks=True)
    shutil.rmtree(copy / "z03.50")
    result = lmpdrive.resume(copy, walltime="0.001s")
    assert (result.state, result.run_directory) == ("walltime", copy) and not (copy / "z03.50").exists()


def test_a_part_of_a_set_is_analysed_and_said(umb, tmp_path):
    copy, said = shutil.copytree(umb[0], tmp_path / "umb", symlinks=True), []
    shutil.rmtree(copy / "z03.50")
    found = lmpdrive.umbrella(copy, say=said.append)
    assert len(found.free_energy.windows) == 2 and any("2 of 3 windows" in line for line in said)
    with pytest.raises(TrajectoryError, match=r"bulk.*has no bulk water.*--reference 8:10"):
        lmpdrive.umbrella(copy, reference="bulk")
    with pytest.raises(ConfigError, match="write minimum, bulk, or two heights"):
        lmpdrive.umbrella(copy, reference="4:3")


def test_another_set_in_the_folder_is_refused(umb, tmp_path):
    out, _, _ = umb
    with pytest.raises(RunDirectoryError, match=r"other settings \(dynamics.temperature_K\).*lmpdrive resume"):
        lmpdrive.simulate(out.parent / "umb.yaml", out, ["dynamics.temperature_K=310"])
    with pytest.raises(ConfigError, match="a set is resumed as it began"):
        lmpdrive.resume(out, ["dynamics.temperature_K=310"])
    with pytest.raises(RunDirectoryError, match="name a restart file of one of them"):
        lmpdrive.resume(out, restart="a.restart")


def test_analyse_and_report_take_the_folder(umb, tmp_path):
    out, result, _ = umb
    again = lmpdrive.analyse(out, out=tmp_path / "x", bin_width_A=0.1)
    assert again.report == tmp_path / "x" / "free_energy.html" and len(again.tables["free_energy"]) > 3
    assert report(out) == out / "report.html"
    assert lmpdrive.umbrella(out, tmp_path / "y.csv").table.equals(result.tables["free_energy"])


def test_an_unbiased_run_beside_it(umb, tmp_path):
    """Its heights are those of Colvars: a window's own frames, taken as if it had no bias."""
    out, _, _ = umb
    free = shutil.copytree(out / "z03.25", tmp_path / "free", symlinks=True)
    resolved = yaml.safe_load((free / "resolved.yaml").read_text())
    resolved["dynamics"]["bias"] = None
    (free / "resolved.yaml").write_text(yaml.safe_dump(resolved))
    with pytest.raises(TrajectoryError, match="11 heights"):
        lmpdrive.umbrella(out, tmp_path / "f.csv", compare=[free])
    frames = unbiased_window(free, "Na", print).heights_A[:, 0]
    steps = np.loadtxt(free / "bias.colvars.traj")
    assert frames == pytest.approx(np.interp(20 + 10 * np.arange(11), *steps.T), abs=2e-4)
    with pytest.raises(RunDirectoryError, match=r"this run has dynamics\.bias"):
        lmpdrive.umbrella(out, tmp_path / "f.csv", compare=[out / "z03.00"])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ({"ions": {"Na": 2}}, "Na must be one ion of the system; system.build.ions has 2 Na"),
        ({"ions": {"K": 1}}, "system.build.ions has 1 K. Write ions: {Na: 1}"),
        ({"ions": {"Cl": 1, "Na": 1}}, "give system.build.ion_heights_A, one for each of Cl, Na"),
    ],
)
def test_sets_that_cannot_be_built(tmp_path, build, words):
    content = CONTENT | {"system": {"build": CHEAP["system"]["build"] | build}}
    problems = check(written(tmp_path / "a.yaml", content))
    assert [p.level for p in problems] == ["error"] and words in problems[0].message


def test_the_ion_takes_the_height_of_its_window_and_others_keep_theirs(tmp_path):
    build = CHEAP["system"]["build"] | {"ions": {"Cl": 1, "Na": 1}, "ion_heights_A": [5.0, 4.0]}
    windows = planned_windows(load(written(tmp_path / "a.yaml", CONTENT | {"system": {"build": build}})))
    assert [w.settings["system.build.ion_heights_A"] for w in windows] == [[5.0, 3.0], [5.0, 3.25], [5.0, 3.5]]
    assert [w.settings["dynamics.seed"] for w in windows] == [1001, 1002, 1003]


def test_what_is_tried_of_a_set_is_its_lowest_window(tmp_path):
    file = written(tmp_path / "a.yaml", CONTENT)
    with trial_of(file, print) as (folder, config):
        assert (config.dynamics.bias.umbrella.at_A, folder.name) == (3.0, "run")
    with pytest.raises(ModelError, match=r"stands for 3 runs: `lmpdrive simulate` makes and runs them all"):
        render(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_check_looks_at_both_ends_of_a_set(tmp_path):
    far = {"umbrella": SPRING | {"z_A": [3, 10.5], "windows": 11}}
    problems = check(written(tmp_path / "a.yaml", CONTENT, bias=far), here=False)
    assert problems[0].message == "11 windows, 0.75 Å apart, springs of 0.3 eV/Å^2"
    errors = [p.message for p in problems if p.level == "error"]
    assert len(errors) == 1 and errors[0].startswith("window z10.50: ") and "outside the film" in errors[0]
