"""Slabs of every kind are found, with their layers and faces; what only sits on them is not of them."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bcc111, fcc111, fcc211, hcp0001, molecule

from lmpdrive.constituents import Configuration, find_constituents
from tests.constituents import interfaces as made

NOISE_A = 0.08


def found(atoms, frames=3, scale=NOISE_A, **choices):
    """What a few frames with thermal noise show."""
    configurations = [
        Configuration(made.rattled(atoms, scale, seed).positions, np.array(atoms.cell)) for seed in range(frames)
    ]
    return find_constituents(np.array(atoms.get_chemical_symbols()), configurations, **choices)


def above(place, *by):
    """A place, moved."""
    return np.asarray(place) + np.array(by)


SLABS = {
    "Au(111)": (lambda: fcc111("Au", (4, 4, 4), orthogonal=True), 4),
    "Li(110)": (lambda: made.metal("Li", (1, 1, 0), 4, (4, 3)), 4),
    "Na(100)": (lambda: made.metal("Na", (1, 0, 0), 3, (3, 3)), 6),
    "Fe(111)": (lambda: bcc111("Fe", (4, 4, 9)), 9),
    "Ti(0001)": (lambda: hcp0001("Ti", (4, 4, 4), orthogonal=True), 4),
    "Zn(0001)": (lambda: hcp0001("Zn", (4, 4, 4), orthogonal=True), 4),
    "Pt(211)": (lambda: fcc211("Pt", (3, 4, 4), orthogonal=True), 12),
    "Pb(100)": (lambda: made.metal("Pb", (1, 0, 0), 2, (3, 3)), 4),
    "Al(111)": (lambda: fcc111("Al", (4, 4, 4), orthogonal=True), 4),
    "Si(111)": (lambda: made.metal("Si", (1, 1, 1), 3, (3, 3), crystalstructure="diamond", a=5.431), None),
    "TiO2(110)": (made.rutile, 3),
    "SnO2(110)": (lambda: made.rutile("Sn", 4.737, 3.186, 0.307), 3),
    "RuO2(110)": (lambda: made.rutile("Ru", 4.492, 3.107, 0.306), 3),
    "Al2O3(0001)": (made.corundum, None),
    "SiO2(0001)": (made.quartz, None),
    "MgO(001)": (lambda: made.rock_salt("Mg", "O", 4.21), 6),
    "NaCl(001)": (lambda: made.rock_salt("Na", "Cl", 5.64), 6),
    "SrTiO3(001)": (made.perovskite, None),
    "GaN(0001)": (made.wurtzite, None),
    "ZnO(0001)": (lambda: made.wurtzite("Zn", "O", 3.25, 5.21), None),
    "graphene": (lambda: made.graphite(1), 1),
    "graphite": (made.graphite, 3),
    "MoS2": (made.mos2, 1),
}


@pytest.mark.parametrize("name", SLABS)
def test_a_slab_is_found_whole(name):
    make, n_layers = SLABS[name]
    atoms, slab = made.with_water(make())
    what = found(atoms)
    assert [sorted(one.atoms) for one in what.slabs] == [slab.tolist()]
    assert what.normal == 2 and len(what.molecules.water) == 24
    assert not what.ions and not what.others and not what.fragments
    (one,) = what.slabs
    if n_layers is not None:
        assert len(one.layers) == n_layers
    z = atoms.positions[:, 2]
    assert z[one.upper].mean() > z[one.lower].mean() or n_layers == 1
    assert sum(len(layer) for layer in one.layers) in (0, len(slab))


@pytest.mark.parametrize("name", ["Au(111)", "TiO2(110)", "graphite", "SiO2(0001)"])
@pytest.mark.parametrize("normal", [0, 1, 2])
def test_the_normal_is_found(name, normal):
    atoms, slab = made.with_water(SLABS[name][0]())
    order = [(2 - normal + k) % 3 for k in range(3)]  # z comes to stand at `normal`
    positions, cell = atoms.positions[:, order], np.array(atoms.cell)[np.ix_(order, order)]
    what = find_constituents(np.array(atoms.get_chemical_symbols()), [Configuration(positions, cell)])
    assert what.normal == normal and sorted(what.slab) == slab.tolist()


@pytest.mark.parametrize("shift", [0.0, 7.0, 25.0])
def test_the_slab_may_lie_across_the_boundary(shift):
    atoms, slab = made.with_water(SLABS["TiO2(110)"][0]())
    atoms.positions[:, 2] += shift
    atoms.wrap()
    what = found(atoms)
    assert sorted(what.slab) == slab.tolist() and len(what.slabs[0].layers) == 3
    symbols = np.array(atoms.get_chemical_symbols())
    assert all((symbols[layer] == "Ti").sum() * 2 == (symbols[layer] == "O").sum() for layer in what.slabs[0].layers)


@pytest.mark.parametrize(("symbol", "height"), [("Na", 2.8), ("Cs", 3.4), ("Cl", 2.3), ("I", 2.6), ("Ca", 2.7)])
def test_ions_on_a_metal_are_ions(symbol, height):
    slab = fcc111("Au", (4, 4, 4), orthogonal=True)
    top = slab.positions[slab.positions[:, 2] > slab.positions[:, 2].max() - 0.5]
    atoms, own = made.with_water(slab, gap=5.0)
    lift = atoms.positions[own, 2].max() - top[0, 2]
    hollow = top[[0, 1, 4]].mean(axis=0)
    atoms += Atoms([symbol] * 2, positions=[above(hollow, 0, 0, height + lift), above(hollow, 6.0, 5.0, height + lift)])
    what = found(atoms)
    assert sorted(what.slab) == own.tolist()
    assert {name: len(one.members) for name, one in what.ions.items()} == {symbol: 2}


def test_ions_of_the_slabs_own_element_are_ions_where_they_are_away_from_it():
    atoms, slab = made.with_water(hcp0001("Zn", (4, 4, 4), orthogonal=True))
    z = atoms.positions[slab, 2].max()
    free = [(1.0, 2.0, z + 8.0), (6.0, 5.0, z + 13.0)]
    apart = np.linalg.norm(atoms.positions[:, None] - np.array(free), axis=2).min(axis=1)
    clear = np.flatnonzero((apart < 3.0) & (np.array(atoms.get_chemical_symbols()) == "O"))
    del atoms[np.sort(np.concatenate([clear, clear + 1, clear + 2]))]
    atoms += Atoms("Zn2", positions=free)
    what = found(atoms)
    assert sorted(what.slab) == slab.tolist() and what.ions["Zn"].charge_e == 2 and len(what.ions["Zn"].members) == 2


def test_alloys_and_dopants_are_slab():
    slab = fcc111("Pt", (4, 4, 4), orthogonal=True)
    slab.symbols[[0, 5, 21, 37, 60]] = "Ni"  # in the bulk, and in both faces
    atoms, own = made.with_water(slab)
    assert sorted(found(atoms).slab) == own.tolist()


@pytest.mark.parametrize(
    ("name", "bond", "kind"), [("CO", 1.85, "CO"), ("OH", 2.1, "OH"), ("O", 1.3, "O"), ("H", 1.0, "H")]
)
def test_adsorbates_are_no_slab(name, bond, kind):
    slab = fcc111("Pt", (4, 4, 4), orthogonal=True)
    top = slab.positions[slab.positions[:, 2] > slab.positions[:, 2].max() - 0.5]
    atoms, own = made.with_water(slab, gap=5.5)
    lift = atoms.positions[own, 2].max() - top[0, 2]
    place = (top[0] if name in ("CO", "OH") else top[[0, 1, 4]].mean(axis=0)) + (0, 0, lift + bond)
    if name == "CO":
        atoms += Atoms("CO", positions=[place, above(place, 0, 0, 1.15)])
    elif name == "OH":
        atoms += Atoms("OH", positions=[place, above(place, 0.9, 0, 0.35)])
    else:
        atoms += Atoms(name, positions=[place])
    what = found(atoms)
    assert sorted(what.slab) == own.tolist()
    assert [*what.others, *what.fragments] == [kind] and not what.ions
    assert len(what.molecules.water) == 24 and not len(what.molecules.hydroxide)


def test_water_that_binds_to_an_oxide_is_water():
    atoms, own = made.with_water(made.rutile(), gap=6.0)
    symbols = np.array(atoms.get_chemical_symbols())
    ti = own[(symbols[own] == "Ti")]
    site = atoms.positions[ti[np.argmax(atoms.positions[ti, 2])]]
    one = molecule("H2O")
    one.positions += above(site, 0, 0, 2.15) - one.positions[0]
    one.positions[1:, 2] = one.positions[0, 2] + 0.59
    what = found(atoms + one)
    assert sorted(what.slab) == own.tolist() and len(what.molecules.water) == 25


def test_two_electrodes_are_two_slabs():
    slab = fcc111("Au", (4, 4, 3), orthogonal=True)
    atoms, own = made.with_water(slab, vacuum=30.0)
    upper = slab.copy()
    upper.positions[:, 2] += atoms.positions[:, 2].max() + 3.0 - upper.positions[:, 2].min()
    both = atoms + upper
    what = found(both)
    assert [sorted(one.atoms) for one in what.slabs] == [own.tolist(), list(range(len(atoms), len(both)))]


def test_a_different_second_electrode():
    atoms, _ = made.with_water(fcc111("Au", (5, 6, 3), orthogonal=True), n=24, vacuum=30.0)
    one = Atoms("C4", positions=[(0, 0, 0), (1.23, 0.71, 0), (1.23, 2.13, 0), (0, 2.84, 0)], cell=[2.46, 4.26, 3.35])
    sheet = one.repeat((6, 4, 2))
    sheet.set_cell([*atoms.cell.lengths()[:2], 6.7], scale_atoms=True)  # strained to the same cell
    sheet.positions[:, 2] += atoms.positions[:, 2].max() + 3.0
    what = found(atoms + sheet, scale=0.02)
    kinds = [set(np.array((atoms + sheet).get_chemical_symbols())[one.atoms].tolist()) for one in what.slabs]
    assert kinds == [{"Au"}, {"C"}]


def test_a_liquid_metal_has_a_dividing_surface():
    """Atoms at random between two planes, other places in every frame: the plane is where they are."""
    rng = np.random.default_rng(0)
    side, thickness, n = 15.0, 14.0, 190
    frames = []
    for _ in range(5):
        places = np.zeros((0, 3))
        while len(places) < n:  # no two closer than 2.2 Å, or the bonds would be those of a gas
            one = rng.uniform((0, 0, 5.0), (side, side, 5.0 + thickness))
            apart = places - one
            apart[:, :2] -= side * np.rint(apart[:, :2] / side)
            if not len(places) or np.linalg.norm(apart, axis=1).min() > 2.0:
                places = np.vstack([places, one])
        frames.append(Configuration(places, np.diag([side, side, 45.0])))
    what = find_constituents(np.array(["Hg"] * n), frames)
    (slab,) = what.slabs
    assert slab.plane == "dividing" and not slab.layers
    assert slab.half_thickness_A == pytest.approx(thickness / 2, rel=0.06)
    assert "wander" in slab.plane_in_words(what.elements)


@pytest.mark.parametrize("seed", range(3))
def test_a_rough_face_has_topmost_atoms(seed):
    """Heights at random over 1.6 Å, the same in every frame: there are no planes, and nothing wanders."""
    slab = fcc111("Cu", (5, 6, 5), orthogonal=True)
    slab.positions[:, 2] += np.random.default_rng(seed).uniform(-0.9, 0.9, len(slab))
    atoms, own = made.with_water(slab, gap=3.5)
    what = found(atoms, scale=0.02)
    (one,) = what.slabs
    assert sorted(one.atoms) == own.tolist() and one.plane == "topmost" and not one.layers
    top, bottom = ([k for k in own if k // 30 == layer] for layer in (4, 0))  # as ASE numbers them
    assert len(set(one.upper) & set(top)) > 0.7 * len(one.upper) and len(one.upper) > 15
    z = atoms.positions[:, 2]
    assert z[one.upper].mean() == pytest.approx(z[top].mean(), abs=0.3)
    assert z[one.lower].mean() == pytest.approx(z[bottom].mean(), abs=0.3)


def test_planes_of_a_vicinal_face():
    """Cu(531): 0.61 Å between its planes."""
    atoms, own = made.with_water(made.metal("Cu", (5, 3, 1), 6, (3, 4)))
    (one,) = found(atoms, scale=0.03).slabs
    assert sorted(one.atoms) == own.tolist() and one.plane == "layer"


def test_adatoms_are_slab_but_in_no_layer():
    slab = fcc111("Au", (4, 4, 4), orthogonal=True)
    top = slab.positions[slab.positions[:, 2] > slab.positions[:, 2].max() - 0.5]
    slab += Atoms("Au", positions=[above(top[[0, 1, 4]].mean(axis=0), 0, 0, 2.3)])
    atoms, own = made.with_water(slab)
    (one,) = found(atoms).slabs
    assert sorted(one.atoms) == own.tolist() and [len(layer) for layer in one.layers] == [16] * 4


def test_the_slab_can_be_named():
    atoms, own = made.with_water(made.rutile())
    what = found(atoms, slab=own[:10])
    assert what.slab.tolist() == list(range(10))
    assert not found(atoms, slab=own[:0]).slabs
