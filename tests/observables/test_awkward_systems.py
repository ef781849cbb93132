"""Systems that break naive analyses: thick slabs, dissolved metal, breathing cells, sparse water, foreign DCD files."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lmpdrive.observables import Interface, analyse
from lmpdrive.observables.profile import per_frame
from lmpdrive.trajectory import Chunk, open_trajectory
from tests.observables.synthetic_frames import Frames, film, slab, water

GRAMS = 18.015 / 0.602214076
NAMES = ["water_density", "water_orientation", "water_cos_theta", "water_species"]
FEW = settings(max_examples=15, deadline=None)


def profiles(elements, positions, cell, n=10, names=NAMES, **kwargs):
    return analyse(Frames(elements, np.tile(positions, (n, 1, 1)), cell, **kwargs), names=names)


def bins(table):
    return {round(z, 6): v for z, v in zip(table.x, table.value) if np.nan_to_num(v) != 0}


@FEW
@given(st.integers(6, 14), st.floats(-60, 60))
def test_slab_thicker_than_half_the_cell(layers, shift):
    height = 2.4 * (layers - 1) + 8.6
    elements, positions, cell = film([3.05], [0.5], layers=layers, height=height, shift=shift)
    tables = profiles(elements, positions, cell)
    # one water in a slit of 8.6 Å: seen from both faces
    assert_allclose(sorted(bins(tables["water_density"])), [3.05, 5.55])


@pytest.mark.parametrize("groups", [True, False])
def test_metal_atom_in_the_electrolyte(groups):
    elements, positions, cell = film([3.05, 9.05], [1, 0], extra=[("Au", (4.0, 4.0, 7.2 + 6.0))])
    named = {"metal": np.r_[0:36, len(elements) - 1]} | {f"layer_{i + 1}": np.arange(9) + 9 * i for i in range(4)}
    frames = Frames(elements, np.tile(positions, (10, 1, 1)), cell, groups=named if groups else {})
    interface = Interface(frames.topology, frames.read(0, 1))
    assert [len(layer) for layer in interface.layers] == [9] * 4
    note = "1 slab atom is in no layer" if groups else "1 Au is away from the slab"
    assert any(note in one for one in interface.notes)
    assert list(bins(analyse(frames, names=NAMES)["water_density"])) == [3.05, 9.05]


@pytest.mark.parametrize("shift", [0.0, 11.0, 25.0, 40.0])
@pytest.mark.parametrize("vacuum", [8.0, 20.0, 60.0])
def test_two_electrodes_with_a_vacuum_behind_them(vacuum, shift):
    """Electrolyte of 20 Å between the inner faces, whether the vacuum is narrower or wider than that."""
    lower, (a, b) = slab()
    upper = lower + np.array([0, 0, 7.2 + 20.0])
    waters = [water((1, 1, 7.2 + 3.05), 0.5), water((4, 4, 7.2 + 9.05), 0.5), water((7, 7, 7.2 + 20 - 3.05), -0.5)]
    cell = np.array([a, b, 2 * 7.2 + 20.0 + vacuum])
    positions = (np.concatenate([lower, upper, *waters]) + np.array([0, 0, shift])) % cell
    frames = Frames(["Au"] * 72 + ["O", "H", "H"] * 3, np.tile(positions, (10, 1, 1)), cell)
    interface = Interface(frames.topology, frames.read(0, 1))
    assert interface.two_sided
    assert any(f"in parts with {vacuum:.1f} Å between them" in note for note in interface.notes)
    assert_allclose(interface.frames(frames.read(0, 1)).gap, 20.0)
    apart = analyse(frames, names=[*NAMES, "water_coverage"])
    assert_allclose(sorted(bins(apart["water_density_lower"])), [3.05, 9.05, 16.95])
    assert_allclose(sorted(bins(apart["water_density_upper"])), [3.05, 10.95, 16.95])
    assert "water_density" not in apart and "water_species" in apart
    assert apart["water_density_lower"].subject == "lower electrode"  # the figure says which
    covered = apart["water_coverage_upper"].scalars["water in the first layer, upper electrode"]
    assert_allclose(covered.value, 1.0)
    for face in ("lower", "upper"):
        (alone,) = (t for t in analyse(frames, names=NAMES[:1], surface=face).values() if t.name == "water_density")
        assert_allclose(alone.value, apart[f"water_density_{face}"].value)
    tables = analyse(frames, names=[*NAMES, "water_coverage"], surface="both")
    assert_allclose(sorted(bins(tables["water_density"])), [3.05, 9.05, 10.95, 16.95])
    assert_allclose(tables["water_cos_theta"].value[30], 0.5)  # 3.05 Å from the lower face and from the upper one
    assert_allclose(tables["water_coverage"].scalars["water in the first layer"].value, 1.0)


def test_metal_atom_that_dissolves_on_the_way():
    elements, positions, cell = film([3.05], [1])
    frames = np.tile(positions, (40, 1, 1))
    frames[1:, 35, 2] += np.linspace(1.5, 19, 39)  # from the top layer to the middle of the cell and further
    assert list(bins(analyse(Frames(elements, frames % cell, cell), names=NAMES)["water_density"])) == [3.05]


def test_water_far_from_the_surface_and_nothing_between():
    tables = profiles(*film([12.05], [1]))
    assert list(bins(tables["water_density"])) == [12.05]
    assert np.isnan(tables["water_cos_theta"].value[:120]).all()
    assert tables["water_density"].value[:120].max() == 0


class Breathing(Frames):
    """A cell of constant pressure: everything scales with a factor of each frame."""

    def __init__(self, *args, factors, **kwargs):
        super().__init__(*args, **kwargs)
        self._factors = np.asarray(factors)

    def read(self, start, stop):
        chunk, by = super().read(start, stop), self._factors[start:stop, None, None]
        return Chunk(chunk.positions * by, chunk.cells * by, chunk.origins, chunk.steps, chunk.times_ps, start)


def test_breathing_cell_counts_every_molecule_in_its_own_area():
    elements, positions, cell = film([3.05, 6.05, 9.05], [0, 0, 0])
    factors = np.linspace(0.98, 1.02, 20)
    frames = Breathing(elements, np.tile(positions, (20, 1, 1)), cell, factors=factors)
    table = analyse(frames, names=NAMES)["water_density"]
    want = 3 * np.mean(1 / (cell[0] * cell[1] * factors**2))
    assert_allclose(table.value.sum() * 0.1 / GRAMS, want, rtol=1e-6)
    assert 3 < len(bins(table)) < 12  # distances scale with the cell, by 2 % of 9 Å at most


def test_number_of_oxygens_is_the_sum_of_the_species_in_every_frame():
    rng = np.random.default_rng(3)
    elements, positions, cell = film([3, 5.6, 8.2], [0, 0.3, -0.5])
    hydrogen = np.array(elements) == "H"
    frames = np.tile(positions, (50, 1, 1))
    frames[:, hydrogen] += rng.normal(scale=0.35, size=(50, hydrogen.sum(), 3))
    counts = analyse(Frames(elements, frames, cell), names=NAMES)["water_species"].data.iloc[:, [1, 3, 4, 5, 6, 7]]
    counts = counts.to_numpy()
    assert (counts[:, :5].sum(axis=1) == 3).all()
    assert len(np.unique(counts, axis=0)) > 3
    assert (counts[:, 0] * 2 + counts[:, 1] + counts[:, 2] * 3 + counts[:, 5] <= 6).all()


@FEW
@given(st.integers(0, 10**6), st.floats(0, 2 * np.pi))
def test_rotation_in_the_plane_changes_nothing(seed, angle):
    """The cell is turned about the normal: a no longer lies along x."""
    rng = np.random.default_rng(seed)
    elements, positions, cell = film([2.6, 5.5, 8.2], [0.3, -0.8, 0])
    frames = positions + rng.normal(scale=0.03, size=(10, *positions.shape))
    turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    straight = analyse(Frames(elements, frames, cell), names=NAMES)
    turned = analyse(Frames(elements, frames @ turn, np.diag(cell) @ turn), names=NAMES)
    for name in NAMES:
        assert_allclose(turned[name].value, straight[name].value, atol=1e-7)


@FEW
@given(st.integers(0, 10**6))
def test_cell_with_its_normal_along_another_axis(seed):
    """General triclinic cells may lie in any way: here everything is turned in space."""
    rng = np.random.default_rng(seed)
    elements, positions, cell = film([2.6, 5.5, 8.2], [0.3, -0.8, 0])
    frames = positions + rng.normal(scale=0.03, size=(10, *positions.shape))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    if np.linalg.det(turn) < 0:
        turn[0] *= -1
    straight = analyse(Frames(elements, frames, cell), names=NAMES)
    turned = analyse(Frames(elements, frames @ turn, np.diag(cell) @ turn), names=NAMES)
    for name in NAMES:
        assert_allclose(turned[name].value, straight[name].value, atol=1e-7)


def test_dcd_of_another_program_gives_the_same_tables(tmp_path):
    """MDAnalysis writes angles in degrees, 32 bits, and says its own things in the header."""
    import MDAnalysis as mda

    elements, positions, cell = film([2.6, 3.1, 5.5, 8.2], [0.3, -0.8, 0, 1], extra=[("Na", (1, 2, 14))])
    frames = positions + np.random.default_rng(1).normal(scale=0.03, size=(30, *positions.shape))
    universe = mda.Universe.empty(len(elements), trajectory=True)
    with mda.Writer(str(tmp_path / "traj.dcd"), len(elements)) as writer:
        for frame in frames:
            universe.atoms.positions = frame
            universe.dimensions = [*cell, 90, 90, 90]
            writer.write(universe.atoms)
    kinds = sorted(set(elements))
    lines = ["title", "", f"{len(elements)} atoms", f"{len(kinds)} atom types", "", "Masses", ""]
    lines += [f"{i + 1} 1.0 # {kind}" for i, kind in enumerate(kinds)]
    lines += ["", "Atoms # atomic", "", *(f"{i + 1} {kinds.index(e) + 1} 0 0 0" for i, e in enumerate(elements))]
    (tmp_path / "system.data").write_text("\n".join(lines) + "\n")
    read = open_trajectory(tmp_path / "traj.dcd", data=tmp_path / "system.data", timestep_fs=0.5)
    assert read.n_frames == 30
    exact = Frames(elements, frames.astype(np.float32), cell)
    ours, want = analyse(read, names=NAMES), analyse(exact, names=NAMES)
    for name in NAMES[:3]:
        assert_allclose(ours[name].value, want[name].value, atol=1e-5)


def test_lone_water_between_two_slabs_of_different_thickness():
    """Layers of unequal size: the middle of the slab is not the mean of its atoms."""
    elements, positions, cell = film([3.05], [1], layers=5)
    keep = np.ones(len(elements), bool)
    keep[[0, 1, 2]] = False  # the bottom layer has vacancies
    tables = profiles(list(np.array(elements)[keep]), positions[keep], cell)
    assert list(bins(tables["water_density"])) == [3.05]


def test_two_waters_that_share_an_image_boundary():
    cell = np.array([8.0, 8.0, 12.0])
    positions = np.concatenate([water((7.9, 7.9, 0.05)), water((4.0, 0.05, 11.95), -0.4)]) % cell
    tables = profiles(["O", "H", "H"] * 2, positions, cell)
    assert tables["water_species"].value.tolist() == [2] * 10
    assert_allclose(sorted(bins(tables["water_cos_theta"]).values()), [-0.4, 1.0], atol=1e-9)


def test_what_compiled_code_would_not_notice_is_an_error():
    """Indices beyond the arrays: NumPy would complain, machine code would read what lies there."""
    elements, positions, cell = film([3.05], [1])
    frames = Frames(elements, np.tile(positions, (3, 1, 1)), cell)
    interface = Interface(frames.topology, frames.read(0, 1))
    seen = interface.frames(frames.read(0, 3))
    last = frames.n_atoms - 1
    assert_allclose(seen.distances(np.array([-1])), seen.distances(np.array([last])))
    with pytest.raises(IndexError):
        seen.distances(np.array([last + 1]))
    with pytest.raises(ValueError, match="one weight for each"):
        per_frame(seen.water.frame, np.ones(2), 3)
    with pytest.raises(ValueError, match="frames 0 to 1"):
        per_frame(seen.water.frame, np.ones(3), 2)
    elements, positions, cell = film([3.05, 5], [1, 1])
    other = Frames(elements, positions[None], cell).read(0, 1)
    with pytest.raises(ValueError, match="atoms, but"):
        interface.frames(other)


@pytest.mark.parametrize(("elements", "pairs"), [(("Al", "Cu"), 3), (("Si", "O"), 3), (("Cu", "Cu"), 1)])
def test_what_fills_the_cell_has_no_surface(elements, pairs):
    """A rock-salt lattice of two elements: no layers, no profiles along z, g(r) of every pair."""
    grid = np.stack(np.meshgrid(*[np.arange(4)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    species = np.where(grid.sum(axis=1) % 2 == 0, *elements)
    rng = np.random.default_rng(0)
    positions = 2.2 * grid + rng.normal(0, 0.05, (10, len(grid), 3))
    frames = Frames(species, positions, np.diag([8.8] * 3))
    first = Interface(frames.topology, frames.read(0, 1))
    assert first.is_bulk and not first.layers and not first.notes
    tables = analyse(frames)
    assert len([name for name in tables if name.startswith("rdf_")]) == pairs
    assert not [name for name in tables if "density" in name or "map" in name or "water" in name or "metal" in name]
