"""Unwrapped positions: columns, image flags, pieces of a trajectory; and displacements from them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import lmpdrive
from lmpdrive import observables
from lmpdrive.observables.mean_square_displacement import IN_FILE_NOTE
from lmpdrive.trajectory import Discarded, open_trajectory
from tests.field_cases import case
from tests.trajectory.dump_text import BOX, frame

TRUE = np.array([[[1.0, 2, 3], [12, -4, 41]], [[9.5, -22, 3], [33, 6, -5]]])
"""(frames, atoms, 3) of two atoms that leave the box of 10 x 10 x 20 Å."""
CELL = np.array([10.0, 10, 20])


def dumped(columns, positions=TRUE, ids=(1, 2), box=BOX, letters="pp pp pp", cell=CELL):
    """A dump of Na with the given columns, made from unwrapped positions."""
    text = ""
    for step, atoms in enumerate(positions):
        images = np.floor(atoms / cell).astype(int)
        wrapped = atoms - images * cell
        values = {f"{axis}u": atoms[:, k] for k, axis in enumerate("xyz")}
        values |= {axis: wrapped[:, k] for k, axis in enumerate("xyz")}
        values |= {f"{axis}s": wrapped[:, k] / cell[k] for k, axis in enumerate("xyz")}
        values |= {f"{axis}su": atoms[:, k] / cell[k] for k, axis in enumerate("xyz")}
        values |= {f"i{axis}": images[:, k] for k, axis in enumerate("xyz")}
        rows = [
            f"{i} Na " + " ".join(f"{values[column][n]:.12g}" for column in columns.split()) for n, i in enumerate(ids)
        ]
        text += frame(rows[:: -1 if step % 2 else 1], f"id element {columns}", step=10 * step, box=box, letters=letters)
    return text


def later(text):
    """The same frames as those of steps 20 and 30."""
    return text.replace("STEP\n0\n", "STEP\n20\n").replace("STEP\n10\n", "STEP\n30\n")


@pytest.fixture
def write(tmp_path):
    def write(text, name="traj.lammpstrj"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    "columns", ["xu yu zu", "x y z xu yu zu", "x y z ix iy iz", "xs ys zs ix iy iz", "xsu ysu zsu", "ix iy iz z y x"]
)
def test_columns_that_tell(write, columns):
    trajectory = open_trajectory(write(dumped(columns)))
    chunk = trajectory.read(0, 2)
    assert chunk.has_unwrapped
    assert_allclose(chunk.unwrapped, TRUE, atol=1e-9)
    if "x" in columns.split():
        assert_allclose(chunk.positions, TRUE - np.floor(TRUE / CELL) * CELL, atol=1e-9)  # stay as they are


@pytest.mark.parametrize("columns", ["x y z", "xs ys zs", "x y z ix iy"])
def test_columns_that_do_not(write, columns):
    chunk = open_trajectory(write(dumped(columns))).read(0, 2)
    assert not chunk.has_unwrapped
    assert chunk.unwrapped is None


def test_images_of_a_tilted_cell(write):
    """r = x + ix a + iy b + iz c."""
    rows = ["1 O 1 2 3 1 -1 2"]
    text = frame(rows, "id element x y z ix iy iz", letters="xy xz yz pp pp pp", box="0 12 2\n0 10 0\n0 20 0")
    chunk = open_trajectory(write(text)).read(0, 1)
    assert_allclose(chunk.unwrapped[0, 0], [1 + 10 - 2, 2 - 10, 3 + 40])


def test_images_of_the_box_of_the_file_where_the_cell_is_made_longer(write):
    trajectory = open_trajectory(write(dumped("xs ys zs ix iy iz", letters="pp pp ff")))
    assert trajectory.periodic == (True, True, False)
    assert_allclose(trajectory.read(0, 2).unwrapped, TRUE, atol=1e-9)


@pytest.mark.parametrize("columns", ["xu yu zu", "x y z ix iy iz"])
def test_pieces_and_parts(write, columns):
    many = np.linspace(0, 60, 24).reshape(4, 2, 3)
    whole = open_trajectory(write(dumped(columns, many)), timestep_fs=1.0)
    assert_allclose(whole.read(1, 4)[::2].unwrapped, many[1::2], atol=1e-9)
    assert_allclose(np.concatenate([chunk.unwrapped for chunk in whole.chunks(3)]), many, atol=1e-9)
    assert_allclose(Discarded(whole, 0.015).read(0, 2).unwrapped, many[2:], atol=1e-9)
    second = write(later(dumped(columns, many[2:])), "b.lammpstrj")
    joined = open_trajectory([write(dumped(columns, many[:2]), "a.lammpstrj"), second])
    assert_allclose(joined.read(1, 4).unwrapped, many[1:], atol=1e-9)


def test_image_flags_that_start_over_in_a_continuation(write):
    """The second file counts its images from 0 again: 10 Å are missing along x."""
    many = np.array([8.0, 3, 3]) + np.arange(4)[:, None, None] * [3, 0, 0] + np.zeros((4, 2, 3))
    second = dumped("x y z ix iy iz", many[2:] - [10, 0, 0])
    parts = [write(dumped("x y z ix iy iz", many[:2]), "a.lammpstrj"), write(later(second), "b.lammpstrj")]
    trajectory = open_trajectory(parts)
    assert not any(chunk.has_unwrapped for chunk in trajectory.chunks())
    assert any("image flags of b.lammpstrj" in note for note in trajectory.notes)
    parts[1] = write(later(dumped("x y z ix iy iz", many[2:])), "b.lammpstrj")
    assert open_trajectory(parts).read(0, 4).has_unwrapped


def test_images_of_an_extended_xyz(write):
    head = '1\nLattice="10 0 0 0 10 0 0 0 20" Properties=species:S:1:pos:R:3:Periodic_Image:I:3\n'
    chunk = open_trajectory(write(f"{head}O 1 2 3 1 -1 2\n", "ovito.xyz")).read(0, 1)
    assert_allclose(chunk.unwrapped[0, 0], [11, -8, 43])
    assert_allclose(chunk.positions[0, 0], [1, 2, 3])


def test_virtual_sites_are_not_among_them(write):
    text = dumped("xu yu zu").replace("1 Na", "1 X")
    assert_allclose(open_trajectory(write(text)).read(0, 2).unwrapped, TRUE[:, 1:])


def msd(path, **more):
    """In-plane displacement of Na after one lag [Å^2], and the notes of its table."""
    options = {"mean_square_displacement": {"window_ps": 0.05, "sample_ps": 0, "remove_drift": False}}
    names = ["mean_square_displacement"]
    trajectory = open_trajectory(path, **more)
    table = observables.analyse(trajectory, names=names, options=options)["mean_square_displacement_Na"]
    return table.data["MSD_xy [Å^2]"][1], table.notes


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("columns", ["xu yu zu", "x y z ix iy iz"])
def test_displacements_longer_than_half_the_cell(write, columns):
    """Every atom goes 7 Å along x and -6 Å along y between frames: 85 Å^2, where images would give 3^2 + 4^2 = 25."""
    flight = np.array([1.0, 2, 3]) + np.arange(6)[:, None, None] * [7, -6, 0] + np.zeros((6, 4, 3))
    ids = (1, 2, 3, 4)
    found, notes = msd(write(dumped(columns, flight, ids)), timestep_fs=1.0)
    assert found == pytest.approx(85)
    assert IN_FILE_NOTE in notes
    wrapped, notes = msd(write(dumped("x y z", flight, ids)), timestep_fs=1.0)
    assert wrapped == pytest.approx(25)
    assert IN_FILE_NOTE not in notes


@pytest.mark.filterwarnings("ignore")
def test_a_random_walk_faster_than_its_frames(tmp_path):
    """D = 20 Å^2/ps, frames 10 ps apart in a cell of 12 Å: 200e-5 cm^2/s from xu."""
    options = {"mean_square_displacement": {"window_ps": 500, "remove_drift": False}}
    result = lmpdrive.analyse(
        case("msd-xu/xu.lammpstrj"),
        elements=["Na", "Cl"],
        timestep_fs=1,
        names=["mean_square_displacement"],
        options=options,
        with_report=False,
        out=tmp_path,
    )
    for ion in ("Na", "Cl"):
        value, error = result.summary[f"in-plane diffusion coefficient of {ion} [1e-5 cm^2/s]"]
        assert abs(value - 200) < 2.5 * error
