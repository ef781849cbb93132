"""ASE integrates (`coupling: ase`): the same run directory, the same trajectory as through LAMMPS, nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import read

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.common.manifest import SystemSection
from lmpdrive.config import load
from lmpdrive.engine.ase.run import EvaluatorCalculator
from lmpdrive.engine.run import run
from lmpdrive.engine.worker import INTERRUPTED
from lmpdrive.errors import EngineError, UnstableError
from lmpdrive.trajectory import open_trajectory, read_thermo
from tests.conftest import ROOT

EMT_POTENTIAL = {"architecture": "ase", "calculator": "ase.calculators.emt:EMT"}
MACE_FILE = ROOT / "tests" / "architectures" / "data" / "mace-tiny.model"


def copper(temperature_K: float = 300, repeat: int = 3) -> Atoms:
    """Warm copper with velocities, atoms off their sites."""
    atoms = bulk("Cu", cubic=True).repeat((repeat, repeat, repeat))
    rng = np.random.default_rng(1)
    atoms.positions += rng.normal(scale=0.03, size=(len(atoms), 3))
    momenta = rng.normal(size=(len(atoms), 3)) * np.sqrt(atoms.get_masses()[:, None] * units.kB * temperature_K)
    atoms.set_momenta(momenta - momenta.mean(axis=0))
    return atoms


def case(tmp_path, write_yaml, atoms: Atoms | None = None, name: str = "system", **changes) -> Path:
    """Twenty steps of NVE with all output at every step, `coupling: ase`."""
    (atoms if atoms is not None else copper()).write(tmp_path / "atoms.extxyz")
    content = {
        "system": {"read": "atoms.extxyz"},
        "potential": {**EMT_POTENTIAL, "coupling": "ase"},
        "dynamics": {
            "ensemble": "nve",
            "timestep_fs": 1.0,
            "minimise": None,
            "fixed_layers": 0,
            "equilibrate_ps": 0,
            "production_ps": 0.02,
        },
        "output": {"frames_every_fs": 1, "dump_every_fs": 5, "thermo_every_fs": 1, "restart_every_ps": 0.01},
        "observables": {"names": ["temperature"]},
    }
    path = write_yaml(content, **changes)
    return path.rename(tmp_path / f"{name}.yaml")


def positions_of(folder: Path) -> np.ndarray:
    trajectory = open_trajectory(folder)
    return trajectory.read(0, trajectory.n_frames).positions


MACE = pytest.param({"architecture": "mace", "model": str(MACE_FILE)}, id="mace", marks=pytest.mark.validation)


@pytest.mark.parametrize("potential", [pytest.param(EMT_POTENTIAL, id="emt"), MACE])
def test_nve_is_the_same_through_ase_and_through_lammps(tmp_path, write_yaml, potential, monkeypatch):
    atoms = copper(repeat=2)
    if potential["architecture"] == "mace":
        pytest.importorskip("mace", reason="mace-torch is not in this environment")
        monkeypatch.setenv("LMPDRIVE_TRUST", "all")
        atoms.symbols[:] = "Pt"
        atoms.set_cell(atoms.cell * 3.94 / 3.61, scale_atoms=True)
        potential = potential | {"dtype": "float64", "compile": "never"}
    runs = {}
    for coupling in ("ase", "callback"):
        path = case(tmp_path, write_yaml, atoms, coupling, potential={**potential, "coupling": coupling})
        runs[coupling] = run_only(path, tmp_path / f"run-{coupling}")
    thermo = {name: read_thermo(folder / "log.lammps") for name, folder in runs.items()}
    assert list(thermo["ase"]) == list(thermo["callback"])
    for column, tolerance in {"PotEng": 1e-6, "KinEng": 1e-5, "Econserve": 1e-5, "Temp": 1e-2, "Press": 1.0}.items():
        np.testing.assert_allclose(thermo["ase"][column], thermo["callback"][column], atol=tolerance, err_msg=column)
    assert np.ptp(thermo["ase"]["KinEng"]) > 0.01
    by_ase, by_lammps = positions_of(runs["ase"]), positions_of(runs["callback"])
    assert by_ase.shape == by_lammps.shape == (21, 32, 3)
    cell = atoms.cell.lengths()
    apart = (by_ase - by_lammps + cell / 2) % cell - cell / 2
    assert np.abs(apart).max() < 1e-5  # frames have seven digits
    last = {name: read(folder / "final.data", format="lammps-data", sort_by_id=True) for name, folder in runs.items()}
    apart = last["ase"].positions - last["callback"].positions
    assert np.abs((apart + cell / 2) % cell - cell / 2).max() < 1e-6
    np.testing.assert_allclose(last["ase"].get_velocities(), last["callback"].get_velocities(), atol=1e-6)


def test_the_run_directory_is_that_of_any_run(tmp_path, write_yaml):
    folder = lmpdrive.simulate(case(tmp_path, write_yaml), tmp_path / "run").directory
    for name in ("in.lammps", "log.lammps", "traj.dcd", "traj.lammpstrj", "final.data", "manifest.json", "report.html"):
        assert (folder / name).is_file(), name
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["state"] == "finished" and manifest["performance"]["ns_per_day"] > 0
    assert manifest["potential"]["coupling"].startswith("ase")
    text = read(folder / "traj.lammpstrj", index=":", format="lammps-dump-text")
    assert len(text) == 5
    np.testing.assert_allclose(text[-1].positions, positions_of(folder)[-1], atol=2e-4)
    assert "ASE integrates" in (folder / "in.lammps").read_text()
    with pytest.raises(lmpdrive.errors.RunDirectoryError, match="already holds a run"):
        lmpdrive.run_deck(folder / "in.lammps")


def run_only(path: Path, folder: Path, overrides: Sequence[str] = ()) -> Path:
    """Without the analysis, which takes longer than so short a run."""
    lmpdrive.render(path, folder, overrides)
    assert run(folder, load(folder / "resolved.yaml"), quiet=True) == "finished"
    return folder


@pytest.mark.parametrize("style", ["langevin", "nose-hoover"])
def test_thermostats_hold_the_temperature_of_the_mobile_atoms(tmp_path, write_yaml, style):
    """48 free atoms, 0.8 ps, damping 50 fs: the temperature fluctuates by 400 K sqrt(2/144) = 47 K."""
    content = {
        "system": {"build": {"metal": "Cu", "repeat": [4, 4], "layers": 4, "waters": 0, "vacuum_A": 8}},
        "potential": {**EMT_POTENTIAL, "coupling": "ase"},
        "dynamics": {
            "temperature_K": 400,
            "timestep_fs": 4,
            "thermostat": {"style": style, "damping_fs": 50},
            "fixed_layers": 1,
            "minimise": {"max_steps": 5},
            "equilibrate_ps": 0.4,
            "production_ps": 0.8,
        },
        "output": {"frames_every_fs": 100, "dump_every_fs": 500, "thermo_every_fs": 20},
    }
    folder = run_only(write_yaml(content), tmp_path / "run")
    thermo = read_thermo(folder / "log.lammps")
    last = thermo[thermo["run"] == thermo["run"].max()]
    assert abs(last["Temp"].mean() - 400) < 40
    np.testing.assert_allclose(last["c_T_metal"], last["Temp"], rtol=1e-8)
    if style == "langevin":
        assert "Econserve" not in last.dropna(axis=1)
    else:
        assert np.ptp(last["Econserve"]) < 0.02 * np.ptp(last["TotEng"])
    moved = np.ptp(positions_of(folder), axis=0).max(axis=1)
    assert (moved[:16] == 0).all() and (moved[16:] > 0.05).all()
    deck = (folder / "in.lammps").read_text()
    assert "frozen: 1:16" in deck
    assert ("friction 0.02 /fs" if style == "langevin" else "Nose-Hoover chain of 3") in deck


def test_the_study_s_langevin(tmp_path, write_yaml):
    """Friction 0.0002 /fs is damping_fs: 5000."""
    from lmpdrive.engine.ase.integrators import integrator

    path = case(
        tmp_path, write_yaml, dynamics__ensemble="nvt", dynamics__thermostat={"style": "langevin", "damping_fs": 5000}
    )
    moving = integrator(copper(), load(path).plan[-1], 1, 108)
    assert moving.fr == pytest.approx(0.0002 / units.fs)
    assert moving.dt == pytest.approx(1.0 * units.fs)


def test_a_continued_run_is_the_run_without_a_stop(tmp_path, write_yaml):
    changes = {
        "dynamics__ensemble": "nvt",
        "dynamics__thermostat": {"style": "langevin", "damping_fs": 20},
        "dynamics__equilibrate_ps": 0.01,
    }
    path = case(tmp_path, write_yaml, **changes)
    whole = run_only(path, tmp_path / "whole")
    short = run_only(path, tmp_path / "short", ["dynamics.production_ps=0.013"])
    (short / "resolved.yaml").write_text((whole / "resolved.yaml").read_text().replace("/whole/", "/short/"))
    assert np.load(short / "state.npz")["step"] == 23
    result = lmpdrive.resume(short)
    assert result.state == "finished" and (short / "traj.1.dcd").is_file()
    np.testing.assert_array_equal(positions_of(short), positions_of(whole))
    steps = read_thermo(short / "log.lammps")["Step"].to_numpy()
    assert (steps == np.sort(steps)).all() and steps[-1] == 30
    energies = [read_thermo(folder / "log.lammps").groupby("Step").last()["PotEng"] for folder in (whole, short)]
    np.testing.assert_allclose(energies[0], energies[1], atol=1e-7)


FAILS = '''
import numpy as np
from ase.calculators.emt import EMT

class Fails(EMT):
    """Not a number, or an exception, at the sixth evaluation."""
    def __init__(self, how):
        super().__init__()
        self.how, self.calls = how, 0

    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        self.calls += 1
        if self.calls == 6 and self.how == "nan":
            self.results["forces"][3] = np.nan
        if self.calls == 6 and self.how == "raise":
            raise ValueError("out of memory, say")
'''


@pytest.mark.parametrize(("how", "says"), [("nan", "that is not finite"), ("raise", "ValueError: out of memory, say")])
def test_a_model_that_fails_stops_the_run(tmp_path, write_yaml, monkeypatch, how, says):
    (tmp_path / "my_fails.py").write_text(FAILS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    potential = {"architecture": "ase", "calculator": "my_fails:Fails", "kwargs": {"how": how}, "coupling": "ase"}
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineError, match=says) as caught:
        lmpdrive.simulate(case(tmp_path, write_yaml, potential=potential), tmp_path / "run")
    assert caught.value.exit_code == (12 if how == "nan" else 7)
    frame = read(tmp_path / "run" / "failed_frame.xyz")
    assert len(frame) == 108 and frame.info["step"] == 5
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["state"] == (
        "unstable" if how == "nan" else "failed"
    )


def test_an_explosion_is_stopped(tmp_path, write_yaml):
    path = case(tmp_path, write_yaml, copper(20_000), dynamics__temperature_K=10)
    with pytest.raises(UnstableError, match=r"stopped at .* the temperature is .*limit 100 K"):
        lmpdrive.simulate(path, tmp_path / "run")
    (event,) = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()][:1]
    assert len(read(tmp_path / "run" / event["frames"], ":")) == event["good_frames"] + 1
    assert not (tmp_path / "run" / "state.npz").exists(), "no state to go on from"


def test_ctrl_c_saves_the_state_and_the_last_frame(tmp_path, write_yaml):
    path = case(tmp_path, write_yaml, dynamics__production_ps=1000, output__frames_every_fs=10)
    folder = lmpdrive.render(path, tmp_path / "run")
    command = [sys.executable, "-m", "lmpdrive.engine.worker", "in.lammps", "--ase"]
    worker = subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 60
    while not (folder / "state.npz").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(30) == INTERRUPTED
    step = int(np.load(folder / "state.npz")["step"])
    assert 10 <= step < 1_000_000
    assert (folder / "final.data").is_file()
    assert len(positions_of(folder)) == step // 10 + 1


def test_what_is_impossible_is_refused(tmp_path, write_yaml):
    found = lmpdrive.check(case(tmp_path, write_yaml, dynamics__ensemble="npt", run__mpi_ranks=2))
    said = " ".join(p.message for p in found if p.level == "error")
    assert "with coupling: ase there are nve and nvt" in said and "one process" in said


def test_a_model_as_the_callback_has_it_is_a_calculator():
    """What runs on a GPU, where the model's own calculator is for CPUs."""
    potential = find("ase")(**EMT_POTENTIAL)
    atoms = copper()
    found = atoms.copy()
    atoms.calc, found.calc = EMT(), EvaluatorCalculator(potential.evaluator(Path(), "cpu"))
    np.testing.assert_allclose(found.get_forces(), atoms.get_forces(), atol=1e-12)
    np.testing.assert_allclose(found.get_stress(), atoms.get_stress(), atol=1e-12)


def test_ids():
    system = SystemSection(groups={"metal": "1:3,8"})
    assert system.members("metal") == [0, 1, 2, 7] and len(system.members("water")) == 0
