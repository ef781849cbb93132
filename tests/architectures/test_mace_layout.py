"""What the compiler gets instead of e3nn's convolution and mace's repulsion equals them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lmpdrive.architectures import Configuration
from lmpdrive.architectures.shared.edges import EdgeEvaluator
from tests.architectures.structures import water_on

torch = pytest.importorskip("torch", reason="PyTorch is not in this environment")
pytest.importorskip("mace", reason="mace-torch is not in this environment")

from lmpdrive.architectures.mace import compiled, model  # noqa: E402
from lmpdrive.architectures.mace.convolution import Convolution, Mixing  # noqa: E402
from lmpdrive.architectures.mace.repulsion import Repulsion  # noqa: E402

POTENTIALS = Path(__file__).resolve().parents[2] / "potentials"


@pytest.mark.parametrize("name", ["pt-water-mace", "pt-water-mace-l1", "pt-water-mace-l2"])
def test_the_layout_for_the_compiler_changes_nothing(name):
    """Scalar, vector and tensor messages; an O-H pair of 0.6 Å is within the repulsion."""
    module = model.load(str(POTENTIALS / name / "mace.model"), torch.float64, "cpu")
    atoms = water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.05)
    oxygen, hydrogen = atoms.symbols.search("O")[0], atoms.symbols.search("H")[0]
    atoms.positions[hydrogen] = atoms.positions[oxygen] + (0.6, 0, 0)
    numbers = [int(z) for z in module.atomic_numbers]
    evaluator = EdgeEvaluator(None, numbers, float(module.r_max), torch.float64)
    edges = evaluator.edges(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, (True, True, True)))
    expected = model.eager(module, 0)(*edges)

    changed = compiled._traceable(module)
    compiled._lay_out(changed)
    assert all(isinstance(i.conv_tp, Convolution) and isinstance(i.linear, Mixing) for i in changed.interactions)
    assert isinstance(changed.pair_repulsion_fn, Repulsion)
    found = compiled._energy_and_gradient(changed, 0, False)(*edges)

    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.detach(), b.detach(), rtol=1e-9, atol=1e-9)


def test_pytorch_comes_before_lammps_whose_blas_it_would_take():
    """LAMMPS' `dgemm_` is global; PyTorch's own are bound when it is imported."""
    code = (
        "import sys\n"
        "from lmpdrive.engine.lammps_library import load\n"
        "lammps = load(plugins=False, beside_torch=True)\n"
        "assert 'torch' in sys.modules\n"
        "lmp = lammps(cmdargs=['-log', 'none', '-screen', 'none'])\n"
        "import torch\n"
        "a = torch.randn(64, 64, dtype=torch.float64)\n"
        "a @ a\n"
    )
    env = os.environ | {"LD_DEBUG": "bindings", "PYTHONPATH": str(POTENTIALS.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    bound = re.findall(r"binding file (\S*libtorch_cpu\S*) \[0\] to (\S+) \[0\]: \w+ symbol `dgemm_'", done.stderr)
    assert bound and not any("lammps" in to for _, to in bound)
