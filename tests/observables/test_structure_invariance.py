"""What must not change the structural observables, with their options on; awkward systems."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lmpdrive.observables import Interface, analyse
from lmpdrive.observables.base import Settings
from lmpdrive.observables.registry import observable_classes
from lmpdrive.trajectory.frames import Chunk
from tests.observables.synthetic_frames import Frames, film, slab, water

MINE = (
    "coordination", "density", "ion_map", "ion_shell_lifetime", "ion_surface_distance", "metal_structure",
    "potential_profile", "rdf", "water_angles", "water_cos_2theta", "water_coverage",
)  # fmt: skip
CHARGES = {"Au": 0.01, "O": -0.8476, "H": 0.4238, "Na": 1.0, "Cl": -1.0}
OPTIONS = {
    "density": {
        "profiles": [
            {"name": "charge", "selection": {"mda": "all"}, "quantity": "charge", "charges_e": CHARGES},
            {"name": "near", "selection": {"element": "O", "region": "z < 4.5"}, "quantity": "mass"},
            {"name": "low", "selection": {"mda": "name H and around 3 name Na"}},
        ]
    },
    "potential_profile": {"charges_e": CHARGES},
    "water_angles": {"regions": {"second": (4.5, 9.0)}, "bin_width_deg": 10},
    "coordination": {"shell_A": {"Na-O": 3.5, "Cl-O": 3.9, "Na-Cl": 4.0, "Cl-Na": 4.0}},
    "ion_map": {"water": True, "along": "b"},
}
FEW = hypothesis_settings(max_examples=8, deadline=None)
SEEDS = st.integers(0, 10**6)


def noisy(seed, n=12):
    extra = [("Na", (1, 2, 14)), ("Cl", (5, 5, 15)), ("Na", (6, 1, 19))]
    elements, positions, cell = film([2.6, 3.1, 5.5, 8.2, 11.0], [0.3, -0.8, 0, 1, 0.5], extra=extra)
    rng = np.random.default_rng(seed)
    return elements, positions + rng.normal(scale=0.03, size=(n, *positions.shape)), cell


def tables(frames):
    found = analyse(frames, options=OPTIONS)
    chosen = {name: table for name, table in found.items() if name.startswith(MINE)}
    assert {name.split("_Na")[0].split("_bis")[0] for name in chosen} >= {"rdf", "ion_map", "water_angles"}
    return chosen


def same(a, b, atol=1e-6):
    assert set(a) == set(b)
    for name in a:
        for column in a[name].data:
            left, right = a[name].data[column].to_numpy(), b[name].data[column].to_numpy()
            assert_allclose(left, right, atol=atol, err_msg=f"{name} {column}")


@FEW
@given(SEEDS, st.floats(-60, 60))
def test_height_and_wrapping_change_nothing(seed, shift):
    elements, positions, cell = noisy(seed)
    images = np.random.default_rng(seed).integers(-2, 3, positions.shape)
    moved = Frames(elements, positions + np.array([0, 0, shift]) + images * cell, cell)
    same(tables(Frames(elements, positions, cell)), tables(moved), atol=2e-4)  # MDAnalysis' 32 bits


@FEW
@given(SEEDS)
def test_order_of_atoms_changes_nothing(seed):
    elements, positions, cell = noisy(seed)
    order = np.random.default_rng(seed).permutation(len(elements))
    same(
        tables(Frames(elements, positions, cell)), tables(Frames(np.array(elements)[order], positions[:, order], cell))
    )


@FEW
@given(SEEDS, st.integers(1, 15))
def test_chunk_size_changes_nothing(seed, size):
    class Chopped(Frames):
        def chunks(self, _=None):
            return super().chunks(size)

    elements, positions, cell = noisy(seed)
    same(tables(Frames(elements, positions, cell)), tables(Chopped(elements, positions, cell)))


@FEW
@given(SEEDS)
def test_a_rotated_triclinic_cell_changes_nothing(seed):
    """The same system turned in space: the normal is not z, the cell is not diagonal."""
    elements, positions, cell = noisy(seed)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    turn[0] *= np.sign(np.linalg.det(turn))
    plain, turned = Frames(elements, positions, cell), Frames(elements, positions @ turn, np.diag(cell) @ turn)
    options = {name: given for name, given in OPTIONS.items() if name != "density"}  # MDAnalysis wants a along x
    a, b = analyse(plain, options=options), analyse(turned, options=options)
    same({n: t for n, t in a.items() if n.startswith(MINE)}, {n: t for n, t in b.items() if n.startswith(MINE)})


@FEW
@given(SEEDS)
def test_sum_rules_in_every_frame(seed):
    elements, positions, cell = noisy(seed)
    area = cell[0] * cell[1]
    for f in range(3):
        found = tables(Frames(elements, positions[f : f + 1], cell))
        assert_allclose(found["density_charge"].value.sum() * area * 0.1, 36 * 0.01 + 1.0, atol=1e-9)
        assert_allclose(found["ion_surface_distance_Na"].value.sum() * 0.2, 1)
        assert_allclose(found["ion_map_Na"].value.sum() * area * 0.25 / 36 * 6.02214076e-4, 2, rtol=1e-6)
        assert_allclose(found["coordination_Na_O"].value.sum(), 1)
        assert_allclose(found["water_coverage"].data.iloc[0, [1, 3, 4]].sum(), 5)
        for region in ("second", "bulk"):
            total = found[f"water_angles_oh_{region}"].value.sum() * 10
            assert np.isnan(total) or total == pytest.approx(1)


class Breathing(Frames):
    """Everything scaled along z only, frame by frame, as in NPT over a fixed surface."""

    def read(self, start, stop):
        c = super().read(start, stop)
        scale = np.ones((len(c), 1, 3))
        scale[:, 0, 2] = 1 + 0.01 * np.sin(np.arange(start, stop))
        return Chunk(c.positions * scale, c.cells * scale, c.origins, c.steps, c.times_ps, c.first)


def test_changing_cell_keeps_the_counts():
    elements, positions, cell = noisy(3, n=40)
    found = tables(Breathing(elements, positions, cell))
    assert_allclose(found["density_charge"].value.sum() * cell[0] * cell[1] * 0.1, 36 * 0.01 + 1.0, atol=1e-9)
    assert_allclose(found["ion_map_Na"].value.sum() * cell[0] * cell[1] * 0.25 / 36 * 6.02214076e-4, 2, rtol=1e-6)


def awkward():
    metal, (a, b) = slab()
    up = water((1, 1, 7.2 + 3.05))
    box = [a, b, 40.0]
    hydroxide = up[:2] + np.array([3, 3, 0])
    hydronium = np.vstack([up, up[0] - [0, 0, 0.97]]) + np.array([0, 3, 4])
    yield "no metal", ["O", "H", "H", "Na"], np.vstack([up, [4, 4, 4]]), box
    yield "no water", ["Au"] * 36 + ["Na"], np.vstack([metal, [1, 1, 12]]), box
    yield "metal only", ["Au"] * 36, metal, box
    yield "water only", ["O", "H", "H"], up, box
    yield "ions only", ["Na", "Cl"], np.array([[1.0, 1, 1], [4, 4, 4]]), box
    yield "OH-", ["Au"] * 36 + ["O", "H"], np.vstack([metal, hydroxide]), box
    yield "H3O+", ["Au"] * 36 + ["O", "H", "H", "H"], np.vstack([metal, hydronium]), box
    yield "all", ["Au"] * 36 + ["O", "H", "H", "O", "H", "O", "H", "H", "H", "Na"], np.vstack(
        [metal, up, hydroxide, hydronium, [6, 6, 20]]
    ), box  # fmt: skip
    yield (
        "two sided",
        ["Au"] * 36 + ["O", "H", "H"] * 2,
        np.vstack([metal, up, water((4, 4, 30 - 3.05), -1)]),
        [a, b, 30],
    )
    yield "metal atom in the electrolyte", ["Au"] * 37 + ["O", "H", "H"], np.vstack([metal, [5, 5, 18], up]), box


@pytest.mark.parametrize("n", [1, 2, 25])
@pytest.mark.parametrize("system", list(awkward()), ids=lambda system: system[0])
def test_awkward_systems_do_not_crash(system, n):
    """Every table can be made, from one frame or many, and what is a share sums to one or is NaN."""
    _, elements, positions, box = system
    noise = np.random.default_rng(0).normal(scale=0.02, size=(n, *positions.shape))
    found = analyse(Frames(elements, positions + noise, box))
    for name, table in found.items():
        if name.startswith("coordination"):
            assert np.isnan(table.value).all() or table.value.sum() == pytest.approx(1)
        if name.startswith(MINE) and n == 1:
            assert np.isnan(table.error).all()


def test_mirrored_slab_has_the_same_structure():
    elements, positions, cell = noisy(5)
    flipped = positions * [1, 1, -1] + [0, 0, cell[2]]
    a, b = tables(Frames(elements, positions, cell)), tables(Frames(elements, flipped, cell))
    same(a, b, atol=2e-4)


def test_each_merges_and_guards_its_result():
    elements, positions, cell = noisy(7)
    frames = Frames(elements, positions, cell)
    interface = Interface(frames.topology, frames.read(0, 1))
    settings = Settings(options=OPTIONS)
    seen = set()
    for cls in observable_classes():
        if cls.family() not in MINE:
            continue
        for i, whole in enumerate(cls.for_interface(interface, settings)):
            left, right = (cls.for_interface(interface, settings)[i] for _ in range(2))
            with pytest.raises(RuntimeError, match="no frame"):
                whole.result()
            for target, (start, stop) in ((whole, (0, 12)), (left, (0, 5)), (right, (5, 12))):
                c = frames.read(start, stop)
                c = Chunk(c.positions, c.cells, c.origins, c.steps, c.times_ps, start)
                target.update(c, interface.frames(c))
            left.merge(right)
            for x, y in zip(whole.result().values(), left.result().values()):
                assert_allclose(x, y, atol=1e-12)
            seen.add(cls.family())
    assert seen == set(MINE)
