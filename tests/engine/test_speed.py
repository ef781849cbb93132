"""Speed and memory of a run, measured on some seconds of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lmpdrive import pipeline
from lmpdrive.deck.commands import read_deck
from lmpdrive.engine import speed
from lmpdrive.engine.memory import PeakMemory, descendants
from tests.conftest import ROOT
from tests.robustness.command import lmpdrive

METAL = {
    "system": {"build": {"metal": "Cu", "repeat": [3, 4], "layers": 3, "waters": 0, "vacuum_A": 8}},
    "potential": {"architecture": "classical"},
    "dynamics": {"timestep_fs": 2.0, "fixed_layers": 1, "equilibrate_ps": 20, "production_ps": 80},
}
EMT = {"architecture": "ase", "calculator": "ase.calculators.emt:EMT"}


@pytest.mark.parametrize("potential", [EMT, EMT | {"coupling": "ase"}], ids=["callback", "ase"])
def test_couplings_are_measured(write_yaml, potential):
    found = pipeline.measure_speed(write_yaml(METAL, potential=potential), seconds=1)
    assert found.atoms == 36 and found.steps >= 10 and found.run_steps == 50_000
    assert 0.001 < found.ms_per_step < 1_000 and 0 < found.start_s < 60
    assert found.ns_per_day == pytest.approx(2e-6 * 86_400 / (found.ms_per_step * 1e-3))
    assert found.run_s == pytest.approx(found.start_s + 50 * found.ms_per_step)
    assert 0.02 < found.memory_GB < 5 and found.gpu_memory_GB is None
    # 8000 frames of 12 bytes for each atom, 160 of text
    assert found.files_GB == pytest.approx((8_000 * 12 + 160 * 55) * 36 / 1e9)


def test_command_line(tmp_path, write_yaml):
    done = lmpdrive("check", write_yaml(METAL), "--probe", cwd=tmp_path)
    assert done.code == 0 and not done.fault
    speed_, memory, run, minimisation, files = done.out.splitlines()[-5:]
    assert "ms/step" in speed_ and "ns/day (36 atoms, 1 rank x 1 thread, device auto" in speed_
    assert "GB; starting takes" in memory and run.startswith("this run: 50000 steps, 100 ps: ")
    assert minimisation.startswith("minimisation before it: at most 500 steps") and files.startswith("trajectories: ")


@pytest.mark.parametrize("name", ["au111-water-3na", "pt111-water-minimise", "pt111-water-nve"])
def test_a_deck_made_short(name):
    """Only the first run stays, nothing halts it, and the minimisation is cut."""
    deck = read_deck(ROOT / "tests" / "decks" / name / "in.lammps")
    text = speed.short(deck)
    lines = text.splitlines()
    assert lines[-3:] == ["run 3", "timer timeout 0:00:04 every 1", "run 1000"]
    assert " halt " not in text and sum(line.startswith("run") for line in lines) == 2
    assert all(line.split()[3] == "20" for line in lines if line.startswith("minimize"))


def test_times_in_the_unit_of_a_person():
    assert [speed._clock(s) for s in (0.5, 80, 100, 7_200, 86_400, 400_000, 4e7)] == [
        "0.5 s",
        "80 s",
        "1.7 min",
        "2 h",
        "24 h",
        "4.6 days",
        "463 days",
    ]


def test_memory_of_children_is_the_kernel_s_own_mark():
    code = "x = bytearray(200_000_000); x = None; import time; print('ready', flush=True); time.sleep(20)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout and child.stdout.readline() == "ready\n"
        assert child.pid in descendants(os.getpid())
        peak = PeakMemory()
        peak.poll()
        assert 0.2 < peak.GB < 0.5 and peak.gpu_GB is None
    finally:
        child.kill()
        child.wait()
