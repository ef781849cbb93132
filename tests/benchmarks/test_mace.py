"""The MACE benchmark runs, compares like with like, and says so."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

TINY = ROOT / "tests" / "architectures" / "data" / "mace-tiny.model"
ROUTES = ("ase-float64", "callback-float64-uncompiled")


def test_routes_have_equal_forces_and_times(tmp_path):
    pytest.importorskip("mace", reason="the benchmark runs a MACE model")
    result = tmp_path / "result.json"
    command = ["--atoms", "96", "--rounds", "2", "--seconds", "0.2", "--model", TINY, "--json", result]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "mace" / "run.py", *command, "--routes", *ROUTES],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(result.read_text())["sizes"]["96"]
    assert set(rows) == set(ROUTES)
    for row in rows.values():
        assert row["ms_per_step"] > 0
        assert len(row["ms_of_rounds"]) == 2
        assert row["max_dF_eV_per_A"] < 1e-10
    assert 0 < rows["callback-float64-uncompiled"]["outside_of_model"] < 1
