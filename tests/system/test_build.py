"""The reference cell of the design, other cells, and what cannot be built."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from lmpdrive.config.sections import Build
from lmpdrive.config.substances import ATOMIC_IONS_E, FCC
from lmpdrive.errors import StructureError
from lmpdrive.system import packmol
from lmpdrive.system.build import build
from lmpdrive.system.neighbours import pairs_within
from lmpdrive.system.overlaps import check_overlaps


def reference(n: int, **changes) -> Build:
    return Build(lattice_constant_A=4.20, ions={"Na": n} if n else {}, **changes)


def contacts(system):
    """Distances [Å] below 2.2 Å between atoms of different molecules."""
    from ase.neighborlist import neighbor_list

    molecule = np.arange(len(system.atoms))
    molecule[system.water_molecules] = system.water_molecules[:, :1]
    i, j, distance = neighbor_list("ijd", system.atoms, 2.2)
    return distance[molecule[i] != molecule[j]]


@pytest.mark.parametrize("n", range(5))
def test_the_reference_cell_has_the_numbers_of_the_design(n):
    system = build(reference(n), fixed_layers=2)
    assert len(system.atoms) == 384 - 2 * n
    assert len(system.water_molecules) == system.report.waters == 96 - n
    assert_allclose(system.atoms.cell.lengths()[:2], (17.819, 10.288), atol=5e-4)
    assert_allclose(system.area_A2, 183.32, atol=5e-3)
    assert_allclose(system.report.surface_charge_e_per_A2, -n / 183.32, atol=1e-6)
    assert system.charge_of_ions_e == n
    assert system.elements == (("Au", "H", "Na", "O") if n else ("Au", "H", "O"))
    assert [len(system.groups[f"layer_{k}"]) for k in (1, 2, 3, 4)] == [24] * 4
    assert_array_equal(system.groups["fixed"], np.r_[system.groups["layer_1"], system.groups["layer_2"]])
    assert len(system.groups["mobile"]) == len(system.atoms) - 48
    assert len(system.groups["ions"]) == n
    assert system.report.hydroxides == system.report.hydroniums == system.report.loose_hydrogens == 0


def test_three_sodium_ions_charge_the_metal_as_in_the_study():
    report = build(reference(3)).report
    assert round(report.surface_charge_e_per_A2, 5) == -0.01636
    assert round(report.surface_charge_uC_per_cm2, 1) == -26.2
    text = "\n".join(report.lines())
    assert "378 atoms" in text and "-0.01636 e/Å^2 = -26.2 µC/cm^2" in text and "93 water" in text


def test_the_bulk_has_about_the_density_of_water_when_packings_are_averaged():
    density = [build(reference(0, seed=s)).report.bulk_water_density_g_per_cm3 for s in range(1, 6)]
    assert_allclose(np.mean(density), 0.997, rtol=0.08)


def test_layers_are_counted_from_the_bottom_and_nothing_lies_on_a_boundary():
    system = build(reference(1))
    z = [system.atoms.positions[system.groups[f"layer_{k}"], 2].mean() for k in (1, 2, 3, 4)]
    assert_allclose(np.diff(z), 4.20 / np.sqrt(3), atol=1e-9)
    assert_allclose(z[0], 1.0)
    scaled = system.atoms.get_scaled_positions(wrap=False)
    assert scaled.min() >= 0 and scaled.max() < 1
    metal = system.atoms.positions[system.groups["metal"]]
    assert metal.min() > 0.2


# (100) and (110) planes are a/2 and a/√8 apart, (111) planes a/√3
FACETS = {"111": ((4, 4), 3**-0.5), "100": ((4, 4), 0.5), "110": ((3, 4), 8**-0.5)}


@pytest.mark.parametrize("metal, facet", [(m, "111") for m in FCC] + [("Cu", "100"), ("Cu", "110"), ("Pt", "110")])
def test_every_metal_and_facet(metal, facet):
    from ase.data import atomic_numbers, reference_states

    repeat, spacing = FACETS[facet]
    system = build(Build(metal=metal, facet=facet, repeat=repeat, layers=3, water_thickness_A=10, vacuum_A=5))
    lattice = reference_states[atomic_numbers[metal]]["a"]
    per_layer = repeat[0] * repeat[1]
    assert [len(system.groups[f"layer_{k}"]) for k in (1, 2, 3)] == [per_layer] * 3
    z = [system.atoms.positions[system.groups[f"layer_{k}"], 2].mean() for k in (1, 2, 3)]
    assert_allclose(np.diff(z), lattice * spacing, atol=1e-9)
    assert contacts(system).min(initial=2.2) > 1.99


@pytest.mark.parametrize("ion", ["Li", "Na", "K", "Rb", "Cs", "F", "Cl", "Br", "I", "Mg", "Ca", "Sr", "Ba"])
def test_every_ion_stands_where_it_was_put(ion):
    system = build(Build(repeat=(4, 4), layers=4, water_thickness_A=16, ions={ion: 2}, ion_heights_A=[3.0, 12.5]))
    surface = system.atoms.positions[system.groups["layer_4"], 2].mean()
    ions = system.groups[f"ion_{ion}"]
    assert_allclose(system.atoms.positions[ions, 2] - surface, (3.0, 12.5), atol=1e-9)
    assert system.charge_of_ions_e == 2 * ATOMIC_IONS_E[ion]
    assert contacts(system).min() > 1.99


def test_default_heights_spread_over_the_middle_and_mix_a_salt():
    system = build(Build(ions={"Na": 2, "Cl": 2}))
    surface = system.atoms.positions[system.groups["layer_4"], 2].mean()
    height = {e: system.atoms.positions[system.groups[f"ion_{e}"], 2] - surface for e in ("Na", "Cl")}
    assert_allclose(height["Na"], (6.25, 11.25))
    assert_allclose(height["Cl"], (8.75, 13.75))
    assert list(system.groups) == [
        "metal", "layer_1", "layer_2", "layer_3", "layer_4", "fixed", "mobile", "water", "ions", "ion_Cl", "ion_Na",
    ]  # fmt: skip


def test_without_vacuum_the_film_closes_the_cell():
    system = build(Build(lattice_constant_A=4.2, ions={"Na": 2}, vacuum_A=0))
    slab = 3 * 4.2 / np.sqrt(3)
    assert system.two_sided
    assert_allclose(system.atoms.cell[2, 2], slab + 20)
    assert_allclose(system.report.surface_charge_e_per_A2, -2 / (2 * 183.3197), rtol=1e-5)
    assert contacts(system).min() > 1.99
    above = (system.atoms.positions[system.groups["water"], 2] - 1.0 - slab) % system.atoms.cell[2, 2]
    assert above.min() > 2.0 and above.max() < 20 - 2.0


def test_with_vacuum_the_next_slab_is_that_far_away():
    system = build(Build(lattice_constant_A=4.2, vacuum_A=15))
    assert not system.two_sided
    assert_allclose(system.atoms.cell[2, 2], 3 * 4.2 / np.sqrt(3) + 20 + 15)
    assert system.atoms.positions[:, 2].max() < 1 + 3 * 4.2 / np.sqrt(3) + 20


def test_the_same_seed_gives_the_same_atoms_and_another_seed_others():
    one, same, other = (build(reference(3, seed=s)).atoms.positions for s in (7, 7, 8))
    assert_array_equal(one, same)
    assert np.abs(one[96:] - other[96:]).max() > 1
    assert_array_equal(one[:96], other[:96])


def test_molecules_have_the_template_geometry():
    system = build(reference(0))
    o, h1, h2 = system.water_molecules.T
    first, second = (system.atoms.get_distance(o[5], h[5], mic=True) for h in (h1, h2))
    assert_allclose((first, second), 0.97, atol=1e-5)
    assert 104.5 <= system.atoms.get_angle(h1[5], o[5], h2[5], mic=True) <= 109.5


def test_a_number_of_waters_can_be_given():
    assert len(build(reference(2, waters=50)).water_molecules) == 50


def test_no_water_is_a_bare_slab():
    system = build(reference(0, waters=0))
    assert system.elements == ("Au",) and len(system.species) == 96


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"repeat": (6, 3)}, ("repeat", "[6, 3]", "even", "[6, 4]")),
        ({"repeat": (1, 4)}, ("repeat", "2.97 x 10.29", "repeat more")),
        ({"waters": 200}, ("waters: 200", "hold 96", "water_thickness_A")),
        ({"water_thickness_A": 4}, ("water_thickness_A: 4 Å", "no room")),
        ({"ions": {"Na": 1}, "ion_heights_A": [25]}, ("ion_heights_A: 25 Å for Na", "1.5 to 20 Å")),
        ({"ions": {"K": 1}, "ion_heights_A": [0.5]}, ("ion_heights_A: 0.5 Å for K", "1.5 to 20 Å")),
        ({"ions": {"K": 1}, "ion_heights_A": [19], "vacuum_A": 0}, ("19 Å for K", "1.5 to 18.5 Å")),
        ({"ions": {"Cs": 150}}, ("150 ions", "closer than", "fewer")),
    ],
)
def test_what_cannot_be_built_is_said_with_the_value_and_the_fix(changes, words):
    with pytest.raises(StructureError) as caught:
        build(Build(lattice_constant_A=4.2, **changes))
    for word in words:
        assert word in str(caught.value)


def test_more_fixed_layers_than_layers():
    with pytest.raises(StructureError, match=r"fixed_layers: 5, but the slab has 4 layers: choose 0 to 4"):
        build(reference(0), fixed_layers=5)


def test_packmol_that_fails_says_what_to_change():
    from ase import Atoms
    from ase.build import molecule

    box = Atoms(cell=(6, 6, 20), pbc=True)
    with pytest.raises(StructureError, match=r"cannot place 12 waters.*system.build.waters.*packmol output"):
        packmol.pack([packmol.Kind("water", molecule("H2O"), 12)], [], box.cell, 1, (1.0, 3.0))


def test_packmol_missing_is_said_with_the_install_line(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StructureError, match=r"packmol is missing.*pip install packmol"):
        build(reference(0))


def test_overlaps_are_found_across_the_boundary_of_a_tilted_cell():
    from ase import Atoms

    cell = [[5, 0, 0], [2, 5, 0], [0, 1, 8]]
    apart = Atoms("AuO", positions=[(0.1, 0.1, 0.1), (2.5, 2.5, 4)], cell=cell, pbc=True)
    check_overlaps(apart)
    near = Atoms("AuO", positions=[(0.1, 0.1, 0.1), (2.1, 6.1, 7.7)], cell=cell, pbc=True)
    with pytest.raises(StructureError, match=r"Au \(id 1\) and O \(id 2\) are 0\.400 Å apart; the limit is 1\.010 Å"):
        check_overlaps(near)


@pytest.mark.parametrize("cutoff", [0.7, 3.1])
@pytest.mark.parametrize(
    "cell",
    [[[10, 0, 0], [0, 9, 0], [0, 0, 8]], [[5, 0, 0], [2, 5, 0], [0, 1, 8]], [[2, 0, 0], [-1, 2, 0], [0, 1, 3]]],
)
def test_pairs_are_those_of_ase(cell, cutoff):
    from ase import Atoms
    from ase.neighborlist import neighbor_list

    atoms = Atoms("H30", scaled_positions=np.random.default_rng(0).random((30, 3)) * 3 - 1, cell=cell, pbc=True)
    ours, theirs = pairs_within(atoms, cutoff), neighbor_list("ijd", atoms, cutoff)
    for one, other in zip(ours, theirs, strict=True):
        assert_allclose(np.sort(one), np.sort(other))
