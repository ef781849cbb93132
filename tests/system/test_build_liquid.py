"""Bulk liquids: cells and numbers of molecules from densities, on paper."""

import numpy as np
import pytest
from ase.neighborlist import neighbor_list
from numpy.testing import assert_allclose
from pydantic import ValidationError

from lmpdrive.config.sections import Build
from lmpdrive.errors import StructureError
from lmpdrive.system.building.liquid import BulkLiquid, make_liquid

PER_MOL = 6.02214076e23


def liquid_of(seed: int = 1, **keys) -> BulkLiquid:
    return make_liquid(Build.model_validate({"liquid": keys, "seed": seed}))


def density(liquid: BulkLiquid) -> float:
    return float(liquid.atoms.get_masses().sum() / PER_MOL / (liquid.atoms.get_volume() * 1e-24))


def contact(liquid: BulkLiquid) -> float:
    sizes = [len(c.species.atoms) for c in liquid.components for _ in range(c.count)]
    sizes += [len(species.atoms) for species, count in liquid.ions for _ in range(count)]
    ids = np.repeat(np.arange(len(sizes)), sizes)
    i, j, distance = neighbor_list("ijd", liquid.atoms, 3.0)
    return float(distance[ids[i] != ids[j]].min())


@pytest.mark.parametrize(
    ("keys", "g_per_cm3"),
    [
        ({"waters": 64, "density_g_per_cm3": 0.997}, 0.997),
        ({"waters": 60, "density_g_per_cm3": 1.05, "ions": {"Na": 2, "Cl": 2}}, 1.05),
        ({"waters": 50, "density_g_per_cm3": 1.1, "ions": {"Li": 1, "ClO4": 1}}, 1.1),
        ({"solvent": {"name": "acetonitrile", "molecules": 20}, "density_g_per_cm3": 0.75}, 0.75),
    ],
)
def test_the_cell_follows_from_the_molecules_and_the_density(keys, g_per_cm3):
    liquid = liquid_of(**keys)
    assert density(liquid) == pytest.approx(g_per_cm3, rel=1e-6)
    assert len(set(np.diag(liquid.atoms.cell).round(9))) == 1
    assert contact(liquid) > 1.99


def test_64_waters_fill_a_cube_of_12_4_A():
    # 64 x 18.015 / 0.997 g/cm^3 / 0.60221 = 1920.3 Å^3
    assert_allclose(liquid_of(waters=64).atoms.cell.lengths(), 1920.3 ** (1 / 3), rtol=1e-4)


def test_water_fills_a_cell():
    # 15 x 16 x 17 Å^3 hold 4080 / 30.005 = 136 waters, of which NaCl displaces two
    assert [liquid_of(cell_A=(15, 16, 17), ions=ions).components[0].count for ions in ({}, {"Na": 1, "Cl": 1})] == [
        136,
        134,
    ]
    assert_allclose(liquid_of(cell_A=(15, 16, 17)).atoms.cell.lengths(), (15, 16, 17))


def test_a_density_decides_how_many_waters_fill_a_cell():
    liquid = liquid_of(cell_A=15, density_g_per_cm3=1.06, ions={"Na": 2, "Cl": 2})
    assert density(liquid) == pytest.approx(1.06, rel=0.005)
    solvent = liquid_of(cell_A=15, density_g_per_cm3=0.75, solvent={"name": "methanol"})
    assert density(solvent) == pytest.approx(0.75, rel=0.01)
    assert solvent.name == f"bulk liquid ({solvent.components[1].count} methanol)"


def test_molecules_come_first_then_ions_in_the_order_of_the_file():
    liquid = liquid_of(waters=30, ions={"Cl": 1, "Na": 1}, solvent={"name": "methanol", "molecules": 2})
    symbols = liquid.atoms.get_chemical_symbols()
    assert symbols[:3] == ["O", "H", "H"] and symbols[90] == "C" and symbols[-2:] == ["Cl", "Na"]
    assert len(symbols) == 90 + 2 * 6 + 2


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"liquid": {}}, "give the number of waters .* or cell_A"),
        ({"liquid": {"waters": 10, "cell_A": 9, "density_g_per_cm3": 1}}, "one too many"),
        ({"liquid": {"waters": 10}, "waters": 5}, "waters is given beside liquid: write it below liquid:"),
        ({"liquid": {"waters": 10}, "ions": {"Na": 1}}, "ions is given beside liquid: write it below"),
        ({"liquid": {"waters": 10}, "electrodes": 2}, "electrodes is given beside liquid: it needs a slab"),
        ({"liquid": {"waters": 10}, "metal": "Au"}, "not metal and liquid"),
    ],
)
def test_what_the_yaml_cannot_mean(keys, words):
    with pytest.raises(ValidationError, match=words):
        Build.model_validate(keys)


def test_cells_that_are_too_small_or_too_full_are_refused():
    with pytest.raises(StructureError, match=r"cell is 4\.48 x 4\.48 x 4\.48 Å; at least 5 Å"):
        liquid_of(waters=3)
    with pytest.raises(StructureError, match=r"need 18003 Å\^3 .* but 12\.00 x 12\.00 x 12\.00 Å are 1728 Å\^3"):
        liquid_of(waters=600, cell_A=12)
    with pytest.raises(StructureError, match="ions leave no room"):
        liquid_of(cell_A=6, ions={"PF6": 3})
