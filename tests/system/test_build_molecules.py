"""Ions, solvents and mixtures around a slab: numbers, charges, geometries and distances known on paper."""

import importlib.util

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.neighborlist import neighbor_list
from numpy.testing import assert_allclose
from pydantic import ValidationError

from lmpdrive.config.load import validate
from lmpdrive.config.sections import Build
from lmpdrive.config.substances import ION_CHARGES_E, MOLECULAR_IONS_E, SOLVENTS
from lmpdrive.errors import StructureError
from lmpdrive.system.building.film import Film, make_film
from lmpdrive.system.building.ion_geometries import GEOMETRIES
from lmpdrive.system.building.molecules import ION_RADII_A, ion, water

SMALL = {"metal": "Ag", "repeat": (4, 4), "layers": 3}


def film_of(**keys) -> Film:
    return make_film(Build.model_validate(SMALL | keys))


def molecule_ids(film: Film) -> np.ndarray:
    """0 for the slab; one number for each molecule and ion."""
    sizes = [len(c.species.atoms) for c in film.components for _ in range(c.count)]
    sizes += [len(ion.atoms) for ion in film.ions]
    ids = np.concatenate([np.zeros(len(film.slab.atoms), dtype=int), np.repeat(np.arange(1, len(sizes) + 1), sizes)])
    assert len(ids) == len(film.atoms)
    return ids


def contact(film: Film) -> float:
    """Shortest distance [Å] between atoms of different molecules, images included."""
    ids = molecule_ids(film)
    i, j, distance = neighbor_list("ijd", film.atoms, 3.0)
    return float(distance[ids[i] != ids[j]].min())


def count(film: Film, label: str) -> int:
    return sum(c.count for c in film.components if c.species.label == label)


def test_every_molecular_ion_has_a_geometry_and_every_ion_a_radius():
    assert set(GEOMETRIES) == set(MOLECULAR_IONS_E)
    assert set(ION_RADII_A) == set(ION_CHARGES_E) - set(MOLECULAR_IONS_E)


# bonds of the centre, other bonds: number and length
BONDS = {
    "OH": (1, 0.964), "H3O": (3, 0.976), "NH4": (4, 1.03), "NO3": (3, 1.24), "ClO4": (4, 1.44), "SO4": (4, 1.47),
    "BF4": (4, 1.39), "PF6": (6, 1.60), "CO3": (3, 1.28),
}  # fmt: skip


@pytest.mark.parametrize("name", BONDS)
def test_bonds_and_angles_of_molecular_ions(name):
    n, length = BONDS[name]
    atoms = ion(name, Build(ions={name: 1})).atoms
    bonds = atoms.get_all_distances()[0, 1:]
    assert len(bonds) == n
    assert_allclose(bonds, length)
    assert_allclose(atoms.get_center_of_mass(), 0, atol=1e-12)
    angles = {3: 120.0, 4: 109.4712, 6: 90.0}
    if n > 1:
        smallest = min(atoms.get_angle(i, 0, j) for i in range(1, n + 1) for j in range(1, i))
        assert smallest == pytest.approx(111.3 if name == "H3O" else angles[n], abs=1e-3)


def test_linear_and_bent_ions():
    thiocyanate, nitrite, formate = (ion(name, Build(ions={name: 1})).atoms for name in ("SCN", "NO2", "HCOO"))
    assert thiocyanate.get_angle(1, 0, 2) == pytest.approx(180) and thiocyanate.get_chemical_formula() == "CNS"
    assert nitrite.get_angle(1, 0, 2) == pytest.approx(115)
    assert formate.get_angle(1, 0, 2) == pytest.approx(126) and formate.get_angle(1, 0, 3) == pytest.approx(117)
    assert formate.get_distance(0, 3) == pytest.approx(1.10)


def test_dihydrogenphosphate_has_two_hydroxyls():
    atoms = ion("H2PO4", Build(ions={"H2PO4": 1})).atoms
    assert atoms.get_chemical_formula() == "H2O4P"
    assert_allclose(atoms.get_distances(0, [1, 2, 3, 4]), (1.58, 1.58, 1.54, 1.54))
    assert atoms.get_distance(1, 5) == pytest.approx(0.97) == atoms.get_distance(2, 6)
    assert atoms.get_distance(5, 6) > 1.5


