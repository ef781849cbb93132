"""benchmarks/mace_gpu runs, so that it is ready when a GPU is there: here with a tiny model on the CPU."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mace", reason="mace-torch is not in this environment")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "mace_gpu" / "run.py"


def test_it_runs_and_gives_ase_s_forces(tmp_path):
    routes = ["ase", "callback-symmetrix" if importlib.util.find_spec("symmetrix") else "callback"]
    command = [sys.executable, str(SCRIPT), "--quick", "--device", "cpu", "--json", str(tmp_path / "r.json")]
    done = subprocess.run([*command, "--routes", *routes], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "r.json").read_text())
    assert [r["route"] for r in result["rows"]] == routes
    for r in result["rows"]:
        assert "error" not in r, r
        assert r["ns_per_day"] > 0 and r["max_dF_from_ase_eV_per_A"] < 1e-4
    said = {r["route"]: " ".join(r["said"]) for r in result["rows"]}
    assert "callback-symmetrix" not in said or "natively (symmetrix)" in said["callback-symmetrix"]
    assert done.stdout.startswith("| atoms | route |")
