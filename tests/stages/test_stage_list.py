"""`dynamics.stages` as they run: ramps, their conserved quantity, a resumption within one."""

import numpy as np
import pytest

from lmpdrive.common.manifest import read_manifest
from lmpdrive.guard.values import read_table
from lmpdrive.trajectory import open_trajectory, thermo_of
from tests.stages.resuming import METAL, copy, kill_all, rendered, resumed, started, wait_for_step

STAGES = [
    {"nvt": 300, "ps": 0.05, "timestep_fs": 0.25, "frames_every_fs": 5},
    {"ramp": [300, 600], "ps": 1},
    {"name": "soak", "ps": 0.05, "thermostat": {"style": "langevin", "damping_fs": 100}},
    {"production": True, "ps": 0.1},
]
CONTENT = METAL | {
    "dynamics": {"fixed_layers": 1, "minimise": {"max_steps": 60}, "stages": STAGES},
    "guard": {"metal_layers": "off"},
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    run = rendered(tmp_path_factory.mktemp("stages") / "case", CONTENT)
    before = copy(run, run.parent / "before")
    assert resumed(run) == "finished"
    return run, before


def of_stage(run, name):
    rows = list(read_table(run / "guard.txt"))
    marks = {row.stage: i for i, row in reversed(list(enumerate(rows)))}
    return [row for row in rows[marks[name] :] if row.stage == name]


def test_every_stage_runs_and_is_named(whole):
    run, _ = whole
    names = [(stage.name, stage.steps) for stage in read_manifest(run).dynamics.stages]
    assert names == [("minimise", None), ("nvt", 200), ("ramp", 2000), ("soak", 100), ("production", 200)]
    steps = open_trajectory(run).steps
    assert (steps[0], steps[-1]) == (2300, 2500)
    assert (run / "nvt.dcd").stat().st_size > 11 * 12 * 64
    assert thermo_of(run)["Time"].iloc[-1] == pytest.approx(1.2), "0.05 + 1 + 0.05 + 0.1 ps"


def test_a_ramp_heats_and_its_conserved_quantity_stays(whole):
    """That of a constant temperature does not: heat flows while k T grows (48 atoms from 300 to 600 K: 2.8 eV)."""
    run, _ = whole
    rows = of_stage(run, "ramp")
    conserved = np.array([row.conserved_eV for row in rows])
    thermo = thermo_of(run)
    thermo = thermo[(thermo["Step"] > 200) & (thermo["Step"] < 2200)]
    raw = thermo["Econserve"].iloc[-1] - thermo["Econserve"].iloc[0]
    assert raw < -2
    assert np.ptp(conserved) < 0.06 * abs(raw)
    assert np.mean([row.T_K for row in rows[-40:]]) > 1.5 * np.mean([row.T_K for row in rows[:40]])


def test_a_run_resumes_within_a_ramp(whole, tmp_path):
    """Toward the same temperature at the same step."""
    run = copy(whole[1], tmp_path / "run")
    process = started(run)
    wait_for_step(process, run / "log.lammps", 900, "ramp")
    kill_all(process)
    assert resumed(run) == "finished"
    assert "run             2200 upto start 200 stop 2200" in (run / "in.1.lammps").read_text()
    first = list(read_table(run / "guard.txt"))
    assert [row.step for row in first] == [row.step for row in read_table(whole[0] / "guard.txt")]
    ends = [of_stage(one, "ramp")[-1].T_K for one in (run, whole[0])]
    assert ends[0] == pytest.approx(ends[1], rel=1e-3)
