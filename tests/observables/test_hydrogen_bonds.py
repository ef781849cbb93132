"""Hydrogen bonds of dimers at the limits of the criterion, of ice, and of whatever else accepts; lifetimes."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.observables import Interface, analyse
from lmpdrive.observables.hydrogen_bond_search import CriterionOptions, search
from tests.observables.moving_frames import DT_PS, assert_cuts_do_not_matter, two_sided
from tests.observables.synthetic_frames import BOND, HALF_ANGLE, SLAB_GROUPS, Frames, film, water

NAMES = ["hydrogen_bonds", "hydrogen_bond_profile", "hydrogen_bond_lifetime"]


def donor(oxygen, angle_deg=0.0):
    """A water one of whose H makes this angle with +x."""
    a, b = np.radians(angle_deg), np.radians(angle_deg) + 2 * HALF_ANGLE
    arms = [BOND * np.array([np.cos(t), np.sin(t), 0.0]) for t in (a, b)]
    return np.array([oxygen, oxygen + arms[0], oxygen + arms[1]])


def dimer(distance=2.9, angle_deg=0.0, acceptor=None):
    """Donor and acceptor on the x axis; the acceptor's H point away."""
    o = np.array([1.0, 5.0, 5.0])
    other = o + np.array([distance, 0, 0])
    if acceptor is None:
        arms = [BOND * np.array([np.cos(HALF_ANGLE), s * np.sin(HALF_ANGLE), 0.0]) for s in (1, -1)]
        acceptor = np.array([other, other + arms[0], other + arms[1]])
    return np.concatenate([donor(o, angle_deg), acceptor])


