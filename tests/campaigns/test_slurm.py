"""The same campaign file on a real Slurm and on this machine: real LAMMPS, real kills.

Slurm and its authentication come from Debian (slurm_up.sh), with two pretended GPUs.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

import lmpdrive
from lmpdrive.common.manifest import read_manifest
from lmpdrive.trajectory import open_trajectory
from tests.campaigns.test_chaos import until

pytest.importorskip("parsl", reason="parsl is not in this environment")

BASE = {
    "system": {
        "build": {
            "metal": "Pt",
            "repeat": [4, 4],
            "layers": 2,
            "waters": 16,
            "water_thickness_A": 12,
            "vacuum_A": 12,
            "relax_ps": 0,
        }
    },
    "potential": {"architecture": "classical"},
    "dynamics": {"timestep_fs": 0.5, "equilibrate_ps": 0.1, "production_ps": 2, "temperature_K": 300},
    "output": {"frames_every_fs": 10, "report": False},
    "observables": {"names": ["water_density", "temperature"]},
    "run": {"threads": 1},
}
CAMPAIGN = {
    "campaign": "six",
    "base": "base.yaml",
    "axes": {
        "T": {"dynamics.temperature_K": [290, 310]},
        "s": {"dynamics.seed": [1, 2, 3]},
    },
    "compare": [{"by": ["s"], "reference": {"T": "T290"}}],
    "stages": {"check": {"once_per": ["T"]}},
}
PLACES = {
    "workstation": {"kind": "local", "cpus": 2},
    "cluster": {
        "kind": "slurm",
        "address": "127.0.0.1",
        "driver": "job",
        "poll_s": 1,
        "cpu": {"partition": "main", "block": {"cpus": 1}, "walltime": "3min", "max_blocks": 2},
        "gpu": {"partition": "main", "block": {"cpus": 1, "gpus": 1}, "walltime": "3min", "max_blocks": 2},
    },
    "nowhere": {
        "kind": "slurm",
        "poll_s": 1,
        "address": "127.0.0.1",
        "cpu": {"partition": "nosuch", "walltime": "3min"},
    },
}
FRAMES = 201
"""Of 2 ps, every 10 fs, the first included."""


@pytest.fixture(scope="module")
def slurm():
    """A Slurm on this machine, stopped afterwards if it was started here."""
    if platform.system() != "Linux" or os.geteuid() != 0:
        pytest.skip("a Slurm of one's own needs Linux and root")
    ran = subprocess.run(["pgrep", "-x", "slurmctld"], capture_output=True, check=False).returncode == 0
    done = subprocess.run(
        ["bash", str(Path(__file__).parent / "slurm_up.sh"), "5"], capture_output=True, text=True, check=False
    )
    if not shutil.which("slurmctld"):
        pytest.skip(f"Slurm cannot be installed here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    yield
    if not ran:
        subprocess.run(["pkill", "-x", "slurmctld|slurmd|munged"], check=False)


@pytest.fixture
def six(tmp_path, monkeypatch):
    """The campaign in a folder."""
    for name, content in (("base", BASE), ("six", CAMPAIGN), ("places", PLACES)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    monkeypatch.setenv("LMPDRIVE_PLACES", str(tmp_path / "places.yaml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> subprocess.CompletedProcess[str]:
    """`lmpdrive campaign ...`"""
    command = [sys.executable, "-m", "lmpdrive", "campaign", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def start(*words: str) -> subprocess.Popen[bytes]:
    with Path("driver.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "lmpdrive", "campaign", *words], stdout=log, stderr=log)


def complete(name: str) -> None:
    """A run has every frame once, and each of its parts begins where a restart was written."""
    folder = Path("campaigns/six/runs") / name
    manifest = read_manifest(folder)
    assert manifest.state == "finished"
    assert open_trajectory(folder).n_frames == FRAMES
    begun = [part.from_step or 0 for part in manifest.parts]
    assert begun == sorted(begun)
    assert (folder / "observables" / "results.nc").is_file()


def worker(runs: Path) -> int | None:
    """A process of the engine that runs a slice of this campaign now: the parent of lmpdrive."""
    words = f"{runs}/.*--no-analysis"
    found = subprocess.run(["pgrep", "-f", "--", words], capture_output=True, text=True, check=False)
    for pid in found.stdout.split():
        with contextlib.suppress(OSError):
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def running() -> list[str]:
    """Jobs of Slurm that run."""
    done = subprocess.run(["squeue", "-h", "-t", "R", "-o", "%i"], capture_output=True, text=True, check=True)
    return done.stdout.split()


def queued() -> set[str]:
    """Jobs that Slurm knows, in whatever state."""
    done = subprocess.run(["squeue", "-h", "-o", "%i"], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_six_runs_on_slurm_with_a_driver_a_worker_and_a_block_killed(slurm, six):
    driver = start("run", "six.yaml", "--where", "cluster")
    runs = six / "campaigns" / "six" / "runs"
    until(lambda: any(path.stat().st_size > 20_000 for path in runs.glob("*/log.lammps")))
    driver.kill()  # in the middle of a run
    driver.wait()
    second = start("run", "six.yaml", "--where", "cluster")
    until(lambda: len(list(runs.glob("*/log.lammps"))) >= 3 and running())
    until(lambda: worker(runs) is not None)
    os.kill(worker(runs), signal.SIGKILL)
    time.sleep(2)
    until(running)
    subprocess.run(["scancel", running()[0]], check=False)
    assert second.wait(300) == 0, Path("driver.log").read_text()
    for name in (f"T{t}_s{s}" for t in (290, 310) for s in (1, 2, 3)):
        complete(name)
    status = call("status", "six.yaml").stdout
    assert "6 runs: 6 done" in status
    assert {path.parent.name for path in six.glob("campaigns/six/comparisons/*/compare.html")} == {
        "T_s1",
        "T_s2",
        "T_s3",
    }
    # the same file here: nothing is left to do, and nothing is done
    journals = {path: path.read_text() for path in six.glob("campaigns/six/journal/*.jsonl")}
    again = call("run", "six.yaml", "--where", "workstation")
    assert again.returncode == 0, again.stderr
    assert journals == {path: path.read_text() for path in six.glob("campaigns/six/journal/*.jsonl")}
    view = lmpdrive.campaign("six.yaml")
    assert repr(view) == "campaign six: 6 runs, 6 done"
    temperatures = view.numbers.query("quantity == 'mean temperature'").groupby("T")["value"].mean()
    assert temperatures["T290"] < temperatures["T310"]


def test_a_driver_that_is_a_job_and_runs_with_a_gpu_each(slurm, six):
    content = CAMPAIGN | {
        "axes": {"s": {"dynamics.seed": [1, 2]}},
        "set": {"dynamics.production_ps": 0.2},
        "compare": [],
        "resources": {"cpu": {}, "gpu": {"gpus": 1}},
        "stages": {"check": {"resources": "cpu"}, "md": {"resources": "gpu"}, "analyse": {"resources": "cpu"}},
    }
    Path("six.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    places = yaml.safe_load(Path("places.yaml").read_text())
    places["cluster"]["driver_options"] = {"partition": "main", "walltime": "30min"}
    Path("places.yaml").write_text(yaml.safe_dump(places))
    # the driver's job takes one of the five cores: blocks of one kind need not wait for idle ones of the other to end
    started = call("run", "six.yaml", "--where", "cluster", "--detach")
    assert started.returncode == 0 and "the driver is job" in started.stdout, started.stderr
    until(lambda: Path("campaigns/six/report.html").is_file(), 240)
    gpus = set()
    for path in Path("campaigns/six/journal").glob("*.jsonl"):
        for line in path.read_text().splitlines():
            entry = yaml.safe_load(line)
            if entry["event"] == "begin" and entry["stage"] == "md":
                gpus.add(entry["where"]["gpu"])
                assert entry["where"]["job"]
    assert gpus <= {"0", "1"} and gpus
    assert "2 done" in call("status", "six.yaml").stdout


def test_the_scheduler_s_own_words_reach_the_user_in_seconds(slurm, six):
    before = queued()
    done = call("run", "six.yaml", "--where", "nowhere")
    assert done.returncode == 15
    assert "sbatch: error: invalid partition specified: nosuch" in done.stderr
    assert queued() <= before  # blocks of the test before may still be ending
