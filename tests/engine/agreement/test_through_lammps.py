"""Frames through LAMMPS: the energies and forces of a run, and of the model's own calculator."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

import lmpdrive
from lmpdrive.common.manifest import system_of
from lmpdrive.config import load
from lmpdrive.engine.agreement.through_lammps import evaluate, uncut
from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.labelled import LabelledFrames, without_labels
from tests.conftest import SMALL_CLASSICAL, thermo_table


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run with an electrode and frozen layers, whose last frame and energy are known."""
    import yaml

    folder = tmp_path_factory.mktemp("through")
    content = yaml.safe_load(yaml.safe_dump(SMALL_CLASSICAL))
    content["potential"]["electrode"] = "constant-charge"
    content["dynamics"] |= {"equilibrate_ps": 0.01, "production_ps": 0.02}
    content["output"] |= {"thermo_every_fs": 5}
    (folder / "system.yaml").write_text(yaml.safe_dump(content))
    lmpdrive.simulate(folder / "system.yaml", folder / "run")
    return folder / "run"


def frames_of(run: Path) -> LabelledFrames:
    """The last frame of a run with all digits; with every water pushed by the metal's lattice vectors; and with all of
    it lower, so that the slab lies across the edge of the cell, along which the deck is not periodic."""
    from ase.io import read

    last = read(run / "final.data", format="lammps-data", sort_by_id=True)
    atoms = Atoms(system_of(run).species, last.positions, cell=last.cell, pbc=True)
    other = atoms.copy()
    other.positions += 3 * other.cell[0] + other.cell[1]
    other.wrap()
    across = atoms.copy()
    across.positions[:, 2] -= atoms.positions[:, 2].min() + 3.0
    across.wrap()
    return without_labels([atoms, other, across])


def test_energies_are_those_of_the_run_and_frozen_atoms_have_forces(run):
    found = evaluate(run, load(run / "resolved.yaml"), frames_of(run))
    energies, forces = found.energies_eV, found.forces
    logged = float(thermo_table(run / "log.lammps")[-1][3])
    assert energies[0] == pytest.approx(logged, abs=1e-4), "the electrode charges converge to 1e-5"
    assert energies[1] == pytest.approx(energies[0], abs=1e-6)
    assert energies[2] == pytest.approx(energies[0], abs=0.02), "the grid of the long-range sums"
    n = len(forces) // 3
    assert np.abs(forces[2 * n :] - forces[:n]).max() < 0.03
    frozen = np.arange(16)
    assert np.abs(forces[frozen]).max() > 0.01, "setforce does not act"


def test_charges_are_those_of_the_electrode_in_this_frame(run):
    from ase.io import read

    frames = frames_of(run)
    charges = evaluate(run, load(run / "resolved.yaml"), frames).charges_e.reshape(3, -1)
    last = read(run / "final.data", format="lammps-data", sort_by_id=True).arrays["initial_charges"]
    metal = system_of(run).members("metal")
    assert np.ptp(last[metal]) > 0.001 and np.abs(charges[0] - last).max() < 1e-4
    assert np.abs(charges.sum(axis=1)).max() < 1e-6
    assert np.abs(charges[1] - charges[0]).max() < 1e-6


def test_a_molecule_under_the_lid_is_not_under_the_metal(run):
    """The run's own frames do not repeat the cell along z: a water 1 Å below its end has nothing near it."""
    frames, config = frames_of(run), load(run / "resolved.yaml")
    film = frames.some(np.array([0]))
    molecule = np.array(system_of(run).members("water"))[-3:]
    positions, height = film.positions.copy(), film.cells[0, 2, 2]
    positions[molecule, 2] += height - 1.0 - positions[molecule, 2].max()
    lifted = replace(film, positions=positions, pbc=np.array([[True, True, False]]))
    before, after = (evaluate(run, config, one).energies_eV[0] for one in (film, lifted))
    assert before - 0.1 < after < before + 2.0, "less than the bonds of one water"


def test_the_gap_is_where_the_cell_ends():
    """Atoms at 9.5, 0.5 and 2 of 10 Å: the gap from 2 to 9.5 Å has its middle at 5.75 Å."""
    atoms = Atoms("Ar3", [[1, 1, 9.5], [2, 2, 0.5], [3, 3, 2.0]], cell=[4, 4, 10], pbc=True)
    found = uncut(without_labels([atoms, atoms]), [2]).positions
    assert found[:, 2] == pytest.approx([3.75, 4.75, 6.25] * 2) and found[:, 0] == pytest.approx([1, 2, 3] * 2)
    assert (uncut(without_labels([atoms]), []).positions == atoms.positions).all()
    film = Atoms("Ar3", [[1, 1, 0.5], [2, 2, 3.0], [3, 3, 5.0]], cell=[4, 4, 10], pbc=True)
    assert (uncut(without_labels([film]), [2]).positions == film.positions).all()
    film.positions[0, 2] = -0.1
    assert uncut(without_labels([film]), [2]).positions[:, 2] == pytest.approx([2.45, 5.55, 7.55])
    evaporated = Atoms("Ar4", [[1, 1, 1.0], [2, 2, 3.0], [3, 3, 5.0], [3, 3, 19.0]], cell=[4, 4, 20], pbc=True)
    assert uncut(without_labels([evaporated]), [2]).positions[:, 2] == pytest.approx([9.0, 11.0, 13.0, 7.0]), (
        "2 Å: bound"
    )
    evaporated.positions[3, 2] = 15.0
    assert (uncut(without_labels([evaporated]), [2]).positions == evaporated.positions).all()
    evaporated.positions[3, 2], evaporated.pbc = 19.0, (True, True, False)
    assert (uncut(without_labels([evaporated]), [2]).positions == evaporated.positions).all()
    evaporated.positions[:, 2] -= 2.0
    assert uncut(without_labels([evaporated]), [2]).positions[:, 2] == pytest.approx([1.0, 3.0, 5.0, 19.0])
    tilted = Atoms("Ar2", [[0, 0, 1.0], [1, 3, 9.0]], cell=[[4, 0, 0], [0, 4, 0], [0, 2, 10]], pbc=True)
    moved = without_labels([tilted])
    one = uncut(moved, [2])
    assert one.atoms(0).get_distance(0, 1, mic=True) == pytest.approx(tilted.get_distance(0, 1, mic=True))
    assert one.positions[:, 2] == pytest.approx([6.0, 4.0])


def test_other_atoms_and_tilted_the_wrong_way(run):
    config, frames = load(run / "resolved.yaml"), frames_of(run)
    with pytest.raises(TrajectoryError, match="in its order"):
        evaluate(run, config, replace(frames, numbers=frames.numbers[::-1]))
    cells = frames.cells.copy()
    cells[:, 0, 1] = 1
    with pytest.raises(TrajectoryError, match="rotate the frames"):
        evaluate(run, config, replace(frames, cells=cells))
