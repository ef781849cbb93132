"""CHGNet, Orb and MatterSim through `architecture: ase`, each in the environment of its recipe.

CHGNet's weights are in its wheel.  Those of Orb and MatterSim are downloaded when first used, from servers that are not
reached here: small models with random weights, saved and loaded as the packages do it, stand for them.
"""

import re
import subprocess
from pathlib import Path

import pytest

from lmpdrive.architectures import find
from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits
from tests.architectures.family_environment import family_environment
from tests.architectures.structures import water_on
from tests.conftest import ROOT

pytestmark = pytest.mark.validation

HERE = Path(__file__).parent
KNOWN = {"elements": ["H", "O", "Pt"]}
SINGLE = Limits(force_eV_per_A=1e-4, energy_eV=1e-2, virial_eV=1e-2, derivative_eV=0.2, restart_A=1e-5)


def film():
    return water_on("Pt", 3.94, layers=1, heights_A=(6.2, 9.0), height_A=13.0, shake_A=0.02)


def contract(section, **limits):
    measured = check_architecture({"architecture": "ase"} | section, film(), limits=Limits(**(vars(SINGLE) | limits)))
    print(section["calculator"], measured)
    assert not measured.skipped and len(measured.numbers) >= 12


def test_chgnet():
    with family_environment("chgnet"):
        section = {"calculator": "chgnet.model.dynamics:CHGNetCalculator", "kwargs": {"use_device": "cpu"}}
        # shifting all atoms by 1e-9 Å changes its own forces by 2e-4 eV/Å in the tilted cell
        contract(section | KNOWN, force_eV_per_A=1e-3, virial_eV=0.05)


def test_orb():
    with family_environment("orb"):
        contract({"calculator": f"{HERE / 'orb_random.py'}:small"} | KNOWN)


def test_the_file_of_the_docs_loads_a_checkpoint_of_orb_v3(tmp_path):
    page = (ROOT / "docs" / "architectures" / "ase.md").read_text()
    (tmp_path / "orb.py").write_text(re.search(r'^```python title="orb.py"\n(.*?)^```$', page, re.M | re.S)[1])
    save = (
        "import sys, torch\nfrom orb_models.forcefield import pretrained\n"
        "torch.save(pretrained.orb_v3_conservative_architecture(device='cpu').state_dict(), sys.argv[1])\n"
    )
    with family_environment("orb") as folder:
        subprocess.run([folder / "bin" / "python", "-c", save, tmp_path / "orb.ckpt"], check=True)
        section = {"calculator": "./orb.py:orb_v3", "kwargs": {"weights": "./orb.ckpt"}}
        potential = find("ase")(architecture="ase", **section).resolve(tmp_path)
        assert [path.name for path in potential.programs()] == ["orb.ckpt"]
        assert potential.problems(None) == [] and potential.environment_problems() == []


def test_mattersim(tmp_path):
    with family_environment("mattersim") as folder:
        model = tmp_path / "model.pth"
        subprocess.run([folder / "bin" / "python", HERE / "make_mattersim.py", model], check=True)
        calculator = "mattersim.forcefield:MatterSimCalculator.from_checkpoint"
        contract({"calculator": calculator, "kwargs": {"load_path": str(model), "device": "cpu"}} | KNOWN)


def test_what_is_wrong_is_said_by_the_environment():
    """A checkpoint that is not there; a name that the package does not have."""
    with family_environment("mattersim"):
        calculator = "mattersim.forcefield:MatterSimCalculator.from_checkpoint"
        potential = find("ase")(architecture="ase", calculator=calculator, kwargs={"load_path": "/gone.pth"})
        (problem,) = potential.environment_problems()
        assert "Model file /gone.pth not found" in problem.message
        wrong = find("ase")(architecture="ase", calculator="mattersim.forcefield:MatterSimCalculator.from_chekpoint")
        (problem,) = wrong.problems(None)
        assert "did you mean 'from_checkpoint'?" in problem.message
