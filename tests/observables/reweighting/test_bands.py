"""The weighted pass over all observables, and the tables with two bands."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.observables import AnalysisOptions, analyse
from lmpdrive.observables.base import Settings
from lmpdrive.observables.profile import Bins
from lmpdrive.observables.reweighting.bands import SUMMARY, band_tables
from lmpdrive.observables.reweighting.calibration import Calibration, calibrate
from lmpdrive.observables.reweighting.passing import RUN, bands_pass, compared
from lmpdrive.observables.reweighting.potentials import Potentials
from lmpdrive.observables.reweighting.weights import cumulant, reduced, too_far
from lmpdrive.observables.sums import Sums
from lmpdrive.report.figures import draw
from lmpdrive.report.model_bands import model_chapter
from lmpdrive.testing import synthetic_trajectory
from tests.observables.synthetic_frames import Frames

T = 300.0
NOT_CALIBRATED = Calibration()
HEADER = "n [1/Å^3]"
WELL = AnalysisOptions(
    bin_width_A=0.05,
    names=["density"],
    options={"density": {"profiles": [{"name": "Ar", "selection": "Ar"}]}},
)


def repeated(counts):
    """Twelve frames of slab, water and ions, each as often as `counts` says."""
    whole = synthetic_trajectory(12)
    elements, charges = whole.topology.elements, whole.topology.charges_e
    positions = np.repeat(whole.positions, counts, axis=0)
    return Frames(elements, positions, whole.cell, charges_e=charges)


def test_a_weight_is_a_number_of_repetitions_for_every_observable():
    """Integer weights against the frames repeated so many times, through all observables of slab, water and ions."""
    counts = np.array([0, 2, 1, 1, 3, 0, 1, 1, 1, 2, 0, 0])
    once, again = repeated(np.ones(12, int)), repeated(counts)
    options = AnalysisOptions(n_blocks=4)
    passed = bands_pass(once, options, {"counted": counts.astype(float)})
    expected = analyse(again, replace(options, surface="auto"))
    plain = analyse(once, options)
    assert len(passed.found) > 25
    for name, sets in passed.found.items():
        ours, theirs = sets["counted"].whole.table([]), expected[name]
        if ours.kind == "series":
            continue  # its rows are the frames; its numbers are below
        for header in [str(h) for h in ours.data.columns[ours.n_variables :] if not h.startswith("σ")]:
            a, b = (t.data.round(6).set_index(list(t.data.columns[: t.n_variables]))[header] for t in (ours, theirs))
            common = a.index.intersection(b.index)
            assert len(common) > 0
            assert_allclose(a.loc[common], b.loc[common], atol=2e-6, err_msg=f"{name} {header}")
        # σ of the run is that of an analysis
        assert_allclose(passed.run[name].error, plain[name].error, rtol=1e-9, err_msg=name)
    for name, sets in passed.found.items():
        for number, scalar in sets["counted"].whole.table([]).scalars.items():
            if f"{name}: {number}" not in passed.without and number in expected[name].scalars:
                theirs = expected[name].scalars[number].value
                assert_allclose(scalar.value, theirs, rtol=1e-9, err_msg=f"{name} {number}")


def test_correlations_are_listed_as_what_they_are():
    passed = bands_pass(synthetic_trajectory(12), AnalysisOptions(n_blocks=4), {})
    assert {"dipole_correlation", "survival_endpoint", "velocity_autocorrelation_O"} <= set(passed.without)
    assert "water_density" not in passed.without
    tables = band_tables(passed, Potentials(), Calibration())
    assert any("dipole_correlation" in note for note in tables[SUMMARY].notes)


class Forgotten(Sums):
    """Counts atoms, and does not name its sum."""

    name, title = "forgotten", "Forgotten"

    def __init__(self, settings):
        super().__init__(settings)
        self.atoms = 0.0

    def see(self, atoms):
        self.atoms += atoms
        self.count(np.array([float(atoms)]))
        return self

    def update(self, chunk, interface):
        self.see(float(len(chunk)))

    def merge(self, other):
        super().merge(other)
        self.atoms += other.atoms

    def variables(self):
        return {"x [1]": np.zeros(1)}

    def values(self, part):
        return {"n [1]": np.array([part.atoms / part.n_frames])}


class Named(Forgotten):
    """Names it."""

    frame_sums: ClassVar = (*Sums.frame_sums, "atoms")


class Extremes(Named):
    """The largest of the frames is no average."""

    def __init__(self, settings):
        super().__init__(settings)
        self.largest = Bins(1.0)

    def see(self, atoms):
        self.largest.sums = np.array([max([atoms, *self.largest.sums])])
        return super().see(atoms)

    def merge(self, other):
        super().merge(other)
        self.largest.sums = np.array([max([*other.largest.sums, *self.largest.sums], default=0.0)])

    def values(self, part):
        return {"n [1]": part.largest.sums / part.n_frames}


@pytest.mark.parametrize(("cls", "good"), [(Named, True), (Forgotten, False), (Extremes, False)])
def test_an_observable_of_yours_gets_a_band_only_if_a_weight_is_a_repetition(cls, good):
    assert compared([cls(Settings()).see(n) for n in (1.0, 5.0, 2.0)])[0] is good


def test_a_committee_needs_three():
    x = np.zeros(4)
    with pytest.raises(ValueError, match="at least 3 members, there are 2 \\(a, b\\)"):
        Potentials({"a": x, "b": x})


def well(n_frames=200, atoms=50, seed=0, spring=0.5, centre=10.0):
    """Independent atoms in harmonic wells ½ k (z - c)²: frames, and the energy that another spring adds to each."""
    rng = np.random.default_rng(seed)
    z = centre + np.sqrt(K_B_EV_PER_K * T / spring) * rng.normal(size=(n_frames, atoms))
    xy = rng.uniform(0, 30, size=(n_frames, atoms, 2))
    frames = Frames(["Ar"] * atoms, np.concatenate([xy, z[..., None]], axis=2), [30.0, 30.0, 20.0])
    return frames, lambda change: 0.5 * spring * change * ((z - centre) ** 2).sum(axis=1)


def bands(frames, members, calibration=NOT_CALIBRATED, targets=()):
    zero = np.zeros(frames.n_frames)
    named = {f"m{i}": reduced(e, zero, T) for i, e in enumerate(members)}
    potentials = Potentials(named, {f"t{i}": reduced(e, zero, T) for i, e in enumerate(targets)})
    return band_tables(bands_pass(frames, WELL, potentials.weights()), potentials, calibration)


def test_identical_members_have_no_band():
    frames, energy = well(40)
    data = bands(frames, [energy(0.0) + shift for shift in (0.0, 5.0, -300.0)])["model_density_Ar"].data
    assert (data["σ_model [1/Å^3]"] == 0).all()
    assert_allclose(data["committee mean n [1/Å^3]"], data["n [1/Å^3]"], rtol=1e-12)
    same = bands(frames, [energy(0.02)] * 3)["model_density_Ar"].data
    assert_allclose(same["σ_model [1/Å^3]"], 0, atol=1e-18)
    assert_allclose(same["committee mean n [1/Å^3]"], same["n under m1 [1/Å^3]"], rtol=1e-12)


def test_the_band_is_the_calibrated_standard_deviation_of_the_members():
    frames, energy = well(60)
    members = [energy(change) for change in (-0.02, 0.0, 0.01, 0.03)]
    tables = bands(frames, members, Calibration(2.5, 0.1, "α = 2.5", 100))
    data = tables["model_density_Ar"].data
    each = np.array([data[f"n under m{i} [1/Å^3]"] for i in range(4)])
    assert_allclose(data["committee mean n [1/Å^3]"], each.mean(axis=0))
    assert_allclose(data["σ_model [1/Å^3]"], 2.5 * each.std(axis=0, ddof=1), atol=1e-18)
    # each member's profile is ⟨n⟩ - β(⟨n ΔE⟩ - ⟨n⟩⟨ΔE⟩) of the counts in the bins
    z = data["z [Å]"].to_numpy()
    counts = np.array(
        [np.histogram(frame[:, 2], np.append(z - 0.025, z[-1] + 0.025))[0] for frame in frames._positions]
    )
    weights = cumulant(reduced(members[3], np.zeros(60), T))
    assert_allclose(each[3], (weights[:, None] * counts).mean(axis=0) / (900 * 0.05), atol=1e-12)
    assert "α = 2.5" in tables[SUMMARY].notes[0]


def width(data, header):
    """Mean of (z - 10)² over a profile."""
    z, rho = data["z [Å]"].to_numpy(), data[header].to_numpy()
    return (rho * (z - 10.0) ** 2).sum() / rho.sum()


def test_the_reweighted_profile_has_the_width_of_the_other_spring():
    """Exact on paper: kT/(k (1 + δ)); to first order kT/k (1 - δ)."""
    frames, energy = well(3000)
    data = bands(frames, [], targets=[energy(0.04)])["model_density_Ar"].data
    kt_over_k = K_B_EV_PER_K * T / 0.5
    error = 4 * kt_over_k * np.sqrt(2 / (3000 * 50)) + 0.05**2 / 12
    assert width(data, "n [1/Å^3]") == pytest.approx(kt_over_k, abs=error)
    change = width(data, "n under t0 [1/Å^3]") - width(data, "n [1/Å^3]")
    assert change == pytest.approx(-0.04 * kt_over_k, rel=0.15)
    directly = width(data, "n under t0, direct [1/Å^3]") - width(data, "n [1/Å^3]")
    assert directly == pytest.approx(kt_over_k * (1 / 1.04 - 1), rel=0.15)
    assert (data["σ under t0 [1/Å^3]"].dropna() >= 0).all()


def test_potentials_beyond_the_first_order_are_warned_about():
    """std(βΔE) of 3.5: the expansion leaves 300/(1 + 3.5²) effective frames, direct weights fewer than 20."""
    frames, energy = well(300)
    tables = bands(frames, [energy(0.0), energy(0.01), energy(0.7)])
    warnings = " ".join(tables[SUMMARY].warnings)
    assert "give no average: member m2" in warnings and "of first order" in warnings
    assert not tables["model_density_Ar"].warnings
    assert not any("direct" in header for header in tables["model_density_Ar"].data.columns)


def test_far_potentials_are_warned_about_and_get_no_direct_average():
    frames, energy = well(100)
    tables = bands(frames, [energy(0.0), energy(0.01), energy(3.0)])
    warnings = " ".join(tables[SUMMARY].warnings)
    assert "Left out, as too far from the driver for the cumulant expansion: member m2" in warnings
    assert "No model band: 2 members are left, 3 are needed." in warnings
    assert not any("direct" in header for header in tables["model_density_Ar"].data.columns)


def test_one_weight_a_frame():
    frames, _ = well(10)
    with pytest.raises(ValueError, match="one weight for each of 10 frames: short"):
        bands_pass(frames, WELL, {"short": np.ones(9)})


def test_weights_of_one_are_the_run():
    frames, _ = well(20)
    passed = bands_pass(frames, WELL, {"ones": np.ones(20)})
    sets = passed.found["density_Ar"]
    for header, values in sets[RUN].whole.result().items():
        assert_allclose(sets["ones"].whole.result()[header], values)


def test_the_calibrated_band_holds_the_truth_that_the_spread_alone_misses():
    """Members agree on a spring that is wrong by four times their spread; labels of the true one stretch the band."""
    frames, energy = well(1500)
    members = 0.004 * np.array([-1.2, -0.6, -0.2, 0.1, 0.5, 1.4])
    truth = members.mean() + 4 * members.std(ddof=1)
    labels = np.array([energy(change) for change in members]).T[:200]
    found = calibrate(energy(truth)[:200] - 42.0, labels, np.zeros(200, int))
    # every error is the same one, so (α² + 1/6) (6 - 1)/(6 - 3) = 4² on paper
    assert found.alpha == pytest.approx(np.sqrt(16 * 3 / 5 - 1 / 6), rel=1e-6)
    data = bands(frames, [energy(change) for change in members], found)["model_density_Ar"].data
    widths = np.array([width(data, f"n under m{i} [1/Å^3]") for i in range(6)])
    true = width(data, HEADER) - truth * K_B_EV_PER_K * T / 0.5
    error, spread = abs(true - widths.mean()), widths.std(ddof=1)
    assert 2 * spread < error < 2 * found.alpha * spread


def test_a_member_that_is_too_far_is_left_out_and_named():
    """Three near members and one with std(βΔE) far above five times the limit of the first order."""
    frames, energy = well(300)
    near = [energy(change) for change in (0.0, 0.01, -0.02)]
    tables, without = bands(frames, [*near, energy(3.0)]), bands(frames, near)
    data, expected = tables["model_density_Ar"].data, without["model_density_Ar"].data
    assert data["n under m3 [1/Å^3]"].isna().all() and not data["n under m2 [1/Å^3]"].isna().any()
    for header in ("committee mean n [1/Å^3]", "σ_model [1/Å^3]", "u(σ_model) [1/Å^3]"):
        assert_allclose(data[header], expected[header], rtol=1e-12)
    assert tables["model_density_Ar"].warnings == ("1 of 4 members left out: too far",)
    spread = 3.0 * np.std([0.25 * ((p[:, 2] - 10) ** 2).sum() for p in frames._positions]) / (K_B_EV_PER_K * T)
    (warning,) = [w for w in tables[SUMMARY].warnings if w.startswith("Left out")]
    assert f"member m3 (std(βΔE) = {spread:.3g}, limit 5)" in warning
    assert "without m3" in tables[SUMMARY].notes[0]


def test_fewer_than_three_members_left_are_no_band():
    frames, energy = well(300)
    tables = bands(frames, [energy(0.0), energy(0.01), energy(3.0), energy(-2.0)], targets=[energy(2.0), energy(0.01)])
    table = tables["model_density_Ar"]
    for header in ("committee mean n [1/Å^3]", "σ_model [1/Å^3]", "n under t0 [1/Å^3]", "σ under t0 [1/Å^3]"):
        assert table.data[header].isna().all(), header
    assert table.data["σ [1/Å^3]"].notna().any() and table.data["n under t1 [1/Å^3]"].notna().all()
    band, target = table.warnings
    assert band.startswith("no model band: std(βΔE) = ") and band.endswith(", limit 5")
    assert target.startswith("t0: std(βΔE) = ") and not table.notes
    assert "No model band: 2 members are left, 3 are needed." in tables[SUMMARY].warnings


def test_a_number_of_what_is_too_far_is_none_with_the_reason_beside_it():
    """Twelve frames of water on a slab; x = ±9 has std 9, and ±0.1 is near."""
    sign = np.array([1.0, -1.0] * 6)
    far, near = {"a": 0 * sign, "b": 9 * sign, "c": 0.1 * sign}, {"d": -0.1 * sign}
    targets = {"t": 8 * sign, "u": 0.1 * sign}
    for members, note in (
        (far, "no model band: std(βΔE) = 9, limit 5; t: std(βΔE) = 8, limit 5"),
        (far | near, "1 of 4 members left out: too far; t: std(βΔE) = 8, limit 5"),
    ):
        potentials = Potentials(members, targets)
        passed = bands_pass(
            synthetic_trajectory(12), AnalysisOptions(n_blocks=4, names=["water_density"]), potentials.weights()
        )
        tables = band_tables(passed, potentials, NOT_CALIBRATED)
        rows = tables[SUMMARY].data
        assert len(rows) > 1 and set(rows["note"]) == {note}
        known = rows["value"].notna()
        assert known.sum() > 1 and (rows["under u"].notna() == known).all() and rows["under t"].isna().all()
        band = rows[["committee mean", "σ_model"]].dropna()
        assert len(band) == (0 if members is far else known.sum())
        chapter = model_chapter(tables)
        assert chapter["headers"][-1] == "note" and {row[-1] for row in chapter["rows"]} == {note}
        assert all(row[3] == "not defined" for row in chapter["rows"])


def test_few_frames_under_a_moderate_change_are_no_average_either():
    """std(x) = 2 leaves a fifth of the frames: 8 of 40, and 80 of 400."""
    x = np.array([2.0, -2.0] * 20)
    assert too_far(x) == "8 effective frames, want 20"
    assert not too_far(np.tile(x, 10)) and not too_far(0.5 * x[:6])
    assert too_far(2.6 * np.tile(x, 10)) == "std(βΔE) = 5.2, limit 5"


def test_a_figure_without_a_model_band_says_why():
    frames, energy = well(300)
    far = bands(frames, [energy(0.0), energy(0.01), energy(3.0)])["model_density_Ar"]
    near = bands(frames, [energy(0.0), energy(0.01), energy(-0.02)])["model_density_Ar"]
    (axes,), (others,) = draw(far).axes, draw(near).axes
    assert [text.get_text() for text in axes.texts] == [far.warnings[0], "Ar"]
    assert [text.get_text() for text in others.texts] == ["Ar"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["run, statistical 2σ"]
    assert len(axes.collections) == 1 and len(others.collections) == 2
    low = axes.collections[0].get_paths()[0].vertices[:, 1].min()
    assert low >= 0, "a density is not negative"
    top = np.nanmax(far.data[HEADER] + 2 * far.data["σ [1/Å^3]"])
    assert axes.get_ylim()[1] < 1.5 * top
    # the reason is one line that fits into the axes, and is not on what the figure is of
    text, subject = (one.get_window_extent() for one in axes.texts)
    frame = axes.get_window_extent()
    assert frame.x0 <= text.x0 and text.x1 <= frame.x1 and not text.overlaps(subject)
