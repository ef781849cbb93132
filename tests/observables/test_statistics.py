"""Block errors, statistical inefficiency, drift, thermo selection, tables on disk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from lmpdrive.errors import TrajectoryError
from lmpdrive.observables import Table, analyse, write_tables
from lmpdrive.observables.blocks import block_edges, block_error, statistical_inefficiency
from lmpdrive.observables.peaks import first_minimum, first_peak
from lmpdrive.observables.slope import linear_drift
from lmpdrive.observables.thermodynamics import production, thermo_tables
from tests.observables.synthetic_frames import Frames, film


def log(n=200, slope=0.0, runs=1):
    rng = np.random.default_rng(5)
    t = np.arange(n) * 0.01
    return pd.DataFrame(
        {
            "run": np.repeat(np.arange(runs), n // runs),
            "Step": np.arange(n) * 20,
            "Time": t,
            "Temp": 300 + rng.normal(scale=5, size=n),
            "PotEng": -100.0,
            "KinEng": 5.0,
            "TotEng": -95 + rng.normal(size=n),
            "Econserve": -95 + slope * t + rng.normal(scale=1e-4, size=n),
            "c_T_metal": 299.0,
            "c_T_ion_Na": 310.0,
        }
    )


def test_block_error_is_std_over_root_n():
    x = np.random.default_rng(0).normal(size=(10, 4))
    assert_allclose(block_error(x), x.std(axis=0, ddof=1) / np.sqrt(10))


def test_blocks_that_are_nan_do_not_count():
    x = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, 2.0]])
    assert_allclose(block_error(x), [1.0, np.nan])


@pytest.mark.parametrize("n", [10, 11, 19, 1000])
def test_blocks_are_contiguous_and_even(n):
    lengths = np.diff(block_edges(n, 10))
    assert lengths.sum() == n
    assert np.ptp(lengths) <= 1


def test_inefficiency_of_an_autoregressive_series():
    """x_t = a x_{t-1} + noise has g = (1 + a)/(1 - a)."""
    rng, a = np.random.default_rng(2), 0.8
    x = np.zeros(40_000)
    for i, noise in enumerate(rng.normal(size=len(x) - 1)):
        x[i + 1] = a * x[i] + noise
    assert_allclose(statistical_inefficiency(x), 9.0, rtol=0.15)
    assert_allclose(statistical_inefficiency(rng.normal(size=5000)), 1.0, atol=0.2)
    assert np.isnan(statistical_inefficiency(np.ones(50)))


def test_drift_and_its_error():
    rng = np.random.default_rng(1)
    t = np.linspace(0, 10, 500)
    errors, slopes = [], []
    for _ in range(50):
        slope, error = linear_drift(t, 3e-3 * t + rng.normal(scale=0.1, size=500))
        slopes.append(slope)
        errors.append(error)
    assert_allclose(np.mean(slopes), 3e-3, atol=2e-3)
    assert_allclose(np.mean(errors), np.std(slopes), rtol=0.3)


def test_drift_in_mev_per_atom_per_ns():
    drift = thermo_tables(log(slope=1e-2), 100, 10)["energy"].scalars["drift"]
    assert_allclose(drift.value, 1e-2 * 1e3 * 1e3 / 100, rtol=0.02)  # eV/ps -> meV/ns, per atom
    assert drift.unit == "meV/atom/ns"


def test_temperature_of_each_species():
    table = thermo_tables(log(), 100, 10)["temperature"]
    assert list(table.data.columns) == ["t [ps]", "T [K]", "σ [K]", "T_metal [K]", "T_ion_Na [K]"]
    assert_allclose(table.scalars["mean temperature of ion_Na"].value, 310)
    assert table.error[0] == pytest.approx(5 / np.sqrt(200), rel=0.5)


def test_only_production_counts():
    thermo = log(runs=4)  # runs start at steps 0, 1000, 2000, 3000
    assert production(thermo, 2000)["Step"].iloc[0] == 2000
    assert production(thermo, 2500)["Step"].iloc[0] == 2500  # the start was discarded
    assert set(production(thermo, 2500)["run"]) == {2, 3}
    assert production(thermo, None)["Step"].iloc[0] == 0


def test_log_and_frames_together():
    tables = analyse(Frames(*_frames()), thermo=log())
    assert {"temperature", "energy"} <= set(tables)
    assert "drift" in set(tables["summary"].data["quantity"])


def _frames():
    elements, positions, cell = film([3], [1])
    return elements, np.tile(positions, (10, 1, 1)), cell


def test_log_without_energy_or_with_one_row():
    assert thermo_tables(log().drop(columns=["TotEng", "Econserve", "Temp"]), 10, 10) == {}
    one = thermo_tables(log(n=1), 10, 10)["energy"]
    assert np.isnan(one.scalars["drift"].value)


def test_tables_are_plain_csv_and_leave_nothing_half_written(tmp_path):
    tables = analyse(Frames(*_frames()), thermo=log())
    write_tables(tables, tmp_path / "observables")
    files = {path.name for path in (tmp_path / "observables").iterdir()}
    assert files == {f"{name}.csv" for name in tables}
    assert {"water_density.csv", "water_orientation.csv", "water_cos_theta.csv", "dipole_pz.csv"} <= files
    assert {"dipole_pz_histogram.csv", "temperature.csv", "energy.csv", "summary.csv"} <= files
    back = pd.read_csv(tmp_path / "observables" / "water_density.csv")
    assert list(back.columns) == ["z [Å]", "ρ [g/cm^3]", "σ [g/cm^3]"]
    assert_allclose(back.to_numpy(), tables["water_density"].data.to_numpy(), rtol=1e-6)


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "observables").write_text("a file")
    table = Table("a", "A", "profile", pd.DataFrame({"z [Å]": [1.0]}))
    with pytest.raises(TrajectoryError, match="cannot write"):
        write_tables({"a": table}, tmp_path / "observables")


def test_first_peak_and_minimum_of_a_known_curve():
    z = (np.arange(150) + 0.5) * 0.1
    curve = 3 * np.exp(-((z - 2.75) ** 2) / 0.1) + 1.5 * np.exp(-((z - 5.75) ** 2) / 0.4) + 1 / (1 + np.exp(9 - 2 * z))
    assert first_peak(z, curve) == (pytest.approx(2.75, abs=0.06), pytest.approx(3, rel=0.02))
    assert 3.2 < first_minimum(z, curve)[0] < 4.6
