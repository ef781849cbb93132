"""Constraints of files: whole atoms are fixed, others are named."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111
from ase.constraints import FixAtoms, FixBondLength, FixCartesian, FixedPlane, FixScaled
from ase.io import read, write

from lmpdrive.system.constraints import fixed_atoms, notes_on_constraints
from lmpdrive.system.read import read as read_system


def chain(*constraints) -> Atoms:
    atoms = Atoms("Cu5", positions=[(3 * i, 0, 0) for i in range(5)], cell=(15, 5, 5), pbc=True)
    atoms.set_constraint(list(constraints))
    return atoms


@pytest.mark.parametrize(
    ("constraints", "fixed"),
    [
        ((FixAtoms([3, 1]),), [1, 3]),
        ((FixAtoms([0]), FixAtoms([2, 0])), [0, 2]),
        ((FixCartesian([1, 2]),), [1, 2]),
        ((FixScaled([4], mask=(True, True, True)),), [4]),
        ((FixAtoms([0]), FixCartesian([1], mask=(False, False, True))), [0]),
    ],
)
def test_whole_atoms_are_fixed(constraints, fixed):
    assert fixed_atoms(chain(*constraints)).tolist() == fixed


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        (FixCartesian([1, 2], mask=(False, False, True)), "holds 2 atoms along z only"),
        (FixCartesian(1, mask=(True, True, False)), "holds 1 atoms along x and y only"),
        (FixScaled([0, 3], mask=(True, False, False)), "holds 2 atoms along a only"),
        (FixedPlane([1, 2], (0, 0, 1)), "holds 2 atoms by a constraint (FixedPlane)"),
        (FixBondLength(0, 1), "holds 2 atoms by a constraint (FixBondLength"),
    ],
)
def test_constraints_that_cannot_be_kept_are_said_with_the_cure(constraint, words):
    atoms = chain(constraint)
    assert fixed_atoms(atoms) is None
    (note,) = notes_on_constraints(atoms, "start.xyz")
    assert note.startswith("start.xyz " + words) and "not kept" in note and "F F F" in note


def test_nothing_is_said_of_what_is_kept():
    assert fixed_atoms(chain()) is None and notes_on_constraints(chain(), "a") == ()
    assert notes_on_constraints(chain(FixAtoms([0])), "a") == ()
    assert notes_on_constraints(chain(FixAtoms([1]), FixCartesian([1], mask=(True, False, False))), "a") == ()


def test_the_report_of_a_file_says_what_is_not_kept(tmp_path):
    atoms = fcc111("Cu", (3, 4, 3), vacuum=6, orthogonal=True)
    atoms.pbc = True
    atoms.set_constraint([FixAtoms([0, 1]), FixScaled([4, 5], mask=(True, True, False))])
    write(tmp_path / "POSCAR", atoms, format="vasp")
    system = read_system(tmp_path / "POSCAR", fixed_layers=1)
    assert len(system.groups["fixed"]) == 2
    assert any("POSCAR holds 2 atoms along a and b only, which is not kept" in line for line in system.report.lines())


def test_selective_dynamics_of_a_poscar(tmp_path):
    atoms = fcc111("Cu", (1, 1, 3), vacuum=5)
    atoms.pbc = True
    atoms.set_constraint([FixAtoms([0]), FixScaled([1], mask=(True, True, False))])
    write(tmp_path / "POSCAR", atoms, format="vasp")
    assert "T" in (tmp_path / "POSCAR").read_text()
    found = read(tmp_path / "POSCAR", format="vasp")
    assert fixed_atoms(found).tolist() == [0]
    assert np.any(["1 atoms along a and b only" in note for note in notes_on_constraints(found, "POSCAR")])
