"""A run's own settings stand in its figures: target temperature, limits of the guard, the start that is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lmpdrive
from lmpdrive.observables import Table, equilibration, read_results
from lmpdrive.observables.thermodynamics import thermo_tables
from tests.conftest import SMALL_CLASSICAL


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    import yaml

    folder = tmp_path_factory.mktemp("marks")
    content = yaml.safe_load(yaml.safe_dump(SMALL_CLASSICAL))
    content["observables"] = {"names": ["dipole_pz", "temperature", "energy", "pressure"]}
    content["output"]["report"] = True
    (folder / "system.yaml").write_text(yaml.safe_dump(content))
    return lmpdrive.simulate(folder / "system.yaml", folder / "run").directory


def test_temperature_has_its_target_and_the_limits_of_the_guard(run):
    table = read_results(run / "observables" / "results.nc").tables["temperature"]
    target, low, high = table.references
    assert target.value == 300 and target.label == "target: 300 K"
    mobile = 4 * 4 * 2 + sum(n in ("O", "H", "Na") for n in lmpdrive.common.manifest.read_manifest(run).system.species)
    spread = 3 * 300 * np.sqrt(2 / (3 * mobile))
    assert low.value == pytest.approx(300 - spread, rel=1e-4) and high.value == pytest.approx(300 + spread, rel=1e-4)
    svg = (run / "observables" / "temperature.svg").read_text()
    assert "target: 300 K" in svg and f"guard: {high.value:.4g} K" in svg


def test_pressure_is_that_of_the_log(run):
    table = read_results(run / "observables" / "results.nc").tables["pressure"]
    log = [line.split() for line in (run / "log.lammps").read_text().splitlines()]
    columns = next(words for words in log if words[:1] == ["Step"])
    last = [words for words in log if len(words) == len(columns) and words[0].isdigit()][-1]
    assert table.value[-1] == pytest.approx(float(last[columns.index("Press")]), rel=1e-6)
    assert table.scalars["mean pressure of the cell"].value == pytest.approx(table.value.mean())
    assert (run / "observables" / "pressure.svg").is_file() and "p (bar)" in (run / "report.html").read_text()


def test_a_start_that_is_left_out_is_shaded(run):
    lmpdrive.analyse(run, discard_ps=0.05)
    for name in ("dipole_pz", "energy"):
        table = read_results(run / "observables" / "results.nc").tables[name]
        (span,) = [span for span in table.spans if span.label == "left out"]
        assert span.high == pytest.approx(table.x[0]) and span.high - span.low == pytest.approx(0.05)
        assert "left out" in (run / "observables" / f"{name}.svg").read_text()


def test_a_start_that_is_not_equilibrated_is_shaded():
    t = np.arange(2000) * 0.01
    noise = np.random.default_rng(1).normal(size=2000)
    log = pd.DataFrame({"Time": t, "TotEng": noise, "PotEng": noise + 50 * np.exp(-t), "Step": np.arange(2000)})
    tables = thermo_tables(log, 100, 10)
    found = equilibration.from_results({}, tables)
    profile = Table("a", "A", "profile", pd.DataFrame({"z [Å]": t, "v [1]": t, "σ [1]": t}))
    marked = equilibration.marked(tables | {"a": profile}, found)
    (span,) = marked["energy"].spans
    assert span.label == "not equilibrated" and 2 < span.high - span.low < 8, "e^-t is lost in the noise after 4 ps"
    assert marked["a"].spans == () and equilibration.marked(tables, [])["energy"].spans == ()