@pytest.mark.parametrize(("name", "longest", "hydrogens"), [("HSO4", 1.56, 1), ("HCO3", 1.35, 1), ("HPO4", 1.58, 1)])
def test_acid_anions_have_one_hydroxyl(name, longest, hydrogens):
    atoms = ion(name, Build(ions={name: 1})).atoms
    centre = atoms.get_all_distances()[0, 1:-1]
    assert centre.max() == pytest.approx(longest) == centre[0]
    assert atoms.get_distance(1, len(atoms) - 1) == pytest.approx(0.97)
    assert atoms.get_angle(0, 1, len(atoms) - 1) == pytest.approx(109.0)
    assert atoms[-1].symbol == "H" and np.sum(atoms.numbers == 1) == hydrogens


@pytest.mark.parametrize(
    ("ions", "charge", "displaced"),
    [
        ({"ClO4": 1, "H3O": 1}, 0, 3 + 1),  # five heavy atoms take the room of three waters
        ({"NH4": 2, "SO4": 1}, 0, 2 + 3),
        ({"Ca": 1, "NO3": 2}, 0, 1 + 2 * 2),
        ({"Mg": 1, "OH": 1, "PF6": 1}, 0, 1 + 1 + 4),
        ({"Na": 0, "Zn": 1}, 2, 1),
    ],
)
def test_molecular_ions_in_water(ions, charge, displaced):
    section = {"ions": ions, "water_thickness_A": 18}
    film, empty = film_of(**section), film_of(**section | {"ions": {}})
    assert sum(ion.species.charge_e for ion in film.ions) == charge
    assert count(film, "water") == count(empty, "water") - displaced
    assert contact(film) > 1.99
    assert len(film.ions) == sum(ions.values())


def test_heights_are_those_of_the_centres_of_mass():
    film = film_of(ions={"ClO4": 1, "NH4": 1}, ion_heights_A=[4.5, 13.0], water_thickness_A=18)
    heights = [ion.atoms.get_center_of_mass()[2] - film.slab.surface_A for ion in film.ions]
    assert_allclose(heights, (4.5, 13.0), atol=1e-9)
    assert [ion.species.label for ion in film.ions] == ["ClO4", "NH4"]
    # and the shape is that of the ion
    for placed in film.ions:
        assert_allclose(placed.atoms.get_all_distances(), placed.species.atoms.get_all_distances(), atol=1e-9)


def test_an_ion_that_cannot_turn_so_that_it_fits_is_refused_with_the_heights_that_do():
    with pytest.raises(StructureError, match=r"2 Å for ClO4 lies outside the film: choose 2\.94 to 16\.6 Å"):
        film_of(ions={"ClO4": 1}, ion_heights_A=[2.0], water_thickness_A=18)


def test_ions_from_files(tmp_path):
    acetate = Atoms("C2H3O2", positions=molecule("CH3COOH").positions[[0, 4, 1, 5, 6, 2, 7]])
    acetate.info["charge"] = -1
    acetate.write(tmp_path / "acetate.xyz")
    film = film_of(ions={str(tmp_path / "acetate.xyz"): 2}, ion_heights_A=[5, 10], water_thickness_A=16)
    assert [ion.species.charge_e for ion in film.ions] == [-1, -1]
    assert [ion.species.label for ion in film.ions] == ["acetate", "acetate"]
    assert contact(film) > 1.99


def test_the_charge_of_a_file_must_be_known(tmp_path):
    path = tmp_path / "my-ion.xyz"
    path.write_text("1\n\nU 0 0 0\n")
    with pytest.raises(StructureError, match=r"charge of my-ion\.xyz is not known: write charge=-1 .*ion_charges_e"):
        film_of(ions={str(path): 1})
    section = Build(ions={str(path): 2}, ion_charges_e={str(path): 4})
    assert ion(str(path), section).charge_e == 4
    path.write_text("1\ncharge=1.5\nU 0 0 0\n")
    with pytest.raises(StructureError, match=r"charge of 1\.5 e"):
        film_of(ions={str(path): 1})


