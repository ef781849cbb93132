"""Runs that were killed, stopped or damaged go on to the same end; the long form is benchmarks/reliability."""

import json
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lmpdrive
from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import read_manifest
from lmpdrive.engine.restart.files import RECORD, candidates, inspect
from lmpdrive.errors import ConfigError, RunDirectoryError
from lmpdrive.system.lammps_restart import extract
from lmpdrive.trajectory import thermo_of
from tests.conftest import ROOT
from tests.stages.resuming import (
    COPPER,
    METAL,
    copy,
    frames,
    frames_of,
    kill_all,
    rendered,
    resumed,
    same_run,
    started,
    wait_for_step,
)

LMPDRIVE = Path(sys.executable).with_name("lmpdrive")
ENDLESS = ["dynamics.production_ps=1000", "output.frames_every_fs=50", "output.thermo_every_fs=50"]
SAME = {"frames": 0, "energy": 0, "final": 0}
"""To the last bit."""


@pytest.fixture(scope="module")
def rendered_run(tmp_path_factory):
    """NVE on one rank in double precision: 100 + 4000 steps, a restart every 50."""
    return rendered(tmp_path_factory.mktemp("rendered") / "case", METAL, ["dynamics.production_ps=2"])


@pytest.fixture(scope="module")
def whole(rendered_run, tmp_path_factory):
    """The run without a stop."""
    run = copy(rendered_run, tmp_path_factory.mktemp("whole") / "run")
    assert resumed(run) == "finished"
    return run


@pytest.fixture(scope="module")
def killed(rendered_run, tmp_path_factory):
    """The same, with all its processes killed in the production; both restart files are whole and recorded."""
    for _ in range(10):
        run = copy(rendered_run, tmp_path_factory.mktemp("killed") / "run")
        process = started(run)
        wait_for_step(process, run / "log.lammps", 720, "production")
        kill_all(process)
        if not any(one.problem for one in candidates(run)):  # else it was killed while it wrote one
            break
    # so short a run leaves the driver no time to look
    record = {one.path.name: {"step": one.step, "sha256": sha256(one.path)} for one in candidates(run)}
    (run / RECORD).write_text(json.dumps(record))
    return run


def forget_the_time(run: Path) -> None:
    """Dates that lie: the oldest file is the newest."""
    for number, path in enumerate(sorted(run.glob("*.restart"))):
        os.utime(path, (1e9 * (number % 2) + 5e8, 2e9 * (number % 2)))


def flip(path: Path, place: int, bit: int = 3) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


def test_killed_twice_and_continued_is_the_run_without(killed, whole, tmp_path):
    """Frames, thermo and final state."""
    run = copy(killed, tmp_path / "run")
    forget_the_time(run)
    assert read_manifest(run).state == "running"
    process = started(run)
    wait_for_step(process, run / "log.1.lammps", 2000, "production")
    kill_all(process)
    said = []
    assert resumed(run, said=said) == "finished"
    assert "in.2.lammps" in said[-2]
    assert same_run(whole, run) == SAME
    parts = read_manifest(run).parts
    assert [p.deck for p in parts] == ["in.lammps", "in.1.lammps", "in.2.lammps"]
    assert parts[2].state == "finished" and parts[2].from_step >= 1950


def newest(run: Path) -> Path:
    return max(run.glob("[ab].restart"), key=lambda path: inspect(path).step)


def coordinate_in(restart: Path) -> int:
    """Where a restart file has a coordinate of the last atom, which moves."""
    held = extract(restart)
    content, place = restart.read_bytes(), held["x"][held["id"] == 64].astype("<f8").tobytes()
    assert content.count(place) == 1
    return content.index(place)


