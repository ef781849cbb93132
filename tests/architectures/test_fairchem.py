"""Checkpoints in fairchem's own format, loaded by its own code, in LAMMPS against its own ASE calculator.

The models are tiny and random (data/make_esen.py).  Run where fairchem is: `lmpdrive env create fairchem`, then pytest
with the Python of that environment.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lmpdrive
from lmpdrive.architectures import Configuration, find
from lmpdrive.errors import ModelError
from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits
from tests.architectures.data.make_esen import LEARNT, make
from tests.architectures.structures import water_on

ALL = (True, True, True)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Name -> file: one task; two tasks and four experts, as UMA has; forces that are no derivative."""
    pytest.importorskip(
        "fairchem.core",
        reason="fairchem cannot share an environment with mace-torch (e3nn) or deepmd-kit (torch)",
        exc_type=ImportError,
    )
    folder = tmp_path_factory.mktemp("checkpoints")
    return {
        "esen": make(folder / "esen.pt"),
        "uma": make(folder / "uma.pt", ("oc25", "omol"), experts=4),
        "direct": make(folder / "direct.pt", direct=True),
    }


def fairchem(**options):
    return find("fairchem")(architecture="fairchem", **{k: str(v) if k == "model" else v for k, v in options.items()})


def sodium_on_gold():
    """A slab of 16 gold atoms with three molecules, one H of which became Na, in a tilted cell."""
    atoms = water_on("Au", 4.15, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.05)
    atoms.symbols[np.flatnonzero(atoms.symbols == "H")[-1]] = "Na"
    atoms.set_cell(atoms.cell.array @ np.array([[1, 0, 0], [0.2, 1, 0], [-0.1, 0.15, 1]]), scale_atoms=True)
    return atoms


def evaluate(potential, atoms, pbc=ALL):
    evaluator = potential.evaluator(Path("/nonexistent"), "cpu")
    return evaluator(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, pbc))


@pytest.mark.parametrize(
    ("name", "options", "limit"),
    [
        ("esen", {}, 2e-5),
        ("esen", {"dtype": "float64"}, 1e-10),
        ("uma", {"task": "oc25"}, 2e-5),
        ("uma", {"task": "omol", "charge": 1, "spin": 2, "dtype": "float64"}, 1e-10),
    ],
)
def test_it_equals_the_calculator(checkpoints, name, options, limit):
    potential = fairchem(model=checkpoints[name], **options)
    atoms = sodium_on_gold()
    answer = evaluate(potential, atoms)
    atoms.calc = potential.make_calculator()
    assert answer.energy_eV == pytest.approx(atoms.get_potential_energy(), abs=10 * limit)
    assert np.abs(answer.forces - atoms.get_forces()).max() < limit
    assert np.abs(answer.virial + atoms.get_stress(voigt=False) * atoms.get_volume()).max() < 10 * limit
    assert np.abs(answer.forces).max() > 0.01


def test_merged_experts_are_the_same_model(checkpoints):
    """fairchem merges weights before it converts them: in double too they agree to the digits of single precision."""
    options = {"model": checkpoints["uma"], "task": "omol", "dtype": "float64"}
    merged = evaluate(fairchem(**options), sodium_on_gold())
    apart = evaluate(fairchem(**options, settings={"merge_mole": False}), sodium_on_gold())
    assert merged.energy_eV == pytest.approx(apart.energy_eV, abs=1e-5)
    assert np.abs(merged.forces - apart.forces).max() < 1e-6


def test_charge_and_spin_reach_the_model(checkpoints):
    options = {"model": checkpoints["uma"], "task": "omol"}
    energies = {
        (charge, spin): evaluate(fairchem(**options, charge=charge, spin=spin), sodium_on_gold()).energy_eV
        for charge, spin in ((0, None), (0, 1), (1, 1), (0, 2))
    }
    assert energies[0, None] == pytest.approx(energies[0, 1], abs=1e-6)
    assert abs(energies[1, 1] - energies[0, 1]) > 1e-4 and abs(energies[0, 2] - energies[0, 1]) > 1e-4


def test_reference_energies_do_not_cost_digits(checkpoints, tmp_path):
    """Beside references of -400 keV in single precision fairchem's own energy is a multiple of 0.03 eV; ours is not."""
    heavy = dict.fromkeys(LEARNT, -15000.0)
    atoms = sodium_on_gold()
    light = evaluate(fairchem(model=checkpoints["esen"]), atoms).energy_eV
    loaded = fairchem(model=make(tmp_path / "heavy.pt", references_eV=heavy, tensor="FloatTensor"))
    expected = light - sum(LEARNT[s] - heavy[s] for s in atoms.get_chemical_symbols())
    assert evaluate(loaded, atoms).energy_eV == pytest.approx(expected, abs=1e-5)


def test_a_direction_without_periodicity_has_no_images(checkpoints):
    """As in a slab with `boundary p p f`: atoms at the upper end do not see those at the lower."""
    potential = fairchem(model=checkpoints["esen"], dtype="float64")
    atoms = water_on("Au", 4.15, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=14.0, shake_A=0.05)
    far = atoms.copy()
    far.set_cell([*atoms.cell.lengths()[:2], 40.0])
    slab = evaluate(potential, atoms, (True, True, False))
    assert np.abs(slab.forces - evaluate(potential, far).forces).max() < 1e-9
    assert np.abs(slab.forces - evaluate(potential, atoms).forces).max() > 1e-4


