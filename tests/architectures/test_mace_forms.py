"""cuEquivariance, and what a user is told when memory does not suffice."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from lmpdrive.architectures import Configuration, find
from lmpdrive.architectures.mace import cueq
from lmpdrive.architectures.shared.pytorch import MemoryUse, out_of_memory
from tests.architectures.structures import water_on

pytest.importorskip("mace", reason="mace-torch is not in this environment")

MODEL = Path(__file__).parent / "data" / "mace-tiny.model"
ALL = (True, True, True)


def mace(**options):
    return find("mace")(architecture="mace", model=str(MODEL), compile="never", **options)


def film() -> Configuration:
    atoms = water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.05)
    return Configuration(atoms.numbers, atoms.positions, atoms.cell.array, ALL)


@pytest.mark.parametrize(("dtype", "limit"), [("float64", 1e-8), ("float32", 1e-5)])
def test_cuequivariance_equals_the_model(dtype, limit, capsys):
    """On a CPU its kernels have a plain stand-in: conversion and equality are tried, not speed."""
    pytest.importorskip("cuequivariance_torch", reason="cuequivariance-torch is not in this environment")
    import torch

    default = torch.get_default_dtype()
    reference = mace(dtype=dtype, cuequivariance="never").evaluator(Path("/nonexistent"), "cpu")(film())
    assert "cuEquivariance" not in capsys.readouterr().out
    answer = mace(dtype=dtype, cuequivariance="always").evaluator(Path("/nonexistent"), "cpu")(film())
    assert "MACE runs on cuEquivariance kernels" in capsys.readouterr().out
    assert np.abs(answer.forces - reference.forces).max() < limit
    assert np.abs(answer.virial - reference.virial).max() < 1e2 * limit
    assert answer.energy_eV == pytest.approx(reference.energy_eV, abs=1e2 * limit)
    assert torch.get_default_dtype() == default


def test_on_a_cpu_cuequivariance_is_not_tried(capsys):
    mace().evaluator(Path("/nonexistent"), "cpu")(film())
    assert "cuEquivariance" not in capsys.readouterr().out


@pytest.mark.skipif(importlib.util.find_spec("cuequivariance_ops_torch") is not None, reason="the kernels are here")
def test_without_its_kernels_it_is_not_tried_on_a_gpu():
    assert "no cuequivariance_ops_torch" in (cueq.missing("cuda") or "")
    assert "cuequivariance-ops-torch-cu12" in cueq.missing("cuda:1")


def test_of_a_large_structure_a_cluster_is_compared_and_the_whole_evaluated():
    energies = []
    for repeat in ((1, 1, 1), (6, 6, 8)):
        atoms = bulk("Pt", cubic=True, a=3.94).repeat(repeat)
        evaluate = mace(dtype="float64").evaluator(Path("/nonexistent"), "cpu")
        energies.append(evaluate(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, ALL)).energy_eV)
    assert energies[1] == pytest.approx(288 * energies[0], abs=1e-6)


LITTLE_MEMORY = """
import json, resource, sys
from pathlib import Path
from ase.build import bulk
from lmpdrive.architectures import Configuration, find
from lmpdrive.errors import ModelError
potential = find("mace")(architecture="mace", model=sys.argv[1], compile="never", dtype="float64")
evaluate = potential.evaluator(Path("/nonexistent"), "cpu")
def run(n):
    a = bulk("Pt", cubic=True, a=3.94).repeat((n, n, n))
    return evaluate(Configuration(a.numbers, a.positions, a.cell.array, (True,) * 3))
run(2)
size = int(next(l for l in open("/proc/self/status") if l.startswith("VmSize")).split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (size + 150 * 2**20,) * 2)
try:
    run(12)
    print(json.dumps("it fitted"))
except ModelError as error:
    print(json.dumps(str(error)))
"""


def test_memory_that_does_not_suffice_is_explained():
    """A real failure: the process may have 150 MB more than it has."""
    done = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, str(MODEL)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.strip().splitlines()[-1])
    assert said.startswith("out of memory: 6912 atoms with ") and "neighbours each" in said
    assert "Take a smaller cell or dtype: float32 (half the memory)." in said


def test_the_estimate_counts_edges():
    """10 MB for 100 atoms with 20 neighbours each are 5 kB per edge; with 40 neighbours 0.2 MB per atom."""
    use = MemoryUse(peak_bytes=10_000_000, atoms=100, edges=2000)
    assert str(use) == "0.1 MB per atom at its peak, 10000 atoms per GB"
    assert use.bytes_per_atom(40) == 2e5
    said = out_of_memory(RuntimeError("no\nmore"), "cpu", 50_000, 2_000_000, use, "Take fewer.")
    assert "50000 atoms with 40 neighbours each" in said
    assert "Measured on 100 atoms: 0.2 MB per atom, 5000 atoms per GB" in said
    assert said.endswith("Take fewer. (no)")
