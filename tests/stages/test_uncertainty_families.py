"""Committee, gate and `lmpdrive uncertainty` from a short run on, for each family of potentials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from numpy.testing import assert_allclose

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.engine.committee import file as committee_file
from lmpdrive.errors import UncertainError
from lmpdrive.observables.reweighting.calibration import alpha_squared, relative
from lmpdrive.trajectory import open_trajectory
from tests.architectures.structures import water_on
from tests.stages import perturbed_models

DELTAS = (0.002, -0.002, 0.004)
EVERY, STEPS = 5, 120
ONE_PROFILE: dict[str, Any] = {
    "names": ["density"],
    "options": {"density": {"profiles": [{"name": "O", "selection": "O"}]}},
    "with_report": False,
}
BY_HAND = pytest.mark.validation
FAMILIES = ["ase", "mace", "deepmd", pytest.param("grace", marks=BY_HAND)]
"""GRACE needs an environment that CI has not, and minutes to compile."""
EVALUATED = ["ase", *(pytest.param(family, marks=BY_HAND) for family in ("mace", "deepmd", "grace"))]
"""The packages of the others take ten seconds to start, in each of the members' processes."""
IN_TURN: dict[str, Any] = {"indirect": True, "scope": "module"}
NEEDS = {"deepmd": "deepmd", "mace": "mace"}
"""Modules that are in the tests' own environment, or not."""


@pytest.fixture(scope="module")
def case(request, tmp_path_factory):
    """(family, YAML content, folder): a committee of four, three of which are the first with a layer times 1 + δ."""
    family = request.param
    if family in NEEDS:
        pytest.importorskip(NEEDS[family])
    folder = tmp_path_factory.mktemp(family)
    film().write(folder / "start.xyz")
    if family == "grace":
        section = {"architecture": "grace", "model": str(perturbed_models.grace_model("1l"))}
        if lacking := find("grace").model_validate(section).environment_problems():
            pytest.skip(lacking[0].message)
    section, members = getattr(perturbed_models, family)(folder, DELTAS)
    content: dict[str, Any] = {
        "system": {"read": str(folder / "start.xyz")},
        "potential": section | {"committee": members, "uncertainty_every": EVERY},
        "dynamics": {
            "temperature_K": 200,
            "timestep_fs": 0.25,
            "minimise": None,
            "fixed_layers": 1,
            "equilibrate_ps": 0,
            "production_ps": STEPS * 0.25e-3,
        },
        "output": {"report": False, "frames_every_fs": EVERY * 0.25, "thermo_every_fs": EVERY * 0.25},
        "run": {"compare": "never"},
        "guard": {
            **dict.fromkeys(("distance_factor", "water", "drift_fraction", "metal_layers", "force_eV_per_A"), "off"),
            "model_deviation": {"low_eV_per_A": 1e-9, "high_eV_per_A": 100},
        },
    }
    return family, content, folder


@pytest.fixture(scope="module")
def run(case):
    """A run of it that keeps every frame as a candidate."""
    import yaml

    family, content, folder = case
    (folder / "system.yaml").write_text(yaml.safe_dump(content))
    lmpdrive.simulate(folder / "system.yaml", folder / "run", analysis=False)
    return family, folder


def film():
    return water_on("Pt", 3.94, layers=1, heights_A=(6.6, 9.5, 12.0), height_A=16.0, shake_A=0.05)


def record(run: Path) -> np.ndarray:
    return np.loadtxt(run / "model_devi.out", ndmin=2)


def labels(run: Path) -> Path:
    """Twelve frames with energies of nobody."""
    trajectory = open_trajectory(run)
    species, rng = [str(element) for element in trajectory.topology.elements], np.random.default_rng(2)
    frames = []
    for number in range(12):
        atoms = film()
        assert atoms.get_chemical_symbols() == species
        atoms.positions = trajectory.read(number, number + 1).positions[0]
        atoms.calc = SinglePointCalculator(atoms, energy=float(rng.normal()), forces=np.zeros((len(atoms), 3)))
        frames.append(atoms)
    write(run.parent / "labelled.xyz", frames)
    return run.parent / "labelled.xyz"


