"""MACE on edge vectors and in LAMMPS against MACE's own ASE calculator."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read

import lmpdrive
from lmpdrive.architectures import Configuration, find
from lmpdrive.errors import ModelError
from tests.architectures.structures import water_on

MODEL = Path(__file__).parent / "data" / "mace-tiny.model"
"""8 channels, 4 Å, 5 epochs of 54 Pt/water frames: poor, but a real model."""

ALL = (True, True, True)


def mace(**options):
    return find("mace")(architecture="mace", model=str(MODEL), **options)


@pytest.fixture(scope="module")
def double():
    potential = mace(dtype="float64", compile="never")
    return potential.evaluator(Path("/nonexistent"), "cpu"), potential.make_calculator()


def water_on_platinum() -> Atoms:
    """A small slab with three molecules, everything off its site."""
    return water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.05)


def skewed(atoms: Atoms) -> Atoms:
    out = atoms.copy()
    out.set_cell(atoms.cell.array @ np.array([[1, 0, 0], [0.2, 1, 0], [-0.1, 0.15, 1]]), scale_atoms=True)
    return out


def outside(atoms: Atoms) -> Atoms:
    out = atoms.copy()
    images = np.random.default_rng(2).integers(-2, 3, size=(len(atoms), 3))
    out.positions += images @ atoms.cell.array
    return out


def shuffled(atoms: Atoms) -> Atoms:
    return atoms[np.random.default_rng(3).permutation(len(atoms))]


def tiny(_: Atoms) -> Atoms:
    """A cell shorter than the cutoff in every direction: atoms see their own images."""
    out = bulk("Pt", "fcc", 3.94)
    out.positions += 0.01
    return out


@pytest.mark.parametrize("change", [Atoms.copy, skewed, outside, shuffled, tiny], ids=lambda f: f.__name__)
def test_edges_equal_the_calculator(double, change):
    evaluate, calculator = double
    atoms = change(water_on_platinum())
    answer = evaluate(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, ALL))
    atoms.calc = calculator
    assert answer.energy_eV == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    assert np.abs(answer.forces - atoms.get_forces()).max() < 1e-10
    assert np.abs(answer.virial + atoms.get_stress(voigt=False) * atoms.get_volume()).max() < 1e-9
    assert answer.energies_eV is not None and answer.energies_eV.sum() == pytest.approx(answer.energy_eV)


def test_forces_and_virial_are_derivatives_of_the_energy(double):
    evaluate, _ = double
    atoms, h = skewed(water_on_platinum()), 1e-4

    def energy(positions, cell):
        return evaluate(Configuration(atoms.numbers, positions, cell, ALL)).energy_eV

    answer = evaluate(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, ALL))
    for atom, axis in [(0, 2), (17, 0), (24, 1)]:
        shift = np.zeros_like(atoms.positions)
        shift[atom, axis] = h
        slope = (energy(atoms.positions + shift, atoms.cell) - energy(atoms.positions - shift, atoms.cell)) / (2 * h)
        assert -slope == pytest.approx(answer.forces[atom, axis], abs=1e-6)
    for a, b in [(0, 0), (2, 2), (0, 1), (1, 2)]:
        strain = np.zeros((3, 3))
        strain[a, b] += h / 2
        strain[b, a] += h / 2
        energies = [energy(atoms.positions @ d, atoms.cell.array @ d) for d in (np.eye(3) + strain, np.eye(3) - strain)]
        assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(answer.virial[a, b], abs=1e-4)


def test_an_unknown_element_is_refused_before_and_during_a_run(double):
    atoms = bulk("Au")
    with pytest.raises(ModelError, match="does not know Au"):
        double[0](Configuration(atoms.numbers, atoms.positions, atoms.cell.array, ALL))
    assert mace().model_elements() == ("H", "O", "Pt")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"head": "nope"}, "Heads: Default"),
        ({"model": __file__}, "cannot read"),
        ({"model": "mace_pm:small"}, "mace_mp"),
    ],
)
def test_wrong_heads_files_and_families_are_named(options, says):
    potential = find("mace")(architecture="mace", **({"model": str(MODEL)} | options))
    with pytest.raises(ModelError, match=says):
        potential.evaluator(Path("/nonexistent"), "cpu")


def test_a_missing_file_is_named_by_check(tmp_path):
    potential = find("mace")(architecture="mace", model="./none.model").resolve(tmp_path)
    (problem,) = potential.problems(None)
    assert problem.level == "error" and "none.model" in problem.message and "mace_mp:medium-mpa-0" in problem.message


@pytest.fixture(scope="module")
def compiled_home(tmp_path_factory):
    """One cache for the compiled model of this module."""
    return tmp_path_factory.mktemp("cache")


def system_yaml(folder: Path, write_yaml, **potential) -> Path:
    water_on_platinum().write(folder / "start.xyz")
    content = {
        "system": {"read": str(folder / "start.xyz")},
        "potential": {"architecture": "mace", "model": str(MODEL), **potential},
        "dynamics": {
            "ensemble": "nve",
            "temperature_K": 100,
            "timestep_fs": 0.25,
            "minimise": {"force_eV_per_A": 0.5, "max_steps": 50},
            "fixed_layers": 0,
            "equilibrate_ps": 0,
            "production_ps": 0.1,
        },
        "output": {"report": False},
    }
    return write_yaml(content)


def test_simulate_compiled_with_tables(write_yaml, tmp_path, compiled_home, monkeypatch):
    """Compiled for this machine, compared with the model at the first step; then it conserves."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(compiled_home))
    result = lmpdrive.simulate(system_yaml(tmp_path, write_yaml, symmetrix="never"), tmp_path / "run")
    said = (result.directory / "worker.log").read_text()
    assert "MACE runs compiled with radial tables" in said, said
    assert len(list(compiled_home.rglob("*.pt2"))) == 1
    manifest = json.loads((result.directory / "manifest.json").read_text())
    energy = result.tables["energy"]
    total = energy["Etotal [eV]"] if "Etotal [eV]" in energy else energy.filter(like="otal").iloc[:, 0]
    assert np.ptp(total) / len(manifest["system"]["species"]) < 2e-4


