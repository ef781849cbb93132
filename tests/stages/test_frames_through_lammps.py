"""`lmpdrive uncertainty` with potentials that only LAMMPS can evaluate: a classical run and perturbed force fields."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import yaml
from ase import Atom
from ase.build import fcc111, molecule
from numpy.testing import assert_allclose

import lmpdrive
from lmpdrive.common.manifest import system_of
from lmpdrive.config.load import load_potential
from lmpdrive.deck.commands import read_deck
from lmpdrive.engine.agreement.through_lammps import as_it_ran, open_axes
from lmpdrive.engine.committee import file as committee_file
from lmpdrive.engine.committee.evaluate import Resources
from lmpdrive.engine.committee.members import driver_of
from lmpdrive.errors import ModelError
from lmpdrive.stages.frames_through_lammps import FramesThroughLammps
from lmpdrive.trajectory import open_trajectory
from lmpdrive.trajectory.labelled import of_trajectory, without_labels
from tests.conftest import thermo_table

SCALED = '''
from lmpdrive.architectures.classical.architecture import Classical


class Scaled(Classical):
    """Lennard-Jones wells deeper by a factor."""

    scale: float = 1.0

    def lennard_jones(self, element):
        own = super().lennard_jones(element)
        return own._replace(epsilon_kcal_per_mol=self.scale * own.epsilon_kcal_per_mol)
'''


def potential(folder, name, **section):
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"potential": section}))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Ten frames of a little water on gold, with frozen atoms, a wall and vacuum."""
    folder = tmp_path_factory.mktemp("classical")
    (folder / "scaled.py").write_text(SCALED)
    content = {
        "system": {"build": {"metal": "Au", "repeat": [3, 4], "layers": 2, "waters": 8, "vacuum_A": 12, "relax_ps": 0}},
        "potential": {"architecture": "classical", "cutoff_A": 6.0},
        "dynamics": {"fixed_layers": 1, "equilibrate_ps": 0, "production_ps": 0.1},
        "output": {"report": False, "frames_every_fs": 10, "thermo_every_fs": 10},
    }
    (folder / "system.yaml").write_text(yaml.safe_dump(content))
    lmpdrive.simulate(folder / "system.yaml", folder / "run", analysis=False)
    return folder


def test_a_classical_run_and_perturbed_force_fields(run):
    """Of a deeper well the energy is linear in the factor; the driver's is what LAMMPS logged."""
    own = str(run / "scaled.py")
    members = [potential(run, f"s{f}", architecture=own, scale=f, cutoff_A=6.0) for f in (1.02, 0.98)]
    other = potential(run, "mixed", architecture="classical", cutoff_A=5.0)
    found = lmpdrive.uncertainty(
        run / "run",
        members,
        targets=[other],
        driver_is_member=True,
        forces=True,
        names=["water_density"],
        blocks=2,
        with_report=False,
    )
    e = found.energies_eV
    logged = [float(row[3]) for row in thermo_table(run / "run" / "log.lammps")][-len(e) :]
    assert_allclose(e[:, 0], logged, atol=1e-4)  # positions of the frames have single precision
    assert_allclose(e[:, 1] - e[:, 0], e[:, 0] - e[:, 2], rtol=1e-5)
    assert np.abs(e[:, 1] - e[:, 0]).min() > 0.01
    known = committee_file.read(run / "run" / "committee.nc")
    assert known.forces is not None and np.isfinite(known.forces).all()
    assert np.abs(known.forces[0, 0, :12]).max() > 1e-3, "nothing is frozen"
    data = found.tables["model_water_density"].data
    assert "σ_model [g/cm^3]" in data and any("under mixed" in header for header in data)
    assert not any("was edited" in warning for warning in found.warnings)


def test_an_edited_deck_is_warned_of(run, tmp_path):
    shutil.copytree(run / "run", tmp_path / "run", symlinks=True)
    with (tmp_path / "run" / "in.lammps").open("a") as stream:
        stream.write("# by hand\n")
    other = potential(tmp_path, "mixed", architecture="classical", cutoff_A=5.0)
    found = lmpdrive.uncertainty(tmp_path / "run", targets=[other], names=["water_density"], with_report=False)
    (warning,) = [warning for warning in found.warnings if "was edited" in warning]
    assert "in.lammps was edited" in warning and "resolved.yaml" in warning
    assert warning in found.tables["model_summary"].warnings


