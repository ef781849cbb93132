"""Real runs of LAMMPS that fall apart: stopped, told, kept, and not averaged past."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk, make_supercell
from ase.io import read

import lmpdrive
from lmpdrive.errors import UnstableError
from lmpdrive.guard.values import read_table
from lmpdrive.stages.analyse import report
from lmpdrive.trajectory import thermo_of
from tests.conftest import ROOT, SMALL_CLASSICAL

EXTEND = '{% extends "shipped/classical.lmp.j2" %}\n'
QUICK = {
    "dynamics__equilibrate_ps": 0.02,
    "dynamics__production_ps": 0.3,
    "observables__names": ["dipole_pz"],
    "output__report": True,
}
EXPLODES = EXTEND + '{% block dynamics %}{{ super() | replace("create 300.0", "create 4500.0") }}{% endblock %}\n'
# a top-layer atom is pulled out of the surface once the production has begun
PULLED = EXTEND + "{% block before_production %}\ngroup pulled id 48\nfix pull pulled addforce 0 0 6\n{% endblock %}\n"


def case(write_yaml, tmp_path, template="", **changes) -> Path:
    if template:
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / "classical.lmp.j2").write_text(template)
        changes["templates"] = "mine"
    return write_yaml(SMALL_CLASSICAL, **(QUICK | changes))


def events(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def unstable(path: Path, run: Path) -> tuple[dict, str]:
    """The first event of a run, and what was said."""
    with pytest.raises(UnstableError) as caught:
        lmpdrive.simulate(path, run)
    assert caught.value.exit_code == 12
    assert json.loads((run / "manifest.json").read_text())["state"] == "unstable"
    first = events(run)[0]
    assert str(caught.value).startswith(first["sentence"])
    last = list(read_table(run / "guard.txt"))[-1].step
    assert first["rule"] in ("lost", "energy") or last == first["step"], "the deck and the analysis judge alike"
    return first, str(caught.value)


def test_a_metal_atom_that_leaves_stops_the_production(write_yaml, tmp_path):
    run = tmp_path / "run"
    off = {"guard__drift_fraction": "off", "guard__temperature_sigmas": "off"}
    first, _ = unstable(case(write_yaml, tmp_path, PULLED, **off), run)
    assert (first["rule"], first["stage"], first["atoms"]) == ("metal", "production", [48])
    assert "Au 48 left the slab" in first["sentence"] and first["value"] > first["limit"]
    assert not list(run.glob("guard.*.bin"))
    assert (run / "failed.restart").is_file() and not (run / "last.restart").exists()
    # the frames before it, with all digits
    frames = read(run / first["frames"], ":")
    assert len(frames) > 2 and first["good_frames"] == len(frames) - 1
    assert frames[-1].info["step"] == first["step"]
    assert {"velocities_A_per_ps"} <= set(frames[-1].arrays) and np.abs(frames[-1].get_forces()).max() > 0.1
    assert is_the_state_of(run / "failed.restart", frames[-1])
    # the report stops before it
    page = (run / "report.html").read_text()
    assert first["sentence"] in page and "Only what is before that is averaged" in page
    result = lmpdrive.analyse(run)
    steps = result.tables["dipole_pz"].shape[0]
    assert 0 < steps <= (first["step"] - 40) // 20 + 1
    # as if it had stopped before the first frame
    for path in run.glob("traj*"):
        path.unlink()
    page = report(run).read_text()
    assert first["sentence"] in page and "No frame was written before that" in page


def is_the_state_of(restart: Path, frame) -> bool:
    """Whether positions and velocities are those of a restart file to the last bit: 17 digits give them back."""
    from lmpdrive.engine.lammps_library import load

    lmp = load(plugins=False)(cmdargs=["-log", "none", "-screen", "none"])
    for command in ("units metal", "atom_style full", "bond_style harmonic", "angle_style harmonic"):
        lmp.command(command)
    lmp.command(f"read_restart {restart}")
    n = lmp.get_natoms()
    order = np.argsort(lmp.numpy.extract_atom("id")[:n])
    same = np.array_equal(lmp.numpy.extract_atom("x")[:n][order], frame.positions)
    same &= np.array_equal(lmp.numpy.extract_atom("v")[:n][order], frame.arrays["velocities_A_per_ps"])
    lmp.close()
    return same


@pytest.mark.validation
def test_velocities_far_too_high_stop_the_equilibration(write_yaml, tmp_path):
    run = tmp_path / "run"
    first, _ = unstable(case(write_yaml, tmp_path, EXPLODES), run)
    assert (first["rule"], first["step"], first["stage"]) == ("explosion", 10, "equilibrate")
    assert is_the_state_of(run / "failed.restart", read(run / first["frames"], -1))


def test_a_temperature_that_stays_too_high_is_stopped(write_yaml, tmp_path):
    heated = EXTEND + "{% block before_production %}\nfix warm mobile heat 1 60\n{% endblock %}\n"
    path = case(write_yaml, tmp_path, heated, guard__drift_fraction="off")
    first, _ = unstable(path, tmp_path / "run")
    assert first["rule"] == "temperature" and first["stage"] == "production" and first["step"] >= 40 + 200


@pytest.mark.validation
def test_heat_that_nobody_counts_is_a_drift(write_yaml, tmp_path):
    heated = EXTEND + "{% block before_production %}\nfix warm mobile heat 1 60\n{% endblock %}\n"
    first, _ = unstable(case(write_yaml, tmp_path, heated), tmp_path / "run")
    assert first["rule"] == "drift" and first["step"] < 40 + 40


def test_a_huge_timestep_is_stopped(write_yaml, tmp_path):
    path = case(write_yaml, tmp_path, dynamics__timestep_fs=5, output__frames_every_fs=10, dynamics__production_ps=1)
    first, said = unstable(path, tmp_path / "run")
    assert first["rule"] in ("water", "explosion", "force", "distance", "lost", "energy", "drift")
    assert first["time_ps"] < 0.1 and "timestep" in said


LAMMPS_ALONE = """
from lmpdrive.engine.lammps_library import load
load(plugins=False)(cmdargs=["-screen", "none"]).file("in.lammps")
"""


def test_the_deck_alone_stops_too_and_the_analysis_cuts_there(write_yaml, tmp_path):
    off = {"guard__drift_fraction": "off", "guard__temperature_sigmas": "off"}
    run = lmpdrive.render(case(write_yaml, tmp_path, PULLED, **off), tmp_path / "run")
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", LAMMPS_ALONE], cwd=run, check=True, env=env)
    assert "Fix halt condition for fix-id guard_metal met on step" in (run / "log.lammps").read_text()
    said: list[str] = []
    whole = len(list(read_table(run / "guard.txt")))
    result = lmpdrive.analyse(run, say=said.append)
    assert any("a metal atom left the slab" in line and "only these are analysed" in line for line in said)
    assert len(result.tables["dipole_pz"]) < whole
    assert "a metal atom left the slab" in (run / "report.html").read_text()


def test_continue_goes_on_and_records(write_yaml, tmp_path):
    run, said = tmp_path / "run", []
    path = case(write_yaml, tmp_path, PULLED, guard__on_instability="continue", guard__temperature_sigmas="off")
    result = lmpdrive.simulate(path, run, say=said.append)
    assert result.state == "finished"
    seen = {event["rule"]: event for event in events(run)}
    assert seen["metal"]["action"] == "continue" and seen["metal"]["sentence"].startswith("unstable at")
    assert list(read_table(run / "guard.txt"))[-1].step == 640, "the run went to its end"
    assert (run / "last.restart").is_file()
    first = min(event["step"] for event in seen.values())
    assert len(result.tables["dipole_pz"]) <= (first - 40) // 20 + 1
    assert "Only what is before that is averaged" in (run / "report.html").read_text()
    # a person looked at it and found it harmless
    text = (run / "events.jsonl").read_text()
    (run / "events.jsonl").write_text(text.replace('"continue"', '"accepted"'))
    assert len(lmpdrive.analyse(run).tables["dipole_pz"]) == 31
    page = (run / "report.html").read_text()
    assert "accepted at" in page and "Only what is before" not in page


NOT_A_NUMBER = """
from ase.calculators.emt import EMT