@pytest.mark.parametrize(
    "damage", ["cut", "unrecorded", *(pytest.param(name, marks=pytest.mark.validation) for name in ("flipped", "step"))]
)
def test_a_damaged_restart_is_passed_over_and_named(killed, whole, tmp_path, damage):
    """Unrecorded: what is not plausible; other changes need the record."""
    run = copy(killed, tmp_path / "run")
    bad = newest(run)
    other = {"a": "b", "b": "a"}[bad.stem] + ".restart"
    if damage == "cut":
        os.truncate(bad, bad.stat().st_size - 100)
    elif damage == "step":
        flip(bad, inspect(bad).offset, 0)
    elif damage == "unrecorded":
        (run / RECORD).unlink()
        place = coordinate_in(bad)
        bad.write_bytes(bad.read_bytes()[:place] + struct.pack("<d", float("nan")) + bad.read_bytes()[place + 8 :])
        assert not [one for one in candidates(run) if one.problem]
    else:
        flip(bad, coordinate_in(bad))
    said = []
    assert resumed(run, said=said) == "finished"
    assert any(line.startswith(bad.name) and "not used" in line for line in said), said
    assert other in said[-2]
    assert same_run(whole, run) == SAME


@pytest.mark.parametrize("content", [b"", b"LammpS RestartT is what this is not\n" * 20, b"\0" * 9000])
def test_what_is_no_restart(tmp_path, content):
    (tmp_path / "a.restart").write_bytes(content)
    assert candidates(tmp_path)[0].problem


def test_without_a_restart_it_begins_again_and_keeps_what_was_there(killed, whole, tmp_path):
    run = copy(killed, tmp_path / "run")
    for path in run.glob("*.restart"):
        os.truncate(path, 1000)
    said = []
    assert resumed(run, said=said) == "finished"
    assert any("from the start" in line for line in said) and (run / "aside.1" / "traj.dcd").is_file()
    assert same_run(whole, run) == SAME


