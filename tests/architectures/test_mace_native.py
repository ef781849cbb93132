"""MACE through `pair_style mliap unified`: which coupling runs, and that LAMMPS computes what the model says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read

import lmpdrive
from lmpdrive.architectures import MLIAP_PYTHON, find
from lmpdrive.architectures.mace.mliap import convert, write_with
from lmpdrive.config import load
from lmpdrive.deck.context import run_command
from lmpdrive.engine.coupling_choice import decide
from lmpdrive.errors import EngineError, ModelError
from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits
from lmpdrive.trajectory import read_thermo
from tests.architectures.mliap_lammps import HOME, mliap_lammps, needed
from tests.architectures.structures import water_on

__all__ = ["mliap_lammps"]

pytest.importorskip("mace", reason="needs mace-torch")

MODEL = Path(__file__).parent / "data" / "mace-tiny.model"

WHEEL = {"version": 20250722, "packages": ["ML-IAP", "PLUGIN"], "gpu": False}
PLAIN = {"version": 20260704, "packages": ["ML-IAP", "PYTHON", MLIAP_PYTHON], "gpu": False}
KOKKOS = PLAIN | {"packages": [*PLAIN["packages"], "KOKKOS"], "gpu": True}
HOST = KOKKOS | {"gpu": False}
"""LAMMPS whose KOKKOS is for CPUs."""
OLD = KOKKOS | {"version": 20250722}


def small():
    """A slab and one water in a cell that is shorter than twice the cutoff in every direction."""
    return water_on("Pt", 4.0, layers=1, heights_A=(6.3,), height_A=9.5, shake_A=0.02)


def yaml_of(folder: Path, write_yaml, atoms=None, potential=None, **dynamics) -> Path:
    (atoms or small()).write(folder / "start.xyz")
    return write_yaml(
        {
            "system": {"read": str(folder / "start.xyz")},
            "potential": {"architecture": "mace", "model": str(MODEL), "dtype": "float64"} | (potential or {}),
            "dynamics": {
                "ensemble": "nve",
                "temperature_K": 100,
                "timestep_fs": 0.25,
                "minimise": None,
                "fixed_layers": 0,
                "equilibrate_ps": 0,
                "production_ps": 0.05,
            }
            | dynamics,
            "output": {"report": False},
        }
    )


@pytest.mark.parametrize(
    ("lammps", "gpu", "overrides", "coupling", "kokkos"),
    [
        (WHEEL, False, [], "callback", "never"),
        (WHEEL, True, [], "callback", "never"),
        (PLAIN, True, [], "callback", "never"),
        (PLAIN, False, ["potential.coupling=native"], "native", "never"),
        (KOKKOS, True, [], "native", "always"),
        (KOKKOS, True, ["run.mpi_ranks=2"], "native", "always"),
        (KOKKOS, False, [], "callback", "never"),
        (KOKKOS, True, ["run.device=cpu"], "callback", "never"),
        (KOKKOS, True, ["potential.kokkos=never"], "callback", "never"),
        (KOKKOS, True, ["potential.coupling=callback"], "callback", "never"),
        (HOST, False, [], "callback", "never"),
        (HOST, True, [], "callback", "never"),
        (HOST, False, ["potential.kokkos=always"], "native", "threads"),
        (HOST, False, ["potential.kokkos=threads"], "native", "threads"),
        (HOST, True, ["potential.coupling=native", "potential.kokkos=always"], "native", "threads"),
        (OLD, True, [], "callback", "never"),
        (OLD, True, ["potential.coupling=native"], "native", "always"),
    ],
)
def test_the_coupling_that_lammps_allows(write_yaml, tmp_path, lammps, gpu, overrides, coupling, kokkos):
    config, found = decide(load(yaml_of(tmp_path, write_yaml), overrides), lammps, gpu, here=True)
    assert (config.potential.coupling, config.potential.kokkos) == (coupling, kokkos)
    assert not [p for p in found if p.level == "error"]
    assert len([p for p in found if p.level == "note"]) == 2
    old = lammps is OLD and coupling == "native"
    assert [p.level for p in found if p.level != "note"] == (["warning"] if old else [])
    assert any(" runs" in p.message and coupling in p.message for p in found)


def test_what_is_missing_is_named(write_yaml, tmp_path):
    file = yaml_of(tmp_path, write_yaml)
    _, found = decide(load(file), WHEEL, False, here=True)
    assert "it needs PYTHON, ML-IAP's Python interface" in found[0].message
    _, found = decide(load(file, ["potential.coupling=native"]), WHEEL, False, here=True)
    (error,) = [p.message for p in found if p.level == "error"]
    assert "PYTHON" in error and "coupling: callback" in error and "KOKKOS, ML-IAP and PYTHON" in error
    _, found = decide(load(file, ["potential.coupling=native", "potential.kokkos=always"]), PLAIN, False, here=True)
    assert any(p.level == "error" and "KOKKOS and a GPU" in p.message for p in found)
    for lammps in (PLAIN, KOKKOS):
        config = load(file, ["potential.coupling=native", "potential.kokkos=threads"])
        _, found = decide(config, lammps, True, here=True)
        assert any(p.level == "error" and "KOKKOS for CPUs" in p.message for p in found)


def test_kokkos_on_threads(write_yaml, tmp_path):
    """As many as `run.threads`, one rank, and a file that mace-torch's class lets run on a CPU."""
    file = yaml_of(tmp_path, write_yaml, potential={"coupling": "native", "kokkos": "threads"})
    config = load(file, ["run.threads=3"])
    potential = config.potential
    assert run_command(config) == "lmp -k on t 3 -sf kk -pk kokkos newton on neigh half -in in.lammps"
    assert "on GPUs" in potential.single_rank and potential.lammps_problems(20250722)
    potential.write_files(tmp_path)
    code = "import pickle; print(pickle.load(open('model.mliap', 'rb')).config.allow_cpu)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True).stdout == "True\n"
    deck = (lmpdrive.render(file, tmp_path / "run") / "in.lammps").read_text()
    assert "lmp -k on t 1 -sf kk" in deck and "\npython " not in deck


