"""Files that say which atom is what, for trajectories that do not: PDB, GRO, PSF, prmtop, and what ASE reads."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.structures import read_structure
from tests.trajectory.dump_text import data_file, frame
from tests.trajectory.test_dcd_layouts import dcd

POSITIONS = np.arange(36.0).reshape(3, 4, 3)
"""Three frames of a water and a sodium ion."""

PDB = """\
CRYST1   10.000   11.000   12.000  90.00  90.00  90.00 P 1           1
ATOM      1  OW  SOL A   1       1.000   2.000   3.000  1.00  0.00{o}
ATOM      2  HW1 SOL A   1       1.000   2.000   3.000  1.00  0.00{h}
ATOM      3  HW2 SOL A   1       1.000   2.000   3.000  1.00  0.00{h}
HETATM    4  NA  NA  A   2       1.000   2.000   3.000  1.00  0.00{na}
ENDMDL
ATOM      5  OW  SOL A   1       1.000   2.000   3.000  1.00  0.00
END
"""
GRO = """\
water and sodium
    4
    1SOL     OW    1   0.100   0.200   0.300
    1SOL    HW1    2   0.100   0.200   0.300
    1SOL    HW2    3   0.100   0.200   0.300
    2NA      NA    4   0.100   0.200   0.300
   1.00000   1.10000   1.20000
"""
PSF = """\
PSF

       1 !NTITLE
 REMARKS water and sodium

       4 !NATOM
       1 WAT  1    TIP3 OH2  OT    -0.834000       15.9994           0
       2 WAT  1    TIP3 H1   HT     0.417000        1.0080           0
       3 WAT  1    TIP3 H2   HT     0.417000        1.0080           0
       4 ION  2    SOD  SOD  SOD    1.000000       22.9898           0

       2 !NBOND: bonds
"""
PRMTOP = """\
%VERSION  VERSION_STAMP = V0001.000
%FLAG ATOM_NAME
%FORMAT(20a4)
O   H1  H2  Na+
%FLAG CHARGE
%FORMAT(5E16.8)
 -1.51973982E+01  7.59869910E+00  7.59869910E+00  1.82223000E+01
%FLAG ATOMIC_NUMBER
%FORMAT(10I8)
       8       1       1      11
%FLAG MASS
%FORMAT(5E16.8)
  1.60000000E+01  1.00800000E+00  1.00800000E+00  2.29900000E+01