def test_without_a_compiler_the_model_runs_as_it_is(write_yaml, tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "/nonexistent/compiler")
    result = lmpdrive.simulate(system_yaml(tmp_path, write_yaml, radial_table="never"), tmp_path / "run")
    assert "there is no C++ compiler" in (result.directory / "worker.log").read_text()


FIRST_STEP = """
import json, sys
from pathlib import Path
import numpy as np
from lmpdrive.config import load
from lmpdrive.engine.callback import Coupling
from lmpdrive.engine.lammps_library import load as lammps
config = load(Path("resolved.yaml"))
elements = json.loads(Path("manifest.json").read_text())["system"]["elements"]
lmp = lammps(plugins=False)(cmdargs=["-log", "none", "-screen", "none"])
deck = Path("in.lammps").read_text()
Path("first").write_text(deck[: deck.index("# --- dynamics")] + "run 0\\n")
Coupling(lmp, config.potential.evaluator(Path(), "cpu"), elements).run(Path("first"))
n = lmp.get_natoms()
order = np.argsort(lmp.numpy.extract_atom("id")[:n])
print(json.dumps({"energy": lmp.get_thermo("pe"), "forces": lmp.numpy.extract_atom("f")[:n][order].tolist()}))
"""


@pytest.mark.parametrize(("dtype", "limit"), [("float64", 1e-9), ("float32", 1e-4)])
def test_lammps_equals_the_calculator(write_yaml, tmp_path, dtype, limit):
    path = system_yaml(tmp_path, write_yaml, dtype=dtype, compile="never")
    run = lmpdrive.render(path, tmp_path / "run")
    done = subprocess.run([sys.executable, "-c", FIRST_STEP], cwd=run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    atoms = read(run / "system.data", format="lammps-data", sort_by_id=True)
    atoms.calc = mace(dtype=dtype).make_calculator()
    assert answer["energy"] == pytest.approx(atoms.get_potential_energy(), abs=1e2 * limit)
    assert np.abs(np.array(answer["forces"]) - atoms.get_forces()).max() < limit
