"""Slabs of any metal, facet, compound and file: plane spacings, areas and numbers of atoms known on paper."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, graphene, make_supercell, surface
from ase.constraints import FixAtoms
from ase.data import atomic_numbers, reference_states
from ase.neighborlist import neighbor_list
from ase.spacegroup import crystal as crystal_of
from numpy.testing import assert_allclose
from pydantic import ValidationError

from lmpdrive.config.miller import canonical, miller
from lmpdrive.config.sections import Build
from lmpdrive.config.substances import ATOMIC_IONS_E, BCC, FCC, HCP
from lmpdrive.errors import StructureError
from lmpdrive.system.building.make_slab import make_slab
from lmpdrive.system.building.primitive import primitive
from lmpdrive.system.building.slab import Slab


def slab_of(**keys) -> Slab:
    return make_slab(Build.model_validate(keys))


def layer_heights(slab: Slab) -> np.ndarray:
    return np.array([slab.atoms.positions[layer, 2].mean() for layer in slab.layers])


def shortest(atoms: Atoms) -> float:
    return float(neighbor_list("d", atoms, 4.0).min())


def test_metals_and_their_structures_are_those_of_ase():
    for structure, metals in {"fcc": FCC, "bcc": BCC, "hcp": HCP}.items():
        assert {reference_states[atomic_numbers[metal]]["symmetry"] for metal in metals} == {structure}
    assert set(ATOMIC_IONS_E) - {"F", "Cl", "Br", "I", "Mn"} <= {*FCC, *BCC, *HCP}


# spacing of the layers and area of the surface cell, in lattice constants
LOW = {
    ("Fe", "110"): (2**-0.5, 2**-0.5),
    ("W", "100"): (0.5, 1.0),
    ("Mo", "111"): (12**-0.5, 3**0.5),
    ("Al", "110"): (8**-0.5, 2**-0.5),
}


@pytest.mark.parametrize(("metal", "facet"), LOW)
def test_planes_of_cubic_metals(metal, facet):
    spacing, area = LOW[metal, facet]
    a = reference_states[atomic_numbers[metal]]["a"]
    slab = slab_of(metal=metal, facet=facet, repeat=(4, 4), layers=5)
    assert_allclose(np.diff(layer_heights(slab)), a * spacing)
    assert_allclose(slab.area_A2, 16 * area * a**2)
    assert [len(layer) for layer in slab.layers] == [16] * 5
    assert slab.name == f"{metal}({facet})"


def test_the_default_facet_is_the_closest_packed_one():
    assert [slab_of(metal=m).name for m in ("Cu", "Cr", "Zn")] == ["Cu(111)", "Cr(110)", "Zn(0001)"]


@pytest.mark.parametrize("facet", ["0001", "001", [0, 0, 0, 1]])
def test_hcp_basal_planes_are_half_of_c_apart(facet):
    slab = slab_of(metal="Ti", facet=facet, repeat=(4, 4), lattice_constant_A=2.95, c_over_a=1.6)
    assert_allclose(np.diff(layer_heights(slab)), 1.6 * 2.95 / 2)
    assert_allclose(slab.area_A2, 16 * 2.95**2 * np.sqrt(0.75))


def test_the_prism_face_of_hcp_ends_with_its_closely_spaced_planes():
    slab = slab_of(metal="Zr", facet="10-10", repeat=(3, 2), layers=3)
    a, c = 3.23, 3.23 * 1.593
    assert_allclose(np.sort(slab.atoms.cell.lengths()[:2]), np.sort([3 * a, 2 * c]))
    z = np.unique(slab.atoms.positions[:, 2].round(6))
    # a √3/6 inside a pair, a √3/3 between pairs
    assert_allclose(np.diff(z), np.array([1, 2, 1, 2, 1]) * a * np.sqrt(3) / 6, atol=1e-5)
    assert [len(layer) for layer in slab.layers] == [12] * 3


# hkl -> surface cell (two lengths in units of a) of the smallest orthogonal cell, planes in a layer
STEPPED = {
    "211": (2**-0.5, 3**0.5, 3),  # step edge [0-11], terrace [-111]
    "311": (2**-0.5, (11 / 2) ** 0.5, 2),
    "221": (2**-0.5, 4.5**0.5, 4),
    "210": (1.0, 5**0.5, 3),
}


@pytest.mark.parametrize("facet", STEPPED)
def test_stepped_facets_of_copper(facet):
    along, across, planes = STEPPED[facet]
    slab = slab_of(metal="Cu", facet=facet, repeat=(4, 2), layers=3)
    a = 3.61
    assert_allclose(slab.atoms.cell.lengths()[:2], (4 * along * a, 2 * across * a))
    assert_allclose(slab.atoms.cell.angles(), 90)
    assert len(slab.atoms) * a**3 / 4 == pytest.approx(slab.area_A2 * 3 * np.diff(layer_heights(slab))[0])
    h, k, last = miller(facet)
    spacing = a / np.sqrt(h**2 + k**2 + last**2) / (1 if (h % 2, k % 2, last % 2) == (1, 1, 1) else 2)
    assert_allclose(np.diff(np.unique(slab.atoms.positions[:, 2].round(5))), spacing, atol=2e-5)
    assert_allclose(np.diff(layer_heights(slab)), planes * spacing)
    assert shortest(slab.atoms) == pytest.approx(a / np.sqrt(2))


def test_a_facet_without_a_small_orthogonal_cell_has_a_reduced_one():
    slab = slab_of(metal="Cu", facet="643", repeat=(1, 1), layers=2)
    a, b, _ = np.asarray(slab.atoms.cell)
    assert a[1] == a[2] == b[2] == 0 and abs(b[0]) <= a[0] / 2 + 1e-9
    assert slab.area_A2 == pytest.approx(3.61**2 * np.sqrt(61) / 2)
    assert shortest(slab.atoms) == pytest.approx(3.61 / np.sqrt(2))


@pytest.mark.parametrize(("layers", "name"), [(1, "graphene"), (3, "graphene"), (4, "graphite")])
def test_carbon_sheets_are_stacked_ab(layers, name):
    slab = slab_of(slab=name, layers=layers)
    assert_allclose(np.diff(layer_heights(slab)), 3.3555)
    assert [len(layer) for layer in slab.layers] == [32] * layers  # 4 x 2 cells of 4 atoms
    assert shortest(slab.atoms) == pytest.approx(2.464 / np.sqrt(3))
    bonds = np.bincount(neighbor_list("i", slab.atoms, 1.6))
    assert set(bonds.tolist()) == {3}
    # in AB stacking half of the atoms have one straight below them
    if layers > 1:
        low, high = (slab.atoms.positions[layer, :2] for layer in slab.layers[:2])
        apart = np.linalg.norm(low[:, None] - high[None], axis=-1).min(axis=1)
        assert np.sum(apart < 0.01) == 16
        assert_allclose(
            np.sort(slab.atoms.positions[slab.layers[0], :2], axis=0),
            np.sort(slab.atoms.positions[slab.layers[2], :2], axis=0),
        )


@pytest.mark.parametrize(
    ("name", "a", "c", "u"), [("TiO2(110)", 4.593, 2.959, 0.3051), ("RuO2(110)", 4.4919, 3.1066, 0.3058)]
)
def test_rutile_110_is_made_of_stoichiometric_trilayers_that_end_with_bridging_oxygen(name, a, c, u):
    slab = slab_of(slab=name, layers=3)
    assert_allclose(slab.atoms.cell.lengths()[:2], (4 * c, 2 * a * np.sqrt(2)))
    metal, oxygen = slab.atoms.numbers != 8, slab.atoms.numbers == 8
    for layer in slab.layers:
        assert np.sum(oxygen[layer]) == 2 * np.sum(metal[layer]) == 32
    z = slab.atoms.positions[:, 2]
    top, plane = z.max(), z[metal].max()
    # bridging O above the plane: (u, u, 0) is 2 u a/√2 up, less the spacing a/√2 of the planes
    assert_allclose(top - plane, (1 - 2 * u) * a / np.sqrt(2), atol=1e-6)
    assert_allclose(np.diff(np.unique(z[metal].round(5))), a / np.sqrt(2), atol=2e-5)
    # a symmetric slab: the lower face ends the same way
    assert_allclose(z[metal].min() - z.min(), top - plane, atol=1e-6)


def write(path, atoms):
    atoms.write(path)
    return str(path)


def test_a_slab_from_a_file_is_taken_as_it_is(tmp_path):
    made = fcc111("Pt", (2, 2, 4), a=3.92, vacuum=6)
    made.pbc = True
    made.set_constraint(FixAtoms([0, 1, 2, 3]))
    made.write(tmp_path / "POSCAR", format="vasp")
    slab = slab_of(slab=str(tmp_path / "POSCAR"), repeat=(2, 2))
    assert len(slab.atoms) == 64 and slab.name == "Pt slab of POSCAR"
    assert len(slab.fixed) == 16
    assert_allclose(slab.atoms.positions[slab.fixed, 2], 1.0)
    assert slab.thickness_A == pytest.approx(3 * 3.92 / np.sqrt(3))
    assert slab.area_A2 == pytest.approx(4 * made.cell.areas()[2])
    assert shortest(slab.atoms) == pytest.approx(3.92 / np.sqrt(2), abs=1e-5)


def test_a_slab_that_lies_askew_and_across_the_boundary_is_set_upright(tmp_path):
    made = fcc111("Al", (3, 3, 3), a=4.05, vacuum=8)
    made.pbc = True
    made.info.clear()  # ASE cannot write what it put there
    turned = made.copy()
    turned.positions[:, 2] += 7
    turned.cell[2, 0] += 1.7  # c is not the normal
    turned.wrap()
    turned.rotate(40, (1, 2, 3), rotate_cell=True)
    turned.write(tmp_path / "askew.xyz")
    slab = slab_of(slab=str(tmp_path / "askew.xyz"), repeat=(1, 1))
    cell = np.asarray(slab.atoms.cell)
    assert cell[0, 1] == cell[0, 2] == cell[1, 2] == cell[2, 0] == cell[2, 1] == 0
    assert slab.thickness_A == pytest.approx(2 * 4.05 / np.sqrt(3), abs=1e-6)
    ours, theirs = (np.sort(neighbor_list("d", atoms, 4.5)) for atoms in (slab.atoms, made))
    assert_allclose(ours, theirs, atol=1e-6)


def hydroxylated() -> Atoms:
    """Pt(111) with a hydroxyl on top of one atom."""
    made = fcc111("Pt", (3, 2, 3), a=3.92, vacuum=9, orthogonal=True)
    made.pbc = True
    made.info.clear()  # ASE cannot write what it put there
    top = made.positions[-1]
    return made + Atoms("OH", positions=top + np.array([(0, 0, 2.0), (0.9, 0, 2.3)]))


def test_adsorbates_of_a_file_are_not_of_the_slab(tmp_path):
    hydroxylated().write(tmp_path / "oh.xyz")
    slab = slab_of(slab=str(tmp_path / "oh.xyz"), repeat=(1, 2))
    assert slab.atoms[slab.adsorbed].get_chemical_formula() == "H2O2"
    assert slab.atoms[slab.own].get_chemical_formula() == "Pt36"
    clean = fcc111("Pt", (3, 2, 3), a=3.92, vacuum=9, orthogonal=True)
    clean.pbc = True
    clean.info.clear()
    clean.write(tmp_path / "clean.xyz")
    assert slab_of(slab=str(tmp_path / "clean.xyz"), repeat=(1, 2)).adsorbed is None


def test_a_complete_interface_is_no_slab(tmp_path):
    made = hydroxylated()
    film = made + Atoms("OH2", positions=made.positions[-1] + [(0, 0, 6), (0.76, 0, 6.59), (-0.76, 0, 6.59)])
    film.write(tmp_path / "film.xyz")
    with pytest.raises(StructureError, match=r"film\.xyz is more than a slab: 3 of its atoms .*system\.read"):
        slab_of(slab=str(tmp_path / "film.xyz"), repeat=(1, 2))
    second = made[:18].copy()
    second.positions[:, 2] += 11
    second.cell[2, 2] += 11
    two = Atoms(cell=second.cell, pbc=True) + made[:18] + second
    two.write(tmp_path / "two.xyz")
    with pytest.raises(StructureError, match=r"two\.xyz holds 2 slabs.*electrodes: 2"):
        slab_of(slab=str(tmp_path / "two.xyz"), repeat=(1, 2))


def test_a_slab_without_a_third_cell_vector_is_a_slab(tmp_path):
    made = graphene(size=(3, 3, 1))
    made.cell[2] = 0
    made.write(tmp_path / "graphene.xyz")
    slab = slab_of(slab=str(tmp_path / "graphene.xyz"))
    assert len(slab.atoms) == 18 and slab.thickness_A == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("crystal", "facet", "spacing"),
    [
        (bulk("Cu", cubic=True), "111", 3.61 / 3**0.5),
        (bulk("Cu"), "111", 3.61 / 3**0.5),  # of the primitive cell, whose (111) is the same plane
        (bulk("MgO", "rocksalt", a=4.21, cubic=True), "100", 4.21 / 2),
        (bulk("NaCl", "rocksalt", a=5.64, cubic=True), "110", 5.64 / 2**0.5),
        (bulk("Fe", cubic=True).repeat((2, 1, 1)), "110", None),
    ],
)
def test_a_crystal_from_a_file_is_cut(tmp_path, crystal, facet, spacing):
    slab = slab_of(slab=write(tmp_path / "crystal.cif", crystal), facet=facet, layers=4, repeat=(3, 3))
    heights = layer_heights(slab)
    if spacing is not None:
        assert_allclose(np.diff(heights), spacing, rtol=1e-5)
    volume = crystal.get_volume() / len(crystal)
    assert len(slab.atoms) * volume == pytest.approx(slab.area_A2 * 4 * np.diff(heights)[0], rel=1e-4)
    assert shortest(slab.atoms) == pytest.approx(float(neighbor_list("d", crystal, 4.5).min()), rel=1e-4)
    contents = {slab.atoms[layer].get_chemical_formula(empirical=True) for layer in slab.layers}
    assert contents == {crystal.get_chemical_formula(empirical=True)}


def test_corundum_ends_with_a_single_metal_on_both_faces(tmp_path):
    hematite = crystal_of(
        ["Fe", "O"], [(0, 0, 0.3553), (0.3059, 0, 0.25)], spacegroup=167, cellpar=(5.035, 5.035, 13.747, 90, 90, 120)
    )
    slab = slab_of(slab=write(tmp_path / "hematite.cif", hematite), facet="0001", layers=3, repeat=(1, 1))
    z, metal = slab.atoms.positions[:, 2], slab.atoms.numbers == 26
    per_plane = round(slab.area_A2 / (5.035**2 * np.sqrt(0.75)))  # one Fe in each hexagonal cell
    for plane in (z < z.min() + 0.1, z > z.max() - 0.1):
        assert metal[plane].all() and plane.sum() == per_plane
    assert slab.notes == ()
    assert np.sum(~metal) == 1.5 * np.sum(metal)


def test_a_polar_slab_is_said_to_be_one(tmp_path):
    zincite = bulk("ZnO", "wurtzite", a=3.25, c=5.2)
    path = write(tmp_path / "zno.cif", zincite)
    polar = slab_of(slab=path, facet="0001", layers=2, repeat=(2, 2))
    assert "ZnO(0001) ends with" in polar.notes[0] and "its faces differ" in polar.notes[0]
    assert slab_of(slab=path, facet="10-10", layers=2, repeat=(2, 2)).notes == ()
    assert len(polar.atoms) == 2 * 2 * 4 * 4


@pytest.mark.parametrize("skew", [(2, 0), (3, 1), (-4, 2)])
def test_the_choice_of_the_file_s_cell_does_not_matter(tmp_path, skew):
    crystal = bulk("MgO", "rocksalt", a=4.21, cubic=True)
    other = make_supercell(crystal, [[1, 0, 0], [skew[0], 1, 0], [skew[1], 0, 1]])
    path = write(tmp_path / "mgo.xyz", other)
    # (h k l) of the new cell: its vectors have these heights above the plane (1 1 0) of the old one
    hkl = [1, skew[0] + 1, skew[1]]
    ours = slab_of(slab=path, facet=hkl, layers=3, repeat=(3, 2))
    theirs = slab_of(slab=write(tmp_path / "plain.xyz", crystal), facet="110", layers=3, repeat=(3, 2))
    assert_allclose(ours.atoms.cell.lengths(), theirs.atoms.cell.lengths(), rtol=1e-6)
    assert len(ours.atoms) == len(theirs.atoms)


def test_the_primitive_cell_of_centred_lattices():
    for crystal, n in (
        (bulk("Cu", cubic=True), 1),
        (bulk("Fe", cubic=True), 1),
        (bulk("MgO", "rocksalt", a=4.2, cubic=True), 2),
    ):
        small = primitive(crystal.repeat((2, 1, 3)))
        assert len(small) == n
        assert small.get_volume() / n == pytest.approx(crystal.get_volume() / len(crystal))


def test_files_that_are_no_slab_are_refused_with_the_reason(tmp_path):
    slab = surface(bulk("Cu", cubic=True), (1, 0, 0), 3, vacuum=8)
    slab.pbc = True
    sideways = Atoms(
        slab.numbers,
        scaled_positions=slab.get_scaled_positions()[:, [2, 0, 1]],
        cell=slab.cell.lengths()[[2, 0, 1]],
        pbc=True,
    )
    wire = slab.repeat((1, 3, 1))
    wire.cell[0, 0] += 9
    molecule = Atoms("OH2", positions=[(0, 0, 0), (0.76, 0.59, 0), (-0.76, 0.59, 0)])
    overlapping = slab + Atoms("Cu", positions=[slab.positions[0] + 0.1])
    for atoms, keys, words in (
        (bulk("Cu", cubic=True), {}, "is a bulk crystal.*facet"),
        (sideways, {}, "must be along c, but the empty stretches are .* along a"),
        (wire, {}, "no slab but a wire or a cluster: 10.8 Å along a"),
        (molecule, {}, "no periodic cell along a and b.*cell"),
        (slab, {"facet": "111", "layers": 3}, "not a crystal to be cut.*Leave out facet"),
        (overlapping, {}, "atoms overlap"),
    ):
        atoms.write(tmp_path / "file.xyz")
        with pytest.raises(StructureError, match=words):
            slab_of(slab=str(tmp_path / "file.xyz"), **keys)
    (tmp_path / "file.xyz").write_text("nonsense")
    with pytest.raises(StructureError, match="not a structure that ASE can read"):
        slab_of(slab=str(tmp_path / "file.xyz"))
    with pytest.raises(StructureError, match="there is no file"):
        slab_of(slab=str(tmp_path / "missing.cif"))


@pytest.mark.parametrize("name", ["POSCAR", "CONTCAR_relaxed", "slab.cif", "./slab", "folder/slab"])
def test_what_is_taken_for_a_file(name):
    assert Build(slab=name).slab == name


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        (111, "111"),
        ("0001", "0001"),
        ("10-10", "10-10"),
        ("(2 1 1)", "211"),
        ([1, 1, -2, 0], "11-20"),
        ([10, 0, 1], "10 0 1"),
        (-110, "-110"),
    ],
)
def test_miller_indices_are_spelt_one_way(value, spelt):
    assert canonical(value) == spelt
    assert canonical(spelt) == spelt


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"metal": "Xe"}, "no fcc, bcc or hcp metal 'Xe'.*Choices.*slab: my-slab.cif"),
        ({"metal": "Pd", "facet": "11"}, "11 is no facet"),
        ({"metal": "Pd", "facet": "000"}, "one Miller index must differ"),
        ({"metal": "Ti", "facet": "1010"}, r"minus the sum of the first two: \[1, 0, -1, 0\]"),
        ({"metal": "Fe", "c_over_a": 1.6}, "c_over_a is for hcp metals only"),
        ({"slab": "grafene"}, "did you mean 'graphene'.*TiO2"),
        ({"slab": "graphite", "facet": "111"}, "has its surface already"),
        ({"slab": "graphite", "lattice_constant_A": 2.5}, "lattice_constant_A is for metals only"),
        ({"slab": "a.cif", "layers": 3}, "give both, or neither"),
        ({"metal": "Fe", "slab": "graphite"}, "exactly one of metal:, slab: and liquid:, not metal and slab"),
        ({"metal": None}, "not none"),
    ],
)
def test_what_the_yaml_cannot_mean(keys, words):
    with pytest.raises(ValidationError, match=words):
        Build.model_validate(keys)


def test_a_narrow_cell_is_refused():
    with pytest.raises(StructureError, match=r"2\.96 x 6\.50 Å; at least 5 Å.*repeat more"):
        slab_of(slab="TiO2(110)", repeat=(1, 1))
