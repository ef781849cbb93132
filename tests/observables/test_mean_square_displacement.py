"""Ballistic flight, random walks, drift, and unwrapping."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.observables import analyse
from tests.observables.moving_frames import DT_PS, assert_cuts_do_not_matter
from tests.observables.synthetic_frames import Frames

CELL = [9.0, 11.0, 40.0]


def options(**kwargs):
    given = {"window_ps": 0.2, "sample_ps": 0.0, "remove_drift": False, **kwargs}
    return {"mean_square_displacement": given}


def walkers(paths, elements, cell=CELL, **kwargs):
    """Frames of (n, atoms, 3) paths, wrapped into the cell."""
    box = np.diag(cell) if np.ndim(cell) == 1 else np.asarray(cell)
    fractions = np.asarray(paths) @ np.linalg.inv(box)
    return Frames(elements, (fractions % 1.0) @ box, cell, **kwargs)


def flight(n, velocities, cell=CELL, elements=None, **kwargs):
    """Atoms at constant velocities [Å per frame]."""
    v = np.asarray(velocities, dtype=float)
    start = np.arange(len(v))[:, None] * [1.0, 2.0, 0.5] + [0, 0, 12.0]
    paths = start + np.arange(n)[:, None, None] * v
    return walkers(paths, elements or ["O"] * len(v), cell, **kwargs)


@pytest.mark.parametrize("origins", ["window", "all"])
@pytest.mark.parametrize("cell", [CELL, [[9, 0, 0], [3, 10, 0], [2, -1, 40]]])
def test_ballistic_flight_through_the_boundary(origins, cell):
    table = analyse(flight(200, [[0.7, -0.4, 0.05], [0.1, 0.9, -0.05]], cell), options=options(origins=origins))[
        "mean_square_displacement_O"
    ]
    lag = np.arange(21)
    assert_allclose(table.value, 0.5 * (0.7**2 + 0.4**2 + 0.1**2 + 0.9**2) * lag**2, atol=1e-9)
    assert_allclose(table.data["MSD_z [Å^2]"], 0.05**2 * lag**2, atol=1e-9)
    assert_allclose(table.x, lag * DT_PS)
    assert list(table.data.columns[:3]) == ["τ [ps]", "MSD_xy [Å^2]", "σ [Å^2]"]


def test_definition_by_double_loop():
    rng = np.random.default_rng(5)
    paths = np.cumsum(rng.normal(scale=0.3, size=(47, 3, 3)), axis=0) + 20
    table = analyse(walkers(paths, ["O"] * 3), options=options(window_ps=0.1))["mean_square_displacement_O"]
    for lag in range(11):
        d = paths[lag:] - paths[: 47 - lag]
        assert_allclose(table.value[lag], (d[:, :, :2] ** 2).sum(axis=2).mean(), atol=1e-9)
        assert_allclose(table.data["MSD_z [Å^2]"][lag], (d[:, :, 2] ** 2).mean(), atol=1e-9)


def test_random_walk_has_its_diffusion_coefficient():
    """Steps of variance s² per axis and frame: D = s²/(2 Δt)."""
    rng, s = np.random.default_rng(6), 0.2
    paths = np.cumsum(rng.normal(scale=s, size=(6000, 10, 3)), axis=0)
    table = analyse(walkers(paths, ["O"] * 10), options=options())["mean_square_displacement_O"]
    d = table.scalars["in-plane diffusion coefficient of O"]
    want = s**2 / (2 * DT_PS) * 1e-16 / 1e-12 * 1e5  # Å²/ps in 1e-5 cm²/s: a factor of 10
    assert_allclose(want, s**2 / (2 * DT_PS) * 10)
    assert d.unit == "1e-5 cm^2/s"
    assert abs(d.value - want) < 3 * d.error
    assert d.error < 0.1 * want


def test_drift_of_the_electrolyte_is_subtracted():
    """Water at +v and Na at u: relative to the centre of mass each has what is left."""
    v, u = np.array([0.3, 0.0, 0.0]), np.array([-0.1, 0.2, 0.0])
    frames = flight(100, [v, v, u], elements=["O", "O", "Na"])
    tables = analyse(frames, options=options(remove_drift=True))
    water, sodium = 18.015, 22.98976928
    centre = (2 * water * v + sodium * u) / (2 * water + sodium)
    lag = np.arange(21)
    assert_allclose(tables["mean_square_displacement_O"].value, ((v - centre) ** 2).sum() * lag**2, atol=1e-9)
    assert_allclose(tables["mean_square_displacement_Na"].value, ((u - centre) ** 2).sum() * lag**2, atol=1e-9)
    assert any("subtracted" in note for note in tables["mean_square_displacement_Na"].notes)


def test_each_ion_has_a_column():
    frames = flight(60, [[0.1, 0, 0], [0, 0.3, 0], [0, 0, 0.2]], elements=["Na", "Na", "O"])
    table = analyse(frames, options=options())["mean_square_displacement_Na"]
    lag = np.arange(21)
    assert_allclose(table.data["MSD_xy_Na1 [Å^2]"], 0.01 * lag**2, atol=1e-9)
    assert_allclose(table.data["MSD_xy_Na2 [Å^2]"], 0.09 * lag**2, atol=1e-9)
    assert_allclose(table.value, 0.05 * lag**2, atol=1e-9)
    assert {"in-plane diffusion coefficient of Na1", "in-plane diffusion coefficient of Na2"} <= set(table.scalars)


def test_steps_too_long_to_unwrap_are_said():
    frames = flight(60, [[0.4, 0, 0]])
    near = analyse(frames, options=options())["mean_square_displacement_O"]
    assert not any("unwrapping" in w for w in near.warnings)
    table = analyse(frames, options=options(sample_ps=0.09))["mean_square_displacement_O"]
    assert any("unwrapping" in w for w in table.warnings)


def test_unknown_times_one_frame_and_the_thermostat():
    table = analyse(flight(60, [[0.1, 0, 0]], times=False), options=options())["mean_square_displacement_O"]
    assert table.data.columns[0] == "τ [frames]"
    assert table.scalars["in-plane diffusion coefficient of O"].unit == "Å^2/frame"
    assert any("thermostat" in note for note in table.notes)
    one = analyse(flight(1, [[0.1, 0, 0]]), options=options())["mean_square_displacement_O"]
    assert one.value[0] == 0
    assert np.isnan(one.value[1:]).all()


@pytest.mark.parametrize("origins", ["window", "all"])
@pytest.mark.parametrize("extra", [{}, {"sample_ps": 0.02}, {"remove_drift": True}])
def test_chunks_and_parts_change_nothing(origins, extra):
    rng = np.random.default_rng(7)
    paths = np.cumsum(rng.normal(scale=0.3, size=(60, 4, 3)), axis=0)
    frames = walkers(paths, ["O", "O", "Na", "Na"])
    for name in ("mean_square_displacement_O", "mean_square_displacement_Na"):
        assert_cuts_do_not_matter(name, frames, options(origins=origins, **extra))