def run(positions, cell=(12.0, 12.0, 12.0), n=10, elements=None, **options):
    elements = elements or ["O", "H", "H"] * (len(positions) // 3)
    frames = Frames(elements, np.tile(positions, (n, 1, 1)), cell)
    return analyse(frames, names=NAMES, options=dict.fromkeys(NAMES, options))


@pytest.mark.parametrize(
    ("distance", "angle", "bonded"),
    [(2.9, 0, 1), (3.49, 0, 1), (3.51, 0, 0), (2.9, 29.5, 1), (2.9, -29.5, 1), (2.9, 30.5, 0), (2.9, 180, 0)],
)
def test_dimer_at_the_limits(distance, angle, bonded):
    table = run(dimer(distance, angle))["hydrogen_bonds"]
    assert_allclose(table.value, bonded)  # two waters, counted at donor and at acceptor
    assert_allclose(table.data["n_HB_donated [1]"], bonded / 2)


def test_angle_at_the_hydrogen():
    """At 20° at the donor and 2.9 Å the angle at H is atan2(2.9 sin 20°, 2.9 cos 20° - 0.96) = 29.0°."""
    want = np.degrees(np.arctan2(2.9 * np.sin(np.radians(20)), 2.9 * np.cos(np.radians(20)) - BOND))
    for limit, bonded in ((want - 0.1, 0), (want + 0.1, 1)):
        table = run(dimer(2.9, 20), angle_at="hydrogen", angle_deg=limit)["hydrogen_bonds"]
        assert_allclose(table.value, bonded)


def test_own_limits():
    assert_allclose(run(dimer(3.2, 35), distance_A=3.1)["hydrogen_bonds"].value, 0)
    assert_allclose(run(dimer(3.2, 35), angle_deg=40)["hydrogen_bonds"].value, 1)


@pytest.mark.parametrize("shift", [(0, 0, 0), (8.7, -3, 200)])
def test_bonds_through_the_boundary(shift):
    moved = (dimer() + np.array(shift, dtype=float)) % 12.0
    assert_allclose(run(moved)["hydrogen_bonds"].value, 1)


def ice(n):
    """Cubic ice with ordered protons: sublattice A donates along two of the four bonds, B along the other two."""
    ways = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / 4.0
    unit = ways / np.linalg.norm(ways, axis=1, keepdims=True)
    a = 2.75 * 4 / np.sqrt(3)
    fcc = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    atoms = []
    for i, j, k in np.ndindex(n, n, n):
        for corner in fcc + np.array([i, j, k]):
            o = corner * a
            atoms += [o, o + BOND * unit[0], o + BOND * unit[1]]
            o = (corner + ways[0]) * a
            atoms += [o, o - BOND * unit[2], o - BOND * unit[3]]
    return np.array(atoms), (n * a,) * 3


@pytest.mark.parametrize("n", [2, 4])  # 64 waters: all pairs; 512: the grid
def test_ice_has_four_bonds_and_they_last(n):
    positions, cell = ice(n)
    frames = Frames(["O", "H", "H"] * (len(positions) // 3), np.tile(positions, (12, 1, 1)), cell)
    tables = analyse(frames, names=NAMES, options={"hydrogen_bond_lifetime": {"window_ps": 0.05, "sample_ps": 0}})
    assert_allclose(tables["hydrogen_bonds"].value, 4)
    assert_allclose(tables["hydrogen_bonds"].data["n_HB_donated [1]"], 2)
    for column in ("C [1]", "S [1]"):
        assert_allclose(tables["hydrogen_bond_lifetime"].data[column], 1)
    profile = tables["hydrogen_bond_profile"].data
    full = profile["n_HB [1]"].notna()
    assert_allclose(profile["n_HB [1]"][full], 4)
    assert_allclose(profile["n_HB_accepted [1]"][full], 2)


def test_the_bulk_has_its_own_number():
    """Pairs of bonded waters in the middle of a film, single waters near its surfaces."""
    elements, positions, cell = film([], [])
    parts, up = [positions], np.array([0.0, 0.0, 7.2 - 5.0])
    for k, h in enumerate(np.arange(2.05, 24.0, 0.2)):
        pair = dimer() + up + np.array([14.0 * k, 0.0, h])
        parts.append(pair if 8.0 < h < 22.0 else pair[:3])
        parts += [] if 8.0 < h < 22.0 else [pair[:3] + np.array([7.0, 0, 0])]
    atoms = np.concatenate(parts)
    elements = [*elements, *["O", "H", "H"] * ((len(atoms) - len(positions)) // 3)]
    frames = Frames(elements, np.tile(atoms, (10, 1, 1)), [14.0 * 110, cell[1], 60.0], groups=SLAB_GROUPS)
    table = analyse(frames, names=["hydrogen_bond_profile"])["hydrogen_bond_profile"]
    found = table.scalars["hydrogen bonds per water (bulk)"]
    assert_allclose(found.value, 1.0)
    assert "8.0 < z <= 22" in found.note
    thin = analyse(
        Frames(*film([3.0], [0.0])[:1], np.tile(film([3.0], [0.0])[1], (10, 1, 1)), cell), names=[table.name]
    )
    assert "too thin" in thin[table.name].scalars["hydrogen bonds per water (bulk)"].error_in_words
    assert not run(dimer())["hydrogen_bond_profile"].scalars


def test_profile_says_who_donates_and_who_accepts():
    """One water 3 Å above the surface donates to one that is 2.9 Å above it."""
    elements, positions, cell = film([], [])
    low, high = np.array([4.0, 4.0, 7.2 + 3.05]), np.array([4.0, 4.0, 7.2 + 5.95])
    up = [low, low + np.array([0, 0, BOND]), low + BOND * np.array([np.sin(2 * HALF_ANGLE), 0, np.cos(2 * HALF_ANGLE)])]
    both = np.concatenate([positions, up, water(high, 1.0)])
    frames = Frames([*elements, *["O", "H", "H"] * 2], np.tile(both, (10, 1, 1)), cell)
    for one in (frames, two_sided(frames)):
        tables = analyse(one)
        data = tables["hydrogen_bond_profile"].data.set_index("z [Å]")
        assert_allclose(data["n_HB_donated [1]"].dropna().loc[3.0:6.0], [1, 0])
        assert_allclose(data["n_HB_accepted [1]"].dropna().loc[3.0:6.0], [0, 1])
        assert_allclose(tables["hydrogen_bonds"].data["n_HB_first_layer [1]"], 1)


def test_hydroxide_accepts_and_hydronium_breaks_nothing():
    o = np.array([3.9, 5.0, 5.0])
    hydroxide = np.array([o, o + np.array([BOND, 0, 0])])
    table = run(dimer(acceptor=hydroxide), elements=["O", "H", "H", "O", "H"])["hydrogen_bonds"]
    assert_allclose(table.data["n_HB_donated [1]"], 1)  # by the only water
    assert_allclose(table.value, 1)  # hydroxide is no water: what it accepts counts at the donor only
    arms = [BOND * np.array(v) for v in ([1, 0, 0], [0, 1, 0], [0, 0, 1])]
    hydronium = np.concatenate([[o], o + arms])
    assert_allclose(run(dimer(acceptor=hydronium), elements=list("OHHOHHH"))["hydrogen_bonds"].value, 1)


def test_no_water_in_some_frames_and_one_frame():
    frames = np.tile(dimer(), (10, 1, 1))
    frames[4, [1, 2, 4, 5]] += [0, 0, 5.0]  # all O bare
    tables = analyse(Frames(["O", "H", "H"] * 2, frames, (12.0,) * 3), names=NAMES)
    assert np.isnan(tables["hydrogen_bonds"].value[4])
    assert tables["hydrogen_bonds"].scalars["hydrogen bonds per water"].value == pytest.approx(1)
    one = run(dimer(), n=1)
    assert_allclose(one["hydrogen_bonds"].value, 1)
    assert one["hydrogen_bond_lifetime"].value[0] == 1
    assert np.isnan(one["hydrogen_bond_lifetime"].value[1:]).all()


def opening(bonded):
    """A dimer that is at 2.9 Å where `bonded`, at 4.5 Å elsewhere."""
    frames = [dimer(2.9 if b else 4.5) for b in bonded]
    return Frames(["O", "H", "H"] * 2, frames, (12.0,) * 3)


@pytest.mark.parametrize("origins", ["window", "all"])
def test_lifetime_by_double_loop(origins):
    h = np.random.default_rng(2).random(53) < 0.7
    options = {"hydrogen_bond_lifetime": {"window_ps": 0.1, "sample_ps": 0, "origins": origins}}
    table = analyse(opening(h), names=NAMES, options=options)["hydrogen_bond_lifetime"]
    for lag in range(11):
        starts = [t for t in range(53 - lag) if origins == "all" or t + lag <= (t // 10 + 1) * 10]
        at = sum(h[t] for t in starts)
        assert_allclose(table.value[lag], sum(h[t] and h[t + lag] for t in starts) / at)
        assert_allclose(table.data["S [1]"][lag], sum(h[t : t + lag + 1].all() for t in starts) / at)


def test_lifetime_of_a_bond_that_breaks_at_random():
    """Broken with p, mended with q per frame: S = (1 - p)^τ, C = c + (1 - c)(1 - p - q)^τ."""
    rng, n, p, q = np.random.default_rng(8), 6000, 0.05, 0.2
    h = np.ones(n, dtype=bool)
    for t in range(1, n):
        h[t] = rng.random() >= p if h[t - 1] else rng.random() < q
    options = {"hydrogen_bond_lifetime": {"window_ps": 0.2, "sample_ps": 0}}
    table = analyse(opening(h), names=NAMES, options=options)["hydrogen_bond_lifetime"]
    lag, c = np.arange(21), q / (p + q)
    assert (abs(table.data["S [1]"] - (1 - p) ** lag) <= 4 * table.data["σ_S [1]"] + 1e-12).all()
    assert (abs(table.value - (c + (1 - c) * (1 - p - q) ** lag)) <= 4 * table.error + 1e-12).all()
    assert_allclose(table.x, DT_PS * lag)


@pytest.mark.parametrize("name", NAMES)
def test_chunks_and_parts_change_nothing(name):
    options = {"hydrogen_bond_lifetime": {"window_ps": 0.2, "sample_ps": 0.02}}
    assert_cuts_do_not_matter(name, opening(np.random.default_rng(3).random(60) < 0.7), options)


def crowd(n, edge, seed, tilt):
    """Waters at random places and orientations, few of them overlapping."""
    rng = np.random.default_rng(seed)
    cell = np.diag([edge, edge, edge]).astype(float)
    cell[1, 0], cell[2, :2] = tilt, (-tilt, 0.5 * tilt)
    oxygen = rng.random((n, 3)) @ cell
    axes = np.linalg.qr(rng.normal(size=(n, 3, 3)))[0]
    arms = [BOND * (np.cos(HALF_ANGLE) * axes[:, 0] + s * np.sin(HALF_ANGLE) * axes[:, 1]) for s in (1, -1)]
    return np.stack([oxygen, oxygen + arms[0], oxygen + arms[1]], axis=1).reshape(-1, 3), cell


@pytest.mark.parametrize(("n", "edge", "tilt"), [(60, 12.0, 0.0), (60, 12.0, 2.0), (450, 23.0, 0.0), (450, 23.0, 4.0)])
@pytest.mark.parametrize("at", ["donor", "hydrogen"])
def test_compiled_search_equals_its_numpy_twin(monkeypatch, n, edge, tilt, at):
    snapshots = [crowd(n, edge, seed, tilt) for seed in range(3)]
    frames = Frames(["O", "H", "H"] * n, [positions for positions, _ in snapshots], snapshots[0][1])
    interface = Interface(frames.topology, frames.read(0, 1))
    chunk = frames.read(0, 3)
    seen = interface.frames(chunk)
    found = []
    for twin in ("hydrogen_bonds", "hydrogen_bonds_numpy"):
        module = import_module(f"lmpdrive.observables.kernels.{twin}")
        monkeypatch.setattr("lmpdrive.observables.hydrogen_bond_search.load", lambda _, module=module: module)
        bonds = search(chunk, seen, np.arange(0, 3 * n, 3), CriterionOptions(angle_deg=60, angle_at=at))
        found.append((sorted(zip(bonds.row, bonds.hydrogen, bonds.acceptor)), bonds.donated, bonds.accepted))
    assert len(found[0][0]) > 20
    assert found[0][0] == found[1][0]
    assert_allclose(found[0][1], found[1][1])
    assert_allclose(found[0][2], found[1][2])
    waters = {(f, o): row for row, (f, o) in enumerate(zip(seen.water.frame, seen.water.oxygen))}
    donated, accepted = np.zeros((2, len(waters)))
    for row, _, acceptor in found[0][0]:
        donated[row] += 1
        if (seen.water.frame[row], acceptor) in waters:
            accepted[waters[seen.water.frame[row], acceptor]] += 1
    assert_allclose(found[0][1], donated)
    assert_allclose(found[0][2], accepted)
