"""A Deep Potential of 30 frames falls apart: when it does is found independently, from every step of an unguarded run.

The independent analysis shares no rule with the guard: NumPy on all pairs, forces, velocities, energies of every step.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.data import atomic_masses, atomic_numbers, covalent_radii
from ase.io import read

import lmpdrive
from lmpdrive.errors import EngineError, UnstableError
from lmpdrive.trajectory import read_thermo
from lmpdrive.trajectory.elements.identity import Identity
from lmpdrive.trajectory.readers.lammps_binary import LammpsBinaryTrajectory
from tests.conftest import SMALL_DEEPMD

pytest.importorskip("deepmd", reason="the model is a Deep Potential")

MODEL = Path(__file__).parent / "data" / "dp-30-frames.pb"
EVERY_STEP = """{% extends "shipped/deepmd.lmp.j2" %}
{% block before_production %}
dump every all custom 1 every.bin id type x y z vx vy vz fx fy fz
dump_modify every sort id
{% endblock %}
"""
K_B = 8.617333262e-5  # eV/K
EV_PER_U_A2_PER_PS2 = 1.0364269e-4


def case(write_yaml, tmp_path, temperature_K: float, seed: int, ps: float, **changes) -> Path:
    return write_yaml(
        SMALL_DEEPMD,
        **{
            "potential__model": str(MODEL),
            "dynamics__temperature_K": temperature_K,
            "dynamics__seed": seed,
            "dynamics__equilibrate_ps": 0,
            "dynamics__production_ps": ps,
            "observables__names": ["temperature"],
            "run__compare": "never",
            "dynamics__minimise": {"max_steps": 50},
        }
        | changes,
    )


def _ids(ranges: str) -> range:
    low, _, high = ranges.partition(":")
    return range(int(low) - 1, int(high or low))


def first_criterion(run: Path, temperature_K: float) -> tuple[int, str]:
    """(step, rule) of the first criterion of design part 2 that holds, from every step of an unguarded run."""
    system = json.loads((run / "manifest.json").read_text())["system"]
    species = np.array(system["species"])
    mobile = np.ones(len(species), dtype=bool)
    mobile[_ids(system["groups"]["fixed"])] = False
    mass = np.array([atomic_masses[atomic_numbers[s]] for s in species])
    radius = np.array([covalent_radii[atomic_numbers[s]] for s in species])
    nearest = 0.5 * (radius[:, None] + radius[None, :])
    np.fill_diagonal(nearest, -1)
    dump = LammpsBinaryTrajectory(run / "every.bin", Identity(system["elements"]))
    found = {}
    sigma = temperature_K * np.sqrt(2 / (3 * mobile.sum()))
    layers = [np.array(_ids(text)) for name, text in sorted(system["groups"].items()) if name.startswith("layer_")]
    start = None
    outside = 0
    was_inside = False
    for k in range(dump.n_frames):
        step = int(dump.steps[k])
        table = dump.columns(k, ("x", "y", "z", "vx", "vy", "vz", "fx", "fy", "fz"))
        x, v, f = table[:, :3], table[:, 3:6], table[:, 6:]
        lengths = np.diag(dump.read(k, k + 1).cells[0])
        apart = x[:, None] - x[None]
        apart -= lengths * np.round(apart / lengths)
        T = EV_PER_U_A2_PER_PS2 * (mass[mobile, None] * v[mobile] ** 2).sum() / (3 * mobile.sum() * K_B)
        if (np.linalg.norm(apart, axis=2) < nearest).any():
            found.setdefault("distance", step)
        start = x.copy() if start is None else start
        spacing = np.median(np.diff([start[layer, 2].mean() for layer in layers]))
        moved = (x - start)[np.concatenate(layers), 2]
        if np.abs(moved - lengths[2] * np.round(moved / lengths[2])).max() > 1.5 * spacing:
            found.setdefault("metal", step)
        if not np.isfinite(table).all():
            found.setdefault("energy", step)
        if np.abs(f[mobile]).max() > 50:
            found.setdefault("force", step)
        if not 10 * temperature_K >= T:
            found.setdefault("explosion", step)
        was_inside |= abs(T - temperature_K) <= 3 * sigma
        outside = outside + 1 if abs(T - temperature_K) > 3 * sigma and was_inside else 0
        if outside > 200:  # 0.1 ps of 0.5 fs
            found.setdefault("temperature", step)
    thermo = read_thermo(run / "log.lammps")
    thermo = thermo[thermo["run"] == thermo["run"].max()]
    E = thermo["Econserve"].to_numpy()
    limit = np.clip(1e-3 * np.abs(thermo["PotEng"].to_numpy()), 2e-3 * mobile.sum(), 10e-3 * mobile.sum())
    for k in range(1, len(E)):
        if abs(E[k] - E[max(0, k - 2000) : k + 1].mean()) > limit[k]:
            found.setdefault("drift", int(thermo["Step"].iloc[k]))
            break
    return min((step, rule) for rule, step in found.items()) if found else (-1, "none")


def guarded(path: Path, run: Path) -> dict:
    """The first event of a run that the guard stops."""
    with pytest.raises(UnstableError):
        lmpdrive.simulate(path, run)
    return json.loads((run / "events.jsonl").read_text().splitlines()[0])


def every_step(tmp_path: Path) -> dict:
    """Settings of a run that writes each step."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "deepmd.lmp.j2").write_text(EVERY_STEP)
    return {"templates": "mine", "output__thermo_every_fs": 0.5}


@pytest.mark.validation
def test_it_is_caught_within_a_tenth_of_a_picosecond(write_yaml, tmp_path):
    run = tmp_path / "run"
    event = guarded(case(write_yaml, tmp_path, 330, 1, 1, **every_step(tmp_path)), run)
    step, rule = first_criterion(run, 330)
    assert 0 <= step <= event["step"] <= step + 200, (rule, event["sentence"])
    # the report averages nothing from the event on
    page = (run / "report.html").read_text()
    assert event["sentence"] in page and "Only what is before that is averaged" in page
    temperature = pd.read_csv(run / "observables" / "temperature.csv")
    assert temperature["t [ps]"].max() < event["time_ps"]


@pytest.mark.validation
@pytest.mark.parametrize("seed", range(1, 6))
def test_it_is_caught_as_it_happens_without_the_guard(write_yaml, tmp_path, seed):
    """The same run without a guard; what is kept of the guarded one is that trajectory to the last digit."""
    free, run = tmp_path / "free", tmp_path / "run"
    event = guarded(case(write_yaml, tmp_path, 330, seed, 1), run)
    path = case(write_yaml, tmp_path, 330, seed, event["time_ps"] + 0.02, guard="off", **every_step(tmp_path))
    try:
        lmpdrive.simulate(path, free)
    except EngineError as error:
        assert not isinstance(error, UnstableError)
    step, rule = first_criterion(free, 330)
    print(f"seed {seed}: first criterion {rule} at step {step}; {event['sentence']}")
    assert 0 <= step <= event["step"] <= step + 200
    frames = read(run / event["frames"], ":")
    assert event["good_frames"] >= 1
    dump = LammpsBinaryTrajectory(free / "every.bin", Identity(["H", "O", "Pt"]))
    for frame in frames:
        k = int(np.flatnonzero(dump.steps == frame.info["step"])[0])
        assert np.array_equal(frame.positions, dump.read(k, k + 1).positions[0])
