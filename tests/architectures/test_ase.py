"""`architecture: ase`: what may be named as a calculator, what `check` says of it, and a file of one's own in a run."""

import json
from pathlib import Path

import pytest

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.architectures.ase import packages, target
from lmpdrive.common.hashing import sha256
from lmpdrive.errors import LmpdriveError, ModelError

MINE = """
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones


def emt(factor=1.0):
    print("the licence of a package")
    if factor < 0:
        raise RuntimeError("negative factor")
    return EMT()


def kind():
    return EMT


def energy_only():
    calculator = LennardJones()
    calculator.implemented_properties = ["energy"]
    return calculator


class Mine(EMT):
    @classmethod
    def from_name(cls, name="a"):
        return cls()

    def method(self):
        return 1


answer = 42
"""
CRYSTAL = {
    "system": {"read": "alloy.xyz"},
    "potential": {"architecture": "ase", "calculator": "./mine.py:emt", "elements": ["Cu", "Pt"]},
    "dynamics": {"fixed_layers": 0, "minimise": None, "equilibrate_ps": 0, "production_ps": 0.01},
    "output": {"frames_every_fs": 5, "report": False},
}


def ase(calculator, folder=Path(), **options):
    return find("ase")(architecture="ase", calculator=calculator, **options).resolve(folder)


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def problems(potential):
    return [p.message for p in (*potential.problems(None), *potential.environment_problems())]


