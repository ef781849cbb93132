"""What campaigns need of a run: the MD alone, a limit that the analysis keeps too, progress, one process at a time."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import lmpdrive
from lmpdrive.common.progress_file import RunProgress, read_progress
from lmpdrive.common.walltime import Deadline, OutOfTime, within
from lmpdrive.engine.directory.lock import locked
from lmpdrive.errors import InUseError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Copper with EMT, 100 steps, not analysed."""
    folder = tmp_path_factory.mktemp("slices")
    (folder / "cu.yaml").write_text(
        "system: {read: cu.xyz}\n"
        "potential: {architecture: ase, calculator: 'ase.calculators.emt:EMT'}\n"
        "dynamics: {timestep_fs: 1, equilibrate_ps: 0.02, production_ps: 0.08, minimise: null, fixed_layers: 0}\n"
        "output: {frames_every_fs: 10, report: false}\n"
    )
    from ase.build import bulk

    bulk("Cu", cubic=True).repeat(2).write(folder / "cu.xyz")
    result = lmpdrive.simulate(folder / "cu.yaml", folder / "run", analysis=False)
    assert result.state == "finished" and not result.tables
    return folder / "run"


def test_only_the_run_and_how_far_it_is(run):
    assert not (run / "observables").exists()
    progress = read_progress(run)
    assert (progress.stage, progress.step, progress.end_step) == ("production", 100, 100)
    assert progress.updated_s == pytest.approx(time.time(), abs=3600)


def test_a_damaged_or_absent_file_is_no_progress(tmp_path):
    assert read_progress(tmp_path) is None
    RunProgress("production", 1, 2, None, None, 0.0).write(tmp_path)
    assert read_progress(tmp_path).step == 1
    (tmp_path / "progress.json").write_text('{"step": 3')
    assert read_progress(tmp_path) is None


def test_the_analysis_too_ends_at_the_limit_and_is_made_up_for(run):
    command = [sys.executable, "-m", "lmpdrive", "resume", str(run), "--walltime", "0.05s"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 75, done.stderr
    assert "no time for the analysis: lmpdrive analyse" in done.stdout + done.stderr
    assert lmpdrive.resume(run).tables


def test_a_deadline_stops_whatever_python_does():
    with pytest.raises(OutOfTime), within(Deadline(0.2)):
        while True:
            pass
    with within(Deadline(0.2)):
        pass
    time.sleep(0.3)  # nothing comes afterwards
    with within(None):
        pass


def test_nobody_analyses_into_a_directory_that_is_in_use(run, tmp_path):
    with locked(run):
        with pytest.raises(InUseError, match="is in use by process"):
            lmpdrive.analyse(run)
        assert lmpdrive.analyse(run, out=tmp_path / "elsewhere", with_report=False).tables
        done = subprocess.run([sys.executable, "-m", "lmpdrive", "analyse", str(run)], capture_output=True, check=False)
        assert done.returncode == 14
