"""What `compare` must not test: numbers without a valid error, energies of other systems; what it says instead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from typer.testing import CliRunner

from lmpdrive.cli.app import app
from lmpdrive.common.manifest import Manifest
from lmpdrive.observables import Table, analyse, describe, write_results, write_tables
from lmpdrive.observables.base import TOO_SHORT
from lmpdrive.observables.summary import summary
from lmpdrive.observables.tables import Scalar
from lmpdrive.report.analysed import Analysed, load
from lmpdrive.report.compare_page import write_comparison
from lmpdrive.report.comparison import compare
from tests.observables.synthetic_frames import Frames, film

ATOMS = {"Au": 36, "H": 12, "O": 6}


def analysed(label, scalars, warnings=(), **about):
    """A run with these numbers, as its analysis would have it."""
    data = pd.DataFrame({"t [ps]": [0.0, 1.0], "a [1]": [1.0, 1.0], "σ [1]": [0.1, 0.1]})
    table = Table("series", "Series", "series", data, n_blocks=10, scalars=scalars, warnings=warnings)
    about = {"atoms": ATOMS, "area_A2": 75.7, "n_blocks": 10} | about
    return Analysed(label, None, {"series": table, "summary": summary({"series": table})}, about)


def row(a, b, name="number"):
    return compare([a, b]).scalars.loc[name]


GOOD = Scalar(1.0, 0.01, "ps", source="10 blocks of 2 ps")


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (Scalar(9.0, 0.001, "ps", source="it ends at the longest lag", lower_bound=True), "b: σ is a lower bound: it"),
        (Scalar(9.0, np.nan, "ps", source="fewer than 2 blocks are long enough"), "b: no error: fewer than 2 blocks"),
        (Scalar(np.nan, np.nan, "ps", source="the film of 9.0 Å is too thin"), "b: the film of 9.0 Å is too thin"),
        (Scalar(9.0, np.nan, "ps"), "b: no error"),
    ],
)
def test_a_number_without_a_valid_error_has_no_z_and_says_why(other, why):
    assert row(analysed("a", {"number": GOOD}), analysed("b", {"number": replace(GOOD, value=9.0)}))["different (b)"]
    for runs in ((GOOD, other), (other, GOOD)):
        labels = ("a", "b") if runs[0] is GOOD else ("b", "a")
        found = compare([analysed(label, {"number": scalar}) for label, scalar in zip(labels, runs)]).scalars.iloc[0]
        second = labels[1]
        assert np.isnan(found[f"z ({second})"]) and np.isnan(found[f"p ({second})"])
        assert not found[f"different ({second})"]
        assert found[f"not tested ({second})"].startswith(why)
    if np.isfinite(other.value):
        assert_allclose(abs(found[f"Δ ({second})"]), 8.0)


def test_both_without_an_error_are_said_once():
    none = replace(GOOD, error=np.nan, source="one block")
    assert row(analysed("a", {"number": none}), analysed("b", {"number": none}))["not tested (b)"] == (
        "both: no error: one block"
    )


def test_what_one_run_lacks_and_what_never_changes_are_said():
    constant = replace(GOOD, error=0.0)
    a, b = analysed("a", {"same": constant, "mine": GOOD}), analysed("b", {"same": constant, "yours": GOOD})
    why = compare([a, b]).scalars["not tested (b)"]
    assert why.to_dict() == {"same": "both: σ is 0, as all blocks are equal", "mine": "only in a", "yours": "only in b"}


def test_blocks_shorter_than_the_correlation_time_are_no_valid_error():
    short = (f"{TOO_SHORT}: 10 frames against a statistical inefficiency of 50; ...",)
    found = row(analysed("a", {"number": GOOD}), analysed("b", {"number": replace(GOOD, value=9.0)}, warnings=short))
    assert "shorter than the correlation time" in found["not tested (b)"]
    assert np.isnan(found["z (b)"]) and not found["different (b)"]


@pytest.mark.parametrize(
    ("needs", "about", "why"),
    [
        ("atoms", {"atoms": {**ATOMS, "O": 7}}, "the atoms differ"),
        ("atoms", {"atoms": None}, "the atoms of b are not known"),
        ("area", {"area_A2": 151.4}, "the areas differ"),
        ("area", {"area_A2": None}, "the area of b is not known"),
    ],
)
def test_what_depends_on_the_system_is_not_subtracted_between_systems(needs, about, why):
    total = replace(GOOD, unit="eV", needs_same=needs)
    a, b = analysed("a", {"number": total, "other": GOOD}), analysed("b", {"number": total, "other": GOOD})
    assert row(a, b)["Δ (b)"] == 0.0 and not row(a, b)["not tested (b)"]
    b = replace(b, about=b.about | about)
    found = row(a, b)
    assert found["not tested (b)"] == why
    assert all(np.isnan(found[f"{header} (b)"]) for header in ("Δ", "σ_Δ", "z", "p"))
    assert np.isfinite(row(a, b, "other")["Δ (b)"])


def test_an_older_analysis_is_not_asked_for_its_energies():
    """CSV files do not say what a number depends on, and not which atoms there were: eV are of the whole cell."""
    runs = [analysed(label, {"energy": replace(GOOD, unit="eV"), "drift": GOOD}) for label in "ab"]
    old = replace(runs[1], tables={"summary": runs[1].tables["summary"]}, about={})
    found = compare([runs[0], old]).scalars
    assert found.loc["energy", "not tested (b)"] == "the atoms of b are not known"
    assert np.isfinite(found.loc["drift", "Δ (b)"])


def test_the_page_says_why_and_paints_nothing_red(tmp_path):
    scalars = {
        "bound": replace(GOOD, value=9.0, error=1e-3, lower_bound=True, source="<it> ends too early"),
        "energy": replace(GOOD, unit="eV", value=-99.0, needs_same="atoms"),
    }
    other = {"bound": GOOD, "energy": replace(scalars["energy"], value=-50.0)}
    found = compare([analysed("a", scalars), analysed("b", other, atoms={**ATOMS, "O": 7})])
    text = write_comparison(found, tmp_path).page.read_text()
    numbers = text[text.index("<h2>Numbers</h2>") :]
    assert "σ is a lower bound: &lt;it&gt; ends too early" in numbers and "not tested: the atoms differ" in numbers
    assert "bad" not in numbers and "z =" not in numbers
    saved = pd.read_csv(tmp_path / "scalars.csv", index_col="quantity")
    assert saved.loc["energy", "not tested (b)"] == "the atoms differ"


def run(folder, frames, seed=0, thermo=None, **options):
    """Frames that tremble, analysed into a folder."""
    rng = np.random.default_rng(seed)
    frames._positions = frames._positions + rng.normal(scale=0.05, size=frames._positions.shape)
    tables = analyse(frames, names=["water_density", "water_coverage", "dipole_pz", "dipole_pz_histogram"], **options)
    write_tables(tables, folder / "observables")
    write_results(tables, folder / "observables" / "results.nc", describe(frames, bin_width_A=0.1, n_blocks=10))
    return folder


def one_sided(n_frames):
    elements, positions, cell = film([2.6, 2.9, 3.1, 5.2, 8.8], [0.3, -0.4, 0.1, 0.2, 0.0])
    return Frames(elements, np.tile(positions, (n_frames, 1, 1)), cell)


def two_sided(n_frames):
    """The same film, and its mirror image below the slab."""
    elements, positions, cell = film([2.6, 2.9, 3.1, 5.2, 8.8], [0.3, -0.4, 0.1, 0.2, 0.0])
    wet = positions[36:]
    mirrored = np.array([0.0, 0.0, 7.2]) + wet * [1, 1, -1]
    frames = np.concatenate([positions, mirrored % cell])
    return Frames(elements + elements[36:], np.tile(frames, (n_frames, 1, 1)), cell)


def test_layers_of_one_face_and_of_two_are_compared_face_by_face(tmp_path):
    a, b = run(tmp_path / "a", one_sided(60), 1), run(tmp_path / "b", two_sided(60), 2)
    runs = [load(a), load(b)]
    runs = [replace(one, manifest=Manifest.of({"system": {"two_sided": wet}})) for one, wet in zip(runs, (False, True))]
    found = compare(runs)
    for layer, n in (("first", 3), ("second", 1)):
        number = found.scalars.loc[f"water in the {layer} layer"]
        assert_allclose([number["a"], number["b"]], n)
        assert_allclose(number["Δ (b)"], 0, atol=1e-12)
    assert_allclose(found.scalars.loc["water coverage", "Δ (b)"], 0, atol=1e-12)
    for total in ("mean P_z", "mean P_z/A"):
        assert found.scalars.loc[total, "not tested (b)"] == "the atoms differ"
    assert np.isnan(found.scalars.loc["mean P_z", "Δ (b)"])
    assert [(one.table, one.why) for one in found.untested_tables("b")] == [("dipole_pz_histogram", "the atoms differ")]
    assert any("Different numbers of wet faces in a and b: 1 and 2" in warning for warning in found.warnings)


def test_lengths_and_independent_samples_are_stated(tmp_path):
    folders = [run(tmp_path / "long", one_sided(400), 1), run(tmp_path / "short", one_sided(40), 2)]
    found = compare([load(folder) for folder in folders])
    long, short = found.sampling
    assert_allclose([long.length_ps, short.length_ps], [3.99, 0.39])  # frames are 0.01 ps apart
    assert (long.n_frames, short.n_frames) == (400, 40)
    table = found.runs[0].tables["dipole_pz"]
    assert_allclose(long.independent["dipole_pz"], table.n_frames / table.statistical_inefficiency)
    caution = next(warning for warning in found.warnings if warning.startswith("Different lengths"))
    assert "long 3.99 ps, short 0.39 ps" in caution and "run it longer" in caution
    near = compare([load(folders[0]), replace(load(folders[1]), about=load(folders[0]).about | {"times_ps": [0, 2.5]})])
    assert not any("length" in warning for warning in near.warnings)
    page = write_comparison(found, tmp_path / "out").page.read_text()
    assert "3.99 ps" in page and "independent samples" in page and long.samples in page


def test_nothing_tested_is_said_instead_of_zero_of_zero(tmp_path):
    folders = [run(tmp_path / name, one_sided(4), seed) for seed, name in enumerate("ab")]
    done = CliRunner().invoke(app, ["compare", *map(str, folders), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert "b: no profile could be tested: " in done.stdout
    assert "water_density (a and b gave no errors (too few frames for blocks))" in done.stdout
    assert "b: no number could be tested for a difference from a; " in done.stdout
    assert "0 of 0" not in done.stdout
    assert "a: 0.03 ps, " in done.stdout
    page = (tmp_path / "out" / "compare.html").read_text()
    assert "Which profiles could not be tested" in page and "too few frames for blocks" in page


def test_the_terminal_counts_what_was_tested(tmp_path):
    folders = [run(tmp_path / "a", one_sided(60), 1), run(tmp_path / "b", two_sided(60), 2)]
    done = CliRunner().invoke(app, ["compare", *map(str, folders), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert " of 1 profile differ" in done.stdout
    assert "b: not tested: dipole_pz_histogram (the atoms differ)" in done.stdout
    assert "could not be tested" in done.stdout.splitlines()[-2]


def test_the_series_counts_both_faces():
    tables = analyse(two_sided(20), names=["water_coverage"])
    assert_allclose(tables["water_coverage"].value, 6)
    assert_allclose(tables["water_coverage"].scalars["water in the first layer"].value, 3)