def test_a_file_with_several_molecules_is_refused(tmp_path):
    pair = molecule("H2O") + Atoms("Na", positions=[(0, 0, 5)])
    pair.write(tmp_path / "pair.xyz")
    solvent = {"file": tmp_path / "pair.xyz", "density_g_per_cm3": 1.0}
    with pytest.raises(StructureError, match=r"solvent: pair\.xyz holds 2 molecules, and one is needed"):
        film_of(solvent=solvent)
    with pytest.raises(StructureError, match=r"ions: pair\.xyz holds 2 molecules"):
        film_of(ions={str(tmp_path / "pair.xyz"): 1})


def test_the_usual_charge_can_be_changed():
    section = Build(ions={"Cu": 2, "Fe": 1}, ion_charges_e={"Cu": 1})
    assert [ion(name, section).charge_e for name in section.ions] == [1, 2]


def test_file_names_count_from_the_folder_of_the_yaml_file(tmp_path):
    build = {
        "slab": "slab.cif",
        "ions": {"my-ion.xyz": 1, "Na": 1},
        "ion_charges_e": {"my-ion.xyz": -1},
        "solvent": {"file": "solvent.xyz", "density_g_per_cm3": 1.0},
    }
    raw = {"system": {"build": build}, "potential": {"architecture": "classical"}}
    section = validate(raw, tmp_path).system.build
    assert section.slab == str(tmp_path / "slab.cif")
    assert section.ions == {str(tmp_path / "my-ion.xyz"): 1, "Na": 1}
    assert section.ion_charges_e == {str(tmp_path / "my-ion.xyz"): -1}
    assert section.solvent[0].file == tmp_path / "solvent.xyz"


# area and height that are open to the molecules, in Å^3, hold so many of them
@pytest.mark.parametrize("name", ["methanol", "acetonitrile", "dimethyl sulfoxide", "chloroform"])
def test_a_solvent_fills_the_film_at_its_density(name):
    film = film_of(solvent={"name": name}, water_thickness_A=20)
    volume = film.slab.area_A2 * (20 - 4.30)
    component = film.components[1]
    mass_g = component.count * component.species.mass_u / 6.02214076e23
    assert mass_g / (volume * 1e-24) == pytest.approx(SOLVENTS[name].density_g_per_cm3, rel=0.5 / component.count)
    assert count(film, "water") == 0
    assert contact(film) > 1.99


def test_a_mixture_has_the_fractions_asked_for_and_adds_up_volumes():
    film = film_of(
        solvent=[{"name": "water", "fraction": 3}, {"name": "acetonitrile", "fraction": 1}], water_thickness_A=20
    )
    waters, others = count(film, "water"), count(film, "acetonitrile")
    assert waters / others == pytest.approx(3, rel=0.1)
    volume_cm3 = (waters * 18.015 / 0.997 + others * 41.05 / 0.777) / 6.02214076e23
    assert volume_cm3 * 1e24 == pytest.approx(film.slab.area_A2 * 15.7, rel=0.02)
    assert contact(film) > 1.99


def test_given_numbers_of_a_solvent_leave_the_rest_to_water():
    film = film_of(solvent={"name": "ethanol", "molecules": 3}, water_thickness_A=20)
    full = count(film_of(water_thickness_A=20), "water")
    # 46.07 / 0.785 = 58.7 cm^3/mol, as 3.25 waters
    assert count(film, "ethanol") == 3
    assert count(film, "water") == full - round(3 * 58.7 / (18.015 / 0.997))


def test_a_solvent_from_a_file_and_by_its_name_in_g2(tmp_path):
    molecule("CH3OCH3").write(tmp_path / "dme.xyz")
    section = {"density_g_per_cm3": 0.7, "molecules": 4}
    for solvent in ({"file": tmp_path / "dme.xyz"}, {"name": "CH3OCH3"}):
        film = film_of(solvent=section | solvent, waters=10)
        assert [c.count for c in film.components] == [10, 4]
        assert len(film.atoms) == len(film.slab.atoms) + 30 + 4 * 9


@pytest.mark.skipif(importlib.util.find_spec("rdkit") is None, reason="RDKit is not installed")
def test_a_solvent_as_smiles():
    film = film_of(solvent={"smiles": "CO", "density_g_per_cm3": 0.787})
    assert film.components[1].species.atoms.get_chemical_formula() == "CH4O"
    bonds = film.components[1].species.atoms.get_all_distances()[0, 1:]
    assert bonds.min() == pytest.approx(1.09, abs=0.03) and 1.38 < sorted(bonds)[3] < 1.45


