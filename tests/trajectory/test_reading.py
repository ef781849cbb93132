"""Small files written by hand: layouts, origins, errors, logs."""

from __future__ import annotations

import gzip
import json
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import RunDirectoryError, TrajectoryError
from lmpdrive.trajectory import open_trajectory, read_thermo
from lmpdrive.trajectory.elements.data_file import read_data_file
from lmpdrive.trajectory.readers.dcd import cells_from_lengths_and_angles
from lmpdrive.trajectory.readers.lammps_columns import cells_from_bounds
from lmpdrive.trajectory.topology import parse_id_ranges

ATOMS = [(1, "O", 1.0, 2.0, 3.0), (2, "H", 1.5, 2.0, 3.0), (3, "H", 1.0, 2.5, 3.0)]
DATA = """title

3 atoms
2 atom types
-1.0 9.0 xlo xhi
0.0 10.0 ylo yhi
2.0 22.0 zlo zhi

Masses

1 15.999 # O
2 1.008  # H

Atoms # full

3 1 2 0.41 1 1 1
1 1 1 -0.82 1 1 1
2 1 2 0.41 1 1 1

Bonds

1 1 1 2
"""


def frame(step=0, columns="id element x y z", rows=None, bounds="pp pp pp\n0 10\n0 10\n0 20", head=""):
    rows = rows if rows is not None else [" ".join(map(str, atom)) for atom in ATOMS]
    return (
        f"{head}ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(rows)}\nITEM: BOX BOUNDS {bounds}\n"
        f"ITEM: ATOMS {columns}\n" + "\n".join(rows) + "\n"
    )


@pytest.fixture
def write(tmp_path):
    def write(text, name="traj.lammpstrj"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_order_of_columns_and_atoms_does_not_matter(write):
    rows = ["3.0 H 2 1.5 2.0", "3.0 O 1 1.0 2.0", "3.0 H 3 1.0 2.5"]
    trajectory = open_trajectory(write(frame(columns="z element id x y", rows=rows)))
    assert list(trajectory.topology.elements) == ["O", "H", "H"]
    assert_allclose(trajectory.read(0, 1).positions[0], [a[2:] for a in ATOMS])


def test_scaled_positions_in_a_box_with_an_origin(write):
    text = frame(columns="id element xs ys zs", rows=["1 O 0.5 0 0.25"], bounds="pp pp pp\n-1 9\n0 10\n2 22")
    chunk = open_trajectory(write(text)).read(0, 1)
    assert_allclose(chunk.positions[0, 0], [4.0, 0.0, 7.0])
    assert_allclose(chunk.origins[0], [-1, 0, 2])


def cell_of(bounds):
    """Cell and origin of one frame's BOX BOUNDS."""
    box = np.zeros((1, 3, 4))
    box[0, :, : len(bounds[0])] = bounds
    (cell,), (origin,) = cells_from_bounds(box, np.array([len(bounds[0])]))
    return cell, origin


def test_triclinic_bounds_of_the_manual():
    """xlo_bound = xlo + min(0, xy, xz, xy + xz) and so on (LAMMPS manual, Howto triclinic)."""
    cell, origin = cell_of([[-0.5, 13.0, 2.0], [2.0, 13.7, -1.5], [3.0, 16.0, 0.7]])
    assert_allclose(origin, [1, 2, 3])
    assert_allclose(cell, [[10, 0, 0], [2, 11, 0], [-1.5, 0.7, 13]])


def test_general_triclinic_box():
    cell, origin = cell_of([[0, 5, 0, 1], [-6, 0, 0, 2], [0, 0, 7, 3]])
    assert_allclose(cell, [[0, 5, 0], [-6, 0, 0], [0, 0, 7]])
    assert_allclose(origin, [1, 2, 3])


@pytest.mark.parametrize("angles", [(0.1, -0.2, 0.3), (84.26083, 101.53696, 72.54240)])
def test_dcd_angles_as_cosines_or_degrees(angles):
    alpha, beta, gamma = angles
    (cell,) = cells_from_lengths_and_angles(np.array([[10.0, gamma, 11.0, beta, alpha, 12.0]]))
    lengths = np.linalg.norm(cell, axis=1)
    assert_allclose(lengths, [10, 11, 12])
    cosines = [cell[i] @ cell[j] / lengths[i] / lengths[j] for i, j in ((1, 2), (0, 2), (0, 1))]
    assert_allclose(cosines, [0.1, -0.2, 0.3], atol=1e-6)


def test_time_and_units_in_the_dump(write):
    heads = ["ITEM: UNITS\nmetal\nITEM: TIME\n0.0\n", "ITEM: TIME\n0.5\n"]
    text = frame(0, head=heads[0]) + frame(1000, head=heads[1])
    trajectory = open_trajectory(write(text))
    assert trajectory.n_frames == 2
    assert trajectory.times_ps[0] == 0.0


def test_sodium_is_not_a_missing_value_and_gzip_is_read(tmp_path):
    path = tmp_path / "old.dump.gz"
    path.write_bytes(gzip.compress(frame(rows=["1 Na 1 1 1"]).encode()))
    assert list(open_trajectory(path).topology.elements) == ["Na"]


def test_types_need_names_and_the_error_says_how(write):
    path = write(frame(columns="id type x y z", rows=["1 1 1 1 1", "2 3 1 1 1"]))
    with pytest.raises(TrajectoryError, match=r"type \[1, 3\].*--elements"):
        open_trajectory(path)
    with pytest.raises(TrajectoryError, match=r"type \[3\]"):
        open_trajectory(path, elements=["Au", "H"])
    assert list(open_trajectory(path, elements=["Au", "H", "O"]).topology.elements) == ["Au", "O"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n3\n", "no complete frame"),
        (frame(columns="id element vx vy vz"), "no coordinates"),
        (frame() + frame(1, rows=["1 O 1 1 1"]), "were atoms lost"),
        (frame() + frame(1, columns="id element x z y"), "columns change"),
        (frame(columns="id x y z", rows=["1 1 1 1"]), "neither an `element` nor"),
    ],
)
def test_dumps_that_cannot_be_used(write, content, message):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "incomplete" comes before "no complete frame"
        with pytest.raises(TrajectoryError, match=message):
            open_trajectory(write(content)).read(0, 1)


