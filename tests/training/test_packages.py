"""Real trainings of seconds by the packages' own trainers: a model that runs, measured by its own calculator."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from lmpdrive import pipeline
from lmpdrive.architectures import find
from lmpdrive.common import trust
from lmpdrive.training.plan import Request
from tests.training.frames import labelled, written

TINY = {
    "deepmd": {
        "title": "tiny Deep Potential",
        "trainer": "deepmd",
        "length": 30,
        "split": {"by": "nothing"},
        "settings": {
            "model": {
                "descriptor": {
                    "type": "se_e2_a",
                    "rcut": 3.0,
                    "rcut_smth": 0.5,
                    "sel": [30, 20],
                    "neuron": [4, 8],
                    "axis_neuron": 2,
                    "type_one_side": True,
                    "precision": "float32",
                },
                "fitting_net": {"neuron": [8], "precision": "float32"},
            },
            "learning_rate": {"type": "exp", "start_lr": 2e-3, "stop_lr": 1e-4},
            "loss": {"start_pref_e": 0.02, "limit_pref_e": 1, "start_pref_f": 100, "limit_pref_f": 1},
        },
    },
    "mace": {
        "title": "tiny MACE",
        "trainer": "mace",
        "length": 3,
        "split": {"by": "nothing"},
        "settings": {
            "model": "ScaleShiftMACE",
            "num_interactions": 1,
            "num_channels": 4,
            "max_L": 0,
            "correlation": 1,
            "r_max": 3.0,
            "E0s": "average",
            "batch_size": 4,
            "default_dtype": "float32",
        },
    },
}


def recipe(folder: Path, name: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(TINY[name]))
    return path


def test_deepmd_trains_freezes_and_is_measured(tmp_path):
    pytest.importorskip("deepmd", reason="trains a Deep Potential")
    data = written(tmp_path / "frames.xyz", labelled(12), labelled(8, 1, seed=2))
    extra = written(tmp_path / "extra.xyz", labelled(3, seed=5))
    own = recipe(tmp_path, "deepmd")
    (done,) = pipeline.train(own, Request((data,), tmp_path / "out", extra=(extra,)))
    assert done.model.name == "model.pb" and done.card["training"]["batches"] == 30
    assert done.card["split"] | {"frames_sha256": ""} == {
        **{"train": 16, "validation": 2, "test": 2, "extra": 3, "by": "nothing", "seed": 1},
        **{"frames": "frames.csv", "frames_sha256": ""},
    }
    potential = find("deepmd").model_validate({"architecture": "deepmd", "model": str(done.model)})
    assert potential.card() == done.card and tuple(potential.model_elements()) == ("H", "O")
    assert potential.receptive_field().radius_A == 3.0, "from the card, without loading the model"


def test_mace_stopped_by_a_signal_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    pytest.importorskip("mace", reason="trains a MACE model")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LMPDRIVE_TRUST")
    data = written(tmp_path / "frames.xyz", labelled(12), labelled(8, 1, seed=2))
    own, out = recipe(tmp_path, "mace"), tmp_path / "out"
    words = [sys.executable, "-m", "lmpdrive", "train", own, data, "--out", out]
    running = subprocess.Popen(list(map(str, words)), stderr=subprocess.PIPE, text=True, env=os.environ)
    end = time.monotonic() + 120
    while not any((out / "work" / "checkpoints").glob("*.pt")) and time.monotonic() < end:
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 130, running.communicate()[1]
    said: list[str] = []
    (done,) = pipeline.train(own, Request((data,), out), said.append)
    assert any(line.startswith("out: resuming at") for line in said)
    assert "Loading checkpoint" in (out / "work" / "train.log").read_text()
    potential = {"architecture": "mace", "model": str(done.model)}
    assert 0 < done.card["test"]["force_rmse_eV_per_A"] < 10 and done.card["test"]["frames"] == 2
    assert not trust.untrusted([done.model]), "what was trained here need not be accepted"
    assert find("mace").model_validate(potential).receptive_field().radius_A == 3.0