def test_old_lammps_is_refused_for_non_linear_models_only(write_yaml, tmp_path):
    potential = load(yaml_of(tmp_path, write_yaml, potential={"coupling": "native", "kokkos": "always"})).potential
    (problem,) = potential.lammps_problems(20250722)
    assert problem.level == "warning" and "mace-mh-1" in problem.message
    assert potential.lammps_problems(20251215) == []
    assert potential.model_copy(update={"kokkos": "never"}).lammps_problems(20250722) == []


def test_a_deck_for_another_machine_has_kokkos_and_says_how_to_run_it(write_yaml, tmp_path):
    run = lmpdrive.render(yaml_of(tmp_path, write_yaml, potential={"coupling": "native"}), tmp_path / "run")
    flags = "-k on g 1 -sf kk -pk kokkos newton on neigh half"
    config = load(run / "resolved.yaml")
    command = f"lmp {flags} -in in.lammps"
    assert run_command(config) == command and f":   {command}\n" in (run / "in.lammps").read_text()
    resolved = config.potential
    assert (resolved.coupling, resolved.kokkos) == ("native", "always")
    assert resolved.lammps_arguments(1) == flags.split()
    assert (run / "model.mliap").stat().st_size > 1000 and "python" not in (run / "in.lammps").read_text().split()


def test_the_file_for_kokkos_is_mace_s_own_class(tmp_path):
    """No lmpdrive is needed where it is read; head and precision are kept."""
    code = (
        "import pickle, sys\n"
        "for file in sys.argv[1:]:\n"
        "    model = pickle.load(open(file, 'rb'))\n"
        "    print(type(model).__module__, model.dtype, int(model.model.head), *model.element_types)\n"
        "assert not [m for m in sys.modules if m.startswith('lmpdrive')]"
    )
    dtypes = ("float32", "float64")
    for dtype in dtypes:
        (tmp_path / dtype).mkdir()
        options = {"architecture": "mace", "model": str(MODEL), "coupling": "native", "kokkos": "always"}
        find("mace")(**options, dtype=dtype, head="Default").write_files(tmp_path / dtype)
    files = [str(tmp_path / dtype / "model.mliap") for dtype in dtypes]
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if line.startswith("mace.")]
    assert said == [f"mace.calculators.lammps_mliap_mace torch.{dtype} 0 H O Pt" for dtype in dtypes]