CONTRACTS = {
    "esen, double": ("esen", {"dtype": "float64"}, Limits()),
    "esen, single": ("esen", {}, Limits(1e-4, 1e-2, 1e-2, derivative_eV=0.2, restart_A=1e-5)),
    "uma, double": ("uma", {"dtype": "float64", "task": "oc25"}, Limits()),
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_contract(checkpoints, name):
    model, options, limits = CONTRACTS[name]
    atoms = water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.02)
    potential = {"architecture": "fairchem", "model": str(checkpoints[model]), **options}
    measured = check_architecture(potential, atoms, limits=limits)
    print(name, measured)
    assert not measured.skipped
    assert len(measured.numbers) >= 12


def test_simulate_with_langevin_as_the_study_ran_esen(checkpoints, write_yaml, tmp_path):
    """NVT with friction 0.0002 /fs, i.e. damping 5 ps, at 1 fs."""
    water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.02).write(
        tmp_path / "start.xyz"
    )
    path = write_yaml(
        {
            "system": {"read": "start.xyz"},
            "potential": {"architecture": "fairchem", "model": str(checkpoints["esen"])},
            "dynamics": {
                "temperature_K": 300,
                "timestep_fs": 1.0,
                "thermostat": {"style": "langevin", "damping_fs": 5000},
                "fixed_layers": 0,
                "minimise": None,
                "equilibrate_ps": 0,
                "production_ps": 0.03,
            },
            "output": {"frames_every_fs": 1},
            "guard": "off",  # a random model does unphysical things
        }
    )
    result = lmpdrive.simulate(path, tmp_path / "run")
    assert "langevin 300.0 300.0 5.0" in (result.directory / "in.lammps").read_text()
    assert np.isfinite(result.tables["energy"]["E_total [eV]"]).all()
    assert json.loads((result.directory / "manifest.json").read_text())["state"] == "finished"


def test_it_knows_its_elements_and_how_far_it_sees(checkpoints):
    potential = fairchem(model=checkpoints["esen"])
    assert potential.model_elements() == ["H", "O", "Na", "Pt", "Au"]
    assert str(potential.receptive_field()) == "5 Å x 2 layers = 10 Å"
    assert potential.total_charge_e is None
    assert fairchem(model="uma-s-1p1", task="omol", charge=1).total_charge_e == 1


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("uma", {}, "name one. Tasks: oc25, omol"),
        ("uma", {"task": "omoll"}, "did you mean 'omol'"),
        ("direct", {}, "not the gradient of its energy"),
        ("esen", {"settings": {"tf23": True}}, "did you mean 'tf32'"),
    ],
)
def test_what_a_checkpoint_lacks_is_named_before_a_run(checkpoints, name, options, says):
    potential = fairchem(model=checkpoints[name], **options)
    (problem,) = potential.problems(None)
    assert problem.level == "error" and says in problem.message
    with pytest.raises(ModelError, match=says.split(".")[0]):
        potential.evaluator(Path("/nonexistent"), "cpu")


def test_a_file_that_is_no_checkpoint(checkpoints, tmp_path):
    (tmp_path / "wrong.pt").write_text("not a checkpoint")
    (problem,) = fairchem(model="./wrong.pt").resolve(tmp_path).problems(None)
    assert "cannot read the fairchem model" in problem.message


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": "esen-sm-conserving-all-oc52"}, "did you mean 'esen-sm-conserving-all-oc25'"),
        ({"model": "esen-sm-conserving-all-oc25", "task": "omol"}, "no task 'omol'"),
        ({"model": "esen-md-direct-all-oc25"}, "Take a conserving model"),
        ({"model": "uma-s-1p1"}, "name one. Tasks: oc20, oc25"),
        ({"model": "./none.pt"}, "there is no file"),
    ],
)
def test_names_are_checked_without_fairchem(options, says, tmp_path):
    (problem,) = fairchem(**options).resolve(tmp_path).problems(None)
    assert problem.level == "error" and says in problem.message


def test_a_model_of_the_hub_needs_no_file(tmp_path):
    for model, task in (("esen-sm-conserving-all-oc25", None), ("uma-s-1p1", "oc20")):
        potential = fairchem(model=model, task=task).resolve(tmp_path)
        assert potential.problems(None) == [] and potential.files() == {}


HUB = """
import os, sys
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["FAIRCHEM_CACHE_DIR"] = sys.argv[1]
from pathlib import Path
from lmpdrive.architectures import find
from lmpdrive.errors import ModelError
try:
    find("fairchem")(architecture="fairchem", model="esen-sm-conserving-all-oc25").evaluator(Path(sys.argv[1]), "cpu")
except ModelError as error:
    print(error)
"""


def test_without_the_hub_the_error_says_what_to_do(checkpoints, tmp_path):

    done = subprocess.run([sys.executable, "-c", HUB, tmp_path], capture_output=True, text=True, check=True)
    for word in ("./esen_sm_conserve.pt", "FAIRCHEM_CACHE_DIR", "https://huggingface.co/facebook/OC25", "licence"):
        assert word in done.stdout
