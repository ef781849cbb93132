"""Several files as one trajectory: patterns, files of one frame, and in which order they are taken."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

import lmpdrive
from lmpdrive.errors import RunDirectoryError, TrajectoryError
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.views.several_files import MOST_OPEN, expanded
from tests.field_cases import case
from tests.trajectory.dump_text import frame
from tests.trajectory.test_formats import BOXES, ideal_gas, lammps


@pytest.fixture
def write(tmp_path):
    """One dump for each list of steps; x of the atom is 10 times its frame's share of 1000 steps."""

    def write(*steps, name="dump.{}", rows=("1 1 {x} 2 3",), columns="id type x y z"):
        paths = []
        for some in steps:
            path = tmp_path / name.format(some[0])
            path.write_text("".join(frame([r.format(x=s / 1000) for r in rows], columns, step=s) for s in some))
            paths.append(path)
        return paths

    return write


def opened(paths, **options):
    return open_trajectory(paths, elements=["O"], timestep_fs=0.5, **options)


def content(trajectory):
    return trajectory.steps.tolist(), np.round(
        trajectory.read(0, trajectory.n_frames).positions[:, 0, 0] * 1000
    ).tolist()


STEPS = [0, 200, 1000, 1200]


def test_names_in_natural_order(write, tmp_path):
    write(*[[s] for s in STEPS])
    assert [path.name for path in expanded(tmp_path / "dump.*")] == ["dump.0", "dump.200", "dump.1000", "dump.1200"]
    assert expanded([tmp_path / "dump.1*", tmp_path / "dump.0"])[-1].name == "dump.0"
    assert expanded("no/such.file") == [type(tmp_path)("no/such.file")]


def test_a_name_with_brackets_is_a_name_where_it_is_there(tmp_path):
    (tmp_path / "run[1].dump").write_text(frame(["1 1 1 2 3"]))
    assert opened(tmp_path / "run[1].dump").n_frames == 1


@pytest.mark.parametrize("paths", [[], ()])
def test_nothing_is_no_trajectory(paths):
    with pytest.raises(TrajectoryError, match="no trajectory file was given"):
        open_trajectory(paths)


def test_a_pattern_that_nothing_fits(tmp_path):
    with pytest.raises(TrajectoryError, match=r"no file fits the pattern .*none\.\*"):
        open_trajectory(str(tmp_path / "none.*"))


@pytest.mark.filterwarnings("ignore:.*evenly spaced")
def test_files_of_one_frame_are_sorted_by_their_steps(write, tmp_path):
    paths = write(*[[s] for s in STEPS])
    for given in (str(tmp_path / "dump.*"), tmp_path / "dump.*", paths, paths[::-1], sorted(paths, key=str)):
        trajectory = opened(given)
        assert content(trajectory) == (STEPS, STEPS)
        assert_allclose(trajectory.times_ps, [0, 0.1, 0.5, 0.6])


@pytest.mark.filterwarnings("error")
def test_thousands_of_files_are_not_kept_open(write):
    n = MOST_OPEN + 30
    trajectory = opened(write(*[[20 * i] for i in range(n)])[::-1])
    assert content(trajectory) == ([20 * i for i in range(n)],) * 2
    chunks = list(trajectory.chunks(40))
    assert [len(chunk) for chunk in chunks] == [40, 40, 40, 10]
    assert np.concatenate([chunk.steps for chunk in chunks]).tolist() == trajectory.steps.tolist()
    assert not trajectory.warnings


