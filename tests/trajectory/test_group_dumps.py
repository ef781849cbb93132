"""Dumps of some of the atoms, with the data file of all."""

from __future__ import annotations

import json

import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from tests.trajectory.dump_text import data_file, frame
from tests.trajectory.test_formats import BOXES, ideal_gas, lammps

ATOMS = ["1 1 -0.8 0 0 0", "2 2 0.4 0 0 0", "3 2 0.4 0 0 0", "7 3 1.0 0 0 0", "9 3 -1.0 0 0 0"]
MASSES = ["1 15.999 # O", "2 1.008 # H", "3 22.99 # Na"]


@pytest.fixture
def data(tmp_path):
    (tmp_path / "system.data").write_text(data_file(ATOMS, MASSES, style="charge"))
    return tmp_path / "system.data"


def dump(tmp_path, rows, columns="id type x y z"):
    (tmp_path / "group.lammpstrj").write_text(frame(rows, columns) + frame(rows[::-1], columns, step=20))
    return tmp_path / "group.lammpstrj"


def test_ids_say_which_atoms_they_are(tmp_path, data):
    trajectory = open_trajectory(dump(tmp_path, ["7 3 1 2 3", "3 2 4 5 6"]), data=data)
    assert trajectory.topology.elements.tolist() == ["H", "Na"]
    assert trajectory.topology.charges_e.tolist() == [0.4, 1.0]
    assert trajectory.read(0, 2).positions.tolist() == [[[4, 5, 6], [1, 2, 3]]] * 2
    assert any("holds 2 of the 5 atoms" in note for note in trajectory.notes)


def test_types_are_compared_for_these_atoms(tmp_path, data):
    with pytest.raises(TrajectoryError, match="atom 7 is of type 2 there but of type 3"):
        open_trajectory(dump(tmp_path, ["7 2 1 2 3", "3 2 4 5 6"]), data=data)


def test_elements_by_type_and_element_columns(tmp_path, data):
    path = dump(tmp_path, ["9 1 2 3", "1 4 5 6"], "id x y z")
    assert open_trajectory(path, data=data, elements=["O", "H", "Na"]).topology.elements.tolist() == ["O", "Na"]
    path = dump(tmp_path, ["9 Na 1 2 3", "1 O 4 5 6"], "id element x y z")
    assert open_trajectory(path, data=data).topology.elements.tolist() == ["O", "Na"]


def test_ids_that_the_structure_does_not_have(tmp_path, data):
    with pytest.raises(TrajectoryError, match=r"no atom 8 .*same run"):
        open_trajectory(dump(tmp_path, ["8 3 1 2 3", "3 2 4 5 6"]), data=data)


def test_without_ids_it_is_said_what_is_missing(tmp_path, data):
    with pytest.raises(TrajectoryError, match=r"has 2 atoms but .* has 5.*column id"):
        open_trajectory(dump(tmp_path, ["3 1 2 3", "2 4 5 6"], "type x y z"), data=data)


def test_groups_of_a_run_directory_are_those_of_the_atoms_that_are_there(tmp_path):
    system = {"species": ["Pt", "Pt", "O", "H", "H"], "groups": {"metal": "1:2", "fixed": "1", "water": "3:5"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"system": system}))
    (tmp_path / "traj.lammpstrj").write_text(frame(["5 1 2 3", "2 4 5 6", "3 7 8 9"], "id x y z"))
    topology = open_trajectory(tmp_path).topology
    assert topology.elements.tolist() == ["Pt", "O", "H"]
    assert {name: group.tolist() for name, group in topology.groups.items()} == {"metal": [0], "water": [1, 2]}


@pytest.mark.parametrize("file", ["group.lammpstrj", "group.bin"])
def test_group_dumps_of_lammps(tmp_path, file):
    lammps(
        tmp_path,
        ideal_gas(BOXES["orthogonal"])
        + f"""
        group some id 3 17 21:24 30
        dump all all custom 20 {tmp_path}/all.lammpstrj id type x y z
        dump some some custom 20 {tmp_path}/{file} id type x y z
        run 100
        write_data {tmp_path}/system.data
        """,
    )
    options = {"data": tmp_path / "system.data", "elements": ["Na", "Cl"]}
    some, whole = open_trajectory(tmp_path / file, **options), open_trajectory(tmp_path / "all.lammpstrj", **options)
    atoms = [2, 16, 20, 21, 22, 23, 29]
    assert some.topology.elements.tolist() == whole.topology.elements[atoms].tolist()
    assert_allclose(some.read(0, 6).positions, whole.read(0, 6).positions[:, atoms], atol=1e-4)
