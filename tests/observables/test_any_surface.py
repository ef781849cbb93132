"""Profiles over surfaces of every kind: where z = 0 is, what is counted, and how to say otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111, molecule
from numpy.testing import assert_allclose

from lmpdrive.errors import ConfigError, TrajectoryError
from lmpdrive.observables import Interface, analyse
from lmpdrive.observables.examine import examined
from tests.constituents import interfaces as made
from tests.constituents.test_molecules import ANIONS, beside_water
from tests.observables.synthetic_frames import Frames, film, slab, water

DENSITY = ["water_density"]


def frames_of(atoms, n=5, scale=0.0, **kwargs):
    """The atoms in n frames, with thermal noise if there is any."""
    positions = [made.rattled(atoms, scale, seed).positions if scale else atoms.positions for seed in range(n)]
    return Frames(atoms.get_chemical_symbols(), positions, np.array(atoms.cell), **kwargs)


def peaks(table):
    return [round(float(z), 6) for z, v in zip(table.x, table.value, strict=True) if np.nan_to_num(v) > 0]


def test_a_liquid_metal():
    """Atoms that wander between 5 and 19 Å: z = 0 is at 19 Å, and a water at 22.05 Å is 3.05 Å from it."""
    rng = np.random.default_rng(0)
    side, n, frames = 15.0, 190, []
    for _ in range(8):
        places = np.zeros((0, 3))
        while len(places) < n:
            one = rng.uniform((0, 0, 5.0), (side, side, 19.0))
            apart = places - one
            apart[:, :2] -= side * np.rint(apart[:, :2] / side)
            if not len(places) or np.linalg.norm(apart, axis=1).min() > 2.0:
                places = np.vstack([places, one])
        frames.append(np.concatenate([places, water((3.0, 3.0, 22.05)), water((9.0, 9.0, 27.05))]))
    trajectory = Frames(["Hg"] * n + ["O", "H", "H"] * 2, frames, [side, side, 60.0])
    density = analyse(trajectory, names=DENSITY)["water_density"]
    near = [z for z in peaks(density) if z < 6]
    assert_allclose(np.mean(near), 3.05, atol=0.5)
    far = [z for z in peaks(density) if z > 6]
    assert_allclose(np.mean(far) - np.mean(near), 5.0, atol=0.2)
    assert any("Gibbs dividing surface" in note for note in density.notes)


def test_graphene_with_water_on_both_sides():
    sheet = made.graphite(1)
    sheet.cell[2] = (0, 0, 40.0)
    sheet.positions[:, 2] = 20.0
    atoms = sheet.copy()
    for x, y, z, up in ((2.0, 2.0, 3.25, 1), (6.0, 5.0, -3.25, -1), (4.0, 8.0, -6.05, -1)):
        atoms += Atoms("OH2", positions=water((x, y, 20.0 + z), up))
    tables = analyse(frames_of(atoms), names=[*DENSITY, "water_cos_theta"])
    # every water is seen from both faces, on the far side of the cell from the other
    assert peaks(tables["water_density"]) == [3.25, 6.05, 33.95, 36.75]
    cosine = tables["water_cos_theta"]
    near = np.isfinite(cosine.value) & (cosine.x < 10)
    assert_allclose(cosine.value[near], 1.0, atol=1e-6)  # away from the sheet, on either side
    apart = analyse(frames_of(atoms), names=DENSITY, surface="each")
    assert [peaks(apart[f"water_density_{face}"])[0] for face in ("lower", "upper")] == [3.25, 3.25]
    assert peaks(apart["water_density_lower"])[:2] == [3.25, 6.05]
    assert apart["water_density_lower"].title == "Water density, lower face"


@pytest.mark.parametrize(("slab_of", "lift"), [(lambda: made.rutile(), 3.25), (lambda: made.mos2(), 3.05)])
def test_the_plane_of_a_compound(slab_of, lift):
    """TiO2: the outermost Ti; MoS2: the outermost S."""
    atoms, own = made.with_water(slab_of(), n=1)
    symbols, z = np.array(atoms.get_chemical_symbols()), atoms.positions[:, 2]
    kind = "Ti" if "Ti" in symbols else "S"
    top = z[own[symbols[own] == kind]].max()
    atoms.positions[-3:] += (0, 0, top + lift - atoms.positions[-3, 2])
    density = analyse(frames_of(atoms), names=DENSITY)["water_density"]
    assert_allclose(peaks(density)[0], lift, atol=0.051)
    assert any(f"({kind}) of the outermost plane" in note for note in density.notes)


def test_polyatomic_ions_and_molecules_have_profiles():
    atoms, _ = beside_water(ANIONS["ClO4"], Atoms("Na"), molecule("CH3OH"))
    tables = analyse(frames_of(atoms), names=["ion_density", "ion_surface_distance", "rdf", "mean_square_displacement"])
    for family in ("ion_density", "ion_surface_distance", "mean_square_displacement"):
        assert {f"{family}_{name}" for name in ("ClO4", "Na", "CH3OH")} <= set(tables)
    assert "ion_density_Cl" not in tables and "rdf_ClO4_O" in tables
    z, symbols = atoms.positions[:, 2], np.array(atoms.get_chemical_symbols())
    distance = tables["ion_surface_distance_ClO4"].scalars["mean distance of ClO4 from the surface"].value
    assert_allclose(distance, z[symbols == "Cl"][0] - z[symbols == "Au"].max(), atol=0.11)


@pytest.mark.parametrize("normal", ["x", "y"])
def test_a_turned_interface_gives_the_same_tables(normal):
    elements, positions, cell = film([2.65, 5.55, 8.25], [0.3, -0.8, 0.0], extra=[("Na", (1.0, 2.0, 16.05))])
    rng = np.random.default_rng(0)
    noisy = positions + rng.normal(scale=0.03, size=(10, *positions.shape))
    order = {"x": [2, 0, 1], "y": [1, 2, 0]}[normal]
    names = [*DENSITY, "water_cos_theta", "ion_density", "metal_structure", "dipole_pz"]
    straight = analyse(Frames(elements, noisy, cell), names=names)
    turned = analyse(Frames(elements, noisy[..., order], np.array(cell)[order]), names=names)
    for name in straight:
        if name != "summary":
            assert_allclose(turned[name].value, straight[name].value, atol=1e-9)
    assert any(f"normal is along {normal}" in note for note in turned["water_density"].notes)
    given = analyse(Frames(elements, noisy[..., order], np.array(cell)[order]), names=DENSITY, normal=normal)
    assert_allclose(given["water_density"].value, straight["water_density"].value)


@pytest.mark.parametrize(
    "choice", ["Ti O bonded to Ti", "1:144", "name Ti or (name O and index 0:143)", {"indices": list(range(144))}]
)
def test_ways_to_name_a_slab(choice):
    atoms, own = made.with_water(made.rutile())
    assert len(own) == 144
    _, what = examined(frames_of(atoms), choice)
    assert sorted(what.slab) == own.tolist()


def test_no_slab_on_request():
    elements, positions, cell = film([3.05], [1])
    tables = analyse(Frames(elements, np.tile(positions, (5, 1, 1)), cell), names=DENSITY, slab="none")
    assert peaks(tables["water_density"]) == [10.25]  # from the origin of the cell
    assert any("No slab" in note for note in tables["water_density"].notes)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"slab": "Pt"}, "Pt"),
        ({"slab": {"element": ["Pt"]}}, "whose elements are Au, H, O"),
        ({"slab": {"indices": [4000]}}, "whole numbers from 0 to"),
        ({"slab": "1:4000"}, "1:4000"),
        ({"slab": {"atoms": [1]}}, "exactly one of element, group, indices, mda"),
        ({"slab": {"group": "metal"}}, "no group 'metal'"),
        ({"normal": "a"}, "x, y or z"),
        ({"surface": "top"}, "auto, upper, lower, both, each"),
    ],
)
def test_what_is_no_choice_is_said(choices, words):
    elements, positions, cell = film([3.05], [1])
    with pytest.raises((ConfigError, TrajectoryError), match=words):
        analyse(Frames(elements, np.tile(positions, (5, 1, 1)), cell), names=DENSITY, **choices)


def test_a_face_of_nothing():
    positions = np.concatenate([water((1, 1, 7.05)), water((3, 3, 12.05))])
    with pytest.raises(TrajectoryError, match="has no slab"):
        analyse(Frames(["O", "H", "H"] * 2, np.tile(positions, (5, 1, 1)), [6.0, 6.0, 20.0]), surface="upper")


def test_a_dry_face_that_is_asked_for_is_said():
    elements, positions, cell = film([3.05], [1])
    tables = analyse(Frames(elements, np.tile(positions, (5, 1, 1)), cell), names=DENSITY, surface="lower")
    assert any("The lower face, which was asked for, is dry" in note for note in tables["water_density"].notes)


def test_a_thin_second_water_does_not_wet_the_back():
    metal, (a, b) = slab()
    waters = [water((1.0 + 2.9 * (k % 3), 1.0 + 2.9 * (k // 3 % 3), 7.2 + 3.05 + 3.0 * (k // 9))) for k in range(27)]
    back = water((4, 4, -3.05), -1)
    positions = np.concatenate([metal, *waters, back]) + np.array([0, 0, 15.0])
    frames = Frames(["Au"] * 36 + ["O", "H", "H"] * 28, np.tile(positions, (5, 1, 1)), [a, b, 50.0])
    assert Interface(frames.topology, frames.read(0, 1)).sides == ("top",)


def test_a_second_electrolyte_is_said():
    """Two slabs, three waters between them and one behind: distances are in the gap with most of them."""
    lower, (a, b) = slab()
    upper = lower + np.array([0, 0, 27.2])
    waters = [water((1, 1, 10.25)), water((4, 4, 16.25)), water((7, 7, 24.15)), water((4, 4, 34.4 + 6.05))]
    positions = np.concatenate([lower, upper, *waters])
    frames = Frames(["Au"] * 72 + ["O", "H", "H"] * 4, np.tile(positions, (5, 1, 1)), [a, b, 60.0])
    notes = Interface(frames.topology, frames.read(0, 1)).notes
    assert any("1 of 4 molecules are on the other side of a slab" in note for note in notes)


def test_what_is_what_is_said_before_anything_is_computed():
    atoms, _ = made.with_water(fcc111("Au", (4, 4, 3), orthogonal=True))
    lines: list[str] = []
    tables = analyse(frames_of(atoms), names=DENSITY, say=lines.append)
    assert lines[0].startswith("what is what, from 5 frames") and any("Au48: 3 layers" in line for line in lines)
    assert tables["summary"].notes[: len(lines)] == tuple(lines)
