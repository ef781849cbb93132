"""Trajectories that are empty, cut, damaged or gone when their run is resumed."""

import os

import numpy as np
import pytest

import lmpdrive
from lmpdrive.common.manifest import read_manifest
from lmpdrive.deck.commands import parse_deck
from lmpdrive.engine.directory.completeness import raise_if_incomplete
from lmpdrive.engine.directory.frames_written import Expected, Written
from lmpdrive.engine.restart.files import inspect
from lmpdrive.errors import RunDirectoryError
from lmpdrive.report.findings.state import missing_frames
from tests.stages.resuming import METAL, copy, frames, rendered, resumed

LONGER = ["dynamics.production_ps=0.25"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """100 + 400 steps, frames at 100, 110, ..., 500, restarts at 450 and 500."""
    run = rendered(tmp_path_factory.mktemp("finished") / "case", METAL)
    assert resumed(run) == "finished"
    return run


@pytest.fixture
def run(finished, tmp_path):
    return copy(finished, tmp_path / "run")


FRAME = 56 + 3 * (4 * 64 + 8)
DAMAGES = {
    "gone": (lambda path: path.unlink(), "100 to 500", "traj.dcd is not there"),
    "empty": (lambda path: os.truncate(path, 0), "100 to 500", "traj.dcd is empty"),
    "in its header": (lambda path: os.truncate(path, 120), "100 to 500", "ends before its first frame"),
    "before a frame": (lambda path: os.truncate(path, 300), "100 to 500", "ends before its first frame"),
    "in the middle": (lambda path: os.truncate(path, path.stat().st_size - 20 * FRAME - 5), "300 to 500", None),
    "junk": (lambda path: path.write_bytes(np.random.default_rng(1).bytes(30_000)), "100 to 500", "is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_finished_run_without_its_frames_is_not_complete(run, damage):
    """The sparse text dump does not stand in for them; the cure is one that works."""
    spoil, where, why = DAMAGES[damage]
    spoil(run / "traj.dcd")
    for _ in range(2):
        said = []
        with pytest.raises(RunDirectoryError, match=r"run-deck .*in.lammps --overwrite.*lmpdrive analyse") as error:
            resumed(run, said=said)
        assert f"the frames of steps {where} are missing" in str(error.value) and (why or "") in str(error.value)
        assert any(line.startswith("warning") and "are missing" in line for line in said)
        assert read_manifest(run).state == "failed"


def test_the_cure_works(run):
    (run / "traj.dcd").unlink()
    with pytest.raises(RunDirectoryError, match="run-deck"):
        resumed(run)
    assert lmpdrive.run_deck(run / "in.lammps", overwrite=True).state == "finished"
    assert frames(run)[0].tolist() == list(range(100, 501, 10)) and not missing_frames(read_manifest(run))


@pytest.mark.parametrize("damage", ["gone", "empty", "in the middle"])
def test_it_can_be_made_longer_and_the_report_says_what_is_missing(run, damage):
    spoil, _, why = DAMAGES[damage]
    spoil(run / "traj.dcd")
    said = []
    assert resumed(run, LONGER, said) == "finished"
    assert any("warning: frames before step 500 are missing" in line for line in said)
    raise_if_incomplete(run)
    (finding,) = missing_frames(read_manifest(run))
    assert finding.level == "caution" and "are missing" in finding.text and (why or "") in finding.text


def test_lost_frames_of_a_part_that_an_older_restart_makes_again(run):
    """The last frames only: 460 to 500, after the restart at 450."""
    os.truncate(run / "traj.dcd", (run / "traj.dcd").stat().st_size - 5 * FRAME)
    assert {inspect(run / f"{name}.restart").step for name in "ab"} == {450, 500}
    with pytest.raises(RunDirectoryError, match=r"460 to 500 are missing.*lmpdrive resume"):
        raise_if_incomplete(run)
    assert resumed(run) == "finished"
    assert frames(run)[0].tolist() == list(range(100, 501, 10))
    raise_if_incomplete(run)
    assert missing_frames(read_manifest(run)) == []


def test_lost_frames_of_a_continuation(run):
    """traj.dcd is whole; what is missing is named."""
    assert resumed(run, LONGER) == "finished"
    os.truncate(run / "traj.1.dcd", 0)
    with pytest.raises(RunDirectoryError, match=r"510 to 600 are missing \(traj.1.dcd is empty\)"):
        resumed(run)


DUMP = "read_data d\nrun 105\ndump f all dcd 10 traj.dcd\ndump_modify f sort id\nrun 100\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DUMP, Expected(110, 10)),
        (DUMP.replace("run 105", "run 100"), Expected(100, 10)),
        (DUMP.replace("traj.dcd", "other.dcd"), None),
        (DUMP.replace("dcd 10", "xtc 10"), None),
        (DUMP.replace("sort id", "every 5"), None),
        (DUMP + "undump f\n", None),
        (DUMP + "dump g all dcd 5 second.dcd\nrun 10\n", None),
        ("read_data d\nrun 10\n", None),
    ],
)
def test_the_frames_that_a_deck_asks_for(text, expected):
    assert Expected.of(parse_deck(text)) == expected


def test_stretches_that_are_missing():
    written = Written(np.array([100, 110, 140, 150]), ("traj.1.dcd is empty",))
    asked = Expected(100, 10)
    assert written.missing(asked, 0, 150) == [(120, 130)]
    assert written.missing(asked, 0, 179) == [(120, 130), (160, 170)]
    assert written.missing(asked, 131, 165) == [(160, 160)]
    assert written.missing(asked, 0, 119) == written.missing(None, 0, 1000) == []
    assert written.why([(120, 130), (160, 160)]) == (
        "the frames of steps 120 to 130, 160 are missing (traj.1.dcd is empty)"
    )
    assert (written.last_before(120), written.last_before(100)) == (110, None)
