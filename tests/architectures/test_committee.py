"""Committees: their record against the members' own calculators, what they share, what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.calculators.lj import LennardJones

import lmpdrive
from lmpdrive.architectures import AseEvaluator, Configuration, Evaluation, find
from lmpdrive.architectures.shared.committee import CommitteeEvaluator, biased, force_deviations, header, row
from lmpdrive.architectures.shared.step_table import StepTable
from tests.architectures.structures import water_on
from tests.conftest import thermo_table

MODEL = Path(__file__).parent / "data" / "mace-tiny.model"
SHIPPED = ("pt-water-mace", "pt-water-mace-l1", "pt-water-mace-l2")
COLUMNS = ["step", "max_devi_v", "min_devi_v", "avg_devi_v", "max_devi_f", "min_devi_f", "avg_devi_f", "devi_e"]
ALL = (True, True, True)
QUICK = ["output.report=false", "run.compare=never"]


def film():
    return water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.05)


def configuration(atoms=None, step=0) -> Configuration:
    atoms = film() if atoms is None else atoms
    return Configuration(atoms.numbers, atoms.positions, atoms.cell.array, ALL, step)


def mace(model=MODEL, **options):
    return find("mace")(architecture="mace", model=str(model), compile="never", dtype="float64", **options)


def case(folder: Path, write_yaml, steps=20, **potential) -> Path:
    film().write(folder / "start.xyz")
    return write_yaml(
        {
            "system": {"read": str(folder / "start.xyz")},
            "potential": potential,
            "dynamics": {
                "ensemble": "nve",
                "temperature_K": 100,
                "timestep_fs": 0.25,
                "minimise": None,
                "fixed_layers": 0,
                "equilibrate_ps": 0,
                "production_ps": steps * 0.25e-3,
            },
        }
    )


def test_the_deviation_on_paper():
    """Two models, two atoms: forces (1, 0, 0) and (3, 0, 0) deviate by 1; equal ones by 0."""
    one = Evaluation(2.0, np.array([[1.0, 0, 0], [0, 2, 0]]), np.diag([2.0, 0, 0]))
    two = Evaluation(6.0, np.array([[3.0, 0, 0], [0, 2, 0]]), np.diag([6.0, 0, 0]))
    assert force_deviations(np.array([one.forces, two.forces])).tolist() == [1, 0]
    assert header(2).lstrip("#").split() == [*COLUMNS, "energy_1", "energy_2"]
    assert [float(word) for word in row(7, [one, two]).split()] == pytest.approx(
        [7, 1, 0, 1 / 3, 1, 0, 0.5, 1, 2, 6], abs=1e-6
    )


def test_deepmd_computes_the_same_from_the_same_numbers():
    """Its functions for `dp model-devi`, on random energies, forces and virials of four models."""
    ours = pytest.importorskip("deepmd.infer.model_devi", reason="deepmd-kit is not in this environment")
    rng, n = np.random.default_rng(1), 5
    answers = [Evaluation(e, rng.normal(size=(n, 3)), rng.normal(size=(3, 3))) for e in rng.normal(size=4)]
    forces, virials = np.array([a.forces for a in answers]), np.array([a.virial.ravel() / n for a in answers])
    energies = np.array([[[a.energy_eV / n]] for a in answers])
    expected = [
        *np.ravel(ours.calc_model_devi_v(virials[:, None])),
        *np.ravel(ours.calc_model_devi_f(forces[:, None])),
        *np.ravel(ours.calc_model_devi_e(energies)),
    ]
    assert [float(word) for word in row(0, answers).split()[1:8]] == pytest.approx(expected, rel=1e-6)


def test_the_first_drives_and_the_others_are_asked_every_so_often(tmp_path):
    """Counts of evaluations, and what is said once about their cost."""
    asked, said = [0, 0], []

    def counting(number, calculator):
        evaluate = AseEvaluator(calculator)

        def member(c):
            asked[number] += 1
            return evaluate(c)

        return member

    members = [counting(0, LennardJones()), counting(1, LennardJones(epsilon=2))]
    committee = CommitteeEvaluator(members, 5, tmp_path / "model_devi.out", said.append)
    answers = [committee(configuration(step=step)) for step in range(11)]
    assert asked == [11, 3]
    assert answers[0].energy_eV == AseEvaluator(LennardJones())(configuration()).energy_eV
    assert len(said) == 1 and said[0].startswith("committee of 2: the 1 that only compare take ")
    rows = np.loadtxt(tmp_path / "model_devi.out")
    assert rows[:, 0].tolist() == [0, 5, 10]
    assert rows[:, 9] == pytest.approx(2 * rows[:, 8])


def test_a_step_that_is_repeated_replaces_its_row_and_a_resumed_run_continues(tmp_path):
    def steps():
        return [int(line.split()[0]) for line in (tmp_path / "a").read_text().splitlines()[1:]]

    table = StepTable(tmp_path / "a", "# step\n")
    for step in (0, 10, 20):  # a minimisation
        table.write(step, f"{step} m")
    for step in (0, 0, 10, 20, 30):
        table.write(step, f"{step} r")
    assert steps() == [0, 10, 20, 0, 10, 20, 30]
    StepTable(tmp_path / "a", "# step\n").write(20, "20 again")
    assert steps() == [0, 10, 20, 0, 10, 20]
    assert (tmp_path / "a").read_text().splitlines()[-1] == "20 again"


def test_identical_members_do_not_deviate(tmp_path, write_yaml):
    shutil.copy(MODEL, tmp_path / "copy.model")
    potential = {"architecture": "mace", "model": str(MODEL), "committee": ["copy.model"], "compile": "never"}
    file = case(tmp_path, write_yaml, **potential, uncertainty_every=10)
    result = lmpdrive.simulate(file, tmp_path / "run", QUICK)
    rows = np.loadtxt(result.directory / "model_devi.out")
    assert rows[:, 0].tolist() == [0, 10, 20]
    assert not rows[:, 1:8].any()
    assert (rows[:, 8] == rows[:, 9]).all()
    assert (result.directory / "model_2.model").resolve() == tmp_path / "copy.model"
    assert "committee of 2: the 1 that only compare take" in (result.directory / "worker.log").read_text()


def test_shipped_models_deviate_as_their_calculators_do(tmp_path):
    """Directly from three MACECalculators on one structure; the members find the edges once."""
    first, *others = (mace(name).resolve(tmp_path) for name in SHIPPED)
    committee = first.model_copy(update={"committee": [m.model for m in others]})
    evaluate = committee.evaluator(tmp_path, "cpu")
    answer = evaluate(configuration())
    forces, energies, virials = [], [], []
    for potential in (first, *others):
        atoms = film()
        atoms.calc = potential.make_calculator()
        forces.append(atoms.get_forces())
        energies.append(atoms.get_potential_energy())
        virials.append(-atoms.get_stress(voigt=False) * atoms.get_volume())
    found = np.loadtxt(tmp_path / "model_devi.out")
    deviation = np.linalg.norm(np.std(forces, axis=0), axis=1)
    virial = np.std(virials, axis=0) / len(forces[0])
    assert deviation.max() > 0.01
    assert found[4:7] == pytest.approx([deviation.max(), deviation.min(), deviation.mean()], rel=1e-5)
    assert found[1:4] == pytest.approx([virial.max(), virial.min(), np.sqrt(np.mean(virial**2))], rel=1e-5)
    assert found[8:] == pytest.approx(energies, abs=1e-6)
    assert np.abs(answer.forces - forces[0]).max() < 1e-9, "the first drives"


def test_edges_are_found_once_for_models_of_one_cutoff(tmp_path, monkeypatch):
    from lmpdrive.architectures.shared.verlet import VerletList

    found = []
    find_pairs = VerletList._find
    monkeypatch.setattr(VerletList, "_find", lambda self, c: found.append(c.step) or find_pairs(self, c))
    committee = mace(committee=[str(MODEL)] * 3, uncertainty_every=2)
    evaluate = committee.evaluator(tmp_path, "cpu")
    for step in range(4):
        evaluate(configuration(step=step))
    assert found == [0, 1, 2, 3]


def test_calculators_differ_in_their_keyword_arguments(tmp_path):
    potential = find("ase")(
        architecture="ase",
        calculator="ase.calculators.lj:LennardJones",
        kwargs={"sigma": 2.0, "rc": 4.0},
        committee=[{"epsilon": 3.0}],
    )
    assert not potential.problems(None)
    answer = potential.evaluator(tmp_path, "cpu")(configuration())
    found = np.loadtxt(tmp_path / "model_devi.out")
    assert found[9] == pytest.approx(3 * found[8], rel=1e-8) and found[8] == pytest.approx(answer.energy_eV)
    assert found[4] == pytest.approx(np.linalg.norm(answer.forces, axis=1).max(), rel=1e-6)
    wrong = potential.model_copy(update={"calculator": "ase.calculators.emt:EMTT", "kwargs": {}})
    assert ["has no 'EMTT'" in problem.message for problem in wrong.problems(None)] == [True, True]


def test_dispersion_is_added_once(tmp_path):
    pytest.importorskip("dftd3", reason="dftd3 is not in this environment")
    plain = mace(committee=[str(MODEL)])
    with_d3 = plain.model_copy(update={"dispersion": {"functional": "rpbe", "damping": "zero"}})
    with_d3 = type(plain).model_validate(with_d3.model_dump())
    assert with_d3.member(str(MODEL)).dispersion is None
    energies = [p.evaluator(tmp_path, "cpu")(configuration()).energy_eV for p in (plain, with_d3)]
    assert energies[1] < energies[0] - 0.1
    assert not np.loadtxt(tmp_path / "model_devi.out")[1:8].any()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"committee": ["gone.model"]}, "potential.committee: there is no file"),
        ({"committee": [str(MODEL)], "coupling": "native"}, "coupling: callback"),
        ({"committee": [str(MODEL)], "coupling": "ase"}, "coupling: callback"),
    ],
)
def test_refusals(options, says, tmp_path):
    (problem,) = mace(**options).resolve(tmp_path).problems(None)
    assert problem.level == "error" and says in problem.message


def test_each_member_must_know_the_elements(tmp_path, write_yaml):
    file = case(tmp_path, write_yaml, architecture="mace", model=str(MODEL), committee=[str(MODEL)])
    assert not [p for p in lmpdrive.check(file) if p.level == "error"]
    gold = film()
    gold.symbols[0] = "Au"
    gold.write(tmp_path / "start.xyz")
    messages = [p.message for p in lmpdrive.check(file) if "does not know Au" in p.message]
    assert len(messages) == 2, "the first and the member"


def test_the_bias_on_paper():
    """E of 2 and 6 eV: ⟨E⟩ = 4, σ = 2; τ = 0.5 takes 1 eV off, and counts the lower one's forces more."""
    one = Evaluation(2.0, np.array([[1.0, 0, 0]]), np.diag([2.0, 0, 0]))
    two = Evaluation(6.0, np.array([[3.0, 0, 0]]), np.diag([6.0, 0, 0]))
    found = biased([one, two], 0.5)
    assert found.energy_eV == 3.0
    assert found.forces[0, 0] == pytest.approx(0.75 * 1 + 0.25 * 3) and found.virial[0, 0] == pytest.approx(3.0)
    assert biased([one, one], 0.5).energy_eV == 2.0 and (biased([one, one], 0.5).forces == one.forces).all()


