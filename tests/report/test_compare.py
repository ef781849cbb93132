"""Comparing runs: what is different is found, what is chance is not called different, unlike systems are flagged."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import lmpdrive
from lmpdrive.common.manifest import Manifest
from lmpdrive.errors import ConfigError, RunDirectoryError
from lmpdrive.observables import Table, analyse, describe, write_results, write_tables
from lmpdrive.report.analysed import Analysed
from lmpdrive.report.comparison import compare
from lmpdrive.report.significance import false_discoveries, significance
from tests.observables.synthetic_frames import Frames, film
from tests.report.test_report import MANIFEST, parsed

HEADERS = ["quantity", "value", "σ", "unit", "note"]


def noise(mean, seed, bins=200, n_blocks=10, sigma=1.0):
    """A profile of independent bins, with errors from blocks."""
    blocks = mean + np.random.default_rng(seed).normal(scale=sigma, size=(n_blocks, bins))
    z = (np.arange(bins) + 0.5) * 0.1
    error = blocks.std(axis=0, ddof=1) / np.sqrt(n_blocks)
    data = pd.DataFrame({"z [Å]": z, "ρ [g/cm^3]": blocks.mean(axis=0), "σ [g/cm^3]": error})
    return Table("water_density", "Water density", "profile", data, n_blocks=n_blocks, n_frames=1000)


def analysed(label, table, **about):
    about = {"atoms": {"Au": 36, "O": 3}, "area_A2": 75.7, "bin_width_A": 0.1} | about
    return Analysed(label, None, {table.name: table}, about)


def test_equal_profiles_are_not_called_different():
    """False discoveries over 40 pairs of equal profiles: at most 5 % of the pairs should have any."""
    pairs_with_any, beyond, by_chance = 0, 0, 0.0
    for seed in range(40):
        found = compare([analysed("a", noise(1.0, seed)), analysed("b", noise(1.0, seed + 1000))]).differences[0]
        pairs_with_any += found.different > 0
        beyond += found.beyond
        by_chance += found.by_chance
    assert pairs_with_any <= 6
    assert_allclose(beyond, by_chance, rtol=0.15)
    assert by_chance / (40 * 200) == pytest.approx(0.06, abs=0.005)  # not 0.046: t with 18 degrees of freedom


def test_a_shifted_region_is_found_and_nothing_else():
    mean = np.ones(200)
    mean[50:70] += 3.0
    found = compare([analysed("a", noise(1.0, 1)), analysed("b", noise(mean, 2))]).differences[0]
    different = np.flatnonzero(found.data["different [1]"])
    assert set(range(50, 70)) - set(different) == set()
    assert found.different - 20 <= 3


def test_z_is_the_difference_over_both_errors():
    a, b = noise(1.0, 1), noise(2.0, 2)
    data = compare([analysed("a", a), analysed("b", b)]).difference("water_density", "b")
    assert_allclose(data["Δ [g/cm^3]"], b.value - a.value)
    assert_allclose(data["z [1]"], (b.value - a.value) / np.hypot(a.error, b.error))
    assert list(data.columns[:3]) == ["z [Å]", "ρ (a) [g/cm^3]", "σ (a) [g/cm^3]"]


def test_p_is_student_s_with_welch_s_degrees_of_freedom():
    from scipy.stats import ttest_ind

    x, y = np.random.default_rng(0).normal(size=10), np.random.default_rng(1).normal(scale=3, size=10)
    reference = ttest_ind(x, y, equal_var=False)
    errors = [np.array([v.std(ddof=1) / np.sqrt(10)]) for v in (x, y)]
    _, _, z, p = significance(np.array([x.mean()]), errors[0], np.array([y.mean()]), errors[1], 10, 10)
    assert_allclose(p, reference.pvalue)
    assert_allclose(z, -reference.statistic)


def test_bins_without_an_error_are_not_judged():
    assert not false_discoveries(np.array([np.nan, np.nan])).any()
    empty = noise(0.0, 1, sigma=0.0)
    found = compare([analysed("a", empty), analysed("b", empty)]).differences[0]
    assert (found.n, found.beyond, found.different) == (0, 0, 0)


def test_other_units_are_other_numbers():
    frames = noise(1.0, 2)
    frames.data.columns = ["z [Å]", "ρ [1/Å^3]", "σ [1/Å^3]"]
    rows = [["time", 1.0, 0.1, unit, ""] for unit in ("ps", "frames")]
    runs = [
        replace(
            run, tables=run.tables | {"summary": Table("summary", "S", "summary", pd.DataFrame([row], columns=HEADERS))}
        )
        for run, row in zip((analysed("a", noise(1.0, 1)), analysed("b", frames)), rows)
    ]
    found = compare(runs)
    assert not found.differences
    assert "not compared with b" in found.warnings[0]
    assert list(found.scalars["unit"]) == ["ps", "frames"]
    assert found.scalars["Δ (b)"].isna().all()


def test_profiles_of_different_length_meet_on_their_common_bins():
    found = compare([analysed("a", noise(1.0, 1, bins=200)), analysed("b", noise(1.0, 2, bins=150))]).differences[0]
    assert len(found.data) == found.n == 150


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"atoms": {"Au": 36, "O": 4}}, "O 3 and 4"),
        ({"atoms": {"Au": 36, "O": 3, "Na": 1}}, "Na 0 and 1"),
        ({"area_A2": 80.0}, "75.70 and 80.00 Å²"),
    ],
)
def test_unlike_systems_are_flagged(change, word):
    warnings = compare([analysed("a", noise(1, 1)), analysed("b", noise(1, 2), **change)]).warnings
    assert len(warnings) == 1 and word in warnings[0]


def test_temperatures_that_differ_are_flagged():
    runs = [analysed(label, noise(1, 1)) for label in "ab"]
    runs = [replace(r, manifest=Manifest.of({"dynamics": {"temperature_K": t}})) for r, t in zip(runs, (300, 330))]
    assert "300 and 330 K" in compare(runs).warnings[0]


def test_other_bins_are_refused():
    wide = noise(1, 2)
    wide.data["z [Å]"] *= 2
    with pytest.raises(RunDirectoryError, match=r"--bin-width-A 0\.1"):
        compare([analysed("a", noise(1, 1)), analysed("b", wide, bin_width_A=0.2)])
    old = [Analysed(label, None, {"water_density": t}) for label, t in (("a", noise(1, 1)), ("b", wide))]
    with pytest.raises(RunDirectoryError, match="bins differ"):  # read off the columns
        compare(old)


def test_wrong_requests_say_what_to_do(tmp_path):
    with pytest.raises(RunDirectoryError, match="at least two"):
        compare([analysed("a", noise(1, 1))])
    with pytest.raises(RunDirectoryError, match="--labels"):
        compare([analysed("a", noise(1, 1))] * 2)
    with pytest.raises(RunDirectoryError, match="lmpdrive analyse"):
        lmpdrive.compare([tmp_path, tmp_path / "gone"])
    with pytest.raises(ConfigError, match="1 labels for 2 runs"):
        lmpdrive.compare([tmp_path, tmp_path], labels=["a"])
    with pytest.raises(KeyError, match="water_density of b"):
        compare([analysed("a", noise(1, 1)), analysed("b", noise(1, 2))]).difference("densty")


def run(folder, seed, *, shift=0.0, old=False):
    elements, positions, cell = film([2.6, 5.2, 8.8], [0.3, -0.4, 0.1], extra=[("Na", (1, 1, 16 + shift))])
    frames = Frames(
        elements, positions + np.random.default_rng(seed).normal(scale=0.1, size=(60, *positions.shape)), cell
    )
    tables = analyse(frames, names=["water_density", "ion_density", "dipole_pz", "water_cos_theta"])
    write_tables(tables, folder / "observables")
    if not old:
        write_results(tables, folder / "observables" / "results.nc", describe(frames, bin_width_A=0.1, n_blocks=10))
        (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    return folder


def test_page_and_files(tmp_path):
    runs = [run(tmp_path / "a", 1), run(tmp_path / "b", 2), run(tmp_path / "<c>", 3, shift=1.0)]
    found = lmpdrive.compare(runs, out=tmp_path / "out")
    assert found.page == tmp_path / "out" / "compare.html"
    page = parsed(found.page)
    assert not {"script", "link", "iframe", "img", "object"} & set(page.tags)
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in page.links)
    assert len(page.ids) == len(set(page.ids))
    assert page.tags.count("figure") == 3
    text = found.page.read_text()
    assert "&lt;c&gt;" in text and "<c>" not in text
    assert "3.21 ns/day" in text and "by chance" in text
    by_name = {(d.table, d.label): d for d in found.differences}
    assert by_name["ion_density_Na", "<c>"].different > 0  # moved by 1 Å
    assert by_name["ion_density_Na", "b"].different == 0
    files = {path.name for path in (tmp_path / "out" / "differences").iterdir()}
    assert "ion_density_Na_b.csv" in files and "ion_density_Na__c_.csv" in files
    scalars = pd.read_csv(tmp_path / "out" / "scalars.csv", index_col="quantity")
    assert_allclose(scalars.loc["Na peak: position", "Δ (<c>)"], 1.0, atol=0.3)
    assert {"unit", "a", "σ (a)", "b", "σ (b)", "Δ (b)", "σ_Δ (b)", "z (b)", "p (b)", "different (b)"} <= set(scalars)


def test_an_analysis_of_an_older_version_is_compared_by_its_csv(tmp_path):
    runs = [run(tmp_path / "a", 1, old=True), run(tmp_path / "b", 2)]
    found = lmpdrive.compare(runs, labels=["old", "new"])
    assert "water_density" in {one.table for one in found.differences}
    assert any("old: atoms and area are not known" in warning for warning in found.warnings)
    assert found.page is None


def test_same_run_twice_has_no_difference(tmp_path):
    folder = run(tmp_path / "a", 1)
    found = lmpdrive.compare([folder, folder], labels=["one", "two"], out=tmp_path / "out")
    assert all(one.different == one.beyond == 0 for one in found.differences)
    assert not found.warnings


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "out").write_text("a file")
    folder = run(tmp_path / "a", 1)
    with pytest.raises(RunDirectoryError, match="cannot write"):
        lmpdrive.compare([folder, folder], labels=["one", "two"], out=tmp_path / "out")