def test_wrong_heads_and_keys_of_converted_files(tmp_path):
    potential = find("mace")(architecture="mace", model=str(MODEL), coupling="native", head="nope")
    with pytest.raises(ModelError, match="Heads: Default"):
        potential.write_files(tmp_path)
    (tmp_path / "a-mliap_lammps.pt").write_bytes(b"no model")
    converted = find("mace")(architecture="mace", model=str(tmp_path / "a-mliap_lammps.pt"), coupling="callback")
    (problem,) = converted.problems(None)
    assert "converted for the native coupling" in problem.message
    with pytest.raises(ModelError, match="mace_create_lammps_model"):
        converted.write_files(tmp_path)


def test_conversion_in_another_interpreter(tmp_path):
    write_with(Path(sys.executable), str(MODEL), None, "float32", "always", str(tmp_path / "model.mliap"))
    assert (tmp_path / "model.mliap").stat().st_size > 1000
    with pytest.raises(ModelError, match="Heads: Default"):
        write_with(Path(sys.executable), str(MODEL), "nope", "float32", True, str(tmp_path / "other.mliap"))


def converted_file(folder: Path) -> Path:
    """As `mace_create_lammps_model --format mliap` leaves it."""
    import torch

    path = folder / "tiny-mliap_lammps.pt"
    torch.save(convert(str(MODEL), None, "float64"), path)
    return path


@needed
def test_the_contract(mliap_lammps):
    """Equality with MACECalculator in small, tilted, shuffled cells; virial, NVE, restart, unknown element, failure."""
    potential = {"architecture": "mace", "model": str(MODEL), "dtype": "float64", "coupling": "native"}
    assert not check_architecture(potential, small(), limits=Limits()).skipped


@needed
def test_single_precision(mliap_lammps, write_yaml, tmp_path):
    run = lmpdrive.render(native(tmp_path, write_yaml, dtype="float32"), tmp_path / "run")
    said, atoms = first_step(run), in_lammps(run)
    atoms.calc = find("mace")(architecture="mace", model=str(MODEL)).make_calculator()
    assert said["energy"] == pytest.approx(atoms.get_potential_energy(), abs=1e-3)
    assert 1e-9 < np.abs(np.array(said["forces"]) - atoms.get_forces()).max() < 1e-4


@needed
@pytest.mark.parametrize("repeat", [1, 3])
def test_one_element_in_cells_shorter_and_longer_than_the_cutoff(mliap_lammps, write_yaml, tmp_path, repeat):
    """The primitive cell has one atom: every neighbour is an image of itself."""
    atoms = bulk("Pt", "fcc", 3.97).repeat((repeat, repeat, repeat))
    atoms.positions += np.random.default_rng(1).normal(scale=0.05, size=(len(atoms), 3))
    run = lmpdrive.render(native(tmp_path, write_yaml, atoms), tmp_path / "run")
    said, atoms = first_step(run), in_lammps(run)
    atoms.calc = find("mace")(architecture="mace", model=str(MODEL), dtype="float64").make_calculator()
    assert said["energy"] == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    assert np.abs(np.array(said["forces"]) - atoms.get_forces()).max() < 1e-9
    virial = -atoms.get_stress()[[0, 1, 2, 5, 4, 3]] * atoms.get_volume()
    np.testing.assert_allclose(said["virial"], virial, atol=1e-6)


def in_lammps(run: Path) -> Atoms:
    """The structure with the digits and the turned cell that LAMMPS reads."""
    return read(run / "system.data", format="lammps-data", sort_by_id=True)


def native(folder: Path, write_yaml, atoms=None, **potential) -> Path:
    return yaml_of(folder, write_yaml, atoms, {"coupling": "native"} | potential)


