"""Probes of potential-energy surfaces: frames whose geometry is known, energies whose roughness is known on paper."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk
from numpy.testing import assert_allclose

from lmpdrive import pipeline
from lmpdrive.errors import TrajectoryError
from lmpdrive.report.pes import extrapolation, smoothness
from lmpdrive.report.roughness import GAIN, TREND, WINDOW, roughness
from lmpdrive.trajectory.labelled import without_labels
from lmpdrive.trajectory.probe_frames import (
    AS_GIVEN,
    HOT,
    POINTS,
    RANDOM,
    REACH_A,
    TO_A_FRAME,
    make,
)
from tests.report.test_pareto import CELL, POTENTIAL, frames_file

H = REACH_A / (POINTS - 1)
S = np.linspace(0.0, REACH_A, POINTS)
INSIDE = POINTS - 2 - (WINDOW - 1)
"""Points of which the trend is known."""


def cluster(seed: int) -> Atoms:
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.05, seed=seed)
    return atoms


def test_a_smooth_energy_has_no_roughness():
    """A Morse bond (eV, Å) from the repulsive wall on, on top of a large constant; and any polynomial up to s⁶."""
    morse = 4.5 * (1 - np.exp(-2.2 * (0.85 + S - 0.97))) ** 2
    second = np.diff(morse, 2)
    assert roughness(morse).value < 1e-6 * np.abs(second).max()
    assert roughness(morse - 5e4).value < 1e-10
    assert roughness(S**6).value < 1e-15


def test_a_kink_gives_what_is_on_paper():
    """A slope that changes by a at one point: D has a·h there, of which the trend takes the part TREND[middle]."""
    a, middle = 0.3, POINTS // 2
    found = roughness(a / 2 * np.abs(S - S[middle]) + 20 * S**2)
    left = 1 - TREND[WINDOW // 2]
    assert_allclose(found.value, a * H * np.sqrt(left / INSIDE), rtol=1e-6)
    assert_allclose(found.largest, a * H * left, rtol=1e-6)
    assert found.at == middle


def test_noise_is_found_with_its_own_size():
    rng = np.random.default_rng(3)
    squares = [roughness(np.cos(S) + rng.normal(0, 2e-3, POINTS)).noise ** 2 for _ in range(400)]
    assert np.sqrt(np.mean(squares)) == pytest.approx(2e-3, rel=0.02)
    assert pytest.approx(2.2, abs=0.3) == GAIN  # √6 without a trend


def test_too_few_points_and_energies_that_are_not_finite():
    with pytest.raises(ValueError, match="needs 23"):
        roughness(np.zeros(22))
    assert np.isnan(roughness(np.where(S > 0.1, np.nan, S)).value)


def test_frames_are_strained_moved_and_on_lines_as_said():
    given = [cluster(seed) for seed in range(3)]
    given[1].positions[0] += given[1].cell[0]  # the same frame, another image
    probe = make(without_labels(given))
    first, *others = probe.extrapolated
    assert first.kind == AS_GIVEN and first.frames == slice(0, 3)
    for group in others:
        for base, number in zip(given, range(*group.frames.indices(10_000)), strict=True):
            new = probe.frames.atoms(number)
            if group.kind == HOT:
                moved = new.positions - base.positions
                assert_allclose(moved.std(), group.amount, rtol=0.7)
            else:
                volume = 1.0 if group.kind == "sheared" else (1 + group.amount) ** 3
                assert_allclose(new.get_volume() / base.get_volume(), volume)
                assert_allclose(new.get_scaled_positions(wrap=False), base.get_scaled_positions(wrap=False), atol=1e-12)
    assert [group.kind for group in probe.lines] == [TO_A_FRAME] * 2 + [RANDOM] * 3
    line = probe.lines[0]
    start, end = probe.frames.atoms(line.frames.start), probe.frames.atoms(line.frames.stop - 1)
    assert line.frames.stop - line.frames.start == POINTS and line.amount == pytest.approx(H)
    step = np.linalg.norm(end.positions - start.positions, axis=1)
    assert step.max() == pytest.approx(REACH_A)
    towards = given[1].positions - given[0].positions
    towards[0] -= given[1].cell[0]
    assert_allclose(end.positions - start.positions, towards * REACH_A / np.linalg.norm(towards, axis=1).max())


def test_frames_of_different_atoms_have_no_line_between_them():
    lines = make(without_labels([bulk("Cu", cubic=True), bulk("Cu", cubic=True) * (1, 1, 2)])).lines
    assert {group.kind for group in lines} == {RANDOM}
    with pytest.raises(TrajectoryError, match="no frame"):
        without_labels([])


def test_tables_of_an_analytic_surface():
    """Springs to the origin, k = 2 eV/Å²; the second one has forces that are 10 % too large, and fails on a frame."""
    probe = make(without_labels([cluster(1), cluster(2)]))
    frames = probe.frames
    energies = np.zeros(len(frames))
    np.add.at(energies, frames.frame_of_atom, (frames.positions**2).sum(axis=1))
    forces = -2 * frames.positions
    wrong = 1.1 * forces
    hot = probe.extrapolated[-1].frames.start
    wrong[frames.frame_of_atom == hot] = np.nan
    found = {"right": (energies, forces), "wrong": (energies, wrong)}
    smooth = smoothness(probe, found).set_index("potential")
    assert (smooth["roughness [meV]"] < 1e-8).all()
    off = smooth["force - slope of the energy [eV/Å]"]
    assert (off["right"] < 1e-9).all() and (off["wrong"] > 0.01).all()
    strange = extrapolation(probe, found)
    assert list(strange["not finite [1]"]) == [0] * 10 + [0] * 9 + [1]
    given = strange[strange["frames made"] == AS_GIVEN].set_index("potential")
    rms = 2 * np.sqrt((frames.positions[:8] ** 2).mean())
    assert_allclose(given["RMS force [eV/Å]"], [rms, 1.1 * rms])
    assert_allclose(given["RMS force difference from right [eV/Å]"], [0, 0.1 * rms], atol=1e-12)
    assert (given["energy change [meV/atom]"] == 0).all()


def test_a_potential_probed(tmp_path, write_yaml):
    """EMT, in its own process: smooth, and its forces are the slope."""
    file = write_yaml({"system": CELL, "potential": POTENTIAL, "dynamics": {"fixed_layers": 0}})
    strange, smooth, missing = pipeline.probe_pes([file], [frames_file(tmp_path)], tmp_path / "out", ["emt"])
    assert not missing and (strange["not finite [1]"] == 0).all()
    assert (smooth["roughness [meV]"] < 1e-3).all() and (smooth["force - slope of the energy [eV/Å]"] < 1e-5).all()
    compressed = strange[strange["frames made"] == "compressed"].sort_values("amount")
    assert (np.diff(compressed["energy change [meV/atom]"]) < 0).all()
    for name in ("pes-extrapolation", "pes-smoothness"):
        assert len(pd.read_csv(tmp_path / "out" / f"{name}.csv"))
    assert {p.name for p in (tmp_path / "out" / "figures").iterdir()} == {
        f"pes-{name}.{kind}" for name in ("extrapolation", "lines") for kind in ("png", "svg")
    }
