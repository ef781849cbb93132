"""What write_data writes is what the real LAMMPS then holds."""

import io

import numpy as np
import pytest
from ase import Atoms
from numpy.testing import assert_allclose, assert_array_equal

from lmpdrive.config.sections import Build
from lmpdrive.errors import StructureError
from lmpdrive.system import write_data
from lmpdrive.system.assemble import assemble
from lmpdrive.system.build import build
from tests.system.real_lammps import COEFFICIENTS, PAIR, SETUP, lammps


@pytest.fixture(scope="module")
def system():
    return build(Build(lattice_constant_A=4.20, ions={"Na": 3}), fixed_layers=2)


@pytest.mark.parametrize("style", ["atomic", "full"])
def test_lammps_reads_back_the_same_system(system, style, tmp_path):
    charges = np.linspace(-1, 1, len(system.atoms)) if style == "full" else None
    write_data(system, tmp_path / "system.data", style, charges)
    held = lammps(SETUP[style] + "read_data system.data\n" + COEFFICIENTS[style] + PAIR + "run 0\n", tmp_path)
    assert held["id"] == list(range(1, 379))
    assert_array_equal(held["type"], system.types)
    assert_allclose(held["x"], system.atoms.positions, atol=1e-10)
    assert_allclose(held["box"][:2], [[0, 0, 0], system.atoms.cell.lengths()], atol=1e-10)
    assert_allclose(held["mass"], [row.mass_u for row in system.table()], atol=1e-6)
    if style == "full":
        assert_allclose(held["q"], charges, atol=1e-12)
        assert (held["nbonds"], held["nangles"]) == (2 * 93, 93)
        molecule = np.array(held["molecule"])
        assert_array_equal(molecule[system.water_molecules], np.tile(np.arange(1, 94)[:, None], 3))
        assert not molecule[system.groups["metal"]].any() and not molecule[system.groups["ions"]].any()


def test_a_general_cell_is_turned_into_lammps_box_with_its_velocities(tmp_path):
    from ase import units

    random = np.random.default_rng(0)
    cell = np.array([[1.0, 7.0, 0.5], [-6.0, 1.5, 0.0], [0.3, 0.2, 9.0]])  # left of LAMMPS' convention
    cell = cell[[1, 0, 2]] * [[-1], [1], [1]] if np.linalg.det(cell) < 0 else cell
    atoms = Atoms("ArKrXeNe", scaled_positions=random.random((4, 3)), cell=cell, pbc=True)
    atoms.set_velocities(random.normal(size=(4, 3)))
    system = assemble(atoms, source="test", fixed_layers=0, two_sided=None)
    write_data(system, tmp_path / "system.data")
    held = lammps(SETUP["atomic"] + "read_data system.data\n" + PAIR + "run 0\n", tmp_path)
    assert_allclose(held["x"], system.atoms.positions, atol=1e-10)
    assert_allclose(held["v"], system.atoms.get_velocities() * 1000 * units.fs, rtol=1e-10)
    assert_allclose(held["box"][2:5], [system.atoms.cell[1, 0], system.atoms.cell[2, 1], system.atoms.cell[2, 0]])
    # turning the frame changes no distance and no speed
    assert_allclose(system.atoms.get_all_distances(mic=True), atoms.get_all_distances(mic=True), atol=1e-9)
    assert_allclose(
        np.linalg.norm(system.atoms.get_velocities(), axis=1), np.linalg.norm(atoms.get_velocities(), axis=1)
    )


def test_the_text_is_the_same_each_time_and_names_its_elements(system):
    one, two = io.StringIO(), io.StringIO()
    write_data(system, one, "full")
    write_data(system, two, "full")
    assert one.getvalue() == two.getvalue()
    assert one.getvalue().startswith("LAMMPS data file written by lmpdrive")
    for row in ("1 196.966569 # Au", "2 1.008000 # H", "3 22.989769 # Na", "4 15.999000 # O", "Atoms # full"):
        assert f"\n{row}\n" in one.getvalue()
    assert "Velocities" not in one.getvalue()


def test_wrong_style_or_number_of_charges(system):
    with pytest.raises(StructureError, match="3 charges for 378 atoms"):
        write_data(system, io.StringIO(), "full", [0, 0, 0])
    with pytest.raises(StructureError, match="'molecular' cannot be written: choose atomic or full"):
        write_data(system, io.StringIO(), "molecular")