@pytest.mark.skipif(importlib.util.find_spec("rdkit") is not None, reason="RDKit is installed")
def test_smiles_without_rdkit_say_what_to_install():
    with pytest.raises(
        StructureError, match=r"CO needs RDKit, which is missing: `pip install .lmpdrive\[build\].`; or .*file:"
    ):
        film_of(solvent={"smiles": "CO", "density_g_per_cm3": 0.787})


def test_the_same_seed_gives_the_same_molecules():
    section = {"ions": {"ClO4": 1, "Li": 1}, "solvent": {"name": "methanol", "molecules": 2}, "waters": 20}
    one, same, other = (film_of(seed=s, **section).atoms.positions for s in (3, 3, 4))
    assert np.array_equal(one, same)
    assert np.abs(one - other).max() > 1


@pytest.mark.parametrize(
    ("metal", "facet", "repeat"), [("Cu", "643", (1, 1)), ("Ti", "21-32", (2, 1)), ("Fe", "764", (1, 1))]
)
def test_molecules_keep_their_distance_across_the_sides_of_a_skewed_cell(metal, facet, repeat):
    film = make_film(
        Build(metal=metal, facet=facet, repeat=repeat, layers=2, water_thickness_A=14, ions={"Na": 1, "ClO4": 1})
    )
    assert abs(film.slab.atoms.cell[1, 0]) > 0.1
    assert contact(film) > 1.99
    assert count(film, "water") == round(film.slab.area_A2 * 9.7 / (18.015 / 0.997 / 0.602214)) - 4


def test_water_is_the_template():
    atoms = water().atoms
    assert_allclose(atoms.get_all_distances()[0, 1:], 0.97)
    assert atoms.get_angle(1, 0, 2) == pytest.approx(106)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"ions": {"Clo4": 1}}, "no ion 'Clo4'; did you mean 'ClO4'"),
        ({"ions": {"Fe3+": 1}}, r"Fe3\+ is not the usual Fe of \+2 e: write `Fe` here, and `ion_charges_e: \{Fe: 3\}`"),
        ({"ions": {"Na": 1, "Na+": 1}}, "names one ion twice"),
        ({"ions": {"+": 1}}, "no ion"),
        ({"ion_charges_e": {"Na": 2}}, "ion_charges_e names Na, which ions does not"),
        ({"solvent": {"name": "foo"}}, "density_g_per_cm3 of foo is not known"),
        ({"solvent": {"name": "methanol", "smiles": "CO"}}, "exactly one of name:, smiles: and file:"),
        ({"solvent": {"density_g_per_cm3": 1.0}}, "exactly one of"),
        ({"solvent": {"name": "methanol", "fraction": 0}}, "greater than 0"),
    ],
)
def test_what_the_yaml_cannot_mean(keys, words):
    with pytest.raises(ValidationError, match=words):
        Build.model_validate(keys)


def test_names_of_ions_may_have_their_charge_and_solvents_be_words():
    written = {"Ca2+": 1, "ClO4-": 2, "OH-": 1, "H3O+": 1, "SO42-": 1, "Na+": 0, "PO43-": 1}
    section = Build(ions=written, solvent="methanol")
    assert list(section.ions) == ["Ca", "ClO4", "OH", "H3O", "SO4", "Na", "PO4"]
    assert [s.name for s in section.solvent] == ["methanol"]
    assert [s.name for s in Build(solvent=["water", {"name": "acetone"}]).solvent] == ["water", "acetone"]


def test_what_cannot_be_packed_is_said():
    with pytest.raises(StructureError, match="no molecule 'metanol'; did you mean 'methanol'"):
        film_of(solvent={"name": "metanol", "density_g_per_cm3": 0.8})
    with pytest.raises(StructureError, match=r"molecules need \d+ Å\^3 .* hold at most \d+ Å\^3: lower molecules"):
        film_of(solvent={"name": "methanol", "molecules": 500}, waters=0)
    with pytest.raises(StructureError, match="leaves no room for water beside 0 ions and 500 methanol"):
        film_of(solvent={"name": "methanol", "molecules": 500})
    with pytest.raises(StructureError, match="4 Å leaves no room for methanol"):
        film_of(solvent={"name": "methanol"}, water_thickness_A=4)
