"""A manifest is enough to repeat a run bit for bit, and what is not as it was is told in plain words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

import lmpdrive
from lmpdrive import pipeline
from lmpdrive.common.manifest import read_manifest
from lmpdrive.errors import DIFFERENT, RunDirectoryError
from lmpdrive.trajectory import open_trajectory
from tests.architectures import native_models
from tests.conftest import SMALL_CLASSICAL, thermo_table
from tests.robustness.command import lmpdrive as command

OWN = '{% extends "shipped/classical.lmp.j2" %}\n{% block before_production %}# mine\n{% endblock %}\n'


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of water and Na on Au with a template of one's own."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "mine").mkdir()
    (folder / "mine" / "classical.lmp.j2").write_text(OWN)
    content = SMALL_CLASSICAL | {
        "templates": "mine",
        "output": {"dump_every_fs": 20},
        "observables": {"names": ["rdf"]},
    }
    (folder / "system.yaml").write_text(yaml.safe_dump(content))
    lmpdrive.simulate(folder / "system.yaml", folder / "run", ["dynamics.production_ps=0.1"])
    return folder / "run"


@pytest.fixture
def run(finished, tmp_path):
    """A copy that a test may change."""
    shutil.copytree(finished, tmp_path / "run", symlinks=True)
    return tmp_path / "run"


def test_the_manifest_says_what_was_run_with_what(finished):
    manifest = read_manifest(finished)
    guard = {"guard.lammps", "guard.equilibrate.lammps", "guard.end.lammps", "guard.production.lammps"}
    assert {"in.lammps", *guard, "system.data", "system.yaml", "resolved.yaml"} == set(manifest.files)
    assert manifest.files["in.lammps"] == manifest.deck_sha256 and len(manifest.code_sha256) == 64
    assert set(manifest.templates) == {"shipped", str(finished.parent / "mine" / "classical.lmp.j2")}
    ran = manifest.ran_with
    assert ran.environment["OMP_NUM_THREADS"] == "1" and ran.threads == ran.mpi_ranks == 1
    assert ran.cpu and ran.command_line and any(p.startswith("numpy==") for p in ran.packages)
    assert manifest.lammps.version > 20200000 and "KSPACE" in manifest.lammps.packages
    assert manifest.versions["lmpdrive"] == lmpdrive.__version__ and manifest.seeds == {"dynamics": 1, "build": 1}
    assert not (finished / ".lammps.json").exists()


def test_a_run_is_repeated_bit_for_bit_from_its_manifest(finished, tmp_path):
    """Native double precision, one rank, one thread."""
    found = pipeline.reproduce(finished, tmp_path / "again")
    assert found.identical and not found.diff, found
    assert thermo_table(finished / "log.lammps") == thermo_table(tmp_path / "again" / "log.lammps")
    a, b = open_trajectory(finished), open_trajectory(tmp_path / "again")
    for one, other in zip(a.chunks(), b.chunks()):
        assert (one.positions == other.positions).all() and (one.steps == other.steps).all()
    for name in ("final.data", "traj.lammpstrj"):
        assert (finished / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_nothing_differs_and_nothing_is_changed(run):
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*")}
    found = pipeline.reproduce(run)
    assert found.identical and found.notes == [] and found.diff == ""
    assert {p: p.stat().st_mtime_ns for p in run.rglob("*")} == before


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


CHANGED = {
    "the deck": ("in.lammps", "nvt temp 300.0", "nvt temp 310.0", "in.lammps was edited after it was rendered"),
    "the structure": ("system.data", "0.0 ", "0.1 ", "system.data is not the structure that the run began with"),
    "the configuration": ("resolved.yaml", "damping_fs: 50.0", "damping_fs: 60.0", "resolved.yaml was edited"),
    "a version": ("manifest.json", '"numpy": "', '"numpy": "0.', "numpy was 0."),
    "the shipped templates": ("manifest.json", '"shipped": "', '"shipped": "0', "the shipped templates have changed"),
    "the code": ("manifest.json", '"code_sha256": "', '"code_sha256": "0', "the same version, but other code"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_differs_is_told(run, what):
    name, old, new, told = CHANGED[what]
    edit(run / name, old, new)
    found = pipeline.reproduce(run)
    assert any(told in line for line in found.differences), found
    assert not found.identical
    if what in ("the deck", "the configuration"):
        assert "-" in found.diff and ("310.0" in found.diff or "0.06" in found.diff)


def test_a_template_that_changed_is_told_with_the_lines(finished, run):
    template = finished.parent / "mine" / "classical.lmp.j2"
    text = template.read_text()
    try:
        template.write_text(text.replace("# mine", "# yours"))
        found = pipeline.reproduce(run)
    finally:
        template.write_text(text)
    assert f"the template {template} has changed" in found.differences and "+# yours" in found.diff


def test_files_that_are_gone_are_told(run):
    (run / "system.data").unlink()
    (run / "in.lammps").unlink()
    found = pipeline.reproduce(run)
    assert {"system.data is not there any more", "in.lammps is not there any more"} <= set(found.differences)
    with pytest.raises(RunDirectoryError, match="cannot be repeated"):
        pipeline.reproduce(run, run.parent / "again")
    assert not (run.parent / "again").exists()


def test_a_model_that_changed_or_is_gone_is_told(write_yaml, tmp_path):
    emt = {"architecture": "ase", "calculator": "ase.calculators.emt:EMT"}
    assert lmpdrive.render(write_yaml(METAL, potential=emt), tmp_path / "emt")
    assert pipeline.reproduce(tmp_path / "emt").identical
    assert pipeline.reproduce(tmp_path / "emt").notes == ["it has not been run yet"]
    snap = native_models.potential("snap")
    model = Path(shutil.copy(snap["model"], tmp_path))
    platinum = write_yaml(METAL, potential=snap | {"model": str(model)}, system__build__metal="Pt")
    lmpdrive.render(platinum, tmp_path / "run")
    assert pipeline.reproduce(tmp_path / "run").identical
    model.write_text(model.read_text().replace("0.5", "0.6"))
    (told,) = pipeline.reproduce(tmp_path / "run").differences
    assert (
        told == f"the model file model.snapcoeff has changed: {model} is not the file that the deck was rendered with"
    )
    model.unlink()
    assert "the model file model.snapcoeff is not there any more" in pipeline.reproduce(tmp_path / "run").differences[0]


METAL = {
    "system": {"build": {"metal": "Cu", "repeat": [3, 4], "layers": 3, "waters": 0, "vacuum_A": 8}},
    "dynamics": {"timestep_fs": 2.0, "fixed_layers": 1, "equilibrate_ps": 0.02, "production_ps": 0.04},
    "potential": {},
}


def test_numbers_that_differ_are_told(finished, run):
    again = run.parent / "again"
    shutil.copytree(finished, again, symlinks=True)
    from lmpdrive.stages.reproduce import compare_runs

    assert compare_runs(run, again).identical
    rows = (again / "log.lammps").read_text().splitlines()
    row = [line for line in rows if line.split()[:1] == ["40"]][-1]
    edit(again / "log.lammps", row, row.replace(row.split()[2], "301.25"))
    edit(again / "traj.lammpstrj", "Au", "Ag")
    told = compare_runs(run, again).differences
    assert told[0].startswith("the thermo tables differ from step 40 on (Temp: there") and told[1:] == [
        "traj.lammpstrj differs"
    ]


def test_command_line(run):
    done = command("reproduce", "run", cwd=run.parent)
    assert done.code == 0 and "are those of its manifest" in done.out, done.out
    edit(run / "in.lammps", "nvt temp 300.0", "nvt temp 310.0")
    done = command("reproduce", "run", cwd=run.parent)
    assert done.code == DIFFERENT == 13 and "differs: in.lammps was edited" in done.out
    assert "+fix" in done.out and "310.0" in done.out
    content = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({k: v for k, v in content.items() if k != "files"}))
    for wrong in ("run", "gone", "."):
        done = command("reproduce", wrong, cwd=run.parent)
        assert done.code == 6 and "Traceback" not in done.err, done.err
