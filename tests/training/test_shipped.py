"""The shipped recipes: their split is that of the shipped frames, and their trainers take their settings."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from lmpdrive.training import trainers
from lmpdrive.training.deepmd_files import write_input
from lmpdrive.training.dp_repaired import Taken
from lmpdrive.training.plan import Request, plan
from lmpdrive.training.recipe import load_recipe, shipped
from tests.conftest import ROOT
from tests.training.frames import labelled, written

sys.path.insert(0, str(ROOT / "potentials"))
import contacts

DATA = ROOT.parent / "shared" / "data" / "pt-water-rpbe-d3"


def files() -> tuple[Path, ...]:
    found = tuple(DATA / f"{name}.xyz.gz" for name in ("interface", "protons"))
    if not all(path.is_file() for path in found):
        pytest.skip(f"no {found[0]}: the data are not beside this checkout")
    return found


@pytest.mark.parametrize("name", shipped())
def test_a_trainer_takes_the_settings_of_a_shipped_recipe(name):
    recipe = load_recipe(name)
    trainer = trainers.find(recipe.trainer)
    trainer.check(recipe)
    assert trainer.unit in ("batches", "epochs") and recipe.split.seed == 20261121


def test_every_trainer_has_a_shipped_recipe():
    assert {load_recipe(name).trainer for name in shipped()} == set(trainers.available())


def test_what_a_recipe_holds_back_are_the_shipped_frames():
    (task,) = plan(load_recipe("mace"), Request(files(), Path("out")))
    held_back = read(ROOT / "potentials" / "pt-water-test" / "held-back.xyz.gz", ":")
    mine = task.atoms("test")
    assert len(mine) == len(held_back) == 53 and len(task.parts.train) == 434
    for one, other in zip(mine, held_back, strict=True):
        assert one.get_chemical_symbols() == other.get_chemical_symbols()
        assert np.abs(one.positions - other.positions).max() < 1e-6
    fitted = contacts.training_part(list(files()))
    assert [a.info["REF_energy"] for a in fitted] == [a.info["REF_energy"] for a in task.atoms("train")]


def test_extra_frames_get_their_share_of_the_batches_of_a_deep_potential(tmp_path):
    data = written(tmp_path / "frames.xyz", labelled(40, 2), labelled(20, 1, seed=2))
    extra = written(tmp_path / "extra.xyz", labelled(5, 1, seed=3))
    recipe = load_recipe("deepmd")
    (task,) = plan(recipe, Request((data,), tmp_path, extra=(extra,)))
    write_input(task, recipe.settings, 1000, tmp_path)
    content = json.loads((tmp_path / "input.json").read_text())
    given = content["training"]["training_data"]
    assert given["systems"] == ["train/H2O", "train/H4O2", "extra/H2O"]
    assert given["auto_prob"] == "prob_sys_size; 0:2:0.75; 2:3:0.25"
    assert len(np.load(tmp_path / "train" / "H4O2" / "set.000" / "energy.npy")) == 32, "nothing that is held back"
    assert content["model"]["type_map"] == ["H", "O"] and content["model"]["descriptor"]["seed"] == 1
    assert content["learning_rate"]["decay_steps"] == 5 and "decay_steps" not in recipe.settings["learning_rate"]


def test_the_joined_model_has_the_se_e2_a_of_the_one_it_begins_as():
    se, flow = load_recipe("dpa3").settings["model"]["descriptor"]["list"]
    alone = load_recipe("deepmd").settings["model"]
    assert se | {"sel": "auto"} == alone["descriptor"]
    assert load_recipe("dpa3").settings["model"]["fitting_net"] == alone["fitting_net"]
    assert flow == load_recipe("dpa3").settings["joined_to"]["alone"]["model"]["descriptor"]


def test_taking_neighbours_is_indexing():
    neighbours = np.arange(2 * 3 * 5).reshape(2, 3, 5)
    indices = np.array([4, 0, 2])
    assert (Taken(neighbours)[:, :, indices] == neighbours[:, :, indices]).all()
