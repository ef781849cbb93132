"""The line that a run shows, from a log as LAMMPS writes it."""

from __future__ import annotations

import pytest

from lmpdrive.engine import progress
from lmpdrive.engine.progress import Progress

HEAD = "   Step          Time           Temp          PotEng         Econserve\n"
STAGES = {"equilibrate": 100, "production": 300}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Write lines into the log and give what is shown; a clock that is set by hand."""
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    log = tmp_path / "log.lammps"
    log.write_text("")
    shown = Progress(log, STAGES, 0.5, quiet=True)

    def write(text: str, at_s: float = 0.0) -> str:
        clock[0] = at_s
        with log.open("a") as stream:
            stream.write(text)
        shown.poll()
        return shown.line()

    write.record, write.line = shown.record, shown.line
    return write


def row(step, temperature, potential, conserved):
    return f"{step} {step * 0.0005} {temperature} {potential} {conserved}\n"


def test_a_stage_shows_no_numbers_of_the_stage_before(run):
    run("# stage: minimise\n" + HEAD + row(0, 0, -90, -90) + row(60, 0, -98.05, -98.05) + "Loop time of 1\n")
    # LAMMPS has not written a line of it: no "T 0 K", and no drift of -98 eV
    assert run("# stage: equilibrate (0.05 ps, not analysed)\n", 10) == "equilibrate   100 steps, 0.05 ps"
    assert run.record().step == 0
    assert run(HEAD + row(0, 300, -95, -85), 10) == "equilibrate   step 0/100  T 300 K  E -95.00 eV  drift +0.000 eV"
    assert "drift +0.250 eV" in run(row(10, 310, -94, -84.75), 12)


def test_time_left_in_the_stage_and_in_all(run):
    run("# stage: equilibrate\n" + HEAD + row(0, 300, -95, -85), 100)
    # 50 steps in 50 s
    line = run(row(50, 300, -95, -85), 150)
    assert "0.03 ps" in line and "0:00:50 left in stage, 0:05:50 in all" in line
    assert (run.record().end_step, run.record().left_s) == (400, 350)
    fitted = run.line(len(line))
    assert len(fitted) < len(line) and "E -95" not in fitted and "0.03 ps" in fitted and "0:00:50 left" in fitted
    assert "drift" in run.line(60) and "ns/day" not in run.line(60)
    run(row(100, 300, -95, -85) + "Loop time of 1\n# stage: production\n" + HEAD + row(100, 300, -95, -85), 200)
    line = run(row(200, 300, -95, -85), 250)
    # 100 steps in 50 s
    assert "step 100/300" in line and "0:01:40 left  T 300 K" in line
