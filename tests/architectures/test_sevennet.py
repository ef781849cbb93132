"""SevenNet's pretrained models on edge vectors and in LAMMPS against SevenNet's own ASE calculator.

Run where sevenn is: `lmpdrive env create sevennet`, then pytest with the Python of that environment.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import lmpdrive
from lmpdrive.architectures import Configuration, find
from lmpdrive.errors import ModelError
from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits
from tests.architectures.structures import water_on
from tests.conftest import ROOT

pytest.importorskip("sevenn", reason="sevenn cannot share an environment with mace-torch (e3nn)", exc_type=ImportError)

ALL = (True, True, True)


def sevennet(**options):
    return find("sevennet")(architecture="sevennet", **({"model": "7net-0"} | options))


def sodium_on_gold():
    """A slab of 16 gold atoms with three molecules, one H of which became Na."""
    atoms = water_on("Au", 4.15, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.05)
    atoms.symbols[np.flatnonzero(atoms.symbols == "H")[-1]] = "Na"
    return atoms


@pytest.mark.parametrize("options", [{}, {"model": "7net-mf-0", "modal": "PBE"}], ids=["7net-0", "7net-mf-0"])
def test_edges_equal_the_calculator(options):
    potential = sevennet(**options)
    atoms = sodium_on_gold()
    atoms.set_cell(atoms.cell.array @ np.array([[1, 0, 0], [0.2, 1, 0], [-0.1, 0.15, 1]]), scale_atoms=True)
    answer = potential.evaluator(Path("/nonexistent"), "cpu")(
        Configuration(atoms.numbers, atoms.positions, atoms.cell.array, ALL)
    )
    atoms.calc = potential.make_calculator()
    assert answer.energy_eV == pytest.approx(atoms.get_potential_energy(), abs=1e-4)
    # in single precision, and the Na that was an H is pushed with 60 eV/Å: the order of the sums shows
    np.testing.assert_allclose(answer.forces, atoms.get_forces(), rtol=2e-6, atol=2e-5)
    assert np.abs(answer.virial + atoms.get_stress(voigt=False) * atoms.get_volume()).max() < 5e-4
    assert answer.energies_eV is not None and answer.energies_eV.shape == (len(atoms),)


def test_contract():
    limits = Limits(force_eV_per_A=1e-4, energy_eV=1e-2, virial_eV=1e-2, derivative_eV=0.2, restart_A=1e-5)
    atoms = water_on("Au", 4.15, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.02)
    measured = check_architecture({"architecture": "sevennet", "model": "7net-0"}, atoms, limits=limits)
    print(measured)
    assert not measured.skipped
    assert len(measured.numbers) >= 12


def test_it_knows_89_elements_and_refuses_others():
    known = sevennet().model_elements()
    assert str(sevennet().receptive_field()) == "5 Å x 5 layers = 25 Å"
    assert len(known) == 89 and {"H", "O", "Na", "K", "Pt", "Au"} <= set(known) and "Xe" in known and "Rn" not in known


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": "7net-1"}, "did you mean '7net-0'"),
        ({"model": "none.pth"}, "there is no file"),
        ({"model": __file__}, "cannot read the SevenNet model"),
        ({"modal": "mpa"}, "leave the key out"),
        ({"model": "7net-mf-0"}, "name one of R2SCAN, PBE"),
        ({"model": "7net-mf-0", "modal": "PBF"}, "did you mean 'PBE'"),
    ],
)
def test_what_is_wrong_is_named_before_a_run(options, says, tmp_path):
    (problem,) = sevennet(**options).resolve(tmp_path).problems(None)
    assert problem.level == "error" and says in problem.message


def test_a_wrong_checkpoint_stops_the_evaluator_too():
    with pytest.raises(ModelError, match="cannot read the SevenNet model"):
        sevennet(model=__file__).evaluator(Path("/nonexistent"), "cpu")


def test_a_file_is_linked_into_the_run(tmp_path):
    """The weights of the package under another name, as if they were one's own."""
    import sevenn._const

    (tmp_path / "mine.pth").symlink_to(sevenn._const.SEVENNET_0_11Jul2024)
    potential = sevennet(model="./mine.pth").resolve(tmp_path)
    assert list(potential.files()) == ["model.pth"] and potential.problems(None) == []
    assert sevennet().resolve(tmp_path).files() == {}


def test_the_shipped_input_on_a_smaller_cell(tmp_path):
    """Two layers of gold, one water, one sodium; 12 fs."""
    small = {
        "system.build.repeat": "[3,4]",
        "system.build.layers": 2,
        "system.build.ions": "{Na: 1}",
        "system.build.water_thickness_A": 5,
        "system.build.vacuum_A": 8,
        "system.build.relax_ps": 0.2,
        "dynamics.fixed_layers": 1,
        "dynamics.minimise": "{force_eV_per_A: 2.0, max_steps: 5}",
        "dynamics.equilibrate_ps": 0,
        "dynamics.production_ps": 0.012,
        "output.frames_every_fs": 1,
        "output.thermo_every_fs": 1,
    }
    result = lmpdrive.simulate(
        ROOT / "inputs" / "au111-water-3na-sevennet.yaml",
        tmp_path / "run",
        [f"{key}={value}" for key, value in small.items()],
    )
    system = json.loads((result.directory / "manifest.json").read_text())["system"]
    assert set(system["elements"]) == {"Au", "H", "O", "Na"}
    conserved = result.tables["energy"]["E_conserved [eV]"]
    assert len(conserved) > 5
    assert np.ptp(conserved) / len(system["species"]) < 2e-3


def test_a_committee_deviates_as_the_calculators_do(tmp_path):
    """Two pretrained models of one cutoff."""
    potential, atoms, forces = sevennet(committee=["7net-0_22may2024"]), sodium_on_gold(), []
    potential.evaluator(tmp_path, "cpu")(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, ALL))
    for model in ("7net-0", "7net-0_22may2024"):
        atoms.calc = sevennet(model=model).make_calculator()
        forces.append(atoms.get_forces())
    deviation = np.linalg.norm(np.std(forces, axis=0), axis=1)
    found = np.loadtxt(tmp_path / "model_devi.out")
    assert deviation.max() > 0.01
    assert found[4:7] == pytest.approx([deviation.max(), deviation.min(), deviation.mean()], rel=1e-5, abs=1e-5)
