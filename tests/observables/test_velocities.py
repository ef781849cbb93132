"""Velocity autocorrelation, vibrational density of states and temperatures of motion known on paper."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import constants

from lmpdrive.observables import analyse
from lmpdrive.trajectory import Chunk
from tests.observables.moving_frames import DT_PS, assert_cuts_do_not_matter
from tests.observables.synthetic_frames import Frames

PER_CM = 1e12 / (constants.c * 100)


class Moving(Frames):
    """Frames with velocities [Å/ps]."""

    def __init__(self, elements, velocities, dt_ps=DT_PS, **kwargs):
        places = np.arange(len(elements))[:, None] * [1.5, 0.7, 1.1] + 5.0
        super().__init__(elements, np.tile(places, (len(velocities), 1, 1)), [30.0, 30.0, 30.0], **kwargs)
        self._velocities = np.asarray(velocities, dtype=float)
        self.times_ps = self.times_ps * dt_ps / DT_PS

    def read(self, start, stop):
        c = super().read(start, stop)
        velocities = self._velocities[start:stop].copy()
        return Chunk(c.positions, c.cells, c.origins, c.steps, c.times_ps, start, velocities)


def oscillators(n, thz, elements, dt_ps=DT_PS, **kwargs):
    """Atoms that swing along x with these frequencies."""
    t = np.arange(n)[:, None] * dt_ps
    v = np.zeros((n, len(elements), 3))
    v[:, :, 0] = np.cos(2 * np.pi * np.asarray(thz) * t + np.arange(len(elements)))
    return Moving(elements, v, dt_ps, **kwargs)


def both(**kwargs):
    given = {"window_ps": 1.0, **kwargs}
    return {"velocity_autocorrelation": given, "vibrational_density": given}


def test_oscillators_keep_time():
    """v = cos(ωt + φ): C = cos ωτ + O(1/n), exact over whole periods."""
    tables = analyse(oscillators(1100, [5.0, 2.0], ["O", "Na"]), options=both())
    lag = np.arange(101) * DT_PS
    assert_allclose(tables["velocity_autocorrelation_O"].value, np.cos(2 * np.pi * 5 * lag), atol=0.01)
    assert_allclose(tables["velocity_autocorrelation_Na"].value, np.cos(2 * np.pi * 2 * lag), atol=0.01)
    assert_allclose(tables["velocity_autocorrelation_O"].data["⟨v·v⟩ [Å^2/ps^2]"][0], 0.5, atol=0.01)


def test_constant_velocity_and_definition():
    v = np.random.default_rng(0).normal(size=(47, 3, 3))
    tables = analyse(Moving(["O", "O", "Na"], v), options=both(window_ps=0.1))
    for lag in range(11):
        want = (v[: 47 - lag, :2] * v[lag:, :2]).sum(axis=2).mean()
        assert_allclose(tables["velocity_autocorrelation_O"].data["⟨v·v⟩ [Å^2/ps^2]"][lag], want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("thz", [5.0, 12.5, 40.0])
def test_the_peak_is_at_the_frequency_and_the_area_is_one(thz):
    table = analyse(oscillators(1200, [thz], ["O"]), options=both())["vibrational_density_O"]
    assert_allclose(table.x, table.data["ν [THz]"] * PER_CM)
    assert_allclose(table.data["ν [THz]"][table.value.argmax()], thz)
    assert_allclose(np.trapezoid(table.value, table.data["ν [THz]"]), 1, atol=1e-6)
    near = abs(table.data["ν [THz]"] - thz) <= 2.0  # the line is about 1/T = 1 THz wide
    assert_allclose(np.trapezoid(table.value[near], table.data["ν [THz]"][near]), 1, atol=0.02)


def test_all_atoms_count_with_their_masses():
    tables = analyse(oscillators(1200, [5.0, 20.0], ["O", "H"], dt_ps=0.004), options=both())
    table = tables["vibrational_density"]
    thz = table.data["ν [THz]"].to_numpy()
    at_oxygen = np.trapezoid(np.where(thz < 12, table.value, 0), thz)
    assert_allclose(at_oxygen, 15.999 / (15.999 + 1.008), rtol=0.02)
    assert not table.warnings[:-1]


def test_folded_stretch_is_said():
    tables = analyse(oscillators(300, [5.0, 9.0], ["O", "H"]), options=both())
    for name, said in (
        ("vibrational_density", True),
        ("vibrational_density_H", True),
        ("vibrational_density_O", False),
    ):
        assert any("folded" in w for w in tables[name].warnings) == said
    fine = analyse(oscillators(300, [5.0, 100.0], ["O", "H"], dt_ps=0.004), options=both(window_ps=0.1))
    assert not any("folded" in w for w in fine["vibrational_density_H"].warnings)


def test_maxwell_distribution_has_its_temperature():
    rng, n = np.random.default_rng(1), 500
    elements = ["O"] * 20 + ["H"] * 40 + ["Au"] * 6
    mass = np.array([{"O": 15.999, "H": 1.008, "Au": 196.96657}[e] for e in elements]) * constants.atomic_mass
    kelvin = np.array([{"O": 300.0, "H": 350.0, "Au": 280.0}[e] for e in elements])
    width = np.sqrt(constants.k * kelvin / mass) * 1e-2  # m/s in Å/ps
    v = rng.normal(size=(n, len(elements), 3)) * width[:, None]
    v[:, -2:] = 0.0
    frames = Moving(elements, v, groups={"fixed": np.array([64, 65])})
    table = analyse(frames, names=["species_temperature"])["species_temperature"]
    for element, want in (("O", 300), ("H", 350), ("Au", 280)):
        scalar = table.scalars[f"mean temperature from velocities: {element}"]
        assert abs(scalar.value - want) < 4 * scalar.error
        assert scalar.error < 0.03 * want
        assert scalar.unit == "K"
    mean = table.scalars["mean temperature from velocities: all moving atoms"]
    assert_allclose(mean.value, table.value.mean())
    assert_allclose(mean.value, (20 * 300 + 40 * 350 + 4 * 280) / 64, rtol=0.02)
    assert list(table.data.columns) == ["t [ps]", "T [K]", "σ [K]", "T_Au [K]", "T_H [K]", "T_O [K]"]


def test_fixed_atoms_do_not_count():
    v = np.ones((40, 3, 3))
    v[:, 2] = 0
    tables = analyse(Moving(["Na", "Na", "Na"], v, groups={"fixed": np.array([2])}), options=both(window_ps=0.1))
    assert_allclose(tables["velocity_autocorrelation_Na"].data["⟨v·v⟩ [Å^2/ps^2]"], 3, rtol=1e-6)
    unknown = analyse(Moving(["Na", "Na", "Na"], v), options=both(window_ps=0.1))  # a dump knows no groups
    for known in (tables, unknown):
        assert_allclose(known["velocity_autocorrelation_Na"].data["⟨v·v⟩ [Å^2/ps^2]"], 3, rtol=1e-6)
    assert_allclose(unknown["species_temperature"].value, tables["species_temperature"].value)
    everything = analyse(Moving(["Na", "Na", "Na"], v, groups={"fixed": np.arange(3)}))
    assert not [name for name in everything if "velocit" in name or "vibrat" in name or "species_t" in name]


def test_no_velocities_no_tables():
    frames = Frames(["Na"], np.zeros((5, 1, 3)), [10.0, 10.0, 10.0])
    assert not [name for name in analyse(frames) if "velocity" in name or "vibrational" in name]


def test_one_frame_and_atoms_at_rest_and_unknown_times():
    one = analyse(oscillators(1, [5.0], ["O"]), options=both())
    assert one["velocity_autocorrelation_O"].value[0] == pytest.approx(1)
    assert np.isnan(one["vibrational_density_O"].value).all()
    still = analyse(Moving(["O"], np.zeros((30, 1, 3))), options=both(window_ps=0.1))
    assert np.isnan(still["velocity_autocorrelation_O"].value).all()
    assert_allclose(still["species_temperature"].value, 0)
    unknown = analyse(oscillators(300, [5.0], ["O"], times=False), options=both())
    table = unknown["vibrational_density_O"]
    assert table.data.columns[0] == "ν [1/frame]"
    assert_allclose(table.x[table.value.argmax()], 0.05)


@pytest.mark.parametrize("name", ["velocity_autocorrelation_O", "vibrational_density", "species_temperature"])
def test_chunks_and_parts_change_nothing(name):
    v = np.random.default_rng(0).normal(size=(60, 3, 3))
    assert_cuts_do_not_matter(name, Moving(["O", "O", "Na"], v), both(window_ps=0.2), atol=1e-5)
