"""The way from frames to models and cards, with a trainer of seconds: plans, resuming, what is refused."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read

from lmpdrive import pipeline
from lmpdrive.architectures.shared.electrostatics import ChargesCalculator, Electrostatics
from lmpdrive.common.hashing import sha256
from lmpdrive.errors import ConfigError, ModelError, RunDirectoryError, TrajectoryError
from lmpdrive.training.plan import Request
from lmpdrive.training.recipe import load_recipe
from tests.training.frames import labelled, written

TOY = Path(__file__).with_name("toy.py")


def recipe(folder: Path, **changes) -> Path:
    content = {"title": "mean energy", "trainer": str(TOY), "length": 3} | changes
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """30 frames with one Na, 20 with three, 10 without."""
    folder = tmp_path_factory.mktemp("data")
    return written(folder / "frames.xyz", labelled(30, 2, "Na", 1), labelled(20, 2, "Na3", 2), labelled(10, 2, "", 3))


def request(data: Path, out: Path, **more) -> Request:
    return Request((data,), out, **more)


def test_one_model_with_its_card_and_what_was_held_back(data, tmp_path):
    own = recipe(tmp_path, ions={"Na": 1}, split={"by": "ions", "seed": 4})
    (done,) = pipeline.train(own, request(data, tmp_path / "out"))
    card = yaml.safe_load((tmp_path / "out" / "card.yaml").read_text())
    assert done.now and done.card == card and card["sha256"] == sha256(tmp_path / "out" / "mean.json")
    assert card["elements"] == ["H", "Na", "O"] and card["charge_states_e"] == [0, 1, 3]
    assert card["data"] == [
        {"file": str(data), "sha256": sha256(data)},
        {"file": str(TOY), "sha256": sha256(TOY)},
    ]
    assert [card["split"][p] for p in ("train", "validation", "test")] == [48, 6, 6]
    with (tmp_path / "out" / "frames.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(int(row["frame"].rpartition(":")[2]) for row in rows) == list(range(60))
    frames, held_back = read(data, ":"), read(tmp_path / "out" / "test.xyz", ":")
    numbers = [int(row["frame"].rpartition(":")[2]) for row in rows if row["part"] == "test"]
    assert [sum(a.get_chemical_symbols().count("Na") == n for a in held_back) for n in (0, 1, 3)] == [1, 3, 2]
    # on paper: every atom has the mean energy of the atoms that were fitted, and no force
    fitted = [frames[int(row["frame"].rpartition(":")[2])] for row in rows if row["part"] == "train"]
    mean = sum(a.get_potential_energy() for a in fitted) / sum(map(len, fitted))
    wrong = [1e3 * (mean - frames[k].get_potential_energy() / len(frames[k])) for k in numbers]
    forces = np.concatenate([frames[k].get_forces().ravel() for k in numbers])
    assert card["test"]["energy_rmse_meV_per_atom"] == pytest.approx(np.sqrt(np.mean(np.square(wrong))), abs=2e-3)
    assert card["test"]["force_rmse_eV_per_A"] == pytest.approx(np.sqrt(np.mean(forces**2)), abs=1e-4)
    assert card["test"]["compositions"]["H4Na3O2"]["frames"] == 2
    assert card["retrain"] == f"lmpdrive train {own} {data} --out {tmp_path / 'out'}"


def test_a_finished_model_is_not_trained_again_and_another_is_not_put_over_it(data, tmp_path):
    own = recipe(tmp_path, split={"by": "nothing"})
    pipeline.train(own, request(data, tmp_path / "out"))
    before = (tmp_path / "out" / "card.yaml").stat().st_mtime_ns
    said: list[str] = []
    (again,) = pipeline.train(own, request(data, tmp_path / "out"), said.append)
    assert not again.now and said == ["out: trained already"]
    assert (tmp_path / "out" / "card.yaml").stat().st_mtime_ns == before
    with pytest.raises(RunDirectoryError, match="holds a model of other data, splits or settings"):
        pipeline.train(own, request(data, tmp_path / "out", length=4))


def test_a_curve_of_sizes_and_splits_is_nested_and_tested_on_the_same_frames(data, tmp_path):
    own = recipe(tmp_path, split={"by": "nothing"})
    tasks = pipeline.plan_training(own, request(data, tmp_path, sizes=(10, 20), splits=2))
    assert [t.name for t in tasks] == ["split-1/n-10", "split-1/n-20", "split-2/n-10", "split-2/n-20"]
    assert set(tasks[0].names("train")) < set(tasks[1].names("train")) and len(tasks[0].names("train")) == 10
    assert tasks[0].names("test") == tasks[1].names("test") != tasks[2].names("test")
    (one,) = pipeline.plan_training(own, request(data, tmp_path, sizes=(10, 20), splits=2, only="split-2/n-10"))
    assert one.inputs == tasks[2].inputs


def test_a_committee_has_its_own_subsamples_and_seeds_and_one_test(data, tmp_path):
    own = recipe(tmp_path, split={"by": "nothing"}, committee_share=0.5)
    done = pipeline.train(own, request(data, tmp_path / "three", committee=3, select="Na > 0"))
    assert [one.model for one in done] == [tmp_path / "three" / f"member-{k}" / "mean.json" for k in range(1, 4)]
    assert len({one.card["sha256"] for one in done}) == 3, "each has other frames"
    assert len({tuple(one.task.names("test")) for one in done}) == 1
    assert {one.card["split"]["train"] for one in done} == {20}
    assert [one.card["training"]["seed"] for one in done] == [1, 2, 3]
    assert all("H4O2" not in one.card["compositions"] for one in done), "the frames without Na were not selected"


def test_extra_frames_are_fitted_only_and_too_large_forces_are_left_out(data, tmp_path):
    more = labelled(4, 2, "Na", 9)
    more[1].calc.results["forces"][0, 0] = 50.0
    extra = written(tmp_path / "extra.xyz", more)
    own = recipe(tmp_path, extra={"max_force_eV_per_A": 12})
    said: list[str] = []
    (task,) = pipeline.plan_training(own, request(data, tmp_path, extra=(extra,)), said.append)
    assert [f.name for f in task.extra] == ["extra.xyz:0", "extra.xyz:2", "extra.xyz:3"]
    assert said == ["1 of 4 extra frames have forces above 12 eV/Å: left out"]
    assert len(task.data) == 60


def test_ctrl_c_stops_a_training_and_the_same_command_resumes_it(data, tmp_path):
    own = recipe(tmp_path, length=40, split={"by": "nothing"}, settings={"batch_s": 0.2})
    out = tmp_path / "out"
    words = [sys.executable, "-m", "lmpdrive", "train", own, data, "--out", out]
    running = subprocess.Popen(list(map(str, words)), stderr=subprocess.PIPE, text=True, env=os.environ)
    end = time.monotonic() + 60
    while not (out / "work" / "done").is_file() and time.monotonic() < end:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 130 and "the same command resumes" in running.communicate()[1]
    assert not (out / "card.yaml").exists()
    at = int((out / "work" / "done").read_text())
    assert 0 < at < 40
    with pytest.raises(RunDirectoryError, match="interrupted training of other inputs"):
        pipeline.train(own, request(data, out, length=30))
    said: list[str] = []
    # the rest would take 8 s, and a resumed training goes on where it was
    (out / "work" / "done").write_text("38")
    (done,) = pipeline.train(own, request(data, out), said.append)
    assert "out: resuming at 38 batches" in said
    begun = [line for line in (out / "work" / "train.log").read_text().splitlines() if line.startswith("beginning")]
    assert begun == ["beginning at batch 0", "beginning at batch 38"]
    assert done.card["training"]["minutes"] > 0


def test_a_trainer_that_fails_is_told_with_its_last_line(data, tmp_path):
    own = recipe(tmp_path, split={"by": "nothing"}, settings={"fail": True})
    with pytest.raises(ModelError, match=r"train failed with exit code 1: the loss is nan \(.*train.log\)"):
        pipeline.train(own, request(data, tmp_path / "out"))
    assert not (tmp_path / "out" / "card.yaml").exists()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"committee": 2}, "--committee 2: a committee has 3 members or more"),
        ({"sizes": (10, 10)}, "--n: 10 is not a number of frames, or is there twice"),
        ({"sizes": (500,)}, "--n 500: only 48 frames are left"),
        ({"select": "Na == 7"}, "--select 'Na == 7' leaves none of 60 frames; they are H4Na3O2, H4NaO2, H4O2"),
        ({"only": "member-9", "committee": 3}, "--only member-9: there is no such model; choices: member-1, member-2"),
        ({"length": 0}, "length: Input should be greater than 0"),
        ({"splits": 0}, "--splits 0"),
    ],
)
def test_what_cannot_be_is_refused(data, tmp_path, more, why):
    with pytest.raises(ConfigError) as error:
        pipeline.plan_training(recipe(tmp_path), request(data, tmp_path, **more))
    assert why in str(error.value)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"trainer": "deepmb"}, "there is no trainer 'deepmb'; did you mean 'deepmd'?"),
        ({"trainer": "none.py"}, "there is no file"),
        ({"settings": {"data": {"file": "x"}}}, "settings.data.file is written by lmpdrive"),
        ({"extra": {"share_of_batches": 0.2}}, "extra.share_of_batches"),
        ({"split": {"by": "ions"}}, "split.by: ions needs the key ions"),
        ({"split": {"tset": 0.1}}, "split.tset: no such key; did you mean 'test'?"),
        ({"lenght": 3}, "lenght: no such key; did you mean 'length'?"),
        ({"elements": ["H", "O"]}, "elements: H, O lacks Na, which the frames have"),
    ],
)
def test_a_recipe_that_is_wrong_is_refused(data, tmp_path, changes, why):
    with pytest.raises(ConfigError) as error:
        pipeline.train(recipe(tmp_path, **changes), request(data, tmp_path / "out"))
    assert why in str(error.value)


def test_a_recipe_that_is_not_there(data, tmp_path):
    with pytest.raises(ConfigError, match=r"no recipe 'mase'; did you mean 'mace'.* Choices: deepmd, dpa3, grace-1l"):
        pipeline.train("mase", request(data, tmp_path / "out"))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("length: 4", r"line \d: 'length' is in line \d too: keep one of them"),
        ("seed: 010", r"line \d: 010 is another number in YAML"),
        ("settings: {a: 1, a: 2}", "'a' is in line"),
        ("settings: [", "is not valid YAML"),
    ],
)
def test_what_yaml_would_read_differently_is_refused(tmp_path, line, why):
    own = recipe(tmp_path)
    own.write_text(f"{own.read_text()}{line}\n")
    with pytest.raises(ConfigError, match=rf"recipe.yaml.*{why}"):
        load_recipe(own)


def test_a_folder_an_unlabelled_frame_and_a_file_twice(data, tmp_path):
    own = recipe(tmp_path)
    for files, why in (
        ((data.parent,), r"is a folder: name the files with labelled frames in it \(frames.xyz"),
        ((data, data), "is named twice"),
        ((own,), "ASE cannot read|no labels"),
    ):
        with pytest.raises(TrajectoryError, match=why):
            pipeline.plan_training(own, Request(files, tmp_path))


def test_charges_are_taken_from_the_labels_and_added_again(tmp_path):
    """Labels that are the energy of point charges and 2 eV for each atom: 2 eV for each atom is what is learned."""
    pytest.importorskip("torchpme", reason="electrostatics need torch-pme (pip install '.[electrostatics]')")
    section = {"charges_e": {"H": 0.41, "O": -0.82, "Na": 0.5}, "balance": "H"}
    calculator = ChargesCalculator(Electrostatics(**section))
    frames = labelled(20, 2, "Na", 1)
    for atoms in frames:
        atoms.set_cell([9.0, 9.0, 9.0])
        atoms.pbc = True
        bare = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True, calculator=calculator)
        labels = {"energy": bare.get_potential_energy() + 2.0 * len(atoms), "forces": bare.get_forces()}
        atoms.calc = SinglePointCalculator(atoms, **labels)
    file = written(tmp_path / "charged.xyz", frames)
    own = recipe(tmp_path, split={"by": "nothing"}, electrostatics=section)
    (done,) = pipeline.train(own, Request((file,), tmp_path / "out", tests=(file,)))
    assert json.loads(done.model.read_text())["energy_eV"] == pytest.approx(2.0, abs=1e-6)
    assert done.card["electrostatics"] == Electrostatics(**section).model_dump(mode="json")
    for errors in (done.card["test"], done.card["tests"][file.name]):
        assert errors["energy_rmse_meV_per_atom"] == 0 and errors["force_rmse_eV_per_A"] == 0
        assert errors["force_rms_of_reference_eV_per_A"] > 0.1, "the labels have no forces to get wrong"


def test_charges_need_an_architecture_that_adds_them(data, tmp_path):
    own = recipe(tmp_path, trainer="deepmd", electrostatics={"charges_e": {"O": -0.8, "H": 0.4}})
    with pytest.raises(ConfigError, match="deepmd runs inside LAMMPS, where nothing adds them again"):
        pipeline.train(own, request(data, tmp_path / "out"))
    own = recipe(tmp_path, electrostatics={"charges": {"O": -0.8}})
    with pytest.raises(ConfigError, match=r"electrostatics.charges: no such key.*Choices: charges_e, balance"):
        load_recipe(own)
