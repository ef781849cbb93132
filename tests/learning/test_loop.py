"""The loop of docs/active-learning.md, shortened: two iterations with real training, real runs and real labels."""

import subprocess
import sys

import numpy as np
import pytest
import yaml
from ase.io import read

from lmpdrive.learning.loop import iterations
from lmpdrive.trajectory.labelled import ENERGY, FORCES
from tests.docs.test_docs import ROOT, blocks
from tests.training.test_packages import TINY

pytest.importorskip("mace", reason="mace is not in this environment")
pytest.importorskip("quests", reason="QUESTS is not in this environment")
pytest.importorskip("parsl", reason="parsl is not in this environment")


def learn(folder):
    command = [sys.executable, "-m", "lmpdrive", "learn", "water.yaml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def shortened(folder):
    """The files of the page: a minute in place of hours, and a guard that ends every run at once."""
    for block in blocks(ROOT / "docs" / "active-learning.md"):
        if block.title:
            (folder / block.title).write_text(block.text)
    changes = {
        "small.yaml": TINY["mace"] | {"length": 1},
        "explore.yaml": {
            "dynamics": {"fixed_layers": 1, "equilibrate_ps": 0.01, "production_ps": 0.04, "minimise": None},
            "guard": {"force_eV_per_A": 0.01},
            "potential": {"architecture": "mace", "compile": "never"},
        },
        "water.yaml": {
            "explore": {"base": "explore.yaml", "set": {"system.build.relax_ps": 0.1}},
            "select": {"n": 2},
            "until": {"stable_ps": 0.05, "iterations": 2},
        },
    }
    for name, change in changes.items():
        path = folder / name
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change, sort_keys=False))


def test_two_iterations_and_what_is_done_is_not_done_again(tmp_path):
    shortened(tmp_path)
    done = learn(tmp_path)
    assert done.returncode == 12, done.stderr + done.stdout
    folder = tmp_path / "learning" / "water"
    one, two = iterations(folder)
    assert one.frames == 53 and two.frames == 53 + one.added and one.added > 0
    assert max(one.stable_ps) < 0.05 and one.force_rmse_eV_per_A > 0
    frames = read(folder / "iteration-001" / "labelled-001.xyz", ":")
    assert len(frames) == one.added == one.selected
    for atoms in frames:
        assert atoms.info["reason"] in ("start", "before force") and atoms.info["iteration"] == 1
        assert np.isfinite(atoms.info[ENERGY]) and np.abs(atoms.arrays[FORCES]).max() > 0.01
        assert atoms.arrays[FORCES][:12].any(), "the frozen layer has forces"
    (folder / "iteration-002" / "iteration.json").unlink()
    again = learn(tmp_path)
    assert again.returncode == 12 and iterations(folder) == [one, two]
    assert "trained already" in again.stderr + again.stdout and "frames to fit" not in again.stderr + again.stdout
