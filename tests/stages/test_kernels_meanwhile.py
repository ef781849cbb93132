"""The analysis' kernels are compiled while LAMMPS runs, once for a machine."""

from __future__ import annotations

import subprocess
import time

import pytest
import yaml

import lmpdrive
from lmpdrive.stages import kernels_meanwhile as module
from lmpdrive.stages.kernels_meanwhile import kernels_meanwhile, mark_of_this_machine
from tests.conftest import SMALL_CLASSICAL

LONG_S = 300


@pytest.fixture
def fresh_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LMPDRIVE_KERNELS", raising=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Without analysis, with frames enough; one table, as each has kernels of its own."""
    content = yaml.safe_load(yaml.safe_dump(SMALL_CLASSICAL))
    content["observables"] = {"names": ["water_density"]}
    content["output"]["frames_every_fs"] = 1
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "system.yaml").write_text(yaml.safe_dump(content))
    lmpdrive.simulate(folder / "system.yaml", folder / "run", analysis=False)
    return folder / "run"


@pytest.fixture
def began(monkeypatch):
    """The processes that are started."""
    processes, popen = [], subprocess.Popen

    def started(*arguments, **options):
        processes.append(popen(*arguments, **options))
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", started)
    return processes


def test_compiled_once_and_nothing_written_into_the_run(run, fresh_machine, began, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "START_AFTER_S", 0.0)
    mark = mark_of_this_machine()
    assert mark.is_relative_to(tmp_path / "cache") and not mark.exists()
    before = {file: file.stat().st_mtime_ns for file in run.rglob("*")}
    with kernels_meanwhile(run):
        end = time.monotonic() + LONG_S
        while not mark.exists() and time.monotonic() < end:
            time.sleep(0.2)
    assert mark.exists()
    kernels = {file.name.split(".")[0] for file in (tmp_path / "numba").rglob("*.nbc")}
    assert kernels, "no machine code was kept"
    assert {file: file.stat().st_mtime_ns for file in run.rglob("*")} == before
    assert len(began) == 1
    with kernels_meanwhile(run):
        time.sleep(0.5)
    assert len(began) == 1, "compiled again"


def test_a_short_run_starts_nothing(run, fresh_machine, began):
    with kernels_meanwhile(run):
        time.sleep(0.5)
    assert not began


def test_what_is_not_done_at_the_end_is_stopped(run, fresh_machine, began, monkeypatch):
    monkeypatch.setattr(module, "START_AFTER_S", 0.0)
    with kernels_meanwhile(run):
        end = time.monotonic() + LONG_S
        while not began and time.monotonic() < end:
            time.sleep(0.05)
    (process,) = began
    assert process.returncode is not None and not mark_of_this_machine().exists()


def test_not_where_nobody_analyses(run, fresh_machine, began, monkeypatch):
    monkeypatch.setattr(module, "START_AFTER_S", 0.0)
    with kernels_meanwhile(run, wanted=False):
        time.sleep(0.5)
    monkeypatch.setenv("LMPDRIVE_KERNELS", "numpy")
    with kernels_meanwhile(run):
        time.sleep(0.5)
    assert not began
