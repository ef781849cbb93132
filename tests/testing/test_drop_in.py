"""The shipped way: the files of docs/extending.md, dropped into the folders of a copy, work as they are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

COPIED = ("lmpdrive", "templates", "potentials", "inputs", "docs", "tests/docs", "tests/testing", "tests/environments")
LOOSE = ("README.md", "pyproject.toml", "tests/__init__.py", "tests/conftest.py", "tests/shipped.py")
ENUMERATING = [
    "tests/docs/test_observables_page.py",
    "tests/docs/test_docs.py::test_every_key_of_an_architecture_is_documented",
    "tests/testing/test_contracts.py::test_every_shipped_observable_keeps_the_contract[HydrogenDown]",
    "tests/testing/test_contracts.py::test_the_example_keeps_the_contract_and_counts_right",
    "tests/testing/test_contracts.py::test_a_file_may_be_named_twice",
    "tests/testing/test_contracts.py::test_observables_of_an_installed_package_are_found",
    "tests/environments/test_environments.py::test_every_architecture_that_needs_a_package_has_a_recipe[toy]",
]
"""Tests that go through all architectures or observables, or use the example as a file of the user's."""
CONTRACT = """
from ase.build import bulk
from lmpdrive.testing import check_architecture
atoms = bulk("Pt", cubic=True).repeat((2, 2, 2))
atoms.rattle(0.02, seed=1)
print(check_architecture({"architecture": "toy"}, atoms).numbers)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A checkout with the toy architecture, the pair style and the observable of the page dropped in."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "figures"))
    for name in LOOSE:
        shutil.copy(ROOT / name, folder / name)
    (folder / "docs" / "figures").symlink_to(ROOT / "docs" / "figures")
    for command in ("init -q", "add -A"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    page = (ROOT / "docs" / "extending.md").read_text()
    blocks = dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', page, re.M | re.S))
    for name, place in {
        "toy.py": "lmpdrive/architectures",
        "toy.lmp.j2": "templates",
        "eam.py": "lmpdrive/architectures",
        "eam.lmp.j2": "templates",
        "hydrogen_down.py": "lmpdrive/observables",
    }.items():
        (folder / place / name).write_text(blocks[name])
    (folder / "toy.yaml").write_text(blocks["toy.yaml"].replace("./toy.py", "toy"))
    return folder


def run(folder: Path, *arguments: str) -> str:
    """What a Python with the copy on its path prints; its kernels are not compiled anew."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "LMPDRIVE_KERNELS": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_files_are_found_checked_and_run(copy):
    values = (
        "dynamics.equilibrate_ps=0",
        "dynamics.production_ps=0.02",
        "output.frames_every_fs=10",
        "output.report=false",
        "observables.names=[hydrogen_down]",
    )
    short = [word for value in values for word in ("--set", value)]
    assert str(copy) in run(copy, "-c", "import lmpdrive; print(lmpdrive.__file__)")
    assert "hydrogen_down" in run(copy, "-m", "lmpdrive", "observables")
    run(copy, "-m", "lmpdrive", "check", "toy.yaml")
    run(copy, "-m", "lmpdrive", "render", "toy.yaml", "--out", "rendered")
    assert "pair_coeff      * * 0.02 2.0" in (copy / "rendered" / "in.lammps").read_text()
    run(copy, "-m", "lmpdrive", "simulate", "toy.yaml", "--out", "run", *short)
    assert (copy / "run" / "observables" / "hydrogen_down.csv").is_file()


def test_the_architecture_keeps_the_contract(copy):
    assert "NVE, 200 steps: total energy" in run(copy, "-c", CONTRACT)


def test_the_tests_that_go_through_all_of_them_pass(copy):
    said = run(copy, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *ENUMERATING)
    assert "HydrogenDown" not in said and " passed" in said
