"""D3 as an option: against torch-dftd, a formula on paper, and through LAMMPS."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.units import Bohr, Hartree

from lmpdrive.architectures import Configuration, find
from lmpdrive.architectures.base.evaluator import AseEvaluator
from lmpdrive.architectures.shared.dispersion import D3, Dispersion
from lmpdrive.architectures.shared.sum import Sum
from lmpdrive.errors import ModelError
from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits
from tests.architectures.structures import water_on

pytest.importorskip("dftd3", reason="D3 needs the dftd3 package (pip install '.[dispersion]')")

PBC = {"bulk": (True, True, True), "slab": (True, True, False), "molecule": (False, False, False)}
MODEL = Path(__file__).parent / "data" / "mace-tiny.model"
EMT = {"architecture": "ase", "calculator": "ase.calculators.emt:EMT"}


def water_on_platinum() -> Atoms:
    return water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5), height_A=20.0, shake_A=0.05)


def skewed(atoms: Atoms) -> Atoms:
    out = atoms.copy()
    out.set_cell(atoms.cell.array @ np.array([[1, 0, 0], [0.2, 1, 0], [-0.1, 0.15, 1]]), scale_atoms=True)
    return out


def configuration(atoms: Atoms, pbc=(True, True, True)) -> Configuration:
    return Configuration(atoms.numbers, atoms.positions, atoms.cell.array, pbc)


def test_two_far_atoms_are_minus_c6_over_r6():
    """Free Ar atoms: the reference C6 of D3 is 64.65 Eh a0^6; C8 = 3 C6 Q² with Q(Ar) from <r4>/<r2>."""
    atoms = Atoms("Ar2", positions=[[0, 0, 0], [0, 0, 20.0]])
    far = Dispersion(functional="pbe", damping="zero", cutoff_A=40)
    answer = D3(far)(configuration(atoms, PBC["molecule"]))
    c6_term = -64.65 * Hartree * (Bohr / 20.0) ** 6
    assert answer.energy_eV == pytest.approx(c6_term, rel=0.03)  # C8 adds 2 % at this distance
    assert answer.forces[0, 2] == pytest.approx(-6 * c6_term / 20.0, rel=0.05)
    assert answer.virial[2, 2] == pytest.approx(20.0 * answer.forces[1, 2])


@pytest.mark.parametrize("pbc", PBC)
@pytest.mark.parametrize("three_body", [False, True])
def test_forces_and_virial_are_derivatives_of_the_energy(pbc, three_body):
    d3 = D3(Dispersion(functional="rpbe", damping="zero", cutoff_A=12, three_body=three_body))
    atoms, h = skewed(water_on_platinum()), 1e-4

    def energy(positions, cell):
        return d3(Configuration(atoms.numbers, positions, cell, PBC[pbc])).energy_eV

    answer = d3(configuration(atoms, PBC[pbc]))
    shift = np.zeros_like(atoms.positions)
    shift[17, 2] = h
    slope = (energy(atoms.positions + shift, atoms.cell) - energy(atoms.positions - shift, atoms.cell)) / (2 * h)
    assert -slope == pytest.approx(answer.forces[17, 2], abs=1e-7)
    assert np.abs(answer.forces.sum(axis=0)).max() < 1e-9
    for a, b in [(0, 0), (2, 2), (0, 1), (1, 2)]:
        strain = np.zeros((3, 3))
        strain[a, b] += h / 2
        strain[b, a] += h / 2
        energies = [energy(atoms.positions @ d, atoms.cell.array @ d) for d in (np.eye(3) + strain, np.eye(3) - strain)]
        assert -(energies[0] - energies[1]) / (2 * h) == pytest.approx(answer.virial[a, b], abs=2e-4)


def test_a_cell_vector_without_periodicity_and_where_atoms_lie_along_it_mean_nothing():
    d3 = D3(Dispersion(functional="pbe", cutoff_A=12))
    atoms = skewed(water_on_platinum())
    reference = d3(configuration(atoms, PBC["slab"]))
    for third in ([0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [9.0, -3.0, 40.0]):
        other = atoms.copy()
        other.cell[2] = third
        other.positions += [0, 0, -50.0]
        answer = d3(configuration(other, PBC["slab"]))
        assert answer.energy_eV == pytest.approx(reference.energy_eV, abs=1e-10)
        assert np.abs(answer.forces - reference.forces).max() < 1e-10


def test_images_and_order_mean_nothing():
    d3 = D3(Dispersion(functional="pbe", cutoff_A=12))
    atoms = skewed(water_on_platinum())
    reference = d3(configuration(atoms))
    rng = np.random.default_rng(1)
    order = rng.permutation(len(atoms))
    other = atoms[order]
    other.positions += rng.integers(-2, 3, size=(len(atoms), 3)) @ atoms.cell.array
    answer = d3(configuration(other))
    assert answer.energy_eV == pytest.approx(reference.energy_eV, abs=1e-10)
    assert np.abs(answer.forces - reference.forces[order]).max() < 1e-10


@pytest.mark.validation
@pytest.mark.parametrize("pbc", PBC)
@pytest.mark.parametrize("method", ["pbe bj", "pbe zero", "rpbe zero", "pbe bjm", "pbe zerom"])
def test_it_equals_torch_dftd(method, pbc):
    """PFN's implementation, with the same hard cutoffs; what mace's own `mace_mp(dispersion=True)` uses."""
    torch = pytest.importorskip("torch", reason="torch-dftd needs torch")
    module = pytest.importorskip("torch_dftd.torch_dftd3_calculator", reason="needs torch-dftd (.[validation])")
    functional, damping = method.split()
    atoms = skewed(water_on_platinum())
    atoms.pbc = PBC[pbc]
    atoms.calc = module.TorchDFTD3Calculator(
        damping=damping, xc=functional, cutoff=18.0, cnthr=15.0, dtype=torch.float64
    )
    cutoffs_A = {"disp2": 18.0, "disp3": 15.0, "cn": 15.0, "width2": 0.0, "width3": 0.0}
    answer = D3(Dispersion(functional=functional, damping=damping), cutoffs_A)(configuration(atoms, PBC[pbc]))
    assert answer.energy_eV == pytest.approx(atoms.get_potential_energy(), abs=1e-6 * len(atoms))
    assert np.abs(answer.forces - atoms.get_forces()).max() < 1e-6
    if any(PBC[pbc]):
        stress = atoms.get_stress(voigt=False) * atoms.get_volume()
        assert np.abs(answer.virial + stress).max() < 1e-6 * len(atoms)


def test_a_sum_has_atomic_energies_only_if_all_parts_do():
    from ase.calculators.emt import EMT as Calculator

    atoms = bulk("Pt", cubic=True)
    emt, d3 = AseEvaluator(Calculator()), D3(Dispersion(functional="pbe", cutoff_A=10))
    answers = [part(configuration(atoms)) for part in (emt, d3, Sum((emt, d3)))]
    assert answers[2].energy_eV == pytest.approx(answers[0].energy_eV + answers[1].energy_eV)
    assert answers[2].energies_eV is None


def test_wrong_functionals_and_elements_are_named():
    def says(**section):
        potential = find("ase").model_validate({**EMT, "dispersion": section})
        return [p.message for p in potential.problems(None)]

    assert not says(functional="rpbe", damping="zero")
    (message,) = says(functional="rpbee")
    assert "did you mean 'rpbe'" in message and "r2scan" in message
    (message,) = says(functional="rpbe", damping="zerom")
    assert "with damping zerom" in message
    with pytest.raises(ModelError, match="heavier than Lr"):
        D3(Dispersion(functional="pbe"))(configuration(Atoms("Rf", cell=[9] * 3, pbc=True)))


def test_contract_with_an_ase_calculator():
    """Contract of every architecture, D3 in LAMMPS against dftd3's own ASE calculator."""
    atoms = bulk("Cu", "fcc", 3.7, cubic=True).repeat((2, 2, 2))
    rng = np.random.default_rng(1)
    atoms.symbols[rng.permutation(32)[:12]] = "Pt"
    atoms.positions += rng.normal(scale=0.02, size=(32, 3))
    potential = {**EMT, "elements": ["Cu", "Pt"], "dispersion": {"functional": "pbe", "cutoff_A": 10.0}}
    check_architecture(potential, atoms, limits=Limits())


@pytest.mark.skipif(importlib.util.find_spec("mace") is None, reason="mace-torch is not in this environment")
def test_mace_with_d3_equals_the_sum_of_the_calculators():
    potential = find("mace").model_validate(
        {
            "architecture": "mace",
            "model": str(MODEL),
            "dtype": "float64",
            "compile": "never",
            "dispersion": {"functional": "rpbe", "damping": "zero", "cutoff_A": 12.0},
        }
    )
    atoms = water_on_platinum()
    answer = potential.evaluator(Path("/nonexistent"), "cpu")(configuration(atoms))
    atoms.calc = potential.make_calculator()
    assert answer.energy_eV == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    assert np.abs(answer.forces - atoms.get_forces()).max() < 1e-10
    assert np.abs(answer.virial + atoms.get_stress(voigt=False) * atoms.get_volume()).max() < 1e-8
    assert (
        np.abs(
            answer.forces
            - potential.model_copy(update={"dispersion": None}).evaluator(Path(), "cpu")(configuration(atoms)).forces
        ).max()
        > 1e-2
    )
