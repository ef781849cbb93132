"""Whole decks: the shipped ones are left alone, realistic ones by hand are flagged where `# expect:` says so."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from lmpdrive.lint import all_rules, lint
from lmpdrive.pipeline import render
from tests.conftest import ROOT
from tests.lint.test_rules import DATA
from tests.robustness.command import lmpdrive

BY_HAND = sorted((Path(__file__).parent / "decks").glob("*.lammps"))
GOLDEN = sorted((ROOT / "tests" / "decks").glob("*/in.lammps"))


@pytest.mark.parametrize("deck", GOLDEN, ids=lambda p: p.parent.name)
def test_golden_decks_are_left_alone(deck):
    report = lint(deck)
    assert report.passes(strict=True), report.findings
    assert {f.code for f in report.findings} <= {"data-missing"}


@pytest.mark.parametrize("name", ["au111-water-3na", "pt111-water"])
def test_decks_of_the_shipped_inputs_with_their_data_files(name, tmp_path):
    render(ROOT / "inputs" / f"{name}.yaml", tmp_path / "run", ["system.build.relax_ps=0"])
    report = lint(tmp_path / "run" / "in.lammps")
    assert not report.findings and not report.allowed
    swapped = (tmp_path / "run" / "in.lammps").read_text().replace("element H O Pt", "element O H Pt")
    swapped = swapped.replace("element Au H Na O", "element Au O Na H")
    (tmp_path / "run" / "in.lammps").write_text(swapped)
    assert next(f.code for f in lint(tmp_path / "run" / "in.lammps").findings) == "dump-element-order"


@pytest.mark.parametrize("deck", BY_HAND, ids=lambda p: p.stem)
def test_decks_by_hand(deck, tmp_path):
    (tmp_path / "in.lammps").write_text(deck.read_text())
    (tmp_path / "system.data").write_text(DATA)
    report = lint(tmp_path / "in.lammps")
    expected = Counter(
        (n, code)
        for n, line in enumerate(deck.read_text().splitlines(), start=1)
        for code in line.partition("# expect:")[2].split()
    )
    assert Counter((f.line, f.code) for f in report.findings if f.level != "note") == expected


def test_the_rules_are_those_of_the_page():
    page = (ROOT / "docs" / "lint.md").read_text()
    for rule in all_rules():
        assert f"| `{rule.code}` | {rule.level} | {rule.summary.replace('|', chr(92) + '|')} |" in page


def test_command_line(tmp_path):
    for deck in BY_HAND:
        (tmp_path / deck.name).write_text(deck.read_text())
    done = lmpdrive("lint", "eam-melt.lammps", cwd=tmp_path)
    assert done.code == 5 and "eam-melt.lammps:12: error [damping-unit]" in done.out
    assert "    fix: write 0.1 if you mean 100 fs" in done.out
    assert lmpdrive("lint", "lj-fluid.lammps", cwd=tmp_path).code == 0
    assert lmpdrive("lint", "lj-fluid.lammps", "--strict", cwd=tmp_path).code == 5
    told = json.loads(lmpdrive("lint", "lj-fluid.lammps", "eam-melt.lammps", "gone.lammps", "--json", cwd=tmp_path).out)
    assert [r.get("errors") for r in told] == [0, 2, None] and "gone" in told[2]["unreadable"]
    assert "callback-missing" in lmpdrive("lint", "--rules", cwd=tmp_path).out
    for wrong in (["lj-fluid.lammps", "--var", "T"], ["lj-fluid.lammps", "--data", "gone.data"], []):
        done = lmpdrive("lint", *wrong, cwd=tmp_path)
        assert done.code == 2 and not done.fault, done.err
