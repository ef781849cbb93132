"""Profiles against answers known on paper, sum rules, and symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lmpdrive.common.units import MOL_PER_L_PER_A3
from lmpdrive.errors import TrajectoryError
from lmpdrive.observables import Interface, analyse, observable_classes
from lmpdrive.observables.base import Settings
from lmpdrive.trajectory import Topology
from tests.observables.synthetic_frames import BOND, HALF_ANGLE, SLAB_GROUPS, Frames, film, slab, water

GRAMS = 18.015 / 0.602214076
"""1 water/Å^3 in g/cm^3."""


def repeated(elements, positions, cell, n=10, **kwargs):
    return Frames(elements, np.tile(positions, (n, 1, 1)), cell, **kwargs)


def bins(table):
    """{bin middle: value} of the bins that are not empty."""
    return {round(z, 6): v for z, v in zip(table.x, table.value) if np.nan_to_num(v) != 0}


def test_one_layer_is_one_bin_with_the_right_integral():
    frames = repeated(*film([3.05] * 4, [1, 0.5, 0, -0.5]))
    area = frames._cell[0, 0] * frames._cell[1, 1]
    tables = analyse(frames)
    density, orientation = tables["water_density"], tables["water_orientation"]
    assert list(bins(density)) == [3.05]
    assert_allclose(density.value.sum() * 0.1 * area / GRAMS, 4, rtol=1e-6)
    assert_allclose(orientation.value.sum() * 0.1 * area / GRAMS, 1.0, rtol=1e-6)
    assert_allclose(bins(tables["water_cos_theta"])[3.05], 0.25)
    assert_allclose(density.error, 0, atol=1e-12)
    assert list(density.data.columns) == ["z [Å]", "ρ [g/cm^3]", "σ [g/cm^3]"]


@pytest.mark.parametrize("width", [0.1, 0.25, 1.0, 0.3])
def test_bin_width_is_exactly_as_asked(width):
    table = analyse(repeated(*film([5.0, 9.97], [1, 1])), bin_width_A=width)["water_density"]
    assert_allclose(table.x, (np.arange(len(table.x)) + 0.5) * width)


def test_dipole_in_e_per_angstrom_and_volt():
    frames = repeated(*film([3, 6, 9], [1, 1, -0.5]))
    table = analyse(frames)["dipole_pz"]
    assert_allclose(table.value, 1.5, atol=1e-9)
    bisector = 2 * BOND * np.cos(HALF_ANGLE) * 1.5
    area = frames._cell[0, 0] * frames._cell[1, 1]
    assert_allclose(table.data["P_z/A [e/Å]"], 0.4238 * bisector / area)
    assert_allclose(table.data["P_z/(A ε0) [V]"] / table.data["P_z/A [e/Å]"], 180.9513, rtol=1e-6)


def test_breakdown_alarm_for_pure_water_only():
    heights, up = np.linspace(2.5, 19, 18), np.ones(18)
    assert any("break down" in w for w in analyse(repeated(*film(heights, up)))["dipole_pz"].warnings)
    with_ions = analyse(repeated(*film(heights, up, extra=[("Na", (1, 1, 30))])))["dipole_pz"]
    assert not with_ions.warnings
    assert any("screen" in n or "no alarm" in n for n in with_ions.notes)


def test_no_breakdown_alarm_without_a_film():
    """A box of liquid, and a cell filled from one face of the metal to the other, have no side to be polarised to."""
    elements, positions, cell = film(np.linspace(2.5, 19, 18), np.ones(18))
    box = np.array(elements) != "Au"
    filled = [cell[0], cell[1], positions[box, 2].max() - positions[box, 2].min() + 1.5]
    liquid = analyse(repeated([e for e in elements if e != "Au"], positions[box], filled))["dipole_pz"]
    assert liquid.data["P_z/(A ε0) [V]"].max() > 4.45 and not liquid.warnings
    between = [cell[0], cell[1], positions[:, 2].max() + 2.5]
    assert not analyse(repeated(elements, positions, between))["dipole_pz"].warnings
    # the same water in a vacuum is a film, with or without a metal
    alone = analyse(repeated([e for e in elements if e != "Au"], positions[box], cell))["dipole_pz"]
    assert any("break down" in warning for warning in alone.warnings)


def test_charges_of_the_structure_replace_spce():
    elements, positions, cell = film([3], [1])
    charges = np.array([{"Au": 0.0, "O": -0.6, "H": 0.3}[e] for e in elements])
    own = analyse(repeated(elements, positions, cell, charges_e=charges))["dipole_pz"]
    spce = analyse(repeated(elements, positions, cell))["dipole_pz"]
    assert_allclose(own.data["P_z/A [e/Å]"] / spce.data["P_z/A [e/Å]"], 0.6 / 0.8476)


def test_ions_in_mol_per_litre_anions_too():
    elements, positions, cell = film([3], [1], extra=[("Na", (1, 1, 7.2 + 4.35)), ("Cl", (4, 4, 7.2 + 8.05))])
    tables = analyse(repeated(elements, positions, cell))
    want = MOL_PER_L_PER_A3 / (cell[0] * cell[1] * 0.1)
    assert_allclose(bins(tables["ion_density_Na"])[4.35], want)
    assert_allclose(bins(tables["ion_density_Cl"])[8.05], want)
    assert "ion_density_Au" not in tables


def test_two_surfaces_are_mirrored_and_averaged():
    # metal 0..7.2, height 30: gap 22.8; one water 3.05 from the top face, one 3.05 from the bottom face,
    # both with H towards the vacuum side of their own surface: the mirrored profiles must add up
    metal, (a, b) = slab()
    positions = np.concatenate([metal, water((1, 1, 7.2 + 3.05), 0.5), water((4, 4, 30 - 3.05), -0.5)])
    tables = analyse(repeated(["Au"] * 36 + ["O", "H", "H"] * 2, positions, [a, b, 30.0]))
    density, cosine = bins(tables["water_density"]), bins(tables["water_cos_theta"])
    assert_allclose(sorted(density), [3.05, 22.8 - 3.05], atol=1e-6)
    assert_allclose(density[3.05] * 0.1 * a * b / GRAMS, 1.0, rtol=1e-6)
    assert_allclose([cosine[3.05], cosine[19.75]], [0.5, -0.5])
    assert_allclose(tables["dipole_pz"].value, 0, atol=1e-9)  # along the normal, not mirrored
    assert any("mirrored" in note for note in tables["summary"].notes)


def test_electrolyte_below_the_slab():
    elements, positions, cell = film([3.05, 6.05], [0.5, 1])
    flipped = positions * [1, 1, -1] + [0, 0, cell[2]]
    up, down = analyse(repeated(elements, positions, cell)), analyse(repeated(elements, flipped, cell))
    for name in ("water_density", "water_orientation", "dipole_pz"):
        assert_allclose(down[name].value, up[name].value, atol=1e-9)


@pytest.mark.parametrize("shift", [-5.0, 17.3, 36.0, 400.0])
def test_slab_across_the_boundary(shift):
    reference = analyse(repeated(*film([3.05, 6.05, 12.05], [0.5, 1, -1])))
    moved = analyse(repeated(*film([3.05, 6.05, 12.05], [0.5, 1, -1], shift=shift)))
    for name in ("water_density", "water_orientation"):
        assert_allclose(moved[name].x, reference[name].x)
        assert_allclose(moved[name].value, reference[name].value, atol=1e-9)


@pytest.mark.parametrize("groups", [True, False])
def test_adatom_is_not_part_of_the_surface(groups):
    elements, positions, cell = film([3.05], [1])
    elements = [*elements, "Au"]
    positions = np.vstack([positions, [4.0, 4.0, 7.2 + 2.3]])
    named = {"metal": np.r_[0:36, len(elements) - 1]} | {f"layer_{i + 1}": np.arange(9) + 9 * i for i in range(4)}
    frames = repeated(elements, positions, cell, groups=named if groups else {})
    assert list(bins(analyse(frames)["water_density"])) == [3.05]


def test_atom_that_leaves_its_layer_does_not_lower_the_surface():
    elements, positions, cell = film([3.05], [1])
    frames = np.tile(positions, (20, 1, 1))
    frames[10:, 35, 2] += 2.3  # hops up: an adatom and a vacancy
    assert list(bins(analyse(Frames(elements, frames, cell))["water_density"])) == [3.05]


def test_surface_is_followed_frame_by_frame():
    elements, positions, cell = film([3.05], [1])
    drift = np.linspace(0, 55, 40)[:, None, None] * np.array([0, 0, 1.0])
    frames = (positions + drift) % cell
    assert list(bins(analyse(Frames(elements, frames, cell))["water_density"])) == [3.05]


def test_no_metal_is_measured_from_the_cell_origin():
    positions = np.concatenate([water((1, 1, 2.05 + 5.0)), water((3, 3, 7.05 + 5.0))])
    frames = repeated(["O", "H", "H"] * 2, positions, [6.0, 6.0, 10.0], origin=(0, 0, 5.0))
    tables = analyse(frames)
    assert list(bins(tables["water_density"])) == [2.05, 7.05]
    assert any("No slab" in note for note in tables["summary"].notes)
    assert "first peak of the water density: height" not in tables["water_density"].scalars


def test_metal_without_water_has_ion_tables_only():
    metal, (a, b) = slab()
    frames = repeated(["Au"] * 36 + ["Na"], np.vstack([metal, [1, 1, 12.25]]), [a, b, 40.0])
    tables = set(analyse(frames))
    assert {"ion_density_Na", "summary"} <= tables
    assert not [name for name in tables if name.startswith(("water", "dipole", "survival", "reorientation"))]


def test_one_frame_has_values_and_says_it_has_no_errors():
    tables = analyse(repeated(*film([3.05, 8], [1, 0]), n=1))
    table = tables["water_density"]
    assert table.value.max() > 0
    assert np.isnan(table.error).all()
    assert table.n_blocks == 0
    assert any("Too few frames" in w for w in tables["summary"].warnings)


def test_block_errors_are_those_of_the_block_means():
    elements, positions, cell = film([3.05] * 3, [1, 1, 1])
    frames = np.tile(positions, (20, 1, 1))
    top = np.array(elements) == "O"
    away = np.random.default_rng(1).integers(0, 2, (20, 3)).astype(bool)
    for f in range(20):
        for k, o in enumerate(np.flatnonzero(top)):
            frames[f, o : o + 3, 2] += 5.0 * away[f, k]
    table = analyse(Frames(elements, frames, cell))["water_density"]
    near = (~away).sum(axis=1).reshape(10, 2).mean(axis=1)
    unit = GRAMS / (cell[0] * cell[1] * 0.1)
    row = np.argmin(abs(table.x - 3.05))
    assert_allclose(table.value[row], near.mean() * unit, rtol=1e-6)
    assert_allclose(table.error[row], near.std(ddof=1) / np.sqrt(10) * unit, rtol=1e-6)


def test_slow_series_warns_that_blocks_are_too_short():
    elements, positions, cell = film([3.0] * 2, [1, 1], extra=[("Na", (1, 1, 12))])
    frames = np.tile(positions, (60, 1, 1))
    frames[:, -1, 2] += 3 * np.sin(np.linspace(0, 3, 60))
    tables = analyse(Frames(elements, frames, cell))
    assert any("shorter than the correlation time" in w for w in tables["ion_density_Na"].warnings)
    assert any("Na concentration" in w for w in tables["summary"].warnings)


def test_unknown_timestep_gives_steps_not_wrong_times():
    table = analyse(repeated(*film([3], [1]), times=False))["dipole_pz"]
    assert table.data.columns[0] == "step [1]"


def test_bulk_value_of_a_uniform_film():
    rng = np.random.default_rng(3)
    n, film_height = 60, 22.0
    metal, (_, b) = slab()
    frames = []
    for _ in range(30):
        z = np.sort(rng.uniform(1.0, film_height, n))
        waters = [water((40.0 * k, 0, 7.2 + h), 0) for k, h in enumerate(z)]
        frames.append(np.concatenate([metal, *waters]))
    elements = ["Au"] * 36 + ["O", "H", "H"] * n
    cell = [40.0 * n, b, 60.0]  # wide, so that waters do not meet
    bulk = analyse(Frames(elements, np.array(frames), cell, groups=SLAB_GROUPS), bin_width_A=0.1)["water_density"]
    profile = bulk.value[(bulk.x > 6) & (bulk.x < 16)].mean()
    assert_allclose(profile, n / (film_height - 1) / (40 * n * b) * GRAMS, rtol=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["water_densty"]}, "did you mean 'water_density'"),
        ({"names": ["energy"]}, "log.lammps"),
        ({"bin_width_A": 0.0}, "positive width"),
        ({"n_blocks": 1}, "at least 2"),
    ],
)
def test_wrong_requests_say_what_to_do(arguments, message):
    with pytest.raises(TrajectoryError, match=message):
        analyse(repeated(*film([3], [1])), **arguments)


def test_a_position_that_is_not_a_number_is_an_error():
    elements, positions, cell = film([3], [1])
    frames = np.tile(positions, (5, 1, 1))
    frames[3, 38, 1] = np.nan
    with pytest.raises(TrajectoryError, match="step 80"):
        analyse(Frames(elements, frames, cell))


def test_names_choose_tables():
    assert set(analyse(repeated(*film([3], [1])), names=["water_density"])) == {"water_density", "summary"}


def test_every_observable_merges_and_guards_its_result():
    elements, positions, cell = film([3, 5, 9], [1, 0, -0.2], extra=[("Na", (1, 1, 20))])
    frames = Frames(elements, np.tile(positions, (8, 1, 1)) + np.linspace(0, 1, 8)[:, None, None], cell)
    interface = Interface(frames.topology, frames.read(0, 1))
    for cls in observable_classes():
        if not cls.for_interface(interface, Settings()):
            continue  # needs an option, or velocities
        whole, left, right = (cls.for_interface(interface, Settings())[0] for _ in range(3))
        with pytest.raises(RuntimeError, match="no frame"):
            whole.result()
        for target, (start, stop) in ((whole, (0, 8)), (left, (0, 3)), (right, (3, 8))):
            chunk = frames.read(start, stop)
            target.update(chunk, interface.frames(chunk))
        left.merge(right)
        for a, b in zip(whole.result().values(), left.result().values()):
            assert_allclose(a, b, atol=1e-12)


def noisy(seed, n=12):
    elements, positions, cell = film([2.6, 3.1, 5.5, 8.2, 11.0], [0.3, -0.8, 0, 1, 0.5], extra=[("Na", (1, 2, 14))])
    rng = np.random.default_rng(seed)
    return elements, positions + rng.normal(scale=0.03, size=(n, *positions.shape)), cell


def same(a, b, order=slice(None)):
    for name in a:
        if name != "summary":
            assert_allclose(a[name].x, b[name].x)
            assert_allclose(a[name].value, b[name].value, atol=1e-7)
            assert_allclose(a[name].error, b[name].error, atol=1e-7)


SEEDS = st.integers(0, 10**6)
FEW = hypothesis_settings(max_examples=8, deadline=None)


@FEW
@given(SEEDS, st.tuples(*[st.floats(-60, 60)] * 3))
def test_translation_changes_nothing(seed, shift):
    elements, positions, cell = noisy(seed)
    moved = (positions + np.array(shift)) % cell
    # a map is of places within the cell: it moves along (test_ion_map.py)
    whole = analyse(Frames(elements, positions, cell))
    same({name: t for name, t in whole.items() if t.kind != "map"}, analyse(Frames(elements, moved, cell)))


@FEW
@given(SEEDS)
def test_wrapping_of_single_atoms_changes_nothing(seed):
    elements, positions, cell = noisy(seed)
    images = np.random.default_rng(seed).integers(-2, 3, positions.shape)
    same(analyse(Frames(elements, positions, cell)), analyse(Frames(elements, positions + images * cell, cell)))


@FEW
@given(SEEDS)
def test_order_of_atoms_changes_nothing(seed):
    elements, positions, cell = noisy(seed)
    order = np.random.default_rng(seed).permutation(len(elements))
    shuffled = Frames(np.array(elements)[order], positions[:, order], cell)
    same(analyse(Frames(elements, positions, cell)), analyse(shuffled))


@FEW
@given(SEEDS, st.integers(1, 15))
def test_chunk_size_changes_nothing(seed, size):
    class Chopped(Frames):
        def chunks(self, _=None):
            return super().chunks(size)

    elements, positions, cell = noisy(seed)
    same(analyse(Frames(elements, positions, cell)), analyse(Chopped(elements, positions, cell)))


@FEW
@given(SEEDS, st.floats(-6, 6), st.floats(-3, 3))
def test_tilted_cell_gives_the_same_profiles(seed, xz, yz):
    """Tilting c changes which images lie above, not distances from the surface."""
    elements, positions, cell = noisy(seed)
    tilted = np.diag(cell)
    tilted[2, :2] = xz, yz
    same(analyse(Frames(elements, positions, cell)), analyse(Frames(elements, positions, tilted)))


@FEW
@given(SEEDS)
def test_integrals_count_every_molecule(seed):
    elements, positions, cell = noisy(seed)
    tables = analyse(Frames(elements, positions, cell))
    volume = cell[0] * cell[1] * 0.1
    assert_allclose(tables["water_density"].value.sum() * volume / GRAMS, 5, rtol=1e-6)
    assert_allclose(tables["ion_density_Na"].value.sum() * volume / MOL_PER_L_PER_A3, 1)
    assert_allclose(tables["dipole_pz_histogram"].value.sum() * 0.5, 1)
    mean = tables["dipole_pz"].value.mean()
    assert_allclose(tables["water_orientation"].value.sum() * volume / GRAMS, mean, atol=1e-6)


def test_topology_selects_by_element():
    assert list(Topology(np.array(["O", "H", "O"])).select("O")) == [0, 2]
