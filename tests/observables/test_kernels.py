"""Compiled inner loops against their NumPy twins, in any cell, layout and precision."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lmpdrive.constituents.stack import middle_of
from lmpdrive.observables import geometry
from lmpdrive.observables.kernels import bins, bins_numpy, surfaces, surfaces_numpy, waters, waters_numpy
from lmpdrive.observables.kernels.arguments import NormalAxis
from lmpdrive.observables.water import BOND_A, SAFE_BOND_A
from lmpdrive.trajectory.coordinates import Coordinates

FEW = settings(max_examples=40, deadline=None)
SEEDS = st.integers(0, 10**6)
TILTS = st.tuples(st.floats(-4, 4), st.floats(-4, 4), st.floats(-4, 4))


def layouts(positions):
    """The same numbers as x y z of each atom, and as a DCD has them (marks between x, y and z)."""
    f, n, _ = positions.shape
    as_dcd = np.zeros((f, 3 * (n + 2) + 7), np.float32)
    starts = np.array([4 + k * (n + 2) for k in range(3)])
    for k, start in enumerate(starts):
        as_dcd[:, start : start + n] = positions[:, :, k]
    as_dcd.flags.writeable = False
    single = positions.astype(np.float32).astype(float)
    return Coordinates.of(single), Coordinates(as_dcd, starts, 1, n)


def oxygens_and_hydrogens(rng, shape, spread, frames=4):
    """O on a grid of 3 Å, and one to three H near most of them, 0.6 to 1.7 Å away; all in random images."""
    grid = np.array(np.meshgrid(*[np.arange(n) for n in shape])).reshape(3, -1).T * 3.0
    near = np.repeat(np.arange(len(grid)), rng.integers(0, 4, len(grid)))
    directions = rng.normal(size=(frames, len(near), 3))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    lengths = 0.97 + spread * rng.uniform(-1, 2, (frames, len(near), 1))
    oxygen = grid + rng.normal(scale=0.05, size=(frames, len(grid), 3))
    return oxygen, oxygen[:, near] + lengths * directions


@FEW
@given(SEEDS, TILTS, st.sampled_from([(2, 2, 2), (3, 1, 4), (5, 5, 5)]), st.sampled_from([0.0, 0.1, 0.35]))
def test_waters(seed, tilts, shape, spread):
    rng = np.random.default_rng(seed)
    oxygen, hydrogen = oxygens_and_hydrogens(rng, shape, spread)
    if not hydrogen.shape[1]:
        return
    cell = np.diag(3.0 * np.array(shape) + 1.5)
    if seed % 2:
        cell[1, 0], cell[2, 0], cell[2, 1] = np.array(tilts) * 0.1
    cells = np.array([cell * (1 + 0.002 * f) for f in range(len(oxygen))])
    positions = np.concatenate([oxygen, hydrogen], axis=1)
    positions += np.einsum("fni,fij->fnj", rng.integers(-2, 3, positions.shape).astype(float), cells)
    n_o, n = oxygen.shape[1], positions.shape[1]
    order = rng.permutation(n)
    positions = positions[:, order]
    is_o = order < n_o
    o, h = np.flatnonzero(is_o), np.flatnonzero(~is_o)
    hints = [np.full(len(h), -1), rng.integers(-1, n_o, len(h))]
    results = []
    for at in layouts(positions):
        for hint in hints:
            for twin in (waters, waters_numpy):
                found = twin.find_waters(at.columns, cells, o, h, hint.copy(), BOND_A, SAFE_BOND_A)
                bonds = twin.bond_vectors(at.columns, cells, *found[:3])
                assert_allclose(bonds.sum(axis=1), found[3], atol=1e-9)
                results.append(found)
    for other in results[1:]:
        for k, (a, b) in enumerate(zip(results[0], other)):
            assert_allclose(a, b, atol=1e-9, err_msg=f"output {k}")


def slab_frames(rng, frames=6, height=40.0, layers=4):
    """Coordinates of a slab that drifts through the boundary, with atoms that leave their layers."""
    z = np.repeat(np.arange(layers) * 2.4, 8) + rng.normal(scale=0.1, size=(frames, 8 * layers))
    z += rng.uniform(0, height) + np.cumsum(rng.normal(scale=3.0, size=(frames, 1)), axis=0)
    for f, atom in zip(rng.integers(1, frames, 5), rng.integers(0, 8 * layers, 5)):
        z[f, atom] += rng.choice([-2.0, 2.3, 10.0, 18.0])
    return z + height * rng.integers(-1, 2, z.shape)


@FEW
@given(SEEDS, TILTS, st.sampled_from([16.0, 25.0, 40.0]))
def test_planes_and_distances(seed, tilts, height):
    rng = np.random.default_rng(seed)
    z = slab_frames(rng, height=height)
    positions = rng.uniform(-10, 20, (*z.shape, 3))
    positions[:, :, 2] = z
    cell = np.diag([9.0, 11.0, height])
    if seed % 2:  # the normal is no longer z
        cell = cell @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
        positions = positions @ (cell / np.array([[9.0], [11.0], [height]]))
    cells = np.tile(cell, (len(z), 1, 1))
    cells[:, 2] += np.array(tilts[0] * cell[0] / 9)
    normals = geometry.normals(cells)
    heights = np.einsum("fi,fi->f", normals, cells[:, 2])
    origins = rng.uniform(-5, 5, len(z))
    bottom, top = np.arange(8), np.arange(24, 32)
    first = (positions[0] @ normals[0] - origins[0])[:32]
    middle = middle_of(first[bottom], first[top], heights[0])
    home = geometry.wrap_symmetric(np.r_[first[bottom], first[top]] - middle, heights[0])
    signs, atoms = np.array([1.0, -1.0]), np.arange(0, 32, 3)
    frames, mixed = rng.integers(0, len(z), 20), rng.integers(0, 32, 20)
    results = []
    for at in layouts(positions):
        for twin in (surfaces, surfaces_numpy):
            axis = NormalAxis(at.columns, normals, origins, heights)
            cut, half = twin.planes(axis, bottom, top, home, 1.2)
            planes = np.stack([half, -half])
            results.append(
                (
                    half,
                    np.exp(2j * np.pi * cut / heights),
                    twin.distances(axis, cut, planes, signs, atoms),
                    twin.paired_distances(axis, cut, planes, signs, frames, mixed),
                )
            )
    for other in results[1:]:
        for k, (a, b) in enumerate(zip(results[0], other)):
            if k >= 2:  # an atom of the slab may lie on the cut from either side
                period = heights[0]
                a, b = np.exp(2j * np.pi * a / period), np.exp(2j * np.pi * b / period)
            assert_allclose(a, b, atol=1e-9, err_msg=f"output {k}")


@FEW
@given(SEEDS)
def test_projection(seed):
    rng = np.random.default_rng(seed)
    vectors, frames = rng.normal(size=(30, 3)), rng.integers(0, 5, 30)
    vectors[3] = 0.0
    normals = rng.normal(size=(5, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    for a, b in zip(surfaces.project(vectors, normals, frames), surfaces_numpy.project(vectors, normals, frames)):
        assert_allclose(a, b, atol=1e-12)
    assert surfaces.project(vectors, normals, frames)[1][3] == 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3.0])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_first_bad_frame(bad, axis):
    positions = np.random.default_rng(1).normal(size=(6, 9, 3)) * 1e3
    positions[4, 8, axis] = bad
    want = -1 if np.isfinite(bad) else 4
    for at in layouts(positions):
        size = at.records.dtype.itemsize
        bits = at.records.view(np.uint32 if size == 4 else np.uint64)
        exponent = np.uint32(0x7F800000) if size == 4 else np.uint64(0x7FF0000000000000)
        for twin in (surfaces, surfaces_numpy):
            assert twin.first_bad_frame(bits, *at.segments(), exponent) == want


@FEW
@given(SEEDS, st.floats(0.01, 3.0), st.booleans())
def test_bins(seed, width, one_weight):
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=40) * 5, int(rng.integers(0, 6)))
    weights = rng.normal(size=1 if one_weight else 40)
    assert bins.limits(x, width) == bins_numpy.limits(x, width)
    low, high = bins.limits(x, width)
    sums = [np.zeros(high - low + 3) for _ in range(2)]
    for twin, out in zip((bins, bins_numpy), sums):
        twin.add(x, weights, width, low - 1, out)
    assert_allclose(*sums, atol=1e-12)
    x[7] = np.nan
    assert bins.limits(x, width) == bins_numpy.limits(x, width) == (0, -2)
    frames, distances = np.sort(rng.integers(0, 5, 40)), rng.uniform(-1, 6, (2, 40))
    weights = rng.normal(size=40)
    assert_allclose(bins.sum_by_frame(frames, weights, 6), bins_numpy.sum_by_frame(frames, weights, 6), atol=1e-12)
    assert_allclose(
        bins.sum_near(distances, frames, weights, 6, 4.5),
        bins_numpy.sum_near(distances, frames, weights, 6, 4.5),
        atol=1e-12,
    )


SCRIPT = """
import numpy as np
from lmpdrive.observables import analyse
from tests.observables.synthetic_frames import Frames, film
elements, positions, cell = film([2.6, 3.1, 5.5, 8.2], [0.3, -0.8, 0, 1], extra=[("Na", (1, 2, 14))])
rng = np.random.default_rng(1)
frames = positions + rng.normal(scale=0.03, size=(20, *positions.shape))
tables = analyse(Frames(elements, frames, cell), names=["water_density", "water_orientation", "ion_density_Na"])
for name in sorted(tables):
    if name != "summary":
        print(name, *(f"{x:.9f}" for x in tables[name].data.to_numpy().ravel()))
"""


SMALL = """
import numpy as np
from lmpdrive.observables.kernels import load
print(load("bins").limits(np.arange(3.0), 0.4))
"""


def printed(script=SCRIPT, **environment):
    """What a script prints in a new process."""
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(root)} | environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.replace("-0.000000000", "0.000000000")


def test_an_analysis_without_numba_gives_the_same_tables():
    assert printed(LMPDRIVE_KERNELS="numpy") == printed()


def test_a_cache_folder_that_cannot_be_written_does_no_harm(tmp_path):
    """Numba's locators find nothing: the folder named is a file, so nothing can be made in it."""
    (tmp_path / "file").write_text("")
    assert printed(SMALL, NUMBA_CACHE_DIR=str(tmp_path / "file" / "cache")) == "(0, 5)\n"


def test_compiled_code_is_kept_between_processes(tmp_path):
    printed(SMALL, NUMBA_CACHE_DIR=str(tmp_path))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    assert kept
    printed(SMALL, NUMBA_CACHE_DIR=str(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == kept
