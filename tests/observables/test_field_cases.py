"""Interfaces that people have, from ../shared/field-cases/analysis: the right values stand in the README of each."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.observables import analyse
from lmpdrive.observables.examine import examined
from lmpdrive.system.read import read
from lmpdrive.trajectory import open_trajectory
from tests.field_cases import case

GRAMS = 18.015 / 0.602214076
FIRST = {"water_coverage": {"boundaries_A": [4.5, 6.0]}}


def tables_of(file, names, elements=None, **choices):
    frames = open_trajectory(case(file), elements=elements, timestep_fs=0.5)
    return analyse(frames, names=names, **choices)


def waters_near(table):
    """Waters per frame within the first boundary."""
    return float(table.data.iloc[:, 1].mean())


def between(table, low, high):
    """Mean of a profile between two distances."""
    return float(table.value[(table.x > low) & (table.x < high)].mean())


@pytest.mark.parametrize(
    ("file", "ion", "mean_A", "waters", "elements"),
    [
        ("bcc-111/fe111.lammpstrj", "Na", 9.235, 10.417, None),
        ("li-metal/li110.lammpstrj", "F", 9.161, 11.167, None),
        ("zn-ions-over-au/au_zn.lammpstrj", "Zn", 10.502, 10.5, None),
        ("box-shrink-wrapped/shrink.lammpstrj", "Na", 9.671, 9.25, ["Au", "H", "Na", "O"]),
    ],
)
def test_ions_and_waters_over_a_slab(file, ion, mean_A, waters, elements):
    tables = tables_of(file, ["ion_surface_distance", "water_coverage"], elements, options=FIRST)
    distance = tables[f"ion_surface_distance_{ion}"].scalars[f"mean distance of {ion} from the surface"]
    assert_allclose(distance.value, mean_A, atol=0.06)  # of bins of 0.2 Å
    assert_allclose(waters_near(tables["water_coverage"]), waters, atol=0.01)


def test_the_first_water_over_bcc_111_is_beside_the_outermost_plane():
    density = tables_of("bcc-111/fe111.lammpstrj", ["water_density"])["water_density"]
    assert 2.4 < density.x[density.value > 0][0] < 2.55


def test_a_normal_along_x():
    tables = tables_of("normal-along-x/normal_x.lammpstrj", ["water_density"])
    density = tables["water_density"]
    assert_allclose(between(density, 3.0, 17.0), 0.607, rtol=0.02)
    assert_allclose(density.value.sum() * 0.1, 9.79, rtol=0.003)
    assert any("normal is along x" in note for note in density.notes)


def test_an_oxide():
    options = {"rdf": {"r_max_A": 4.0, "bin_width_A": 0.02}}
    tables = tables_of("oxide-tio2-vacuum/tio2.lammpstrj", ["water_density", "rdf"], options=options)
    rdf = tables["rdf_O_O"].data
    assert_allclose(np.interp(3.62, rdf["r [Å]"] + 0.01, rdf["n [1]"]), 3.66, atol=0.01)
    assert set(tables) == {"water_density", "rdf_O_O", "summary"}


def test_perchlorate():
    """Counts by index over the 12 frames of the file (the README's 1.49, 2.24 and 2.23 are of 20)."""
    options = {"rdf": {"r_max_A": 4.0, "bin_width_A": 0.02}}
    tables = tables_of("perchlorate/clo4.lammpstrj", ["rdf"], ["Au", "Cl", "H", "Na", "O"], options=options)
    for pair, r, want in (("Na_O", 3.2, 1.4375), ("O_O", 3.5, 2.2667)):
        rdf = tables[f"rdf_{pair}"].data
        assert_allclose(np.interp(r, rdf["r [Å]"] + 0.01, rdf["n [1]"]), want, atol=0.01)
    options["rdf"]["pairs"] = [["Na", "O"]]  # asked for by its element, it is every O
    tables = tables_of("perchlorate/clo4.lammpstrj", ["rdf"], ["Au", "Cl", "H", "Na", "O"], options=options)
    rdf = tables["rdf_Na_O"].data
    assert_allclose(np.interp(3.2, rdf["r [Å]"] + 0.01, rdf["n [1]"]), 2.3958, atol=0.01)


def test_two_electrodes_with_a_vacuum_behind_them():
    file = "two-electrodes-and-vacuum/twoel_vac.lammpstrj"
    tables = tables_of(file, ["ion_surface_distance", "water_density"])
    lower = tables["ion_surface_distance_Na_lower"].scalars["mean distance of Na from the surface, lower electrode"]
    assert_allclose(lower.value, 3.979, atol=0.06)
    assert_allclose(between(tables["water_density_lower"], 3.0, 22.0), 0.57, rtol=0.03)
    upper = tables["ion_surface_distance_Na_upper"].scalars["mean distance of Na from the surface, upper electrode"]
    assert_allclose(lower.value + upper.value, 24.99, atol=0.1)


@pytest.mark.parametrize(("surface", "mean_A"), [("lower", 3.98), ("upper", 21.02)])
def test_electrodes_that_differ(surface, mean_A):
    tables = tables_of("two-electrodes-differ/twoel_ff.lammpstrj", ["ion_surface_distance"], surface=surface)
    distance = tables["ion_surface_distance_Na"].scalars["mean distance of Na from the surface"]
    assert_allclose(distance.value, mean_A, atol=0.06)


def test_a_film_without_a_metal_across_the_boundary():
    bulk = tables_of("water-film-no-metal/film_vac.lammpstrj", ["water_density"])["water_density"]
    assert_allclose(bulk.scalars["bulk water density"].value, 0.718, rtol=0.01)


def test_one_water_on_the_dry_face():
    tables = tables_of("water-on-back-face/backside.lammpstrj", ["water_density"], ["H", "O", "Pt"])
    assert_allclose(between(tables["water_density"], 6.0, 12.0), 0.58, rtol=0.03)


def test_a_solution_of_zinc_chloride_has_no_slab():
    tables = tables_of("zncl2-solution/zncl2bulk.lammpstrj", ["water_density"])
    assert_allclose(tables["water_density"].scalars["bulk water density"].value, 0.479, atol=0.001)
    _, what = examined(open_trajectory(case("zncl2-solution/zncl2bulk.lammpstrj")))
    assert {name: len(one.members) for name, one in what.ions.items()} == {"Cl": 40, "Zn": 20}


def test_one_layer_of_an_oxide_is_a_trilayer():
    system = read(case("system-read-oxide-fixed-layers/tio2.xyz"), fixed_layers=1)
    assert Counter(np.array(system.species)[system.groups["fixed"]].tolist()) == {"Ti": 16, "O": 32}
    assert "60 water" in "\n".join(system.report.lines()) and not system.report.other_oxygens
