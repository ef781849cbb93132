"""LAMMPS data files: boxes, masses, and atom styles that the file does not name."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.elements.data_file import read_data_file

BOX = "-1.0 9.0 xlo xhi\n0.0 10.0 ylo yhi\n2.0 22.0 zlo zhi\n"
MASSES = "Masses\n\n1 15.999 # O\n2 1.008  # H\n"


@pytest.fixture
def read(tmp_path):
    def read(atoms, style="", *, box=BOX, masses=MASSES, title="title", more=""):
        text = f"{title}\n\n{len(atoms)} atoms\n2 atom types\n{box}\n{masses}\nAtoms {style}\n\n"
        (tmp_path / "system.data").write_text(text + "\n".join(atoms) + "\n" + more)
        return read_data_file(tmp_path / "system.data")

    return read


def test_masses_cell_and_origin(read):
    data = read(["1 1 0 0 0", "2 2 0 0 1"], "# atomic")
    assert data.masses == {1: 15.999, 2: 1.008}
    assert_allclose(data.cell, [[10, 0, 0], [0, 10, 0], [0, 0, 20]])
    assert_allclose(data.origin, [-1, 0, 2])
    assert data.units == ""


def test_tilted_and_general_triclinic_cells(read):
    tilted = read(["1 1 0 0 0"], box=BOX + "1.0 2.0 3.0 xy xz yz\n")
    assert_allclose(tilted.cell, [[10, 0, 0], [1, 10, 0], [2, 3, 20]])
    general = read(["1 1 0 0 0"], box="0 5 0 avec\n-6 0 0 bvec\n0 0 7 cvec\n1 2 3 abc origin\n")
    assert_allclose(general.cell, [[0, 5, 0], [-6, 0, 0], [0, 0, 7]])
    assert_allclose(general.origin, [1, 2, 3])
    assert read(["1 1 0 0 0"], box="").cell is None


def test_units_of_the_title_of_write_data(read):
    title = "LAMMPS data file via write_data, version 22 Jul 2025, timestep = 0, units = real"
    assert read(["1 1 0 0 0"], title=title).units == "real"


@pytest.mark.parametrize(
    ("style", "atoms", "charges"),
    [
        ("atomic", ["1 1 0.5 0 0", "2 2 0 0 1"], None),
        ("atomic with image flags", ["1 1 0.5 0 0 0 -1 0", "2 2 0 0 1 0 0 0"], None),
        ("charge, all 0", ["1 1 0 0.5 0 0", "2 2 0 0 0 1"], None),
        ("charge, integers", ["1 1 -1 0.5 0 0", "2 2 1 0 0 1"], [-1, 1]),
        ("charge with image flags", ["1 1 -0.8 0.5 0 0 0 0 0", "2 2 0.8 0 0 1 0 0 0"], [-0.8, 0.8]),
        ("molecular", ["1 1 1 0.5 0 0", "2 1 2 0 0 1"], None),
        ("full", ["1 1 1 -0.8 0.5 0 0", "2 1 2 0.8 0 0 1"], [-0.8, 0.8]),
        ("full with image flags", ["1 1 1 -0.8 0.5 0 0 0 0 0", "2 1 2 0.8 0 0 1 0 0 0"], [-0.8, 0.8]),
        ("sphere", ["1 1 1.5 2.7 0.5 0 0", "2 2 1.5 2.7 0 0 1"], None),
        ("dipole", ["1 1 -0.8 0.5 0 0 0.1 0.2 0.3", "2 2 0.8 0 0 1 0.1 0.2 0.3"], [-0.8, 0.8]),
    ],
)
def test_a_style_without_its_name_is_told_from_the_columns(read, style, atoms, charges):
    data = read(atoms)
    assert list(data.types) == [1, 2], style
    assert (data.charges_e is None) if charges is None else (list(data.charges_e) == charges)


def test_columns_that_fit_no_style_are_not_guessed(read):
    with pytest.raises(TrajectoryError, match=r"`Atoms` without its style.*`Atoms # charge`"):
        read(["1 1 0.1 0.2 0 0 0 1 2 3 4", "2 2 0.1 0.2 0 0 0 1 2 3 4"])
    with pytest.raises(TrajectoryError, match="`Atoms # mine`, which is no atom style"):
        read(["1 1 1 0.1 0.2 0 0 0.5", "2 1 3 0.1 0.2 0 0 0.5"], "# mine")


def test_bonds_need_a_molecular_style(read):
    assert list(read(["1 1 2 0 0 0", "2 1 1 0 0 1"], more="\nBonds\n\n1 1 1 2\n").types) == [2, 1]


def test_type_labels_in_place_of_numbers(read):
    labels = "Atom Type Labels\n\n1 O\n2 H\n\nMasses\n\nO 15.999\nH 1.008\n"
    data = read(["1 O 0 0 0", "2 H 0 0 1"], "# atomic", masses=labels)
    assert list(data.types) == [1, 2] and data.type_names == {1: "O", 2: "H"} and data.masses[2] == 1.008


def test_an_id_that_comes_twice_is_an_error(read):
    with pytest.raises(TrajectoryError, match="ids come twice"):
        read(["1 1 0 0 0", "1 2 0 0 1"])
