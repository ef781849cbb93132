"""benchmarks/families measures a case and writes it into the table."""

import json
import subprocess
import sys

import pytest
import yaml

from lmpdrive.architectures import find
from tests.conftest import ROOT

FOLDER = ROOT / "benchmarks" / "families"
CASES = sorted((FOLDER / "cases").glob("*.yaml"))


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_every_case_is_a_potential(file):
    case = yaml.safe_load(file.read_text())
    assert set(case) <= {"potential", "package", "make", "structure", "environment"}
    find(case["potential"]["architecture"]).model_validate(case["potential"])
    assert file.stem.split(" ")[0] == case["potential"]["architecture"], "the table links to that page"


def test_a_case_becomes_a_row_and_others_keep_theirs(tmp_path):
    page, results = tmp_path / "README.md", tmp_path / "results.json"
    page.write_text("before\n\n<!-- table: benchmarks/families/run.py -->\nold\n<!-- end -->\nafter\n")
    row = {"package": "p 1", "coupling": "c", "form": "f", "atoms": 5, "ms_per_step": 1.5, "max_dF_eV_per_A": None}
    results.write_text(json.dumps({"other": row | {"reason": "", "machine": "m", "date": "2026-01-01"}}))
    command = [sys.executable, FOLDER / "run.py", "ase", "--results", results, "--page", page]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(results.read_text())["ase"]
    assert found["ms_per_step"] > 0 and found["max_dF_eV_per_A"] < 1e-9 and found["atoms"] == 108
    text = page.read_text()
    assert "| [ase](ase.md) | ase " in text and "| [other](other.md) | p 1 | c, f | 5 | 1.5 | no calculator |" in text
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text


def test_an_unknown_case_is_named():
    done = subprocess.run([sys.executable, FOLDER / "run.py", "nope"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "no case nope; there are " in done.stderr