@pytest.mark.parametrize("lost", [15, pytest.param(100, marks=pytest.mark.validation)])
def test_frames_that_a_power_cut_took_are_made_again(killed, whole, tmp_path, lost):
    """The restart that presupposes them is passed over; if there is no older one, the hole is told."""
    run = copy(killed, tmp_path / "run")
    frame = 56 + 3 * (4 * 64 + 8)  # cell and three axes of 64 atoms, each between two marks
    after = (frames(killed)[0][-1] - inspect(newest(run)).step) // 10
    os.truncate(run / "traj.dcd", (run / "traj.dcd").stat().st_size - frame * (after + lost // 10) - 7)
    said = []
    assert resumed(run, said=said) == "finished"
    assert any("beyond the last whole frame" in line for line in said)
    if lost == 15:
        assert same_run(whole, run) == SAME
    else:
        assert any("warning: frames before step" in line for line in said)


def test_a_stop_in_the_equilibration_keeps_its_thermostat(tmp_path):
    """NVE has none, and the deck's end, which LAMMPS would hurry to, is NVE's."""
    run = rendered(tmp_path / "case", METAL, ["dynamics.equilibrate_ps=1000"])
    process = started(run)
    wait_for_step(process, run / "log.lammps", 300, "equilibrate")
    os.kill(process.pid, signal.SIGTERM)
    assert process.communicate(timeout=30)[0].startswith("interrupted")
    assert not (run / "traj.dcd").exists() and (run / "final.data").is_file()
    deck, step = run / "in.lammps", inspect(run / "last.restart").step
    deck.write_text(deck.read_text().replace("run             2000000", f"run             {step + 100}"))
    said = []
    assert resumed(run, said=said, accept_deck=True) == "finished", said
    log = (run / "log.1.lammps").read_text()
    assert "fix style: nvt, fix ID: move" in log
    assert frames(run)[0].tolist() == list(range(-(-(step + 100) // 10) * 10, step + 501, 10))
    thermo = thermo_of(run)
    conserved = thermo[thermo["run"].between(1, thermo["run"].max() - 1)]["Econserve"]
    assert np.ptp(conserved) < 0.02 * abs(conserved.iloc[0]), "it goes on where it was"


def test_the_limit_stops_it_and_it_goes_on(tmp_path):
    run = rendered(tmp_path / "case", METAL, ENDLESS)
    with pytest.raises(ConfigError, match="run from the start, with its own"):
        resumed(run, ["dynamics.production_ps=1"])
    assert resumed(run, walltime="5s") == "walltime"
    first = inspect(run / "last.restart").step
    end = first + 200
    assert resumed(run, [f"dynamics.production_ps={(end - 100) * 0.5e-3}"]) == "finished"  # shorter than it was meant
    steps = frames(run)[0]
    assert (np.diff(steps) == 100).all() and end - 100 < steps[-1] <= end


def test_two_drivers(tmp_path):
    """The second is refused; when the first is killed alone, its worker stops and its successor waits for that."""
    run = rendered(tmp_path / "case", METAL, ENDLESS)
    process = started(run)
    wait_for_step(process, run / "log.lammps", 200, "production")
    before = (run / "in.lammps").read_bytes(), read_manifest(run)
    with pytest.raises(RunDirectoryError, match=f"in use by process {process.pid}"):
        resumed(run)
    with pytest.raises(RunDirectoryError, match=f"in use by process {process.pid}"):
        lmpdrive.run_deck(run / "in.lammps", overwrite=True)
    assert before == ((run / "in.lammps").read_bytes(), read_manifest(run))
    process.kill()
    process.wait()
    said = []
    assert resumed(run, said=said, walltime="1s") == "walltime"
    assert any(line.startswith("resuming at step") for line in said)
    assert (np.diff(frames(run)[0]) == 100).all()


def test_longer_than_planned(whole, tmp_path):
    run = copy(whole, tmp_path / "run")
    assert resumed(run) == "finished" and not (run / "in.1.lammps").exists()
    assert resumed(run, ["dynamics.production_ps=2.1"]) == "finished"
    assert frames(run)[0][-1] == 4300
    for path in run.glob("*.restart"):  # to save space
        path.unlink()
    assert resumed(run) == "finished" and not (run / "aside.1").exists()
    with pytest.raises(RunDirectoryError, match=r"no restart file to extend it"):
        resumed(run, ["dynamics.production_ps=3"])
    with pytest.raises(ConfigError, match=r"a run is resumed as it began; only dynamics.production_ps"):
        resumed(run, ["dynamics.temperature_K=350"])
    with pytest.raises(RunDirectoryError, match="not a run directory"):
        resumed(tmp_path)


def test_through_a_model_in_python(tmp_path):
    """callback: what is computed twice is the same to the last bit; the model is compared again."""
    run = rendered(tmp_path / "case", COPPER)
    process = started(run)
    wait_for_step(process, run / "log.lammps", 70, "production")
    kill_all(process)
    said = []
    assert resumed(run, said=said) == "finished"
    assert any("equals the model's own calculator" in line for line in said)
    assert frames(run)[0].tolist() == list(range(20, 221, 5))
    (steps, before), (again, after) = (frames_of(run, name) for name in ("traj.dcd", "traj.1.dcd"))
    both = np.intersect1d(steps, again)
    assert len(both) > 1
    np.testing.assert_array_equal(before[np.isin(steps, both)], after[np.isin(again, both)])


@pytest.mark.validation
@pytest.mark.parametrize("ensemble", ["nvt", "npt"])
def test_nose_hoover_goes_on(tmp_path, ensemble):
    """A rounding at the seam: LAMMPS sums the temperature afresh there; nothing more."""
    cell = ["system.build.vacuum_A=0", "dynamics.fixed_layers=0"] if ensemble == "npt" else []
    case = rendered(tmp_path / "case", METAL, [f"dynamics.ensemble={ensemble}", "dynamics.production_ps=0.5", *cell])
    whole, run = copy(case, tmp_path / "whole"), copy(case, tmp_path / "run")
    assert resumed(whole) == "finished"
    process = started(run)
    wait_for_step(process, run / "log.lammps", 400, "production")
    kill_all(process)
    assert resumed(run) == "finished"
    apart = same_run(whole, run)
    assert apart["final"] < 1e-7 and apart["energy"] < 1e-7
    assert f"fix style: {ensemble}, fix ID: move" in (run / "log.1.lammps").read_text()


SLOW = """
import time
from lmpdrive.architectures.classical import Classical

class Slow(Classical):
    template = "classical.lmp.j2"

    def make_calculator(self):
        open(r"{mark}", "w").close()
        time.sleep(60)
"""


def interrupted(command, sent, ready, tmp_path):
    """Exit code and output of a command that gets a signal once `ready()`."""
    process = subprocess.Popen(
        [LMPDRIVE, *map(str, command)], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    end = time.monotonic() + 60
    while not ready() and time.monotonic() < end:
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.01)
    process.send_signal(sent)
    said = process.communicate(timeout=30)[0]
    assert "Traceback" not in said
    return process.returncode, said


def test_ctrl_c_in_the_comparison(tmp_path):
    """It takes place in processes of its own; the manifest does not stay `running`, and the run can go on."""
    mark = tmp_path / "mark"
    (tmp_path / "slow.py").write_text(SLOW.format(mark=mark))
    content = METAL | {"potential": {"architecture": str(tmp_path / "slow.py"), "cutoff_A": 7}}
    run = rendered(tmp_path / "case", content, ["run.compare=always"])
    code, said = interrupted(["run-deck", run / "in.lammps"], signal.SIGINT, mark.exists, tmp_path)
    assert code == 130, said
    assert read_manifest(run).state == "interrupted"
    assert resumed(run, ["run.compare=never"]) == "finished"


def test_a_full_disk_is_told_and_healed(whole, rendered_run, tmp_path):
    """LAMMPS does not look whether what it writes arrives; RLIMIT_FSIZE refuses to take more."""
    run = copy(rendered_run, tmp_path / "run")
    limit = (whole / "traj.dcd").stat().st_size // 2
    done = subprocess.run(
        [LMPDRIVE, "run-deck", run / "in.lammps", "-q"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (6, 7), done.stderr
    assert "Traceback" not in done.stderr and "disk" in done.stderr, done.stderr
    assert read_manifest(run).state == "failed"
    said = []
    assert resumed(run, said=said) == "finished"
    assert same_run(whole, run) == SAME, said


def test_a_damaged_manifest_is_named(killed, tmp_path):
    run = copy(killed, tmp_path / "run")
    for content in ("", '{"state": "runn', "[1]", "\0" * 99, b"\xff\xfe"):
        (run / "manifest.json").write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(RunDirectoryError, match=r"manifest\.json"):
            lmpdrive.resume(run)


def test_the_job_script_of_the_documentation(tmp_path):
    """Until the work is done, the job is put back into the queue, here by a scontrol that writes down what it hears."""
    page = (ROOT / "docs" / "resume.md").read_text()
    script = re.search(r'^```sh title="job.sh"\n(.*?)^```', page, re.M | re.S)[1]
    run = rendered(tmp_path / "case", METAL, ENDLESS)
    (tmp_path / "runs").mkdir()
    run.rename(tmp_path / "runs" / "au")
    (tmp_path / "job.sh").write_text(script.replace("23:50:00", "2s"))
    told = tmp_path / "told"
    (tmp_path / "scontrol").write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
    (tmp_path / "scontrol").chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path}:{LMPDRIVE.parent}:{os.environ['PATH']}", "SLURM_JOB_ID": "7"}
    done = subprocess.run(["bash", "job.sh"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 75 and told.read_text() == "requeue 7\n", done.stderr
    assert "continue with: lmpdrive resume runs/au\n" in done.stdout