class Broken(EMT):
    calls = 0

    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        Broken.calls += 1
        if Broken.calls > 45:
            self.results["forces"][3, 1] = float("nan")
"""


def test_a_force_that_is_not_a_number_is_an_instability(write_yaml, tmp_path, monkeypatch):
    """From a model behind a callback: LAMMPS would go on with it."""
    (tmp_path / "my_broken.py").write_text(NOT_A_NUMBER)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    monkeypatch.syspath_prepend(tmp_path)
    make_supercell(bulk("Cu", "fcc", 3.6, cubic=True), 2 * np.eye(3)).write(tmp_path / "cu.xyz")
    content = {
        "system": {"read": str(tmp_path / "cu.xyz")},
        "potential": {"architecture": "ase", "calculator": "my_broken:Broken"},
        "dynamics": {"fixed_layers": 0, "equilibrate_ps": 0, "production_ps": 0.1, "minimise": None},
        "run": {"compare": "never"},
    }
    first, said = unstable(write_yaml(content), tmp_path / "run")
    assert (first["rule"], first["step"]) == ("energy", 45) and "not finite" in said
    frames = read(tmp_path / "run" / first["frames"], ":")
    assert [frame.info["step"] for frame in frames] == [0, 20, 40, 45] and first["good_frames"] == 3
    assert (tmp_path / "run" / "failed_frame.xyz").is_file()


PULLED_AT_HALF_A_FEMTOSECOND = (
    EXTEND
    + """{% block before_production %}
{% if dynamics.timestep_fs > 0.3 %}
group pulled id 48
variable pull equal "8 * (step > 250)"
fix pull pulled addforce 0 0 v_pull
{% endif %}
{% endblock %}
"""
)


def test_a_smaller_timestep_from_the_last_good_restart(write_yaml, tmp_path):
    """The atom is pulled only while the timestep is 0.5 fs, so that the second try ends well."""
    run, said = tmp_path / "run", []
    path = case(
        write_yaml,
        tmp_path,
        PULLED_AT_HALF_A_FEMTOSECOND,
        guard__on_instability="restart-from-last-good",
        guard__drift_fraction="off",
        guard__temperature_sigmas="off",
        output__restart_every_ps=0.1,
        dynamics__production_ps=0.4,
    )
    result = lmpdrive.simulate(path, run, say=said.append)
    assert result.state == "finished", said
    (event, *others) = events(run)
    assert {e["action"] for e in (event, *others)} == {"restart"}
    assert event["sentence"].startswith("rolled back at 0.") and event["went_back_to_ps"] <= event["time_ps"] - 0.1
    assert (run / event["aside"] / "in.lammps").is_file() and (run / event["frames"]).is_file()
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["dynamics"]["timestep_fs"] == 0.25 and "fix pull" not in (run / "in.1.lammps").read_text()
    # one trajectory: no gap, no time twice, the whole length
    t = result.tables["dipole_pz"]["t [ps]"].to_numpy()
    np.testing.assert_allclose(t, 0.02 + 0.01 * np.arange(41), atol=1e-9)
    thermo = thermo_of(run)
    moving = thermo[thermo["run"] > 0]
    assert np.allclose(np.diff(moving["Time"].drop_duplicates()), 0.01) and moving["Time"].iloc[-1] == pytest.approx(
        0.42
    )
    assert "rolled back at" in (run / "report.html").read_text()


def test_without_the_guard_the_deck_has_none(write_yaml, tmp_path):
    run = lmpdrive.render(case(write_yaml, tmp_path, guard="off"), tmp_path / "run")
    assert "guard_" not in (run / "in.lammps").read_text() and not list(run.glob("guard*"))