"""
POSCAR = """\
water and sodium
1.0
10 0 0
0 11 0
0 0 12
O H Na
1 2 1
Cartesian
1 2 3
1 2 3
1 2 3
1 2 3
"""
EXTXYZ = '4\nLattice="10 0 0 0 11 0 0 0 12" Properties=species:S:1:pos:R:3\nO 1 2 3\nH 1 2 3\nH 1 2 3\nNa 1 2 3\n'
CELL = np.diag([10.0, 11, 12])
FILES = {
    "named.pdb": (PDB.format(o="", h="", na=""), CELL, None),
    "elements.pdb": (PDB.format(o="           O", h="           H", na="          NA"), CELL, None),
    "a.gro": (GRO, CELL, None),
    "a.psf": (PSF, None, [-0.834, 0.417, 0.417, 1.0]),
    "a.prmtop": (PRMTOP, None, [-0.834, 0.417, 0.417, 1.0]),
    "POSCAR": (POSCAR, CELL, None),
    "a.extxyz": (EXTXYZ, CELL, None),
}


@pytest.fixture(params=FILES)
def structure(request, tmp_path):
    text, cell, charges = FILES[request.param]
    (tmp_path / request.param).write_text(text)
    return tmp_path / request.param, cell, charges


def test_elements_charges_and_the_cell(structure, tmp_path):
    path, cell, charges = structure
    (tmp_path / "traj.dcd").write_bytes(dcd(POSITIONS, cell=np.array([10.0, 0, 11.0, 0, 0, 12.0])))
    trajectory = open_trajectory(tmp_path / "traj.dcd", data=path)
    assert trajectory.topology.elements.tolist() == ["O", "H", "H", "Na"]
    assert_allclose(trajectory.read(0, 3).positions, POSITIONS)
    found = read_structure(path)
    assert (found.cell is None) == (cell is None)
    if cell is not None:
        assert_allclose(found.cell, cell, atol=1e-9)
    if charges is not None:
        assert_allclose(trajectory.topology.charges_e, charges, atol=1e-6)
    else:
        assert trajectory.topology.charges_e is None


def test_its_cell_serves_a_trajectory_without_one(structure, tmp_path):
    path, cell, _ = structure
    (tmp_path / "traj.dcd").write_bytes(dcd(POSITIONS, cell=None))
    if cell is None:
        with pytest.raises(TrajectoryError, match="--cell"):
            open_trajectory(tmp_path / "traj.dcd", data=path)
    else:
        with pytest.warns(UserWarning, match="has no cell: that of the data file"):
            trajectory = open_trajectory(tmp_path / "traj.dcd", data=path)
        assert_allclose(trajectory.read(0, 1).cells[0], cell, atol=1e-9)


def test_its_types_are_not_those_of_a_dump(structure, tmp_path):
    rows = ["1 3 1 2 3", "2 1 1 2 3", "3 1 1 2 3", "4 7 1 2 3"]
    (tmp_path / "traj").write_text(frame(rows))
    assert open_trajectory(tmp_path / "traj", data=structure[0]).topology.elements.tolist() == ["O", "H", "H", "Na"]


def test_elements_besides_it_are_too_many(structure, tmp_path):
    (tmp_path / "traj.dcd").write_bytes(dcd(POSITIONS))
    with pytest.raises(TrajectoryError, match="names the elements of the atoms itself: leave --elements out"):
        open_trajectory(tmp_path / "traj.dcd", data=structure[0], elements=["O", "H", "Na"])


def test_numbers_of_atoms_are_compared(structure, tmp_path):
    (tmp_path / "traj.dcd").write_bytes(dcd(POSITIONS[:, :3]))
    with pytest.raises(TrajectoryError, match="has 3 atoms but the structure given with it has 4"):
        open_trajectory(tmp_path / "traj.dcd", data=structure[0])


def test_a_triclinic_gro(tmp_path):
    tilted = GRO.replace("   1.00000   1.10000   1.20000", " 1.0 1.1 1.2 0 0 0.2 0 -0.1 0.3")
    (tmp_path / "a.gro").write_text(tilted)
    assert_allclose(read_structure(tmp_path / "a.gro").cell, [[10, 0, 0], [2, 11, 0], [-1, 3, 12]])


def test_what_is_no_element_is_named(tmp_path):
    (tmp_path / "a.gro").write_text(GRO.replace("    1SOL     OW", "    1XXX     QQ"))
    (tmp_path / "traj.dcd").write_bytes(dcd(POSITIONS))
    with pytest.raises(TrajectoryError, match="'QQ' is no element"):
        open_trajectory(tmp_path / "traj.dcd", data=tmp_path / "a.gro")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.gro", "title\n9\n"),
        ("a.psf", "PSF\n"),
        ("a.prmtop", "%FLAG MASS\n"),
        ("a.pdb", "HEADER\n"),
        ("POSCAR", "x\n1\n"),
        ("a.data", "title\n\n1 atoms\n"),
    ],
)
def test_damage(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(TrajectoryError, match=name):
        read_structure(tmp_path / name)


def test_compressed(structure, tmp_path):
    path, _, _ = structure
    packed = tmp_path / f"{path.name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_structure(packed).type_names == read_structure(path).type_names
    packed.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(TrajectoryError, match="cut short"):
        read_structure(packed)


def test_a_data_file_by_any_name(tmp_path):
    text = data_file(["1 1 0 0 0"], ["1 15.999 # O"])
    for name in ("system.data", "data.lmp", "init", "a.cif"):
        (tmp_path / name).write_text(text)
        assert read_structure(tmp_path / name).type_names == {1: "O"}
    with pytest.raises(TrajectoryError, match="no such file"):
        read_structure(tmp_path / "gone.data")