def test_forces_and_virial_of_the_bias_are_derivatives(tmp_path):
    atoms = film()
    atoms = atoms[[i for i, s in enumerate(atoms.symbols) if s == "Pt"]]
    members = [AseEvaluator(LennardJones(sigma=s, epsilon=e, rc=6.0, smooth=True)) for s, e in ((2.3, 0.2), (2.5, 0.1))]
    members.append(AseEvaluator(LennardJones(sigma=2.4, epsilon=0.3, rc=6.0, smooth=True)))
    committee = CommitteeEvaluator(members, 1, tmp_path / "model_devi.out", print, bias_tau=0.7)

    def energy(strain=0.0, move=0.0):
        changed = atoms.copy()
        changed.positions[0, 2] += move
        changed.set_cell(changed.cell.array @ np.diag([1 + strain, 1, 1]), scale_atoms=True)
        return committee(configuration(changed)).energy_eV

    said, h = committee(configuration(atoms)), 1e-5
    assert said.forces[0, 2] == pytest.approx(-(energy(move=h) - energy(move=-h)) / (2 * h), abs=1e-6)
    assert said.virial[0, 0] == pytest.approx(-(energy(h) - energy(-h)) / (2 * h), abs=1e-4)


def test_a_biased_run_conserves_its_energy_and_says_what_it_is(tmp_path, write_yaml):
    pytest.importorskip("mace")
    options = {"committee": list(SHIPPED[1:]), "bias_tau": 0.5, "compile": "never"}
    path = case(tmp_path, write_yaml, architecture="mace", model=SHIPPED[0], **options)
    said = [problem for problem in lmpdrive.check(path) if "bias_tau" in problem.message]
    assert [(p.level, "explores" in p.message) for p in said] == [("warning", True)]
    lmpdrive.simulate(path, tmp_path / "run", QUICK)
    total = np.array([float(r[5]) for r in thermo_table(tmp_path / "run" / "log.lammps")])
    potential = np.array([float(r[3]) for r in thermo_table(tmp_path / "run" / "log.lammps")])
    assert np.ptp(total) < 0.02 * np.ptp(potential) + 1e-3
    energies = np.loadtxt(tmp_path / "run" / "model_devi.out", ndmin=2)[0, -3:]
    assert potential[0] == pytest.approx(energies.mean() - 0.5 * energies.std(), abs=1e-4)


@pytest.mark.parametrize(
    ("options", "says"),
    [({}, "needs potential.committee"), ({"committee": ["a"], "dispersion": {"functional": "pbe"}}, "dispersion")],
)
def test_a_bias_that_cannot_be_is_refused(options, says):
    pytest.importorskip("mace")
    problems = mace(bias_tau=0.5).model_copy(update=options)._bias_problems()
    assert [p.level for p in problems] == ["error"] and says in problems[0].message
