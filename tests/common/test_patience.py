"""Work that takes long says what it is, and then that it goes on; quick work says nothing."""

from __future__ import annotations

import time

import pytest

from lmpdrive.common.patience import announced_if_long, going_on
from lmpdrive.engine import progress
from lmpdrive.engine.progress import Progress


def test_only_what_takes_long_is_said():
    said = []
    with announced_if_long(said.append, "quick", after_s=5.0):
        pass
    with announced_if_long(said.append, "long", after_s=0.05):
        time.sleep(0.3)
    time.sleep(0.1)
    assert said == ["long"]


def test_work_that_goes_on_says_so():
    said = []
    with announced_if_long(said.append, "long", after_s=0.05, every_s=0.2):
        time.sleep(0.6)
    assert said[:2] == ["long", "  0 s so far"] and len(said) <= 4
    said.clear()
    with going_on(said.append, "now", every_s=5.0):
        pass
    assert said == ["now"]


def test_nothing_is_said_after_an_error():
    said = []
    with pytest.raises(ValueError), announced_if_long(said.append, "long", after_s=0.1):
        raise ValueError
    time.sleep(0.2)
    assert said == []


@pytest.mark.parametrize("quiet", [False, True])
def test_a_run_that_is_slow_to_start_says_so_once(tmp_path, capsys, monkeypatch, quiet):
    monkeypatch.setattr(progress, "WAIT_S", 0.05)
    shown = Progress(tmp_path / "log.lammps", {"production": 10}, 0.5, quiet)
    shown.poll()
    time.sleep(0.1)
    shown.poll()
    shown.poll()
    assert capsys.readouterr().err.count("loading the model") == (0 if quiet else 1)
    (tmp_path / "log.lammps").write_text("# stage: production\nStep Temp\n0 300\n")
    shown.poll()
    assert ("production" in capsys.readouterr().err) != quiet
