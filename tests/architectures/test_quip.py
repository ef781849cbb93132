"""GAP through quippy in LAMMPS' process, in an environment of its own, with a model that `gap_fit` makes here."""

import pytest

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.testing import check_architecture
from tests.architectures.family_environment import family_environment
from tests.architectures.make_gap import make
from tests.architectures.structures import water_on


@pytest.fixture(scope="module")
def environment():
    with family_environment("quip") as folder:
        yield folder


@pytest.fixture(scope="module")
def gap(environment, tmp_path_factory):
    return make(environment / "bin" / "gap_fit", tmp_path_factory.mktemp("gap"))


def film():
    return water_on("Pt", 3.94, layers=1, heights_A=(6.2, 9.0), height_A=13.0, shake_A=0.02)


def test_contract(gap):
    measured = check_architecture({"architecture": "quip", "model": str(gap)}, film())
    print(measured)
    assert not measured.skipped
    assert len(measured.numbers) >= 12


def test_elements_and_reach_are_those_of_the_descriptors(gap):
    """`gap_fit` lists 118 energies of isolated atoms, whatever it was given."""
    model = find("quip")(architecture="quip", model=gap)
    assert gap.read_text().count("<e0 ") > 100
    assert model.model_elements() == ("H", "O", "Pt")
    assert str(model.receptive_field()) == "4 Å"


def test_sparse_points_that_are_missing_are_named(gap, tmp_path, write_yaml):
    (tmp_path / "gap.xml").write_text(gap.read_text())
    film().write(tmp_path / "a.xyz")
    path = write_yaml({"system": {"read": "a.xyz"}, "potential": {"architecture": "quip", "model": "gap.xml"}})
    errors = [p.message for p in lmpdrive.check(path) if p.level == "error"]
    assert len(errors) == 1 and "needs the files gap.xml.sparseX." in errors[0]
