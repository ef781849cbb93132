"""docs/report.md says what the verdict is on ten runs: each is made here, and must be judged in the page's words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lmpdrive
from lmpdrive.common.manifest import Manifest
from lmpdrive.errors import UnstableError
from lmpdrive.observables.equilibration import detect
from lmpdrive.observables.summary import summary
from lmpdrive.report.analysed import load
from lmpdrive.report.findings import drift, temperature, water
from lmpdrive.report.findings.finding import LEVELS
from lmpdrive.report.verdict import TEXTS, Verdict, verdict_of
from tests.conftest import ROOT
from tests.guard.test_real_runs import PULLED, case
from tests.report.runs import log, manifest, profile, tables, waters

DATA = Path(__file__).parent / "data"


def rows() -> list[tuple[str, str, str]]:
    """Run, verdict and reason of the page's table."""
    text = (ROOT / "docs" / "report.md").read_text()
    table = text.partition("| run | verdict | reason |\n|---|---|---|\n")[2].partition("\n\n")[0]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in table.splitlines()]


def of_a_log(name: str, n_mobile: int) -> Verdict:
    """Of the production's log of a whole run of a shipped input; nothing else of it is kept."""
    about = Manifest.of(json.loads((DATA / f"{name}.manifest.json").read_text()))
    return verdict_of(tables(pd.read_csv(DATA / f"{name}.thermo.csv.gz"), n_mobile), about)


def good(**more):
    return tables(log()) | {"density": profile("density", 0.01), "water_species": waters(93)} | more


def late():
    x = np.random.default_rng(4).normal(size=5000) + np.where(np.arange(5000) > 4900, 30.0, 0.0)
    return {"summary": summary({}, [detect("potential energy", 0.01 * np.arange(5000), x)])}


def torn() -> Verdict:
    system = {"species": ["O", "H", "H"] * 22, "groups": {"water": "1:66"}}
    return verdict_of({"water_species": waters(0, 22, 22)}, Manifest.of({"state": "finished", "system": system}))


def two_not_converged():
    return tables(log()) | {"a": profile("a", 0.2), "b": profile("b", 0.1)}


RUNS = {
    "au111-water-3na": lambda: of_a_log("au111-water-3na", 330),
    "pt111-water": lambda: of_a_log("pt111-water", 200),
    "NPT": lambda: verdict_of(good(**tables(log(drift=421.0))), manifest(ensemble="npt")),
    "metal 34 K": lambda: verdict_of(
        good(**tables(log(200, metal=296.0, water=336.0, na=330.0))), manifest(target=330)
    ),
    "22 of 22": torn,
    "one of 93": lambda: verdict_of(good(water_species=waters(92, 1, 1)), manifest()),
    "nothing has converged": lambda: verdict_of(two_not_converged(), manifest()),
    "49 of 50 ps": lambda: verdict_of(good(**late()), manifest()),
    "everything in order": lambda: verdict_of(good(), manifest()),
}


@pytest.mark.parametrize("name", RUNS)
def test_verdict_of_the_page(name):
    ((_, words, reason),) = [row for row in rows() if name in row[0]]
    verdict = RUNS[name]()
    assert verdict.text.startswith(words), verdict.lines()
    assert any(reason in finding.text for finding in verdict.findings), verdict.lines()
    # the reason is the gravest
    assert reason in " ".join(f.text for f in verdict.findings if f.level == verdict.level)


def test_a_run_that_was_broken_on_purpose(write_yaml, tmp_path):
    """An atom is pulled out of the surface: terminal, page, Python and results.nc say the same."""
    ((_, words, reason),) = [row for row in rows() if "pulled" in row[0]]
    off = {"guard__drift_fraction": "off", "guard__temperature_sigmas": "off"}
    run, said = tmp_path / "run", []
    with pytest.raises(UnstableError):
        lmpdrive.simulate(case(write_yaml, tmp_path, PULLED, **off), run, say=said.append)
    verdict = load(run).verdict
    assert verdict.text.startswith(words) and reason in verdict.findings[0].text
    assert verdict.lines() == [line for line in said if line in verdict.lines()]
    page = (run / "report.html").read_text()
    assert all(f.text.replace("'", "&#39;") in page for f in verdict.findings)


def test_every_row_is_made():
    made = {*RUNS, "pulled"}
    assert len(rows()) == len(made) and all(sum(name in run for name in made) == 1 for run, _, _ in rows())


def test_levels_and_limits_of_the_page_are_the_code_s():
    text = (ROOT / "docs" / "report.md").read_text()
    levels = dict(re.findall(r"^\| (bad|short|caution|good) \| ([^|]+) \|", text, re.M))
    assert set(levels) == set(LEVELS)
    assert all(TEXTS[level].startswith(words.strip()) for level, words in levels.items())
    assert f"up to {drift.CAUTION_MEV_PER_ATOM_NS:g} meV/atom/ns" in text
    assert f"above {drift.BAD_MEV_PER_ATOM_NS:g} |" in text
    assert f"within {100 * temperature.CAUTION:g} % or {temperature.SIGMAS:g}σ" in text
    assert f"beyond {100 * temperature.BAD:g} %" in text
    assert f"{100 * water.CAUTION:g} % | below | below {100 * water.BAD:g} %" in text


@pytest.mark.validation
@pytest.mark.parametrize("name", ["au111-water-3na", "pt111-water"])
def test_the_whole_run(name, tmp_path):
    """The inputs themselves, at their full length: some ten minutes each."""
    ((_, words, _),) = [row for row in rows() if name in row[0]]
    result = lmpdrive.simulate(ROOT / "inputs" / f"{name}.yaml", tmp_path / "run")
    assert result.verdict.text.startswith(words), result.verdict.lines()
