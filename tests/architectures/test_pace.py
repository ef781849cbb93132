"""ACE through python-ace in LAMMPS' process, in an environment of its own, and the form of its files."""

from pathlib import Path

import numpy as np
import pytest

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.testing import check_architecture
from tests.architectures.family_environment import family_environment
from tests.architectures.gamma_gate import gamma_gate
from tests.architectures.structures import water_on

DATA = Path(__file__).parent / "data" / "ace"
"""Made by make_ace.py."""
LINEAR = {"architecture": "pace", "model": str(DATA / "linear.yace")}
TWO_DENSITIES = {
    "architecture": "pace",
    "model": str(DATA / "two-densities.yaml"),
    "active_set": str(DATA / "two-densities.asi"),
    "uncertainty_every": 5,
}


@pytest.fixture(scope="module", autouse=True)
def environment():
    with family_environment("pace") as folder:
        yield folder


def film():
    return water_on("Pt", 3.94, layers=1, heights_A=(6.2, 9.0), height_A=13.0, shake_A=0.02)


def pace(section):
    return find("pace").model_validate(section)


# in CI one stands for both; the other's γ is recorded below
@pytest.mark.parametrize(
    "section", [LINEAR, pytest.param(TWO_DENSITIES, marks=pytest.mark.validation)], ids=["linear", "two densities"]
)
def test_contract(section):
    measured = check_architecture(section, film())
    print(measured)
    assert not measured.skipped
    assert len(measured.numbers) >= 12


@pytest.mark.parametrize("section", [LINEAR, TWO_DENSITIES], ids=["yace", "B basis"])
def test_elements_and_cutoff_are_the_file_s(section):
    assert pace(section).model_elements() == ("H", "O", "Pt")
    assert str(pace(section).receptive_field()) == "4 Å"


def test_gamma_is_recorded(tmp_path, write_yaml):
    film().write(tmp_path / "a.xyz")
    content = {
        "system": {"read": "a.xyz"},
        "potential": TWO_DENSITIES,
        "dynamics": {"fixed_layers": 0, "minimise": None, "equilibrate_ps": 0, "production_ps": 0.01},
        "output": {"report": False},
    }
    lmpdrive.simulate(write_yaml(content), tmp_path / "run")
    header, *lines = (tmp_path / "run" / "uncertainty.dat").read_text().splitlines()
    assert header == "# step max_gamma mean_gamma"
    table = np.array([line.split() for line in lines], dtype=float)
    assert table[:, 0].tolist() == [0, 5, 10, 15, 20]
    assert (table[:, 1] > 1).all(), "the film is not among the frames of the fit"
    assert (table[:, 2] <= table[:, 1]).all() and len(set(table[:, 1])) > 1


def test_the_gate_acts_on_gamma(tmp_path, write_yaml):
    gamma_gate(tmp_path, write_yaml, TWO_DENSITIES, film())


def test_an_active_set_of_another_model_is_named(tmp_path, write_yaml):
    film().write(tmp_path / "a.xyz")
    section = TWO_DENSITIES | {"model": str(DATA / "linear.yace")}
    path = write_yaml({"system": {"read": "a.xyz"}, "potential": section})
    errors = [p.message for p in lmpdrive.check(path) if p.level == "error"]
    assert len(errors) == 1 and "the model must be the .yaml of the same fit" in errors[0]