def first_step(folder: Path) -> dict:
    jobs, answers = folder / "jobs.json", folder / "answers.json"
    jobs.write_text(json.dumps([{"folder": str(folder), "start": "data", "commands": ["run 0"]}]))
    done = subprocess.run(
        [sys.executable, "-m", "lmpdrive.testing.lammps_jobs", jobs, answers],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(answers.read_text())[0]


def run_lmp(run: Path, env: dict[str, str]) -> subprocess.CompletedProcess:
    path = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    command = [str(HOME / "lib" / "lmp"), "-in", "in.lammps"]
    return subprocess.run(command, cwd=run, env=env | {"PATH": path}, capture_output=True, text=True, check=False)


@needed
def test_simulate_and_plain_lmp_give_the_same_thermo(mliap_lammps, write_yaml, tmp_path):
    file = native(tmp_path, write_yaml)
    result = lmpdrive.simulate(file, tmp_path / "run")
    assert load(tmp_path / "run" / "resolved.yaml").potential.kokkos == "never"
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["potential"]["title"] == "MACE through pair_style mliap unified"
    deck = lmpdrive.render(file, tmp_path / "deck")
    assert (deck / "in.lammps").read_text() == (result.directory / "in.lammps").read_text()
    done = run_lmp(deck, mliap_lammps)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    ours, theirs = (read_thermo(folder / "log.lammps") for folder in (result.directory, deck))
    np.testing.assert_allclose(ours.to_numpy(float), theirs.to_numpy(float), rtol=1e-9)


@needed
def test_a_converted_file_runs_as_it_is(mliap_lammps, write_yaml, tmp_path):
    converted = converted_file(tmp_path)
    file = yaml_of(tmp_path, write_yaml, potential={"model": str(converted), "coupling": "auto"})
    said = first_step(lmpdrive.render(file, tmp_path / "run"))
    atoms = in_lammps(tmp_path / "run")
    atoms.calc = find("mace")(architecture="mace", model=str(converted)).make_calculator()
    assert said["energy"] == pytest.approx(atoms.get_potential_energy(), abs=1e-8)
    assert np.abs(np.array(said["forces"]) - atoms.get_forces()).max() < 1e-9


@needed
def test_a_deck_without_the_handle_stops(mliap_lammps, write_yaml, tmp_path):
    run = lmpdrive.render(native(tmp_path, write_yaml), tmp_path / "run", ["run.compare=never"])
    deck = run / "in.lammps"
    deck.write_text("\n".join(x for x in deck.read_text().splitlines() if not x.startswith("python")) + "\n")
    with pytest.raises(EngineError, match=r"last one in worker\.log"):
        lmpdrive.run_deck(deck)
    assert "the deck lacks the two lines" in (run / "worker.log").read_text()


@needed
def test_numbers_that_are_not_finite_stop_the_run(mliap_lammps, write_yaml, tmp_path):
    import torch

    module = torch.load(MODEL, weights_only=False)
    next(p for p in module.parameters() if p.is_floating_point()).data[:] = float("nan")
    torch.save(module, tmp_path / "broken.model")
    run = lmpdrive.render(native(tmp_path, write_yaml, model=str(tmp_path / "broken.model")), tmp_path / "run")
    done = run_lmp(run, mliap_lammps)
    assert done.returncode != 0 and "not finite at step 0" in done.stderr


@needed
def test_several_ranks_are_refused(mliap_lammps, write_yaml, tmp_path):
    found = lmpdrive.check(native(tmp_path, write_yaml), ["run.mpi_ranks=2"])
    assert any(p.level == "error" and "unless its coupling is native with KOKKOS" in p.message for p in found)


@needed
def test_check_says_which_coupling_runs(mliap_lammps, write_yaml, tmp_path):
    done = subprocess.run(
        [Path(sys.executable).with_name("lmpdrive"), "check", yaml_of(tmp_path, write_yaml)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "coupling callback (fix external): runs" in done.stdout
    assert "without KOKKOS on a GPU slower than callback; coupling: native takes it" in done.stdout