@pytest.mark.parametrize("case", EVALUATED, **IN_TURN)
def test_energies_forces_and_band(run):
    """E is linear in δ; the record of the run is the spread of the forces; the band is that of the members."""
    family, folder = run
    found = lmpdrive.uncertainty(folder / "run", forces=True, **ONE_PROFILE)
    e = found.energies_eV
    assert e.shape[1] == 4 and len(e) >= STEPS / EVERY
    change = e - e[:, :1]
    assert np.abs(change[:, 1]).min() > 1e-4
    assert_allclose(change[:, 2], -change[:, 1], rtol=1e-3, atol=2e-6)
    assert_allclose(change[:, 3], 2 * change[:, 1], rtol=1e-3, atol=2e-6)

    known = committee_file.read(folder / "run" / "committee.nc")
    forces = known.forces
    assert forces is not None and forces.shape == (*e.shape, len(film()), 3) and np.isfinite(forces).all()
    deviation = np.linalg.norm(forces.std(axis=1), axis=2).max(axis=1)
    logged = {int(row[0]): row for row in record(folder / "run")}
    rows = np.array([logged[int(step)] for step in known.steps])
    # frames have single precision
    assert_allclose(deviation, rows[:, 4], rtol=5e-3, atol=2e-6, err_msg=family)
    if family != "deepmd":  # its pair style writes no energies
        assert_allclose(rows[:, 8:], e, atol=2e-3)

    data = found.tables["model_density_O"].data
    each = np.array([data[f"n under {name} [1/Å^3]"] for name in found.members])
    assert_allclose(data["σ_model [1/Å^3]"], each.std(axis=0, ddof=1), atol=1e-9)
    assert data["σ_model [1/Å^3]"].max() > 0 and not found.tables["model_density_O"].warnings


@pytest.mark.parametrize("case", EVALUATED, **IN_TURN)
def test_alpha_of_a_small_validation_file(run):
    _, folder = run
    found = lmpdrive.uncertainty(folder / "run", validation=[labels(folder / "run")], **ONE_PROFILE)
    assert found.calibration.calibrated and "12 labelled frames" in found.calibration.note
    members = committee_file.read(folder / "run" / "committee-validation.nc").energies_eV
    reference = np.array([atoms.get_potential_energy() for atoms in read(folder / "labelled.xyz", ":")])
    one = np.zeros(12, int)
    expected = alpha_squared(relative(reference, one), relative(members, one))
    assert found.calibration.alpha == pytest.approx(np.sqrt(expected))
    data = found.tables["model_density_O"].data
    each = np.array([data[f"n under {name} [1/Å^3]"] for name in found.members])
    assert_allclose(data["σ_model [1/Å^3]"], found.calibration.alpha * each.std(axis=0, ddof=1), atol=1e-9)
    assert data["σ_model [1/Å^3]"].max() > 0 and not found.tables["model_density_O"].warnings


@pytest.mark.parametrize("case", FAMILIES, **IN_TURN)
def test_the_gate_keeps_what_the_record_says(run):
    _, folder = run
    rows = record(folder / "run")
    kept = read(folder / "run" / "candidates.xyz", ":")
    assert [atoms.info["step"] for atoms in kept] == rows[:, 0].tolist() == list(range(0, STEPS + 1, EVERY))
    assert_allclose([atoms.info["sigma_F_eV_per_A"] for atoms in kept], rows[:, 4], rtol=1e-5)
    assert {atoms.info["level"] for atoms in kept} == {"low"}
    (note,) = [json.loads(line) for line in (folder / "run" / "events.jsonl").read_text().splitlines()]
    assert note["action"] == "keep" and f"at {len(rows)} of {len(rows)} steps" in note["what"]


@pytest.mark.parametrize("case", FAMILIES, **IN_TURN)
def test_the_gate_stops_the_run(case, tmp_path):
    import yaml

    _, content, _ = case
    content = content | {"dynamics": content["dynamics"] | {"production_ps": 500}}
    levels = {"low_eV_per_A": 1e-10, "high_eV_per_A": 1e-9}
    content["guard"] = content["guard"] | {"model_deviation": levels}
    (tmp_path / "system.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(UncertainError, match="the committee's forces deviate by up to") as caught:
        lmpdrive.simulate(tmp_path / "system.yaml", tmp_path / "run")
    assert caught.value.exit_code == 16
    events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    end = next(event for event in events if event["action"] == "stop")
    assert end["rule"] == "model_deviation" and end["step"] == 0
    assert record(tmp_path / "run")[-1, 0] < 2_000_000
    assert read(tmp_path / "run" / "candidates.xyz", 0).info["level"] == "high"
