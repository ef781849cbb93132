"""One driver in a run directory; a lock that was left behind is taken over."""

import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time

import pytest

from lmpdrive.engine.directory import lock
from lmpdrive.engine.directory.lock import LOCK, holder, locked
from lmpdrive.errors import RunDirectoryError
from tests.conftest import ROOT

HOLDS = """
import sys, time
from pathlib import Path
from lmpdrive.engine.directory.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def other_process(folder):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, folder],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_told_who_holds_it(tmp_path):
    process = other_process(tmp_path)
    try:
        with (
            pytest.raises(RunDirectoryError, match=rf"in use by process {process.pid} on {platform.node()}"),
            locked(tmp_path),
        ):
            pass
    finally:
        process.kill()
        process.wait()
    with locked(tmp_path):  # it died without a word
        assert f"process {os.getpid()}" in holder(tmp_path)
    assert (tmp_path / LOCK).read_text() == ""


def test_a_worker_holds_it_beyond_its_driver(tmp_path):
    """The descriptor is inherited; who comes next waits for the worker."""
    with locked(tmp_path) as descriptor:
        worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=[descriptor])
    (tmp_path / LOCK).write_text(json.dumps({"host": platform.node(), "pid": 2**22 + 1, "since": "", "command": ""}))
    said = []
    threading.Timer(0.5, worker.send_signal, [signal.SIGKILL]).start()
    started = time.monotonic()
    with locked(tmp_path, said.append):
        assert time.monotonic() - started > 0.3
    assert "its worker still stops" in said[0]
    worker.wait()


@pytest.mark.parametrize("alive", [True, False])
def test_a_lock_from_another_machine(tmp_path, monkeypatch, alive):
    """Where flock does not reach the other machine, its counting tells whether it lives."""
    monkeypatch.setattr(lock, "SILENCE_S", 1.5)
    said = {"host": "elsewhere", "pid": os.getpid(), "since": "then", "command": "lmpdrive resume run", "count": 7}
    (tmp_path / LOCK).write_text(json.dumps(said))
    told = []
    if not alive:
        with locked(tmp_path, told.append):
            assert json.loads((tmp_path / LOCK).read_text())["host"] == platform.node()
        assert "sign of life" in told[0]
        return
    threading.Timer(0.3, (tmp_path / LOCK).write_text, [json.dumps(said | {"count": 8})]).start()
    with pytest.raises(RunDirectoryError, match="on elsewhere since then"), locked(tmp_path, told.append):
        pass


def test_the_holder_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "BEAT_S", 0.05)
    with locked(tmp_path):
        time.sleep(0.3)
        assert json.loads((tmp_path / LOCK).read_text())["count"] >= 2


def test_a_file_system_without_flock(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with locked(tmp_path), pytest.raises(RunDirectoryError, match="in use by"), locked(tmp_path):
        pass
    (tmp_path / LOCK).write_text(json.dumps({"host": platform.node(), "pid": 2**22 + 1}))
    with locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(RunDirectoryError, match="cannot write"), locked(tmp_path / "absent"):
        pass
