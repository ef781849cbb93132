"""Residence in the shell of an ion: exchanges at known frames, rates known on paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lmpdrive.observables import Interface, analyse
from lmpdrive.observables.base import Settings
from lmpdrive.observables.ion_shell_lifetime import IonShellLifetime
from lmpdrive.observables.kernels import pairs, pairs_numpy
from lmpdrive.observables.pair_sums import pair_cells
from lmpdrive.trajectory.coordinates import Columns
from tests.observables.synthetic_frames import Frames, film

NAME = "ion_shell_lifetime_Na"


def presence(inside, **options):
    """Frames 0.01 ps apart in which O number k is 2.4 Å from the only Na where inside[:, k], else 6 Å."""
    inside = np.asarray(inside, dtype=bool)
    elements, positions, cell = film([3.0], [1], extra=[("Na", (4, 4, 20))])
    side = np.array([20.0, 20.0, cell[2]])
    n = inside.shape[1]
    frames = np.zeros((len(inside), len(positions) + n, 3))
    frames[:, : len(positions)] = positions
    for k in range(n):
        direction = np.array([np.cos(6.28 * k / n), np.sin(6.28 * k / n), 0.0])
        frames[:, len(positions) + k] = [4, 4, 20] + direction * np.where(inside[:, k], 2.4, 6.0)[:, None]
    trajectory = Frames(elements + ["O"] * n, frames, side)
    trajectory.times_ps = 0.01 * np.arange(1, len(inside) + 1)
    given = {"sample_ps": 0.0, "window_ps": 0.05, **options}
    return trajectory, {"ion_shell_lifetime": given}


def curves(inside, **options):
    trajectory, given = presence(inside, **options)
    return analyse(trajectory, options=given, names=[NAME])[NAME]


def test_one_exchange():
    """In for three frames of six, then out: pairs counted by hand."""
    table = curves(np.array([[1, 1, 1, 0, 0, 0]]).T, window_ps=0.06)
    assert_allclose(table.x[:4], [0, 0.01, 0.02, 0.03])
    # origins with a later frame: all three at lags 0 to 3; there at both: 3, 2, 1, 0
    assert_allclose(table.value[:4], [1, 2 / 3, 1 / 3, 0])
    assert_allclose(table.data["S [1]"][:4], [1, 2 / 3, 1 / 3, 0])


def test_return_tells_endpoint_from_continuous():
    table = curves(np.array([[1, 0, 1, 1, 1, 1]]).T)
    assert_allclose(table.value[2], 3 / 3)  # origins 0, 2, 3 have a frame two later, and it is there again
    assert_allclose(table.data["S [1]"][2], 2 / 3)
    closed = curves(np.array([[1, 0, 1, 1, 1, 1]]).T, tolerance_ps=0.01)
    assert_allclose(closed.data["S [1]"][:3], 1)


def test_rate_of_a_random_exchange():
    """Each molecule leaves with probability 0.1 a frame for good: S = C = 0.9^k."""
    rng = np.random.default_rng(0)
    inside = np.zeros((3000, 6), bool)
    for k in range(6):
        here = 0
        while here < len(inside):
            stay = rng.geometric(0.1)
            inside[here : here + stay, k] = True
            here += stay + 1000
    table = curves(inside, window_ps=0.1)
    assert_allclose(table.data["S [1]"], 0.9 ** np.arange(11), atol=0.2)
    assert_allclose(table.value, table.data["S [1]"])


@pytest.mark.parametrize("sizes", [(1, 59), (17, 20, 23), (30, 30)])
def test_parts_add_up(sizes):
    inside = np.random.default_rng(1).random((60, 4)) < 0.8
    trajectory, given = presence(inside)
    interface = Interface(trajectory.topology, trajectory.read(0, 1))
    settings = Settings(frame_interval_ps=0.01, options=given)

    def fresh():
        return IonShellLifetime.for_interface(interface, settings)[0]

    def chunk(start, stop):
        from lmpdrive.trajectory.frames import Chunk

        c = trajectory.read(start, stop)
        return Chunk(c.positions, c.cells, c.origins, c.steps, c.times_ps, start)

    whole, parts, start = fresh(), fresh(), 0
    whole.update(chunk(0, 60), interface.frames(chunk(0, 60)))
    for size in sizes:
        part = fresh()
        part.update(chunk(start, start + size), interface.frames(chunk(start, start + size)))
        parts.merge(part)
        start += size
    for a, b in zip(whole.result().values(), parts.result().values()):
        assert_allclose(a, b, atol=1e-12)


def test_shell_of_the_user_and_unknown_ions():
    inside = np.ones((20, 2), bool)
    narrow = curves(inside, shell_A={"Na": 2.0})
    assert np.isnan(narrow.value).all()  # nobody is ever there
    assert any("2 Å (given)" in note for note in narrow.notes)
    wide = curves(inside, shell_A={"Na": 15.0})
    assert any("half the narrowest" in warning for warning in wide.warnings)
    elements, positions, cell = film([3.0], [1], extra=[("Xe", (4, 4, 20))])
    tables = analyse(Frames(elements, np.tile(positions, (10, 1, 1)), cell))
    assert not [name for name in tables if name.startswith("ion_shell_lifetime")]


@hypothesis_settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.integers(1, 400))
def test_compiled_and_plain_pairs_agree(seed, tilted, room):
    rng = np.random.default_rng(seed)
    cell = np.diag([9.0, 10.0, 12.0])
    if tilted:
        cell[1, 0], cell[2, :2] = 3.0, (-4.0, 5.0)
    records = rng.uniform(-10, 20, (3, 60))
    cells = np.tile(cell, (3, 1, 1))
    arguments = (
        Columns(records, np.arange(3), 3), pair_cells(cells)[0], np.array([0, 2]), np.arange(5), np.arange(3, 20), 4.0,
        room,
    )  # fmt: skip
    fast, n = pairs.near_pairs(*arguments)
    plain, m = pairs_numpy.near_pairs(*arguments)
    assert n == m
    assert np.array_equal(fast, plain)
