"""What is handed on of everything that can be built: groups, layers, fixed atoms, charges, and the words for it."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111
from numpy.testing import assert_array_equal

from lmpdrive.config.sections import Build
from lmpdrive.errors import StructureError
from lmpdrive.system.build import build

FILM = {"water_thickness_A": 12, "vacuum_A": 12}
AREA_OF_PT = 16 * 3.92**2 * np.sqrt(3) / 4
"""4 x 4 atoms of (111): a^2 √3/4 each."""


def built(fixed_layers=0, **keys):
    return build(Build.model_validate(FILM | keys), fixed_layers=fixed_layers)


@pytest.mark.parametrize(
    ("keys", "name", "slab", "per_layer"),
    [
        ({"metal": "Fe", "repeat": (4, 4), "layers": 3}, "Fe(110) 4x4", 48, 16),
        ({"metal": "Ti", "facet": "10-10", "repeat": (3, 2), "layers": 3}, "Ti(10-10) 3x2", 36, 12),
        ({"metal": "Cu", "facet": "211", "repeat": (4, 2), "layers": 3}, "Cu(211) 4x2", 72, 24),
        ({"metal": "Cu", "facet": "643", "repeat": (1, 1), "layers": 3}, "Cu(643) 1x1", 27, 9),
        ({"slab": "graphite", "layers": 2}, "graphite(0001) 4x2", 64, 32),
        ({"slab": "graphene"}, "graphene 4x2", 32, 32),
        ({"slab": "TiO2(110)", "layers": 2}, "TiO2(110) 4x2", 96, 48),
        ({"metal": "Li", "repeat": (4, 4), "layers": 3, "ions": {"Li": 1}}, "Li(110) 4x4", 48, 16),
        ({"metal": "Zn", "repeat": (4, 4), "layers": 3, "ions": {"Zn": 1}}, "Zn(0001) 4x4", 48, 16),
    ],
)
def test_slab_layers_and_fixed_atoms(keys, name, slab, per_layer):
    system = built(fixed_layers=1, **keys)
    assert system.report.source == f"built {name}, seed 1"
    assert_array_equal(system.groups["metal"], np.arange(slab))
    layers = [system.groups[f"layer_{k + 1}"] for k in range(slab // per_layer)]
    assert [len(layer) for layer in layers] == [per_layer] * len(layers)
    assert_array_equal(np.sort(np.concatenate(layers)), np.arange(slab))
    assert_array_equal(system.groups["fixed"], layers[0])
    assert system.report.layers == len(layers) and not system.two_sided
    assert len(system.groups["ions"]) == sum(keys.get("ions", {}).values())


@pytest.mark.parametrize(
    ("ions", "charge"),
    [({"Ca": 1, "ClO4": 1}, 1), ({"OH": 2}, -2), ({"H3O": 1, "SO4": 1}, -1), ({"NH4": 1, "Zn": 1}, 3)],
)
def test_the_metal_balances_simple_and_molecular_ions(ions, charge):
    system = built(metal="Pt", repeat=(4, 4), layers=2, ions=ions, water_thickness_A=14)
    assert system.charge_of_ions_e == system.report.ion_charge_e == charge
    assert system.report.surface_charge_e_per_A2 == pytest.approx(-charge / AREA_OF_PT)
    for name in set(ions) - {"OH", "H3O"}:
        assert f"ion_{name}" in system.groups
    assert [ion.name for ion in system.placed_ions] == list(ions)
    assert sum(ion.charge_e for ion in system.placed_ions) == charge


def test_the_charge_that_is_given_counts(tmp_path):
    (tmp_path / "strange.xyz").write_text("2\n\nU 0 0 0\nO 0 0 1.8\n")
    file = str(tmp_path / "strange.xyz")
    system = built(metal="Pt", repeat=(4, 4), layers=2, ions={file: 1, "Cu": 1}, ion_charges_e={file: 4, "Cu": 1})
    assert system.charge_of_ions_e == 5
    assert system.report.notes == ()


def test_two_electrodes_share_the_charge_and_their_backs_are_fixed():
    system = built(metal="Pt", repeat=(4, 4), layers=3, electrodes=2, ions={"Na": 1}, fixed_layers=1)
    assert system.two_sided
    assert system.report.surface_charge_e_per_A2 == pytest.approx(-1 / (2 * AREA_OF_PT))
    z = system.atoms.positions[:, 2]
    assert set(z[system.groups["fixed"]].round(3)) == {z[system.groups["metal"]].min().round(3), z.max().round(3)}
    assert len(system.groups["fixed"]) == 32
    inner = z[system.groups["layer_6"]].mean(), z[system.groups["layer_1"]].mean()
    assert inner[1] - inner[0] == pytest.approx(12)


def test_of_one_thick_slab_the_middle_is_fixed():
    system = built(metal="Pt", repeat=(4, 4), layers=2, electrodes=2, vacuum_A=0, fixed_layers=1)
    assert_array_equal(system.groups["fixed"], np.sort(np.r_[system.groups["layer_2"], system.groups["layer_3"]]))
    with pytest.raises(StructureError, match="fixed_layers: 3, but each electrode has 2 layers: choose 0 to 2"):
        built(metal="Pt", repeat=(4, 4), layers=2, electrodes=2, vacuum_A=0, fixed_layers=3)


def test_the_density_between_two_electrodes_is_that_of_the_film():
    one = built(metal="Pt", repeat=(4, 4), layers=2, water_thickness_A=25, vacuum_A=0)
    two = built(metal="Pt", repeat=(4, 4), layers=2, water_thickness_A=25, electrodes=2)
    assert two.report.bulk_water_density_g_per_cm3 == pytest.approx(one.report.bulk_water_density_g_per_cm3, rel=0.15)


def test_a_solvent_is_no_water_and_no_hydroxide():
    system = built(metal="Pt", repeat=(4, 4), layers=2, solvent={"name": "methanol"})
    assert system.report.waters == system.report.hydroxides == system.charge_of_ions_e == 0
    assert len(system.water_molecules) == 0
    n = system.species.count("C")
    assert system.report.source == f"built Pt(111) 4x4 with {n} methanol, seed 1"


def test_a_bulk_liquid_has_no_slab_and_all_its_ions():
    system = build(Build.model_validate({"liquid": {"waters": 40, "ions": {"K": 1, "NO3": 2}}}), fixed_layers=2)
    assert len(system.groups["metal"]) == len(system.groups["fixed"]) == 0
    assert system.charge_of_ions_e == -1 and system.report.waters == 40
    assert len(system.groups["ion_NO3"]) == 8 and len(system.groups["ion_K"]) == 1
    assert system.report.surface_charge_e_per_A2 is None
    text = "\n".join(system.report.lines())
    assert "bulk liquid (40 water, 1 K, 2 NO3)" in text and "40 water" in text
    assert f"degrees; {system.report.mass_density_g_per_cm3:.3f} g/cm^3\nions carry -1 e, and nothing" in text


def test_adsorbates_and_fixed_atoms_of_a_file(tmp_path):
    made = fcc111("Pt", (4, 4, 3), a=3.92, vacuum=9, orthogonal=True)
    made.pbc = True
    made.info.clear()
    top = made.positions[-1]
    made += Atoms("CO", positions=top + np.array([(0, 0, 1.9), (0, 0, 3.05)]))
    made.new_array("move_mask", np.array([[True] * 3] * 50))
    made.arrays["move_mask"][:16] = False
    made.arrays["move_mask"][16] = (True, True, False)
    made.write(tmp_path / "co.xyz")
    system = built(slab=str(tmp_path / "co.xyz"), fixed_layers=2)
    assert system.atoms[system.groups["metal"]].get_chemical_formula() == "Pt48"
    assert system.report.layers == 3
    assert len(system.groups["fixed"]) == 16  # the file's, not two layers
    assert any("holds 1 atoms along z only, which is not kept" in note for note in system.report.notes)
