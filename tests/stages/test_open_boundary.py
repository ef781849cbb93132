"""A run whose deck does not repeat the cell along z: its DCD says nothing of it, and the analysis knows."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import yaml

import lmpdrive
from lmpdrive.observables import read_results
from lmpdrive.report.picture.snapshot import Snapshot
from lmpdrive.stages.analyse import Analysis, AnalysisRequest
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.boundaries import VACUUM_A
from lmpdrive.trajectory.logs.boundary import periodic_of_run
from tests.conftest import SMALL_CLASSICAL


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    content = yaml.safe_load(yaml.safe_dump(SMALL_CLASSICAL))
    content["observables"] = {"names": ["rdf", "water_density"]}
    folder = tmp_path_factory.mktemp("open")
    (folder / "system.yaml").write_text(yaml.safe_dump(content))
    lmpdrive.simulate(folder / "system.yaml", folder / "run", analysis=False)
    return folder / "run"


def frames_of(run):
    return Analysis(run, AnalysisRequest(), None, lambda _: None).open()[0]


def test_the_axes_are_those_of_the_log(run, tmp_path):
    assert "boundary        p p f" in (run / "in.lammps").read_text()
    assert periodic_of_run(run) == frames_of(run).periodic == (True, True, False)
    assert periodic_of_run(tmp_path) == (True, True, True)  # no log
    (tmp_path / "log.lammps").write_text("units metal\nboundary\tp pp fs # along z\nboundary p p p\n")
    assert periodic_of_run(tmp_path) == (True, True, False)


def test_an_oxygen_at_the_lid_is_no_neighbour_of_the_metal_below_it(run, tmp_path):
    """With the cell repeated it would be 2 Å below the lowest layer."""
    moved = tmp_path / "run"
    shutil.copytree(run, moved)
    whole = open_trajectory(run)
    chunk = whole.read(0, whole.n_frames)
    lid, metal = chunk.cells[0, 2, 2], np.flatnonzero(whole.topology.elements == "Au")
    lowest = chunk.positions[:, metal, 2].min()
    oxygen = int(np.flatnonzero(whole.topology.elements == "O")[0])
    target = np.array([chunk.positions[0, metal[0], 0], chunk.positions[0, metal[0], 1], lid + lowest - 2.0])
    _move_oxygen(moved / "traj.dcd", oxygen, target)

    def closest(frames) -> float:
        chunk = frames.read(0, 1)
        vectors = chunk.positions[0, metal] - chunk.positions[0, oxygen]
        height = chunk.cells[0, 2, 2]
        vectors[:, 2] -= height * np.round(vectors[:, 2] / height)
        return float(np.abs(vectors[:, 2]).min())

    assert closest(open_trajectory(moved)) == pytest.approx(2.0, abs=0.05)
    assert closest(frames_of(moved)) > 10.0
    lmpdrive.analyse(moved, names=["water_density"], with_report=False)
    notes = read_results(moved / "observables" / "results.nc").tables["summary"].notes
    assert any("Along z the box is not periodic" in note for note in notes)


def test_the_picture_has_the_cell_of_the_run(run):
    own, longer = open_trajectory(run).read(0, 1).cells[0], frames_of(run).read(0, 1).cells[0]
    assert longer[2, 2] == pytest.approx(own[2, 2] + VACUUM_A, abs=0.1)
    assert Snapshot.last_of(frames_of(run)).cell[2, 2] == pytest.approx(longer[2, 2] - VACUUM_A)


def _move_oxygen(dcd, oxygen: int, target) -> None:
    """Put an oxygen at a place, in all frames."""
    import MDAnalysis as mda

    universe = mda.Universe(str(dcd), format="DCD", topology_format="MINIMAL")
    with mda.Writer(str(dcd) + ".new", universe.atoms.n_atoms, format="DCD") as writer:
        for _ in universe.trajectory:
            positions = universe.atoms.positions
            positions[oxygen] = target
            universe.atoms.positions = positions
            writer.write(universe.atoms)
    shutil.move(str(dcd) + ".new", dcd)