@pytest.mark.parametrize(
    ("calculator", "says"),
    [
        ("ase.calculators.emt", "import path"),
        ("no_such_package:Calc", "no module 'no_such_package'"),
        ("ase.calculators.emt:NOPE", "has no 'NOPE'. It has: EMT"),
        ("ase.calculators.emt:EMTT", "did you mean 'EMT'? It has: EMT"),
        ("ase.calculators.emt:parameters", "is a dict, not a calculator"),
        ("ase.neighborlist:NeighborList", "is the class NeighborList, not a calculator"),
        ("ase.calculators.nope:EMT", "no module 'ase.calculators.nope'"),
        ("does_not_import:Calc", "does_not_import cannot be imported: RuntimeError: no licence"),
    ],
)
def test_a_wrong_calculator_is_named_before_running(calculator, says, tmp_path, monkeypatch):
    (tmp_path / "does_not_import.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    potential = find("ase")(architecture="ase", calculator=calculator)
    (problem,) = problems(potential)
    assert says in problem


def test_arguments_that_a_calculator_does_not_take_are_named_before_running():
    potential = find("ase")(architecture="ase", calculator="ase.calculators.eam:EAM", kwargs={"potential": "Al.eam"})
    assert potential.problems(None) == [], "it takes any"
    (problem,) = potential.environment_problems()
    assert "cannot be made" in problem.message and "No such file or directory: 'Al.eam'" in problem.message
    function = find("ase")(architecture="ase", calculator="ase.calculators.tip3p:epsilon0", kwargs={})
    assert "is a float" in function.problems(None)[0].message
    plumbing = find("ase")(architecture="ase", calculator="ase.calculators.mixing:SumCalculator", kwargs={"calc": []})
    assert "missing a required argument: 'calcs'. It takes: calcs" in plumbing.problems(None)[0].message


@pytest.mark.parametrize("name", ["emt", "Mine", "Mine.from_name"])
def test_a_file_of_one_s_own_is_named_from_the_yaml(name, mine):
    potential = ase(f"./mine.py:{name}", mine)
    assert potential.calculator == f"{mine / 'mine.py'}:{name}" and problems(potential) == []
    assert potential.make_calculator().get_potential_energy is not None
    assert potential.programs() == [], "it is code of the YAML file, as architecture: ./mine.py is"


def test_a_classmethod_of_a_package():
    """Its class need not be a calculator itself."""
    assert target.find("tests.architectures.test_ase:Shipped.made").__name__ == "made"
    assert problems(ase("tests.architectures.test_ase:Shipped.made")) == []


class Shipped:
    """Not a calculator, but it makes one."""

    @staticmethod
    def made():
        from ase.calculators.emt import EMT

        return EMT()


@pytest.mark.parametrize(
    ("calculator", "options", "says"),
    [
        ("./gone.py:emt", {}, "there is no file"),
        ("./mine.py", {}, "import path"),
        ("./mine.py:emtt", {}, "did you mean 'emt'?"),
        ("./mine.py:answer", {}, "is a int, not a calculator"),
        ("./mine.py:Mine.from_nam", {}, "the class Mine has no 'from_nam'; did you mean 'from_name'?"),
        ("./mine.py:Mine.method", {}, "is a method of its objects; name a classmethod"),
        ("./mine.py:kind", {}, "gives the class EMT, not an ASE calculator"),
        ("./mine.py:energy_only", {}, "gives no forces, stress; a run needs energy, forces, stress"),
        ("./mine.py:energy_only", {"coupling": "ase"}, "gives no forces; a run needs energy, forces."),
        ("./mine.py:emt", {"kwargs": {"factr": 2}}, "unexpected keyword argument 'factr'. It takes: factor"),
        ("./mine.py:emt", {"kwargs": {"factor": -1}}, "cannot be made with {'factor': -1}: RuntimeError: negative"),
        ("./broken.py:emt", {}, "broken.py cannot be imported: SyntaxError"),
        ("./other.py:emt", {}, "needs the Python module 'no_such_package'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_before_a_run(calculator, options, says, mine, capsys):
    (mine / "broken.py").write_text("def emt(:\n")
    (mine / "other.py").write_text("import no_such_package\n")
    (problem,) = problems(ase(calculator, mine, **options))
    assert says in problem
    assert capsys.readouterr().out == ""


def test_only_what_is_always_imported_is_required(tmp_path):
    (tmp_path / "a.py").write_text(
        "import os, numpy.linalg\nfrom .b import c\ntry:\n    import cupy\nexcept ImportError:\n    pass\n"
        "def f():\n    from chgnet.model import CHGNet\n"
    )
    assert target.imports_of(tmp_path / "a.py") == ["chgnet", "numpy"]
    assert ase("./a.py:f", tmp_path).recipe is packages.KNOWN["chgnet"]
    assert ase("ase.calculators.emt:EMT").recipe is packages.ANY


@pytest.mark.parametrize("package", packages.KNOWN)
def test_a_known_package_has_an_environment_of_its_own(package, monkeypatch, tmp_path):
    monkeypatch.setenv("LMPDRIVE_ENVS", str(tmp_path))
    potential = ase(f"{package}.no_such_module_of_it:X")
    (problem,) = potential.environment_problems()
    assert problem.message.endswith(f"Add it with: lmpdrive env create {packages.KNOWN[package].family}")


def test_an_untrusted_argument_is_not_loaded_by_a_check(mine, monkeypatch):
    (mine / "a.model").write_text("a pickle")
    (mine / "loads.py").write_text("def f(model):\n    raise RuntimeError(open(model).read())\n")
    potential = ase("./loads.py:f", mine, kwargs={"model": "./a.model"})
    assert "a pickle" in problems(potential)[0]
    monkeypatch.delenv("LMPDRIVE_TRUST")
    assert problems(potential) == []


def test_a_run_with_a_file_of_one_s_own(mine, write_yaml):
    """It is linked into the run directory and recorded; a resumed run notices when it has changed."""
    from tests.architectures.test_contract import alloy

    alloy().write(mine / "alloy.xyz")
    path = write_yaml(CRYSTAL)
    assert [p for p in lmpdrive.check(path) if p.level == "error"] == []
    result = lmpdrive.simulate(path, mine / "run")
    manifest = json.loads((result.directory / "manifest.json").read_text())
    assert manifest["potential"]["sha256"] == {"calculator.py": sha256(mine / "mine.py")}
    (mine / "mine.py").write_text(MINE + "# other\n")
    with pytest.raises(LmpdriveError, match=r"calculator.py has changed"):
        lmpdrive.resume(result.directory, ["dynamics.production_ps=0.02"])


def test_the_run_reads_the_file_of_its_own_directory(mine, tmp_path):
    potential = ase("./mine.py:emt", mine)
    run = tmp_path / "run"
    run.mkdir()
    (run / "calculator.py").write_text("def emt():\n    raise RuntimeError('this one')\n")
    with pytest.raises(ModelError, match="this one"):
        potential.evaluator(run, "cpu")
