"""The inputs in inputs/solids: what they read is what their scripts make, and the EAM table is that of its paper."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from lmpdrive.checks.table import element_table
from lmpdrive.config import load
from lmpdrive.pipeline import check
from lmpdrive.system import make_system
from tests.conftest import ROOT

SOLIDS = ROOT / "inputs" / "solids"


@pytest.mark.parametrize(("script", "name"), [("make_eam", "AlCuZr.eam.alloy"), ("make_structures", "al-cu-zr.xyz")])
def test_the_files_are_what_the_scripts_write(tmp_path, script, name):
    (tmp_path / f"{script}.py").write_text((SOLIDS / f"{script}.py").read_text())
    subprocess.run([sys.executable, tmp_path / f"{script}.py"], check=True)
    made, there = ((folder / name).read_text().split() for folder in (tmp_path, SOLIDS))
    assert all(a == b or np.isclose(float(a), float(b), rtol=1e-8) for a, b in zip(made, there, strict=True))


@pytest.mark.parametrize("name", ["al-cu-zr-melt", "sio2-melt"])
def test_the_melts_pass_check(name):
    file = SOLIDS / f"{name}.yaml"
    assert not [problem for problem in check(file, here=False) if problem.level != "note"]
    config = load(file)
    system = make_system(config)
    assert system.report.is_bulk and element_table(config.potential, system, True)


def test_an_element_that_the_file_lacks_is_refused():
    found = check(SOLIDS / "sio2-melt.yaml", ["system.read=al-cu-zr.xyz"], here=False)
    assert any(problem.level == "error" and "Zr" in problem.message for problem in found)
