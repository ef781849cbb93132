"""Exported metatomic models in an environment of their own; tests/architectures/make_metatomic.py makes the model."""

import subprocess
from pathlib import Path

import pytest

from lmpdrive import environments
from lmpdrive.architectures import ReceptiveField, find
from lmpdrive.architectures.metatomic import model
from lmpdrive.testing import check_architecture
from tests.architectures.family_environment import family_environment
from tests.architectures.structures import water_on

HERE = Path(__file__).parent
PAIR = HERE / "data" / "metatomic-pair.pt"


@pytest.fixture(scope="module")
def environment():
    with family_environment("metatomic") as folder:
        yield folder


def made(environment, path, *options):
    """Another model of the script, made by the environment."""
    subprocess.run([environment / "bin" / "python", HERE / "make_metatomic.py", path, *options], check=True)
    return path


def metatomic(file, **options):
    return find("metatomic")(architecture="metatomic", model=file, **options).resolve(Path())


class Types:
    """As much of a system as an architecture looks at."""

    two_sided, species, groups = False, (), {}

    def __init__(self, *elements):
        self.elements = elements


def test_contract(environment):
    atoms = water_on("Pt", 3.94, layers=1, heights_A=(6.2, 9.0), height_A=13.0, shake_A=0.02)
    measured = check_architecture({"architecture": "metatomic", "model": str(PAIR)}, atoms)
    print(measured)
    assert not measured.skipped
    assert len(measured.numbers) >= 12


def test_it_says_what_it_knows_and_how_far_it_sees(environment):
    potential = metatomic(PAIR)
    assert potential.model_elements() == ("H", "O", "Pt") and potential.precision == "float64"
    assert str(potential.receptive_field()) == "4.5 Å"
    assert potential.problems(Types("H", "Pt")) == []
    (problem,) = potential.problems(Types("H", "Na"))
    assert "metatomic-pair.pt does not know Na; it knows H, O, Pt" in problem.message


@pytest.mark.parametrize(
    ("range_A", "cutoffs_A", "reach"),
    [
        (9.0, [4.5], ReceptiveField.of(4.5, 2)),
        (7.0, [4.5], ReceptiveField.of(7.0)),
        (0.0, [], ReceptiveField.of(0.0)),
        (None, [4.5], ReceptiveField.unlimited()),
    ],
)
def test_a_range_of_several_cutoffs_is_that_of_layers(range_A, cutoffs_A, reach):
    assert model.reach({"range_A": range_A, "cutoffs_A": cutoffs_A}) == reach


def test_an_energy_is_chosen_by_its_name(environment, tmp_path):
    two_levels = made(environment, tmp_path / "two.pt", "--variant")
    atoms = water_on("Pt", 3.94, layers=1, heights_A=(6.2,), height_A=13.0, shake_A=0.02)
    atoms.write(tmp_path / "a.xyz")
    code = (
        "import sys; from ase.io import read; from lmpdrive.architectures.metatomic.model import calculator\n"
        "atoms = read(sys.argv[2])\n"
        "for name in (None, 'high'):\n"
        "    atoms.calc = calculator(sys.argv[1], None, name, 'cpu'); print(atoms.get_potential_energy())\n"
    )
    done = subprocess.run(
        [environments.python("metatomic"), "-c", code, two_levels, tmp_path / "a.xyz"],
        capture_output=True,
        text=True,
        check=True,
    )
    low, high = map(float, done.stdout.split())
    assert high == pytest.approx(1.1 * low) and abs(low) > 1
    (problem,) = metatomic(two_levels, variant="hihg").problems(None)
    assert problem.message == "potential.variant: no 'hihg'; did you mean 'high'? Choices: high"
    assert metatomic(two_levels, variant="high").problems(None) == []


@pytest.mark.parametrize(
    ("variants", "chosen", "says"),
    [
        ([], None, "has no energy"),
        (["pbe", "r2scan"], None, "name one of pbe, r2scan"),
        (["pbe", "r2scan"], "r2scna", "did you mean 'r2scan'"),
        ([""], "pbe", "leave the key out"),
        (["", "pbe"], None, ""),
    ],
)
def test_variants(variants, chosen, says):
    assert says in model.wrong_variant(variants, chosen) and bool(says) == bool(model.wrong_variant(variants, chosen))


def test_files_that_are_no_models(environment, tmp_path):
    (problem,) = metatomic(tmp_path / "gone.pt").problems(None)
    assert "there is no file" in problem.message
    (tmp_path / "a.ckpt").write_text("a checkpoint")
    (problem,) = metatomic(tmp_path / "a.ckpt").problems(None)
    assert "cannot read the metatomic model" in problem.message and "not a checkpoint" in problem.message


def test_inputs_that_a_run_does_not_have_are_refused(environment, tmp_path):
    (problem,) = metatomic(made(environment, tmp_path / "charged.pt", "--charge")).problems(None)
    assert "charged.pt asks for charge, which lmpdrive does not pass" in problem.message


def test_without_its_package_the_command_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("LMPDRIVE_ENVS", str(tmp_path))
    potential = metatomic(PAIR)
    assert potential.problems(None) == [] and potential.precision == ""
    assert all("lmpdrive env create metatomic" in p.message for p in potential.environment_problems())
    assert [path.name for path in potential.programs()] == ["metatomic-pair.pt"]
