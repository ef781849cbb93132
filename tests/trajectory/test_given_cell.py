"""Files without a cell, and what gives them one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.given_cell import parse_cell, shape_of
from tests.field_cases import case
from tests.trajectory.dump_text import data_file, frame
from tests.trajectory.test_dcd_layouts import dcd

POSITIONS = np.arange(24.0).reshape(4, 2, 3)
TRICLINIC = np.array([[10.0, 0, 0], [2, 11, 0], [-1.5, 0.7, 13]])


@pytest.mark.parametrize(
    ("given", "cell"),
    [
        ("10 11 12", np.diag([10, 11, 12])),
        ("10, 11, 12", np.diag([10, 11, 12])),
        ([10, 11, 12], np.diag([10, 11, 12])),
        ("10 11 12 90 90 90", np.diag([10, 11, 12])),
        ("10 0 0 2 11 0 -1.5 0.7 13", TRICLINIC),
        (TRICLINIC, TRICLINIC),
        ("2 2 2 90 90 60", [[2, 0, 0], [1, 3**0.5, 0], [0, 0, 2]]),
    ],
)
def test_ways_to_write_a_cell(given, cell):
    assert_allclose(parse_cell(given), cell, atol=1e-12)


@pytest.mark.parametrize("given", ["10 11", "a b c", "10 11 0", "-10 11 12", "1 0 0 0 1 0 1 1 0", "nan 1 1", ""])
def test_what_is_no_cell(given):
    with pytest.raises(TrajectoryError, match="cell is"):
        parse_cell(given)


def test_lengths_and_angles_of_a_turned_cell():
    turn = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    assert_allclose(shape_of(TRICLINIC @ turn), shape_of(TRICLINIC))
    assert_allclose(shape_of(np.diag([10.0, 11, 12])), [10, 11, 12, 90, 90, 90])


# -- files ---------------------------------------------------------------------------------------------------------


def without_cell(path):
    """A DCD whose frames have no unit cell record."""
    path.write_bytes(dcd(POSITIONS, cell=None))


@pytest.fixture
def data(tmp_path):
    (tmp_path / "system.data").write_text(data_file(["1 1 0 0 0", "2 2 0 0 0"], ["1 15.999 # O", "2 1.008 # H"]))
    return tmp_path / "system.data"


def test_the_cell_of_the_data_file_serves_and_is_warned_of(tmp_path, data):
    without_cell(tmp_path / "traj.dcd")
    with pytest.warns(UserWarning, match=r"traj.dcd has no cell: that of the data file .*system.data"):
        trajectory = open_trajectory(tmp_path / "traj.dcd", data=data)
    chunk = trajectory.read(0, 4)
    assert_allclose(chunk.cells, np.tile(np.diag([10.0, 10, 20]), (4, 1, 1)))
    assert_allclose(chunk.positions, POSITIONS)
    assert_allclose(np.concatenate([part.cells for part in trajectory.chunks(3)]), chunk.cells)


def test_the_given_cell_wins_and_is_noted(tmp_path, data):
    without_cell(tmp_path / "traj.dcd")
    trajectory = open_trajectory(tmp_path / "traj.dcd", data=data, cell=TRICLINIC)
    assert_allclose(trajectory.read(1, 3).cells[1], TRICLINIC)
    assert not trajectory.warnings
    assert any("has no cell: that of the caller" in note for note in trajectory.notes)


def test_without_any_cell_the_message_says_how_to_give_one(tmp_path, data):
    data.write_text("\n".join(line for line in data.read_text().splitlines() if not line.endswith("hi")))
    without_cell(tmp_path / "traj.dcd")
    with pytest.raises(TrajectoryError, match=r"no unit cell.*--cell"):
        open_trajectory(tmp_path / "traj.dcd", data=data)


@pytest.mark.parametrize("suffix", ["xyz", "traj"])
def test_files_read_by_ase_or_as_xyz(tmp_path, suffix):
    import ase
    import ase.io

    atoms = ase.Atoms("OH", positions=[[1, 2, 3], [4, 5, 6]])
    ase.io.write(tmp_path / f"a.{suffix}", [atoms, atoms])
    with pytest.raises(TrajectoryError, match="--cell"):
        open_trajectory(tmp_path / f"a.{suffix}")
    trajectory = open_trajectory(tmp_path / f"a.{suffix}", cell="10 11 12")
    assert_allclose(trajectory.read(0, 2).cells[1], np.diag([10, 11, 12]))


@pytest.mark.parametrize("suffix", ["xtc", "trr"])
def test_files_read_by_mdanalysis(tmp_path, data, suffix):
    import MDAnalysis as mda

    universe = mda.Universe.empty(2, trajectory=True)
    with mda.Writer(str(tmp_path / f"a.{suffix}"), 2) as writer:
        writer.write(universe.atoms)
    with pytest.warns(UserWarning, match="has no cell"):
        trajectory = open_trajectory(tmp_path / f"a.{suffix}", data=data)
    assert_allclose(trajectory.read(0, 1).cells[0], np.diag([10, 10, 20]))


@pytest.mark.parametrize("form", ["dump", "xyz", "dcd"])
def test_a_file_with_a_cell_wants_no_other(tmp_path, data, form):
    path = tmp_path / f"traj.{form}"
    if form == "dcd":
        path.write_bytes(dcd(POSITIONS))
    elif form == "dump":
        path.write_text(frame(["1 1 1 2 3", "2 2 4 5 6"]))
    else:
        path.write_text('2\nLattice="10 0 0 0 10 0 0 0 20"\nO 1 2 3\nH 4 5 6\n')
    own = shape_of(open_trajectory(path, data=data).read(0, 1).cells[0])
    assert open_trajectory(path, data=data, cell=own).n_frames
    with pytest.raises(TrajectoryError, match=r"a cell of its own.*leave out the cell"):
        open_trajectory(path, data=data, cell=own * [1, 1, 1.1, 1, 1, 1])


def test_field_cases():
    folder = "dcd-without-cell"
    with pytest.warns(UserWarning, match="nocell.dcd has no cell"):
        trajectory = open_trajectory(case(f"{folder}/nocell.dcd"), data=case(f"{folder}/h.data"), timestep_fs=0.5)
    assert trajectory.n_frames == 12
    assert_allclose(np.diag(trajectory.read(0, 1).cells[0]), [17.81909089, 10.28785692, 48.27461339])
