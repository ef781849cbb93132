"""Structures from files: formats, elements, layers, water, and bad files."""

import re
import struct
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.constraints import FixAtoms
from ase.spacegroup import crystal
from numpy.testing import assert_allclose, assert_array_equal

from lmpdrive.errors import StructureError
from lmpdrive.system import write_data
from lmpdrive.system.read import read
from tests.system.real_lammps import COEFFICIENTS, PAIR, SETUP, lammps

REFERENCE = Path(__file__).parents[3] / "shared/data/pt-water-rpbe-d3/equilibrated-start.xyz"


def interface(shift_z: float = 0.0, orthogonal: bool = True) -> Atoms:
    """Pt(111) 4x4x3 with two waters, one hydroxide, one hydronium and an adsorbed H; 30 Å high."""
    slab = fcc111("Pt", (4, 4, 3), a=3.97, orthogonal=orthogonal)
    slab.set_cell([*slab.cell[:2], (0, 0, 30)])
    slab.positions += (0.3, 0.3, 2.0)
    top = slab.positions[:, 2].max()
    water = molecule("H2O")
    for k, (x, y) in enumerate([(1, 1), (5, 1), (1, 5), (5, 5)]):
        one = water.copy()
        if k == 2:
            del one[2]
        one.positions += (x, y, top + 4) - one.positions[0]
        slab += one
    slab += Atoms("HH", positions=[(5, 5, top + 4.98), (8, 8, top + 1)])
    slab.positions[:, 2] += shift_z
    slab.set_pbc(True)
    slab.wrap()
    return slab


def cristobalite() -> Atoms:
    """Ideal β-cristobalite, 8 SiO2 in a cube of 7.16 Å."""
    return crystal(("Si", "O"), [(0, 0, 0), (1 / 8, 1 / 8, 1 / 8)], spacegroup=227, cellpar=[7.16] * 3 + [90] * 3)


def save(atoms: Atoms, path: Path) -> Path:
    ase.io.write(path, atoms)
    return path


@pytest.mark.parametrize("orthogonal", [True, False])
@pytest.mark.parametrize("shift", [0.0, -4.0, 14.0, 27.0])
def test_species_and_layers_are_found_wherever_the_slab_lies(shift, orthogonal, tmp_path):
    system = read(save(interface(shift, orthogonal), tmp_path / "start.xyz"), fixed_layers=1)
    report = system.report
    assert (report.waters, report.hydroxides, report.hydroniums, report.loose_hydrogens) == (2, 1, 1, 1)
    assert report.layers == 3 and not system.two_sided
    assert_array_equal(system.groups["fixed"], np.arange(16))  # ASE numbers from the bottom
    z = [system.atoms.positions[system.groups[f"layer_{k}"], 2].mean() for k in (1, 2, 3)]
    assert_allclose(np.diff(z), 3.97 / np.sqrt(3), atol=1e-6)  # whole, whatever the shift
    text = "\n".join(report.lines())
    assert "1 hydroxide, 1 hydronium, 1 H not bound to O" in text


def test_an_atom_that_left_the_slab_is_in_no_layer(tmp_path):
    atoms = interface()
    atoms += Atoms("Pt", positions=[(2.0, 6.5, 20.0)])
    atoms.positions[40, 2] += 0.9  # and one that sticks out belongs to its layer
    system = read(save(atoms, tmp_path / "start.xyz"))
    assert [len(system.groups[f"layer_{k}"]) for k in (1, 2, 3)] == [16, 16, 16]
    assert 40 in system.groups["layer_3"]
    assert len(system.groups["metal"]) == 48 and len(system.groups["ion_Pt"]) == 1
    assert any("charge of Pt is not known" in note for note in system.report.notes)


def test_thermal_noise_does_not_split_layers(tmp_path):
    atoms = interface()
    atoms.positions[:48] += np.random.default_rng(3).normal(scale=0.2, size=(48, 3))
    system = read(save(atoms, tmp_path / "start.xyz"))
    assert [len(system.groups[f"layer_{k}"]) for k in (1, 2, 3)] == [16, 16, 16]


def test_constraints_of_the_file_win_and_velocities_are_kept(tmp_path):
    atoms = interface()
    atoms.set_constraint(FixAtoms([0, 5, 47]))
    atoms.set_velocities(np.full((len(atoms), 3), 0.01))
    ase.io.write(tmp_path / "start.traj", atoms)
    system = read(tmp_path / "start.traj", fixed_layers=2)
    assert_array_equal(system.groups["fixed"], [0, 5, 47])
    assert_allclose(system.atoms.get_velocities()[8], 0.01)
    assert not system.atoms.constraints


def test_the_last_frame_of_several_is_taken(tmp_path):
    first, last = interface(), interface()
    last.positions[50] += 0.01
    ase.io.write(tmp_path / "many.xyz", [first, last])
    assert_allclose(read(tmp_path / "many.xyz").atoms.positions[50], last.positions[50], atol=1e-6)