def test_what_is_said_of_all_files_is_said_once(write):
    n = MOST_OPEN + 5
    paths = write(*[[20 * i] for i in range(n)], rows=("1 1 {x} 2 3 1 1 1",), columns="id type x y z vx vy vz")
    trajectory = opened(paths)
    assert len([note for note in trajectory.notes if "velocities are taken as" in note]) == 1
    for path in paths:
        path.write_text(path.read_text() + "ITEM: TIMESTEP\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        opened(paths)
    assert len([w for w in caught if "incomplete" in str(w.message)]) == 1


def test_files_in_the_wrong_order_that_follow_each_other(write):
    a, b = write([0, 20, 40], [60, 80, 100])
    with pytest.warns(UserWarning, match="in the order of their steps, not in the one given"):
        assert content(opened([b, a])) == ([0, 20, 40, 60, 80, 100],) * 2
    a, b = write([0, 20, 40], [40, 60, 80])
    with pytest.warns(UserWarning, match=r"in the order of their steps|wrote again"):
        assert content(opened([b, a])) == ([0, 20, 40, 60, 80],) * 2


def test_a_stage_that_was_counted_anew_keeps_its_place(write):
    """Equilibration from step 1000 on, then steps from 0: there is a gap if they are sorted."""
    a, b = write([1000, 1020, 1040], [0, 20, 40])
    with pytest.warns(UserWarning, match="count of steps was reset"):
        assert content(opened([a, b])) == ([1000, 1020, 1040, 1060, 1080, 1100], [1000, 1020, 1040, 0, 20, 40])


def test_files_without_steps_of_their_own_are_counted(tmp_path):
    import ase
    import ase.io

    for i in (2, 10, 1):
        atoms = ase.Atoms("O", positions=[[i, 2, 3]], cell=[20, 10, 20], pbc=True)
        ase.io.write(tmp_path / f"frame{i}.vasp", atoms)
    trajectory = open_trajectory(str(tmp_path / "frame*.vasp"), every=5, timestep_fs=2.0)
    assert trajectory.steps.tolist() == [0, 5, 10]
    assert_allclose(trajectory.times_ps, [0, 0.01, 0.02])
    assert trajectory.read(0, 3).positions[:, 0, 0].tolist() == [1, 2, 10]
    assert any("counted in the order of their names" in note for note in trajectory.notes)


def test_other_atoms_in_one_of_the_files(write):
    a, b = write([0], [20])
    b.write_text(frame(["1 2 1 2 3"], step=20))
    with pytest.raises(TrajectoryError, match="other atoms"):
        open_trajectory([a, b], elements=["O", "H"])


def test_files_of_one_process_each(write):
    a, b = write([0], [20])
    b.write_text(frame(["7 1 1 2 3"], step=0))
    with pytest.raises(TrajectoryError, match=r"other atom ids.*each process"):
        opened([a, b])


def test_a_file_that_is_not_there(write, tmp_path):
    with pytest.raises(TrajectoryError, match=r"there is no trajectory .*gone"):
        opened([*write([0]), tmp_path / "gone"])


def test_files_of_lammps_one_a_frame_equal_the_dump_in_one_file(tmp_path):
    lammps(
        tmp_path,
        ideal_gas(BOXES["triclinic"])
        + f"""
        dump one all custom 20 {tmp_path}/whole.lammpstrj id type x y z
        dump many all custom 20 {tmp_path}/many.*.lammpstrj id type x y z
        dump binary all custom 20 {tmp_path}/many.*.bin id type x y z
        dump cfg all cfg 20 {tmp_path}/many.*.cfg mass type xs ys zs id type
        dump packed all custom/gz 20 {tmp_path}/many.*.gz id type x y z
        run 120
        """,
    )
    want = open_trajectory(tmp_path / "whole.lammpstrj", elements=["Na", "Cl"]).read(0, 7)
    for suffix in ("lammpstrj", "bin", "cfg", "gz"):
        found = open_trajectory(str(tmp_path / f"many.*.{suffix}"), elements=["Na", "Cl"])
        assert found.steps.tolist() == list(range(0, 140, 20))
        chunk = found.read(0, 7)
        relative = chunk.positions - chunk.origins[:, None]  # a cfg file has no corner of the box
        assert_allclose(relative, want.positions - want.origins[:, None], atol=1e-3)


# -- the analysis of them ------------------------------------------------------------------------------------------


def test_analyse_takes_several_files(tmp_path):
    """Field case: two files of one frame each."""
    paths = [case(f"one-file-per-frame/lmp.{step:08}.perframe") for step in (20, 0)]
    options = {"elements": ["Au", "H", "Na", "O"], "timestep_fs": 0.5, "with_report": False, "names": ["water_density"]}
    result = lmpdrive.analyse(paths, out=tmp_path / "a", **options)
    pattern = lmpdrive.analyse(str(paths[0].parent / "lmp.*.perframe"), out=tmp_path / "b", **options)
    assert result.tables["water_density"].equals(pattern.tables["water_density"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dump.0", "dump.20", "gone"], "there is no trajectory .*gone"),
        (["none.*"], "no file fits the pattern"),
        (["dump.0", "dump.20", "--cell", "10 11"], "cell is '10 11'"),
        (["dump.0", "dump.20", "--cell", "10 11 12"], "a cell of its own"),
    ],
)
def test_the_command_line_takes_several_files(write, tmp_path, monkeypatch, arguments, message):
    from typer.testing import CliRunner

    from lmpdrive.cli.app import app

    write([0], [20])
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["analyse", *arguments, "--elements", "O", "--out", "results", "--quiet"])
    assert isinstance(result.exception, TrajectoryError)
    assert re.search(message, str(result.exception))


def test_run_directories_are_analysed_one_at_a_time(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(RunDirectoryError, match="one at a time"):
        lmpdrive.analyse([tmp_path / "a", tmp_path / "b"], out=tmp_path / "out")
    with pytest.raises(RunDirectoryError, match="--out"):
        lmpdrive.analyse([tmp_path / "x", tmp_path / "y"])