def test_frames_with_other_atoms_have_run_directories_of_their_own(run):
    """Two molecules, 8 Å apart, together and alone: few of the frames are asked for, in any order."""
    pair = molecule("H2O")
    pair.set_cell([30.0, 30.0, 30.0])
    pair.pbc = True
    other = pair.copy()
    other.translate([0, 0, 8.0])
    both = pair + other
    frames = without_labels([pair, both, other, both, pair])
    classical = driver_of(load_potential(potential(run, "spc", architecture="classical")))
    evaluate = FramesThroughLammps(frames, Resources(), {})
    told = []
    energies, forces = evaluate(classical, frames.some(np.array([3, 2, 0])), lambda done: bool(told.append(done)))
    assert energies[1] == pytest.approx(energies[2], abs=1e-4)
    assert abs(energies[0] - 2 * energies[1]) < 0.1 and energies[1] > 0.1
    assert forces.shape == (12, 3) and told[-1] == 3
    assert_allclose(forces[6:9], forces[9:], atol=1e-3)
    assert_allclose(forces[:6], np.concatenate([forces[6:9], forces[9:]]), atol=0.05)


def test_a_molecule_under_the_lid_is_not_under_the_metal(run):
    """A frame of the run itself, whose file says of no axis that it is not periodic: 2.3 Å between water and metal."""
    frames = of_trajectory(open_trajectory(run / "run"))
    assert frames.pbc.all() and open_axes(read_deck(run / "run" / "in.lammps")) == [2]
    water = np.array(system_of(run / "run").members("water"))[-3:]
    positions, height = frames.positions.copy(), frames.cells[0, 2, 2]
    positions[water, 2] += height - 0.3 - positions[water, 2].max()
    crystal = replace(frames, positions=positions).some(np.array([0, 1]))
    classical = driver_of(load_potential(potential(run, "lid", architecture="classical")))
    as_run, as_crystal = (
        FramesThroughLammps(pair, Resources(), {})(classical, pair, lambda done: False)[0]
        for pair in (as_it_ran(crystal, run / "run"), crystal)
    )
    assert abs(as_run[0] - as_run[1]) < 3.0, "less than the bonds of one water"
    assert as_crystal[0] > as_run[0] + 10.0


def test_a_deck_that_repeats_the_cell_sees_no_image_of_an_open_slab(tmp_path):
    """An atom 2.5 Å below the next image of a copper slab binds to it only where the frame says that it is there."""
    slab = fcc111("Cu", (2, 2, 3), vacuum=6.0)
    slab.positions[:, 2] -= slab.positions[:, 2].min() - 1.0
    alone = slab.copy()
    alone.append(Atom("Cu", [0, 0, slab.cell[2, 2] / 2 + 2.0]))
    near = slab.copy()
    near.append(Atom("Cu", [0, 0, slab.cell[2, 2] - 1.5]))
    given = []
    for atoms, open_z in ((alone, False), (near, True), (near, False)):
        given.append(atoms.copy())
        given[-1].pbc = (True, True, not open_z)
    frames = without_labels(given)
    copper = driver_of(load_potential(potential(tmp_path, "copper", architecture="manybody", model="Cu_u3.eam")))
    far, apart, bound = FramesThroughLammps(frames, Resources(), {})(copper, frames, lambda done: False)[0]
    assert apart == pytest.approx(far, abs=0.02) and bound < far - 1.0


def test_a_potential_that_cannot_describe_the_frames_is_named(run):
    copper = potential(run, "copper", architecture="manybody", model="Cu_u3.eam")
    with pytest.raises(ModelError, match=r"copper, through LAMMPS: .*Au"):
        lmpdrive.uncertainty(run / "run", targets=[copper], names=["water_density"], with_report=False)
