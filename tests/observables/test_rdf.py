"""g(r): ideal gases are 1, lattices have their shells, compiled and plain code agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lmpdrive.errors import ConfigError
from lmpdrive.observables import Interface, analyse
from lmpdrive.observables.base import Settings
from lmpdrive.observables.kernels import pairs_numpy
from lmpdrive.observables.kernels.arguments import DistanceBins
from lmpdrive.observables.pair_sums import nearest_peak, pair_cells, shell_end
from lmpdrive.observables.rdf import Rdf
from lmpdrive.trajectory.coordinates import Columns, Coordinates
from lmpdrive.trajectory.frames import Chunk
from tests.observables.synthetic_frames import Frames, slab


def rdf(frames, name="rdf_O_O", **options):
    return analyse(frames, options={"rdf": options}, names=[name])[name]


def gas_over_slab(density, n=40, n_frames=400, seed=0, side=12.0, height=30.0):
    """n oxygens with in-plane places at random and heights drawn by `density(rng, shape)` above a metal."""
    rng = np.random.default_rng(seed)
    metal, _ = slab(n=4, spacing=side / 4)
    gas = rng.uniform(0, side, (n_frames, n, 3))
    gas[:, :, 2] = 7.2 + density(rng, (n_frames, n))
    positions = np.concatenate([np.tile(metal, (n_frames, 1, 1)), gas], axis=1)
    return Frames(["Au"] * len(metal) + ["O"] * n, positions, [side, side, height])


def two_layers(rng, shape):
    return np.where(rng.random(shape) < 0.5, rng.normal(2.5, 0.3, shape), rng.uniform(5.0, 9.0, shape))


@pytest.mark.parametrize(
    "density", [lambda rng, shape: rng.uniform(0.5, 9.0, shape), two_layers, lambda rng, shape: np.full(shape, 3.0)]
)
def test_ideal_gas_in_a_slab_is_one(density):
    """Uniform, layered, and flat as a sheet: nothing but the density profile, so g = 1 at every r."""
    table = rdf(gas_over_slab(density), bin_width_A=0.25)
    assert table.x[-1] == pytest.approx(5.875)  # half of 12 Å
    error = np.maximum(table.error, 1e-3)
    assert (np.abs(table.value - 1.0) < 5 * error)[2:].all()
    weight = 1 / error[2:] ** 2
    assert abs((weight * (table.value[2:] - 1)).sum() / weight.sum()) < 0.005


def test_ideal_mixture_in_a_slab_is_one():
    frames = gas_over_slab(two_layers, n=40)
    elements = np.array(frames.topology.elements)
    elements[-10:] = "Na"
    mixed = Frames(elements, frames._positions, frames._cell)
    table = rdf(mixed, "rdf_Na_O", bin_width_A=0.5)
    assert_allclose(table.value[1:], 1, atol=0.05)


def test_ideal_gas_on_both_sides_of_a_thin_slab_is_one():
    """One layer of metal, wet on both faces: pairs reach through it, and the next image of the film counts."""
    rng = np.random.default_rng(3)
    metal, _ = slab(n=4, spacing=3.0, layers=1)
    gas = rng.uniform(0, 12, (600, 40, 3))
    gas[:, :, 2] = rng.uniform(1.0, 11.0, (600, 40))
    positions = np.concatenate([np.tile(metal, (600, 1, 1)), gas], axis=1)
    frames = Frames(["Au"] * 16 + ["O"] * 40, positions, [12.0, 12.0, 12.0], two_sided=True)
    table = rdf(frames, bin_width_A=0.25)
    assert (np.abs(table.value - 1.0) < 5 * np.maximum(table.error, 1e-3))[2:].all()
    assert abs(np.average(table.value, weights=table.x**2) - 1) < 0.005


def test_ideal_gas_without_metal_is_one_through_the_boundary():
    rng = np.random.default_rng(1)
    cell = np.array([[11.0, 0, 0], [3.0, 11.0, 0], [1.0, -2.0, 12.0]])
    frames = Frames(["O"] * 30, rng.random((500, 30, 3)) @ cell, cell)
    table = rdf(frames, bin_width_A=0.25)
    assert_allclose(table.value[4:], 1, atol=0.06)
    assert abs(np.average(table.value, weights=table.x**2) - 1) < 0.004


def test_uniform_density_is_the_textbook_formula():
    """A simple cubic lattice at random heights: λ is constant, so g = N(r)/(4π r² Δr ρ), peaks and all."""
    grid = np.array([(i, j, k) for i in range(5) for j in range(5) for k in range(5)]) * 3.02
    rng = np.random.default_rng(2)
    frames = np.array([(grid + rng.uniform(0, 15, 3)) % 15.1 for _ in range(2000)])
    table = rdf(Frames(["O"] * 125, frames, [15.1, 15.1, 15.1]), bin_width_A=0.1, r_max_A=5.0)
    shells = np.flatnonzero(table.value)
    assert_allclose(table.x[shells], [3.05, 4.25])
    r = table.x[shells]
    want = np.array([6, 12]) / (4 * np.pi * r**2 * 0.1 * 124 / 15.1**3)
    assert_allclose(table.value[shells], want, rtol=0.02)
    assert_allclose(table.data["n [1]"].iloc[-1], 18)


def test_one_pair_at_a_known_distance():
    metal, _ = slab(n=4, spacing=3.0)
    positions = np.concatenate([metal, [[1, 1, 10], [11.5, 1, 12]]])  # 1.5 and 2.0 apart, across the boundary
    frames = Frames(["Au"] * 64 + ["Na", "O"], np.tile(positions, (10, 1, 1)), [12.0, 12.0, 30.0])
    table = rdf(frames, "rdf_Na_O")
    assert_allclose(table.x[table.value > 0], 2.525)
    assert_allclose(table.data["n [1]"].to_numpy(), (table.x > 2.5).astype(float))
    # the O is at a height at which the sphere around Na has 2π r dz': one O per A, so ideal = 2π r Δr/A
    assert_allclose(np.nanmax(table.value), 12**2 / (2 * np.pi * 2.525 * 0.05), rtol=1e-9)
    assert_allclose(np.nan_to_num(table.error), 0, atol=1e-9)


def test_no_self_pairs_and_slab_oxygen_is_not_counted():
    metal, _ = slab(n=4, spacing=3.0)
    positions = np.concatenate([metal, [[1, 1, 12]]])
    tables = analyse(Frames(["Au"] * 64 + ["O"], np.tile(positions, (10, 1, 1)), [12.0, 12.0, 30.0]))
    assert not [name for name in tables if name.startswith("rdf")]


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.booleans(), st.sampled_from([3, 30, 450]))
def test_compiled_and_plain_counts_agree(seed, tilted, single, n):
    from lmpdrive.observables.kernels import pairs

    rng = np.random.default_rng(seed)
    cell = np.diag([12.0, 13.0, 21.0])
    if tilted:
        cell[1, 0], cell[2, :2] = 4.0, (-3.0, 2.0)
    positions = rng.uniform(-20, 40, (2, n, 3)).astype(np.float32 if single else float)
    records = positions.reshape(2, -1)
    cells = np.tile(cell, (2, 1, 1))
    in_cells, reach = pair_cells(cells)
    assert reach > 4.0
    assert (in_cells.orthogonal == (not tilted)).all()
    everything, some = np.arange(n), rng.choice(n, n // 2, replace=False)
    for first, second in ((everything, everything), (some, everything), (everything, some)):
        for per_atom in (True, False):
            bins = DistanceBins(0.25, 16, per_atom)
            arguments = (Columns(records, np.arange(3), 3), in_cells, np.array([1]), first, second, bins)
            fast = pairs.count_pairs(*arguments)
            plain = pairs_numpy.count_pairs(*arguments)
            assert np.array_equal(fast, plain)


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(-6, 6), st.floats(-9, 9), st.floats(-9, 9))
def test_all_pairs_within_reach_are_found_in_any_cell(seed, xy, xz, yz):
    rng = np.random.default_rng(seed)
    cell = np.array([[10.0, 0, 0], [xy, 11.0, 0], [xz, yz, 13.0]]) @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    positions = rng.uniform(0, 1, (1, 12, 3)) @ cell
    in_cells, reach = pair_cells(cell[None])
    shifts = np.array(np.meshgrid(*[range(-8, 9)] * 3)).reshape(3, -1).T @ cell
    vectors = positions[0, :, None, None] - positions[0, None, :, None] - shifts
    nearest = np.linalg.norm(vectors, axis=-1).min(axis=2)
    np.fill_diagonal(nearest, np.inf)
    want = np.bincount((nearest[nearest < reach] / (reach / 9)).astype(int), minlength=9)[:9]
    atoms = np.arange(12)
    found = pairs_numpy.count_pairs(
        Columns(positions.reshape(1, -1), np.arange(3), 3),
        in_cells,
        np.array([0]),
        atoms,
        atoms,
        DistanceBins(reach / 9, 9, False),
    )
    assert np.array_equal(found[0, 0], want)


def test_counts_of_mapped_layout():
    """All x, then all y, then all z, as in a DCD."""
    positions = np.random.default_rng(0).uniform(0, 10, (3, 20, 3))
    cells = np.tile(np.eye(3) * 10.0, (3, 1, 1))
    by_axis = Coordinates(
        np.ascontiguousarray(positions.transpose(0, 2, 1)).reshape(3, -1).astype(np.float32),
        np.array([0, 20, 40]),
        1,
        20,
    )
    atoms, picks = np.arange(20), np.array([0, 2])
    both = [
        module(c.columns, pair_cells(cells)[0], picks, atoms, atoms, DistanceBins(0.5, 8, False))
        for c in (by_axis, Coordinates.of(positions.astype(np.float32).astype(float)))
        for module in (
            __import__("lmpdrive.observables.kernels.pairs", fromlist=["x"]).count_pairs,
            pairs_numpy.count_pairs,
        )
    ]
    assert all(np.array_equal(both[0], other) for other in both[1:])


@pytest.mark.parametrize("sizes", [(1, 2, 7), (5, 5), (9, 1)])
def test_every_third_frame_whatever_the_chunks(sizes):
    frames = gas_over_slab(two_layers, n_frames=10)
    interface = Interface(frames.topology, frames.read(0, 1))
    settings = Settings(options={"rdf": {"every": 3}})

    def chunk(start, stop):
        part = frames.read(start, stop)
        return Chunk(part.positions, part.cells, part.origins, part.steps, part.times_ps, start)

    (whole,), (parts,) = (Rdf.for_interface(interface, settings) for _ in range(2))
    whole.update(chunk(0, 10), interface.frames(chunk(0, 10)))
    assert whole.n_frames == 4
    start = 0
    for size in sizes:
        (part,) = Rdf.for_interface(interface, settings)
        part.update(chunk(start, start + size), interface.frames(chunk(start, start + size)))
        parts.merge(part)
        start += size
    for a, b in zip(whole.result().values(), parts.result().values()):
        assert_allclose(a, b)


def test_default_pairs():
    metal, _ = slab(n=4, spacing=3.0)
    positions = np.concatenate([metal, np.random.default_rng(0).uniform((0, 0, 10), (12, 12, 14), (6, 3))])
    tables = analyse(
        Frames(["Au"] * 64 + ["O", "O", "Na", "Na", "Cl", "H"], np.tile(positions, (3, 1, 1)), [12, 12, 30])
    )
    assert {name for name in tables if name.startswith("rdf")} == {
        "rdf_O_O", "rdf_Na_O", "rdf_Cl_O", "rdf_Na_Na", "rdf_Cl_Na",
    }  # fmt: skip


@pytest.mark.parametrize(("ions", "one"), [(2, True), (3, False)])
def test_that_there_is_one_pair_only_is_said(ions, one):
    metal, _ = slab(n=4, spacing=3.0)
    positions = np.concatenate([metal, np.random.default_rng(0).uniform((0, 0, 10), (12, 12, 14), (3 + ions, 3))])
    tables = analyse(Frames(["Au"] * 64 + ["O"] * 3 + ["Na"] * ions, np.tile(positions, (3, 1, 1)), [12, 12, 30]))
    assert any("one Na-Na pair" in warning for warning in tables["rdf_Na_Na"].warnings) is one
    assert any("one Na-Na pair" in warning for warning in tables["summary"].warnings) is one
    assert tables["rdf_Na_Na"].subject == ("Na-Na, one pair" if one else "Na-Na")
    assert not any("pair:" in warning for warning in tables["rdf_Na_O"].warnings)


def test_pairs_of_the_user():
    frames = gas_over_slab(two_layers, n_frames=10)
    assert rdf(frames, "rdf_metal_O", pairs=[["metal", "O"]]).x[0] == 0.025
    with pytest.raises(ConfigError, match="no element or group 'Ni'"):
        rdf(frames, pairs=[["O", "Ni"]])
    with pytest.raises(ConfigError, match="no atoms"):
        rdf(frames, pairs=[["O", "ions"]])
    with pytest.raises(ConfigError, match="named twice"):
        rdf(frames, pairs=[["O", "O"], ["O", "O"]])


def test_breathing_cell():
    """An ideal gas in a cell that changes size is still 1."""

    class Breathing(Frames):
        def read(self, start, stop):
            chunk = super().read(start, stop)
            scale = (1 + 0.1 * np.sin(np.arange(start, stop)))[:, None, None]
            return Chunk(
                chunk.positions * scale, chunk.cells * scale, chunk.origins, chunk.steps, chunk.times_ps, start
            )

    rng = np.random.default_rng(5)
    frames = Breathing(["O"] * 30, rng.uniform(0, 12, (500, 30, 3)), [12.0, 12.0, 12.0])
    table = rdf(frames, bin_width_A=0.25)
    assert table.x[-1] < 0.5 * 12 * 0.9
    # small cells are denser and count more pairs: ⟨N²/V⟩/(⟨N⟩²⟨1/A⟩⟨1/H⟩) is not 1 by more than a few percent
    assert_allclose(table.value[6:], 1, atol=0.1)


def test_end_of_the_shell():
    r = (np.arange(120) + 0.5) * 0.05
    g = 3 * np.exp(-((r - 2.8) ** 2) / 0.02) + 1 / (1 + np.exp(-(r - 4.2) / 0.2))
    assert shell_end(r, g) == pytest.approx(3.25, abs=0.2)
    assert np.isnan(shell_end(r, np.exp(-r)))
    assert np.isnan(shell_end(r, np.zeros(120)))


def test_a_rise_to_the_end_is_no_peak():
    r = (np.arange(120) + 0.5) * 0.05
    assert np.isnan(nearest_peak(r, np.exp(r))).all()
    assert nearest_peak(r, np.exp(-((r - 3) ** 2)))[0] == pytest.approx(3, abs=0.05)
