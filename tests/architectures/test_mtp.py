"""Moment tensor potentials through motep in LAMMPS' process, in an environment of its own."""

from pathlib import Path

import pytest

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.architectures.mtp.file import readable
from lmpdrive.testing import check_architecture
from tests.architectures.family_environment import family_environment
from tests.architectures.structures import water_on

MODEL = Path(__file__).parent / "data" / "mtp.mtp"
"""Made by make_mtp.py."""
SECTION = {"architecture": "mtp", "model": str(MODEL), "elements": ["Pt", "O", "H"]}


def film():
    return water_on("Pt", 3.94, layers=1, heights_A=(6.2, 9.0), height_A=13.0, shake_A=0.02)


def mtp(**options):
    return find("mtp").model_validate(SECTION | options)


def test_contract():
    with family_environment("mtp"):
        measured = check_architecture(SECTION, film())
    print(measured)
    assert not measured.skipped
    assert len(measured.numbers) >= 12


def test_the_form_that_motep_writes_but_cannot_read_is_completed():
    """Its `write_mtp` puts the number of rows behind them; the file of the tests has it before them."""
    text = MODEL.read_text()
    (count,) = [line for line in text.splitlines(keepends=True) if "radial_funcs_count" in line]
    without = text.replace(count, "")
    assert readable(text) == text
    assert readable(without) == text
    assert readable(without + count) == text + count


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": "./gone.mtp"}, "there is no file"),
        ({"model": __file__}, "its first line must be MTP"),
        ({"elements": ["Pt", "O"]}, "2 given, mtp.mtp was fitted with 3 types"),
        ({"elements": ["Pt", "O", "Q"]}, "Q: no element"),
        ({"elements": ["Pt", "O", "O"]}, "an element twice"),
        ({"elements": ["Pt", "O", "Na"]}, "does not know H"),
    ],
)
def test_what_is_wrong_is_named_before_a_run(options, says, tmp_path, write_yaml):
    film().write(tmp_path / "a.xyz")
    path = write_yaml({"system": {"read": "a.xyz"}, "potential": SECTION | options})
    errors = [p.message for p in lmpdrive.check(path, here=False) if p.level == "error"]
    assert len(errors) == 1 and says in errors[0], errors


def test_untrained_and_magnetic_potentials_are_refused(tmp_path):
    text = MODEL.read_text()
    for name, other, says in (
        ("untrained", text.partition("moment_coeffs")[0], "untrained"),
        ("magnetic", text.replace("alpha_moments", "magnetic_basis_type = BChebyshev\nalpha_moments"), "magnetic"),
    ):
        (tmp_path / f"{name}.mtp").write_text(other)
        (problem,) = mtp(model=tmp_path / f"{name}.mtp").problems(None)
        assert problem.level == "error" and says in problem.message


def test_reach_is_the_file_s():
    assert str(mtp().receptive_field()) == "4 Å"