def test_two_sided_is_seen_from_the_vacuum_and_can_be_said(tmp_path):
    atoms = interface()
    atoms.set_cell([*atoms.cell[:2], (0, 0, 17.0)])
    path = save(atoms, tmp_path / "start.xyz")
    assert read(path).two_sided
    assert not read(path, two_sided=False).two_sided


def test_bulk_water_needs_no_metal(tmp_path):
    water = molecule("H2O", cell=(3.1, 3.1, 3.1), pbc=True)
    water.center()
    system = read(save(water.repeat((3, 3, 3)), tmp_path / "water.xyz"), fixed_layers=2)
    assert len(system.water_molecules) == 27 and system.elements == ("H", "O")
    assert len(system.groups["metal"]) == len(system.groups["fixed"]) == 0
    assert "layer_1" not in system.groups
    assert_allclose(system.report.bulk_water_density_g_per_cm3, 1.0041, rtol=1e-3)


@pytest.mark.parametrize("style", ["atomic", "full"])
def test_a_data_file_comes_back_as_it_was_written(style, tmp_path):
    system = read(save(interface(), tmp_path / "start.xyz"))
    write_data(system, tmp_path / "start.data", style)
    again = read(tmp_path / "start.data")
    assert again.species == system.species
    assert_allclose(again.atoms.positions, system.atoms.positions, atol=1e-10)


def data_file(masses: str, style: str = "charge", row: str = "{i} {t} 0.5 {z} 1 {z}") -> str:
    atoms = "\n".join(row.format(i=i, t=t, z=2.5 * i) for i, t in ((2, 1), (1, 2)))  # not in order
    box = "-1 9 xlo xhi\n-1 9 ylo yhi\n-1 9 zlo zhi\n"
    return f"made by hand\n\n2 atoms\n2 atom types\n{box}\nMasses\n\n{masses}\n\nAtoms # {style}\n\n{atoms}\n"


@pytest.mark.parametrize(
    "masses, elements",
    [
        ("1 196.97 # Au\n2 22.99 # Na", None),
        ("1 196.97\n2 22.99", None),
        ("1 196.97\n2 22.99", ["Au", "Na"]),
    ],
)
def test_elements_of_data_files(masses, elements, tmp_path):
    (tmp_path / "x.data").write_text(data_file(masses))
    system = read(tmp_path / "x.data", elements=elements)
    assert system.species == ("Na", "Au")  # by id, not by line
    assert_allclose(system.atoms.positions, [[3.5, 2, 3.5], [6.0, 2, 6.0]])  # the box began at -1


@pytest.mark.parametrize(
    "text, elements, words",
    [
        (data_file("1 59.5\n2 22.99"), None, ("type 1 is unknown", "mass 59.5", "system.elements")),
        (data_file("1 196.97\n2 22.99"), ["Au"], ("1 elements for 2 types",)),
        (data_file("1 196.97\n2 22.99"), ["Au", "Xx"], ("Xx is no element",)),
        (data_file("1 196.97\n2 22.99"), ["Na", "Au"], ("type 1 is called Na", "that of Au")),
        (data_file("1 196.97 # Au\n2 22.99 # Na"), ["Pt", "Na"], ("says Pt for type 1", "says Au")),
        (data_file("1 196.97\n2 22.99", style="sphere"), None, ("sphere", "atomic, charge")),
        ("nothing\n", None, ("not a LAMMPS data file", "atom types")),
        (data_file("1 196.97\n2 22.99").replace("made by hand", "x, units = lj"), None, ("units lj", "metal and real")),
        (data_file("1 196.97\n2 22.99", row="{i} {t} 0.5 3 3 3"), None, ("atoms overlap", "Na (id 1) and Au (id 2)")),
    ],
)
def test_bad_data_files(text, elements, words, tmp_path):
    (tmp_path / "data.bad").write_text(text)
    with pytest.raises(StructureError) as caught:
        read(tmp_path / "data.bad", elements=elements)
    for word in ("data.bad", *words):
        assert word in str(caught.value)


@pytest.mark.parametrize("style", ["atomic", "full"])
def test_a_restart_file_of_the_real_lammps(style, tmp_path):
    system = read(save(interface(), tmp_path / "start.xyz"))
    write_data(system, tmp_path / "start.data", style)
    lammps(
        SETUP[style]
        + "read_data start.data\n"
        + COEFFICIENTS[style]
        + PAIR
        + "velocity all create 300 1\nrun 0\nwrite_restart a.restart\n",
        tmp_path,
    )
    again = read(tmp_path / "a.restart")
    assert again.species == system.species
    assert_allclose(again.atoms.positions, system.atoms.positions, atol=1e-9)
    assert_allclose(again.atoms.get_temperature(), 300, rtol=0.05)
    (tmp_path / "broken.restart").write_bytes((tmp_path / "a.restart").read_bytes()[:200])
    with pytest.raises(StructureError, match=r"broken\.restart cannot be read as a LAMMPS restart file"):
        read(tmp_path / "broken.restart")


