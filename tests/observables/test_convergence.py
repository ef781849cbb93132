"""When a profile is converged, how much longer to run, and how much of the start to leave out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import ConfigError, TrajectoryError
from lmpdrive.observables import Table, analyse
from lmpdrive.observables.analysis import equilibrated_after_ps
from lmpdrive.observables.base import TOO_SHORT
from lmpdrive.observables.blocks import statistical_inefficiency
from lmpdrive.observables.convergence import assess
from lmpdrive.observables.equilibration import best_cut, detect
from tests.observables.synthetic_frames import Frames, film


def profile(sigma, *, value=2.0, n_frames=1000, g=1.0, warnings=()):
    z = (np.arange(20) + 0.5) * 0.1
    data = pd.DataFrame({"z [Å]": z, "ρ [g/cm^3]": np.full(20, value), "σ [g/cm^3]": np.full(20, sigma)})
    return Table(
        "d", "D", "profile", data, n_blocks=10, n_frames=n_frames, statistical_inefficiency=g, warnings=warnings
    )


def autoregressive(n, a, seed=0):
    rng = np.random.default_rng(seed)
    x = np.zeros(n)
    for i, noise in enumerate(rng.normal(size=n - 1)):
        x[i + 1] = a * x[i] + noise
    return x


def test_a_band_below_the_target_is_converged():
    verdict = assess(profile(0.02), 0.01, relative=0.05)  # 2σ = 0.04 of 2.0: 2 %
    assert verdict.more_ps == 0
    assert "converged: 95 % band 2 %" in verdict.text
    assert_allclose(verdict.band, 0.02)


def test_time_still_needed_follows_one_over_root_t():
    verdict = assess(profile(0.2), 0.01, relative=0.05)  # 20 % after 10 ps: 16 times as long for 5 %
    assert_allclose(verdict.more_ps, 150)
    assert verdict.text.startswith("run about 150 ps more for 5 %")
    assert_allclose(assess(profile(0.1), 0.01, relative=0.05).more_ps, 30)


def test_an_absolute_target_is_in_the_unit_of_the_values():
    verdict = assess(profile(0.2), 0.01, relative=0.05, absolute=0.2)
    assert verdict.unit == "g/cm^3"
    assert_allclose(verdict.more_ps, 30)
    assert "0.2 g/cm^3" in verdict.text


def test_empty_bins_do_not_count_and_one_bad_bin_of_ten_is_allowed():
    table = profile(0.02)
    table.data.iloc[:2, 2] = 5.0
    table.data.iloc[5:, 1:] = np.nan
    assert assess(table, 0.01, relative=0.05).more_ps > 0  # two of five
    table = profile(0.02)
    table.data.iloc[0, 2] = 5.0
    assert assess(table, 0.01, relative=0.05).more_ps == 0


def test_blocks_shorter_than_the_correlation_time_are_never_converged():
    table = profile(0.001, g=250.0, warnings=(f"{TOO_SHORT}: 100 frames",))
    verdict = assess(table, 0.01, relative=0.05)
    assert_allclose(verdict.more_ps, 15)  # blocks of 250 frames: 25 ps in all
    assert "at least" in verdict.text


def test_blocks_of_few_correlation_times_give_a_lower_bound():
    assert "run about" in assess(profile(0.2, g=20.0), 0.01, relative=0.05).text  # blocks of 100 frames
    assert "run at least" in assess(profile(0.2, g=21.0), 0.01, relative=0.05).text
    assert assess(profile(0.02, g=21.0), 0.01, relative=0.05).more_ps == 0


def test_unknown_times_give_a_factor():
    verdict = assess(profile(0.2), float("nan"), relative=0.05)
    assert np.isnan(verdict.more_ps)
    assert "16 times as long" in verdict.text


def test_the_predicted_time_is_right_on_real_noise():
    """Bins of independent noise: after the predicted time the band is near its target."""
    rng = np.random.default_rng(3)

    def measured(n):
        blocks = (1 + rng.normal(size=(n, 40))).reshape(10, -1, 40).mean(axis=1)
        error = blocks.std(axis=0, ddof=1) / np.sqrt(10)
        data = pd.DataFrame({"z [Å]": np.arange(40.0), "v [1]": blocks.mean(axis=0), "σ [1]": error})
        return Table("d", "D", "profile", data, n_blocks=10, n_frames=n)

    first = assess(measured(1000), 1.0, relative=0.02)
    longer = assess(measured(round((1000 + first.more_ps) / 10) * 10), 1.0, relative=0.02)
    assert_allclose(longer.band, 0.02, rtol=0.3)


def test_equilibration_finds_the_end_of_a_relaxation():
    n, settled = 4000, 800
    x = autoregressive(n, 0.7) + 30 * np.exp(-np.arange(n) / (settled / 5))
    found = detect("energy", 0.01 * np.arange(n), x)
    assert 2 < found.start_ps < 9
    assert found.unequilibrated


def test_a_stationary_series_raises_no_alarm():
    alarms = 0
    for seed in range(20):
        series = autoregressive(2000, 0.9, seed)
        alarms += detect("energy", np.arange(2000.0), series).unequilibrated
    assert alarms <= 1


@pytest.mark.parametrize("n", [50, 4001, 50_000])
def test_long_series_are_thinned_and_times_stay_right(n):
    x = autoregressive(n, 0.5)
    x[: n // 5] += 20
    found = detect("energy", 0.1 * np.arange(n), x)
    assert_allclose(found.start_ps, 0.1 * n / 5, rtol=0.15)


def test_no_verdict_where_none_is_possible():
    assert detect("energy", np.arange(100.0), np.ones(100)) is None
    assert detect("energy", np.arange(5.0), np.arange(5.0)) is None
    assert detect("energy", np.arange(100.0), np.full(100, np.nan)) is None


@pytest.mark.parametrize("a", [0.0, 0.6, 0.95])
def test_our_inefficiency_is_pymbar_s(a):
    from pymbar.timeseries import statistical_inefficiency as reference

    x = autoregressive(3000, a)
    assert_allclose(statistical_inefficiency(x), reference(x, mintime=0), rtol=1e-6)


@pytest.mark.parametrize(("a", "n", "start"), [(0, 20, 0), (0.6, 997, 12), (0.95, 4000, 20), (-0.4, 300, 3)])
def test_the_cut_is_pymbar_s(a, n, start):
    from pymbar.timeseries import detect_equilibration

    x = autoregressive(n, a, seed=n)
    x[: n // 5] += start
    cut, inefficiency, samples = detect_equilibration(x, nskip=max(1, n // 100))
    assert best_cut(x) == (cut, pytest.approx(inefficiency, rel=1e-6), pytest.approx(samples, rel=1e-6))
    constant = np.append(x, np.full(n, x[-1]))
    assert best_cut(constant)[0] == detect_equilibration(constant, nskip=max(1, 2 * n // 100))[0]


def settling(n=400, settled=100):
    """Waters that come down to the surface during the first `settled` frames."""
    rng = np.random.default_rng(1)
    elements, positions, cell = film([3.0, 3.2, 3.4, 8.0], [1, 0, 0.5, -0.5])
    frames = np.tile(positions, (n, 1, 1))
    waters = np.arange(36, 45).reshape(3, 3)
    for water in waters:
        up = (np.arange(n) < settled) | (rng.random(n) < 0.2)
        frames[:, water, 2] += np.where(up, 5.0, 0.0)[:, None]
    return Frames(elements, frames, cell)


def test_analysis_says_how_much_to_discard():
    frames = settling()
    tables = analyse(frames, find_equilibration=True)
    rows = tables["summary"].data.set_index("quantity")
    after = rows.loc["sampling: water within 4.5 Å of the surface: equilibrated after", "value"]
    assert 0.95 <= after <= 1.5  # 100 frames of 10 fs; the cut may leave out more
    assert any("--discard-ps" in warning for warning in tables["summary"].warnings)
    assert_allclose(equilibrated_after_ps(frames), after)


def test_nothing_to_discard_without_times():
    frames = settling()
    frames.times_ps = frames.times_ps * np.nan
    with pytest.raises(TrajectoryError, match="--timestep-fs"):
        equilibrated_after_ps(frames)


def test_summary_has_independent_samples_and_verdicts():
    tables = analyse(settling(), target=0.5, targets={"ion_density_Na": 0.1})
    rows = tables["summary"].data.set_index("quantity")
    density = tables["water_density"]
    assert_allclose(rows.loc["sampling: water_density: independent samples", "value"], density.n_effective)
    assert rows.loc["sampling: water_density: 95 % band", "note"] == density.convergence.text


def test_target_of_a_table_that_there_is_not():
    with pytest.raises(ConfigError, match="did you mean 'water_density'"):
        analyse(settling(), targets={"watr_density": 0.1})


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_change_nothing(processes):
    one, several = analyse(settling()), analyse(settling(), parallel=processes)
    assert list(one) == list(several)
    for name in one:
        pd.testing.assert_frame_equal(one[name].data, several[name].data)


def test_progress_ends_at_the_number_of_frames_in_any_case():
    for processes in (1, 2):
        seen = []
        analyse(settling(), parallel=processes, progress=lambda done, total: seen.append((done, total)))  # noqa: B023
        assert seen[-1] == (400, 400)
        assert sorted(seen) == seen
