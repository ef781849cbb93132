"""Axes that are not periodic: cells grow there, positions stay, and nothing is wrapped across."""

from __future__ import annotations

import struct
import warnings

import ase
import numpy as np
import pytest
from numpy.testing import assert_allclose

import lmpdrive
from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import Discarded, open_trajectory
from lmpdrive.trajectory.boundaries import VACUUM_A, Boundaries
from lmpdrive.trajectory.views.turned import Turned
from tests.field_cases import case
from tests.trajectory.dump_text import frame

ROWS = ["1 O 1 1 3", "2 O 2 2 17"]
COLUMNS = "id element x y z"


@pytest.fixture
def write(tmp_path):
    def write(text, name="traj.lammpstrj"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_a_periodic_box_stays_as_it_is(write):
    trajectory = open_trajectory(write(frame(ROWS, COLUMNS)))
    assert trajectory.periodic == (True, True, True)
    assert trajectory.notes == []
    assert_allclose(trajectory.read(0, 1).cells[0], np.diag([10, 10, 20]))


@pytest.mark.parametrize("letters", ["pp pp ff", "pp pp ss", "pp pp mm", "pp pp fs"])
def test_vacuum_is_added_on_top(write, letters):
    trajectory = open_trajectory(write(frame(ROWS, COLUMNS, letters=letters, box="0 10\n0 10\n3 17")))
    chunk = trajectory.read(0, 1)
    assert trajectory.periodic == (True, True, False)
    assert_allclose(chunk.cells[0], np.diag([10, 10, 14 + VACUUM_A]))
    assert_allclose(chunk.origins[0], [0, 0, 3])
    assert_allclose(chunk.positions[0, :, 2], [3, 17])
    assert trajectory.notes == [
        "Along z the box is not periodic: the cell is taken 20 Å longer there, and nothing is wrapped across."
    ]


def test_a_shrink_wrapped_box_gets_one_cell_for_all_frames(write):
    text = frame(ROWS, COLUMNS, letters="pp pp ss", box="0 10\n0 10\n3 17")
    text += frame(["1 O 1 1 2", "2 O 2 2 18.5"], COLUMNS, letters="pp pp ss", box="0 10\n0 10\n2 18.5", step=10)
    trajectory = open_trajectory(write(text), timestep_fs=1000.0)
    chunk = trajectory.read(0, 2)
    assert_allclose(chunk.cells, np.tile(np.diag([10, 10, 16.5 + VACUUM_A]), (2, 1, 1)))
    assert_allclose(chunk.origins, [[0, 0, 2], [0, 0, 2]])
    assert_allclose(chunk.positions[:, :, 2], [[3, 17], [2, 18.5]])
    assert Discarded(trajectory, 5).periodic == (True, True, False)


def test_scaled_positions_are_of_the_box_of_the_file(write):
    rows = ["1 O 0.5 0 0", "2 O 0 0 1"]
    text = frame(rows, "id element xs ys zs", letters="pp pp ss", box="0 10\n0 10\n3 17")
    assert_allclose(open_trajectory(write(text)).read(0, 1).positions[0], [[5, 0, 3], [0, 0, 17]])


def test_a_tilted_box_with_an_open_normal(write):
    """xy tilts the periodic axes; bounds are those of the bounding box (LAMMPS manual, Howto triclinic)."""
    bounds = "0 12 2\n0 10 0\n3 17 0"
    chunk = open_trajectory(write(frame(ROWS, COLUMNS, letters="xy xz yz pp pp ff", box=bounds))).read(0, 1)
    assert_allclose(chunk.cells[0], [[10, 0, 0], [2, 10, 0], [0, 0, 14 + VACUUM_A]])
    assert_allclose(chunk.origins[0], [0, 0, 3])


def test_cells_grow_along_their_own_vectors():
    """A general cell whose c leans, as in an extended XYZ: the corner moves down along c, which keeps its direction."""
    cells = np.array([[[10, 0, 0], [0, 10, 0], [0, 6, 8]], [[10, 0, 0], [0, 10, 0], [0, 6, 8]]], dtype=float)
    origins = np.array([[0, 0, 0], [0, 3, 4]], dtype=float)
    longer, corners = Boundaries.around((True, True, False), cells, origins).applied(cells, origins)
    assert_allclose(longer[:, 2], np.tile(np.array([0, 0.6, 0.8]) * (15 + VACUUM_A), (2, 1)))
    assert_allclose(corners, np.zeros((2, 3)), atol=1e-12)


@pytest.mark.parametrize(
    ("letters", "lengths", "warned"),
    [
        ("ff pp pp", (10 + VACUUM_A, 10, 20), ""),
        ("ff ff ff", (10, 10, 20 + VACUUM_A), "along x and y the box is not periodic"),
        ("ff ff pp", (10, 10, 20), "along x and y the box is not periodic"),
    ],
)
def test_the_area_of_the_box_stays(write, letters, lengths, warned):
    """Profiles are per area: of several open axes only c, the normal, grows; the others are warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trajectory = open_trajectory(write(frame(ROWS, COLUMNS, letters=letters)))
    assert_allclose(np.diag(trajectory.read(0, 1).cells[0]), lengths)
    assert bool(caught) == bool(warned)
    assert all(warned in str(one.message) for one in caught)
    assert len(trajectory.warnings) == len(caught)


def test_extended_xyz_and_files_of_ase(write, tmp_path):
    head = '2\nLattice="10 0 0 0 10 0 0 0 20" Properties=species:S:1:pos:R:3'
    atoms = "O 1 1 3\nO 2 2 17\n"
    for pbc, length in ((' pbc="T T F"', 20 + VACUUM_A), (' pbc="T T T"', 20), (' pbc="F F F"', 20), ("", 20)):
        chunk = open_trajectory(write(f"{head}{pbc}\n{atoms}", "traj.xyz")).read(0, 1)
        assert_allclose(np.diag(chunk.cells[0]), [10, 10, length])
    ase_atoms = ase.Atoms("OO", [[1, 1, 3], [2, 2, 17]], cell=[10, 10, 20])
    for flags, length in (((True, True, False), 20 + VACUUM_A), (True, 20), (False, 20)):
        ase_atoms.pbc = flags
        ase_atoms.write(tmp_path / "ase.traj")
        assert_allclose(np.diag(open_trajectory(tmp_path / "ase.traj").read(0, 1).cells[0]), [10, 10, length])


def test_atoms_outside_the_cell_of_an_open_axis(write):
    """A slab around z = 0 in a cell from 0 to 20: the cell begins at its lowest atom."""
    head = '2\nLattice="10 0 0 0 10 0 0 0 20" Properties=species:S:1:pos:R:3 pbc="T T F"\n'
    chunk = open_trajectory(write(f"{head}O 1 1 -15\nO 2 2 25\n", "traj.xyz")).read(0, 1)
    assert_allclose(chunk.origins[0], [0, 0, -15])
    assert_allclose(np.diag(chunk.cells[0]), [10, 10, 40 + VACUUM_A])


def test_turned_frames(write):
    """The normal along x: x becomes the third axis, with its boundary and its unwrapped positions."""
    rows = ["1 O 1 2 3 1 0 0"]
    path = write(frame(rows, "id element x y z ix iy iz", letters="ff pp pp"))
    turned = Turned(open_trajectory(path), 0)
    assert turned.periodic == (True, True, False)
    assert turned.notes
    assert_allclose(turned.read(0, 1).unwrapped[0, 0], [2, 3, 11])
    assert_allclose(np.diag(turned.read(0, 1).cells[0]), [10, 20, 10 + VACUUM_A])


def test_boundaries_that_change_during_the_run(write):
    text = frame(ROWS, COLUMNS, letters="pp pp ff") + frame(ROWS, COLUMNS, letters="pp pp pp", step=10)
    with pytest.raises(TrajectoryError, match="the boundaries change from pp pp ff to pp pp pp"):
        open_trajectory(write(text))
    parts = [write(frame(ROWS, COLUMNS)), write(frame(ROWS, COLUMNS, letters="pp pp ff", step=10), "traj.1.lammpstrj")]
    with pytest.raises(TrajectoryError, match="different boundaries"):
        open_trajectory(parts)


def test_parts_of_a_run_share_their_cell(write):
    parts = [
        write(frame(ROWS, COLUMNS, letters="pp pp ss", box="0 10\n0 10\n3 17")),
        write(frame(ROWS, COLUMNS, letters="pp pp ss", box="0 10\n0 10\n1 15", step=10), "traj.1.lammpstrj"),
    ]
    chunk = open_trajectory(parts).read(0, 2)
    assert_allclose(chunk.cells[:, 2, 2], [16 + VACUUM_A] * 2)
    assert_allclose(chunk.origins[:, 2], [1, 1])


def binary_frame(step, rows, low, high, kinds):
    """A frame of `dump custom file.bin id type x y z` (LAMMPS dump_custom.cpp, revision 2)."""
    magic, columns = b"DUMPCUSTOM", b"id type x y z"
    head = struct.pack("<q", -len(magic)) + magic + struct.pack("<iiqqi", 1, 2, step, len(rows), 0)
    head += struct.pack("<6i", *kinds) + struct.pack("<6d", 0, 10, 0, 10, low, high)
    head += struct.pack("<ii", 5, 0) + struct.pack("<c", b"\0") + struct.pack("<i", len(columns)) + columns
    return head + struct.pack("<ii", 1, 5 * len(rows)) + np.array(rows, dtype="<f8").tobytes()


def test_binary_dumps(tmp_path):
    path = tmp_path / "traj.bin"
    first = binary_frame(0, [[1, 1, 1, 1, 3], [2, 2, 2, 2, 17]], 3, 17, (0, 0, 0, 0, 1, 2))
    path.write_bytes(first + binary_frame(10, [[2, 2, 2, 2, 18], [1, 1, 1, 1, 3]], 3, 18, (0, 0, 0, 0, 1, 2)))
    trajectory = open_trajectory(path, elements=["O", "H"])
    assert trajectory.periodic == (True, True, False)
    assert_allclose(trajectory.read(0, 2).cells[:, 2, 2], [15 + VACUUM_A] * 2)
    path.write_bytes(first + binary_frame(10, [[1, 2, 1, 1, 3], [2, 1, 2, 2, 17]], 3, 17, (0, 0, 0, 0, 1, 2)))
    with pytest.raises(TrajectoryError, match="column `type` of atom 1 at step 10"):
        open_trajectory(path, elements=["O", "H"]).read(0, 2)


def analysed(path, tmp_path, **more):
    """Quantity -> value of the interface's first numbers."""
    names = ["ion_surface_distance", "water_coverage"]
    result = lmpdrive.analyse(path, timestep_fs=0.5, names=names, with_report=False, out=tmp_path / "out", **more)
    return {name: value for name, (value, _) in result.summary.items()}


@pytest.mark.filterwarnings("ignore")
def test_a_shrink_wrapped_box_has_one_wet_face(tmp_path):
    """3 Na and 60 waters over one face of Au(111); known from the coordinates."""
    found = analysed(case("box-shrink-wrapped/shrink.lammpstrj"), tmp_path, elements=["Au", "H", "Na", "O"])
    assert found["mean distance of Na from the surface [Å]"] == pytest.approx(9.671, abs=0.05)
    assert found["water in the first layer [1]"] == pytest.approx(9.25)