def test_a_restart_file_needs_no_kspace_settings(tmp_path):
    system = read(save(interface(), tmp_path / "start.xyz"))
    write_data(system, tmp_path / "start.data", "full")
    bonded = SETUP["full"].replace("zero", "harmonic")
    long_range = "pair_style lj/cut/coul/long 5\npair_coeff * * 0 1\nkspace_style pppm 1e-3\n"
    charges = "set type 1 charge 0.1\nset type 2 charge -0.1\n"
    coefficients = "bond_coeff 1 20 1\nangle_coeff 1 3 109\n"
    lammps(
        bonded + "read_data start.data\n" + coefficients + long_range + charges + "run 0\nwrite_restart md.restart.0\n",
        tmp_path,
    )
    assert_allclose(read(tmp_path / "md.restart.0").atoms.positions, system.atoms.positions, atol=1e-9)


def test_a_restart_file_of_a_plugin_is_read_without_the_plugin(tmp_path):
    system = read(save(interface(), tmp_path / "start.xyz"))
    write_data(system, tmp_path / "start.data")
    (tmp_path / "pairs").write_text("1 2 harmonic 1.0 2.8\n")
    lammps(
        SETUP["atomic"] + "read_data start.data\npair_style list pairs 5.0\npair_coeff * *\n"
        "run 0\nwrite_restart plain.restart\n",
        tmp_path,
    )
    # deepmd's plugin stores its name and nothing else under flag 39; `list` does so under flag 59
    content = (tmp_path / "plain.restart").read_bytes()
    listed, plugin = struct.pack("=ii", 59, 5) + b"list\0", struct.pack("=ii", 39, 7) + b"deepmx\0"
    assert content.count(listed) == 1
    (tmp_path / "dp.restart").write_bytes(content.replace(listed, plugin))
    again = read(tmp_path / "dp.restart")
    assert again.species == system.species
    assert_allclose(again.atoms.positions, system.atoms.positions, atol=1e-9)


def test_no_cell_open_boundaries_and_nonsense(tmp_path):
    with pytest.raises(StructureError, match=r"no three-dimensional cell.*a\.cell ="):
        read(save(molecule("H2O"), tmp_path / "water.xyz"))
    atoms = interface()
    atoms.pbc = (True, True, False)
    with pytest.raises(StructureError, match=r"not periodic along z \(pbc T T F\).*a\.pbc = True"):
        read(save(atoms, tmp_path / "open.xyz"))
    (tmp_path / "what.xyz").write_text("this is no structure\n")
    with pytest.raises(StructureError, match=r"what\.xyz is not a structure that ASE can read.*Choices: extxyz"):
        read(tmp_path / "what.xyz")
    (tmp_path / "empty.xyz").write_text("")
    with pytest.raises(StructureError, match=r"empty\.xyz is not a structure"):
        read(tmp_path / "empty.xyz")


def test_overlapping_atoms_in_a_file(tmp_path):
    atoms = interface()
    atoms.positions[50] = atoms.positions[0] + (0, 0, 0.2)
    with pytest.raises(StructureError, match=r"bad\.xyz: atoms overlap: Pt \(id 1\) and H \(id 51\) are 0\.200 Å"):
        read(save(atoms, tmp_path / "bad.xyz"))


@pytest.mark.skipif(not REFERENCE.exists(), reason="../shared is not beside this checkout")
def test_the_equilibrated_platinum_interface():
    system = read(REFERENCE, fixed_layers=1)
    assert len(system.atoms) == 146 and system.report.layers == 4 and system.report.waters == 27
    assert_array_equal(system.groups["fixed"], np.arange(32))  # as its constraints say
    assert system.atoms.has("momenta") and not system.two_sided


@pytest.mark.parametrize(
    ("atoms", "density"), [(bulk("Al", cubic=True) * (4, 4, 4), 2.698), (cristobalite(), 2.174)], ids=["Al", "SiO2"]
)
def test_what_fills_the_cell_is_no_slab(tmp_path, atoms, density):
    """A metal without any room beside it is no electrode: no layers, nothing fixed, and no talk of water."""
    system = read(save(atoms, tmp_path / "start.xyz"), fixed_layers=2)
    assert system.report.is_bulk and not system.report.layers and not len(system.groups["metal"])
    assert not len(system.groups["fixed"]) and len(system.groups["mobile"]) == len(atoms)
    assert system.report.mass_density_g_per_cm3 == pytest.approx(density, abs=0.01)
    text = "\n".join(system.report.lines())
    assert "a bulk phase" in text and not re.search("layer|wet|water,|other O|area", text)