def test_paths_and_arguments_that_are_wrong(tmp_path):
    (tmp_path / "noise.xyz").write_text("not a structure\n")
    (tmp_path / "empty").mkdir()
    for path, kwargs, message in (
        (tmp_path / "nothing.dcd", {}, "no trajectory"),
        (tmp_path / "empty", {}, "did the run reach production"),
        (tmp_path / "noise.xyz", {}, "cannot read"),
        (tmp_path / "noise.xyz", {"timestep_fs": 0.0}, "timestep_fs"),
        (tmp_path / "noise.xyz", {"every": 0}, "every"),
        (tmp_path / "noise.xyz", {"data": tmp_path / "no.data"}, "data file"),
    ):
        with pytest.raises(TrajectoryError, match=message):
            open_trajectory(path, **kwargs)


def test_atoms_of_another_run(write):
    data = write(DATA, "system.data")
    with pytest.raises(TrajectoryError, match="1 atoms but the structure given with it has 3"):
        open_trajectory(write(frame(rows=["9 O 1 1 1"])), data=data)


def test_data_file(write):
    data = read_data_file(write(DATA, "system.data"))
    assert data.types.tolist() == [1, 2, 2]
    assert data.type_names == {1: "O", 2: "H"}
    assert_allclose(data.origin, [-1, 0, 2])
    assert_allclose(data.charges_e, [-0.82, 0.41, 0.41])
    with pytest.raises(TrajectoryError, match="no Atoms"):
        read_data_file(write("title\n\n3 atoms\n", "bad.data"))


def test_run_directory_with_a_manifest(tmp_path, write):
    write(frame(20) + frame(40))
    system = {"species": ["O", "H", "H"], "groups": {"water": "1:3", "layer_1": "1", "none": ""}, "two_sided": True}
    manifest = {"system": system, "dynamics": {"timestep_fs": 0.5}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    trajectory = open_trajectory(tmp_path)
    assert_allclose(trajectory.times_ps, [0.01, 0.02])
    assert trajectory.frame_interval_ps == pytest.approx(0.01)
    assert {k: v.tolist() for k, v in trajectory.topology.groups.items()} == {"water": [0, 1, 2], "layer_1": [0]}
    assert trajectory.topology.two_sided
    (tmp_path / "manifest.json").write_text("{ broken")
    with pytest.raises(RunDirectoryError, match="not valid JSON"):
        open_trajectory(tmp_path)


def test_chunks_are_read_only(write):
    chunk = open_trajectory(write(frame())).read(0, 1)
    with pytest.raises(ValueError, match="read-only"):
        chunk.positions[0, 0, 0] = 1.0


@pytest.mark.parametrize(("text", "want"), [("1:3", [0, 1, 2]), ("2,4:5", [1, 3, 4]), ("1:5:2", [0, 2, 4]), ("", [])])
def test_id_ranges(text, want):
    assert parse_id_ranges(text, 5).tolist() == want


@pytest.mark.parametrize("text", ["0:2", "4:9", "x", "3:1"])
def test_id_ranges_outside_the_system(text):
    with pytest.raises(TrajectoryError, match="want ids like"):
        parse_id_ranges(text, 5)


LOG = """LAMMPS (22 Jul 2025)
   Step          Time           Temp
         0   0              300
WARNING: something odd happened (src/somewhere.cpp:12)
        10   0.005          301
Loop time of 1 on 1 procs for 10 steps with 3 atoms
a b c
   Step          Time           Temp          Press
        10   0.005          299           1
        20   0.01           302           2
"""


def test_log_with_warnings_and_two_runs(write):
    thermo = read_thermo(write(LOG, "log.lammps"))
    assert thermo["Step"].tolist() == [0, 10, 20]
    assert thermo["Temp"].tolist() == [300, 299, 302]
    assert np.isnan(thermo["Press"][0])


def test_log_cut_between_words(write):
    assert read_thermo(write(LOG + "        30   0.01", "log.lammps"))["Step"].tolist() == [0, 10, 20]


def test_log_cut_within_the_last_number(write):
    with pytest.warns(UserWarning, match="incomplete"):
        thermo = read_thermo(write(LOG + "        30   0.015   30   1", "log.lammps"))
    assert thermo["Step"].tolist() == [0, 10, 20]


def test_log_of_a_resumed_run_keeps_the_later_rows(write):
    again = "Loop time of 1\nStep Time Temp Press\n15 0.0075 500 1\n20 0.01 501 1\n25 0.0125 502 1\n"
    thermo = read_thermo(write(LOG + again, "log.lammps"))
    assert thermo["Step"].tolist() == [0, 10, 15, 20, 25]
    assert thermo["Temp"].tolist()[-2:] == [501, 502]


def test_log_of_a_run_that_starts_over_keeps_both(write):
    again = "Loop time of 1\nStep Time Temp\n0 0 1\n10 0.005 2\n"
    assert read_thermo(write(LOG + again, "log.lammps"))["Step"].tolist() == [0, 10, 20, 0, 10]


def test_log_without_a_table(write):
    with pytest.raises(TrajectoryError, match="no thermo rows"):
        read_thermo(write("LAMMPS (22 Jul 2025)\n", "log.lammps"))
