"""Runs that are killed and continued, without the analyses that take longer than they do."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import lmpdrive
from lmpdrive.engine.progress import LogFollower
from lmpdrive.trajectory import open_trajectory, thermo_of
from tests.conftest import ROOT

CHEAP = {
    "system": {
        "build": {
            **{"metal": "Au", "repeat": [4, 4], "layers": 3, "ions": {"Na": 1}, "waters": 12},
            **{"water_thickness_A": 8, "vacuum_A": 10},
        }
    },
    "potential": {"architecture": "classical", "cutoff_A": 7},
    "dynamics": {
        **{"ensemble": "nve", "fixed_layers": 1, "equilibrate_ps": 0.05, "production_ps": 0.2},
        "minimise": {"max_steps": 60},
    },
    "output": {"frames_every_fs": 5, "dump_every_fs": 25, "thermo_every_fs": 5, "restart_every_ps": 0.025},
    "observables": {"names": ["temperature"]},
}
"""85 atoms, classical; 100 + 400 steps, a restart every 50, a frame and a thermo row every 10."""

CHARGELESS = """{% extends "shipped/classical.lmp.j2" %}
{% block potential %}
pair_style      lj/cut 7.0
pair_coeff      * * 0.22939611 2.629042
{% endblock %}
"""
METAL = CHEAP | {
    "system": {"build": {"metal": "Au", "repeat": [4, 4], "layers": 4, "waters": 0, "vacuum_A": 10}},
    "templates": "mine",
}
"""64 atoms of a Lennard-Jones metal by a template of one's own: no long-range forces, which depend on the start."""

EMT = {"architecture": "ase", "calculator": "ase.calculators.emt:EMT"}
COPPER = {
    "system": {"build": {"metal": "Cu", "repeat": [2, 4], "layers": 2, "waters": 0, "vacuum_A": 8}},
    "potential": EMT,
    "dynamics": CHEAP["dynamics"] | {"timestep_fs": 1.0, "equilibrate_ps": 0.02, "production_ps": 0.2},
    "output": {"frames_every_fs": 5, "dump_every_fs": 20, "thermo_every_fs": 5, "restart_every_ps": 0.02},
    "observables": {"names": ["temperature"]},
}
"""16 atoms, ASE's EMT; 20 + 200 steps, a restart every 20, a frame and a thermo row every 5."""


def rendered(folder: Path, content: dict, overrides: Sequence[str] = ()) -> Path:
    """A run directory, not run."""
    folder.mkdir(parents=True)
    (folder / "mine").mkdir()
    (folder / "mine" / "classical.lmp.j2").write_text(CHARGELESS)
    (folder / "system.yaml").write_text(yaml.safe_dump(content))
    return lmpdrive.render(folder / "system.yaml", folder / "run", overrides)


def resumed(run: Path, overrides: Sequence[str] = (), said: list[str] | None = None, **options: Any) -> str:
    """`lmpdrive.resume` without the analysis; returns the state."""
    say = (said if said is not None else []).append
    return lmpdrive.resume(run, overrides, say=say, analysis=False, **options).state


def copy(run: Path, target: Path) -> Path:
    shutil.copytree(run, target, symlinks=True)
    return target


START = """
import sys
from pathlib import Path
from tests.stages.resuming import resumed
said = []
print(resumed(Path(sys.argv[1]), said=said), *said, sep="\\n", flush=True)
"""


def started(run: Path, **options) -> subprocess.Popen:
    """`resumed` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", START, run],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def wait_for_step(process: subprocess.Popen, log: Path, step: int, stage: str = "") -> None:
    """Until the log shows a step (of a stage); raises if the process ends before."""
    follower = LogFollower(log)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        follower.read()
        if follower.values.get("Step", -1) >= step and follower.stage.startswith(stage):
            return
        if process.poll() is not None:
            raise AssertionError(f"it ended early:\n{process.stdout.read()}")
        time.sleep(0.005)
    raise AssertionError("it never came so far")


def kill_all(process: subprocess.Popen) -> None:
    """SIGKILL to the driver and everything it started."""
    tree = [process.pid, *descendants(process.pid)]
    for pid in tree:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def descendants(pid: int) -> list[int]:
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return [each for child in children for each in (child, *descendants(child))]


def frames(run: Path) -> tuple[np.ndarray, np.ndarray]:
    """Steps and positions of the joined trajectory."""
    return _read(run)


def frames_of(run: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Those of one of its files."""
    return _read(run / name, data=run / "system.data")


def _read(path: Path, **options) -> tuple[np.ndarray, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trajectory = open_trajectory(path, **options)
        return trajectory.steps, trajectory.read(0, trajectory.n_frames).positions


def atoms_of(file: Path) -> np.ndarray:
    """Ids, types, positions, images and velocities of a data file, by id, as they were printed (17 digits)."""
    text = file.read_text()
    parts = []
    for name in ("Atoms", "Velocities"):
        lines = (line.split("#")[0].split() for line in text[text.index(name) :].split("\n\n")[1].splitlines())
        rows = np.array([[float(word) for word in line] for line in lines])
        parts.append(rows[np.argsort(rows[:, 0])])
    return np.hstack(parts)


def same_run(one: Path, other: Path) -> dict[str, float]:
    """Largest differences of two runs; raises if one lacks a frame or thermo row of the other."""
    (steps, positions), (others, theirs) = frames(one), frames(other)
    np.testing.assert_array_equal(steps, others)
    a, b = (thermo_of(run) for run in (one, other))
    a, b = (t[t["run"] > 0] for t in (a, b))  # run 0 is the minimisation
    a, b = (t.drop_duplicates("Step", keep="last").set_index("Step").sort_index() for t in (a, b))
    np.testing.assert_array_equal(a.index, b.index)
    return {
        "frames": float(np.abs(positions - theirs).max()),
        "energy": float(np.abs(a["PotEng"] - b["PotEng"]).max()),
        "final": float(np.abs(atoms_of(one / "final.data") - atoms_of(other / "final.data")).max()),
    }
