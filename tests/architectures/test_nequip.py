"""Compiled NequIP and Allegro models: their metadata, and runs in an environment of their own.

make_nequip.py makes the models there; a compiled model is for one kind of processor, so none lies in git.
"""

import subprocess
import zipfile
from pathlib import Path

import pytest

from lmpdrive.architectures import Callback, Native, find
from lmpdrive.architectures.shared import nequip_framework
from lmpdrive.errors import ModelError
from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits
from tests.architectures.family_environment import family_environment
from tests.architectures.native_models import compiled
from tests.architectures.structures import water_on

HERE = Path(__file__).parent
FLAGS = set(Path("/proc/cpuinfo").read_text().split()) if Path("/proc/cpuinfo").exists() else set()


def made(name, target, about=None, **options):
    section = {"architecture": name} | compiled(target, **(about or {})) | options
    return find(name).model_validate(section).resolve(Path())


@pytest.mark.parametrize(
    ("name", "target", "coupling"),
    [
        ("nequip", "ase", Callback),
        ("allegro", "ase", Callback),
        ("nequip", "pair_nequip", Native),
        ("allegro", "pair_allegro", Native),
    ],
)
def test_the_target_decides_the_coupling(name, target, coupling):
    potential = made(name, target)
    assert potential.target == target and isinstance(potential.chosen, coupling) and potential.problems(None) == []
    assert potential.model_elements() == ("Pt", "O", "H") and potential.precision == "float32"
    assert [file.name for file in potential.programs()] == [potential.model.name]


@pytest.mark.parametrize(
    ("name", "target", "options", "says"),
    [
        ("nequip", "pair_allegro", {}, "use architecture: allegro, or compile it with `nequip-compile --mode aot"),
        ("allegro", "pair_nequip", {}, "use architecture: nequip, or compile"),
        ("nequip", "batch", {}, "was compiled for the target batch: compile it with"),
        ("nequip", "pair_nequip", {"coupling": "callback"}, "coupling: callback needs another, compile it with"),
        ("allegro", "pair_allegro", {"coupling": "ase"}, "coupling: ase needs another, compile it with"),
        ("allegro", "ase", {"coupling": "native"}, "leave coupling: native out, or compile it"),
        ("nequip", "pair_nequip", {"kokkos": "always"}, "KOKKOS package has no pair_style nequip"),
    ],
)
def test_a_file_of_another_kind_or_target_is_refused_with_the_cure(name, target, options, says):
    (problem,) = made(name, target, **options).problems(None)
    assert problem.level == "error" and says in problem.message


def test_reach_is_the_cutoff_or_as_many_as_there_are_layers():
    assert str(made("allegro", "ase").receptive_field()) == "4 Å"
    assert made("nequip", "ase").receptive_field() is None, "the file has no record of its layers"
    assert str(made("nequip", "ase", layers=3).receptive_field()) == "4 Å x 3 layers = 12 Å"


def test_types_that_are_no_elements_are_refused():
    (problem,) = made("nequip", "ase", {"type_names": "C1 C2"}).problems(None)
    assert "has no list of elements where one belongs; found: C1 C2" in problem.message


def test_torchscript_of_old_versions_goes_to_the_pair_style_only(tmp_path):
    path = tmp_path / "old.nequip.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/extra/type_names", "H O")
    potential = find("nequip")(architecture="nequip", model=path)
    assert potential.model_elements() == ("H", "O") and isinstance(potential.chosen, Native)
    assert list(potential.files()) == ["model.nequip.pth"] and potential.problems(None) == []
    (problem,) = find("nequip")(architecture="nequip", model=path, coupling="callback").problems(None)
    assert "is TorchScript: coupling: callback needs another" in problem.message


@pytest.mark.skipif("flags" not in FLAGS, reason="/proc/cpuinfo lists no instruction sets here")
def test_a_model_for_another_machine_is_named_before_it_crashes():
    assert nequip_framework.wrong_machine({"AOTI_DEVICE_KEY": "cpu", "AOTI_CPU_ISA": ""}) == ""
    if "amx_tile" not in FLAGS:
        said = nequip_framework.wrong_machine({"AOTI_DEVICE_KEY": "cpu", "AOTI_CPU_ISA": "AVX2 AMX"})
        assert "processors with AMX" in said or "processors with AVX2, AMX" in said
    if not Path("/proc/driver/nvidia").exists():
        assert "no NVIDIA driver" in nequip_framework.wrong_machine({"AOTI_DEVICE_KEY": "cuda"})
    with pytest.raises(ModelError, match=r"compiled for cuda, and run\.device is cpu"):
        made("nequip", "ase", {"AOTI_DEVICE_KEY": "cuda"}).evaluator(Path(), "cpu")


@pytest.fixture(scope="module")
def environment():
    with family_environment("nequip") as folder:
        yield folder


def compile_(environment, folder, kind, target, dtype="float32"):
    """A model compiled on this machine."""
    path = folder / f"{kind}-{target}.nequip.pt2"
    script = [environment / "bin" / "python", HERE / "make_nequip.py", kind, target, path, dtype]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return path


SINGLE = Limits(force_eV_per_A=1e-4, energy_eV=1e-2, virial_eV=1e-2, derivative_eV=0.2, restart_A=1e-5)


@pytest.mark.parametrize("kind", [pytest.param("nequip", marks=pytest.mark.validation), "allegro"])
def test_contract(kind, environment, tmp_path):
    """Allegro stands for both in CI: it compiles in half of NequIP's minute, and the calculator is the same."""
    model = compile_(environment, tmp_path, kind, "ase")
    atoms = water_on("Pt", 3.94, layers=1, heights_A=(6.2, 9.0), height_A=13.0, shake_A=0.02)
    measured = check_architecture({"architecture": kind, "model": str(model)}, atoms, limits=SINGLE)
    print(measured)
    assert not measured.skipped
    assert len(measured.numbers) >= 12


@pytest.mark.validation
@pytest.mark.parametrize(
    ("kind", "target"), [("nequip", "pair_nequip"), ("nequip", "batch"), ("allegro", "pair_allegro")]
)
def test_the_metadata_of_the_tests_are_those_of_the_compiler(kind, target, environment, tmp_path):
    said = nequip_framework.metadata(compile_(environment, tmp_path, kind, target))
    ours = nequip_framework.metadata(Path(compiled(target)["model"]))
    assert {k: said[k] for k in ours if k != "AOTI_CPU_ISA"} == {k: v for k, v in ours.items() if k != "AOTI_CPU_ISA"}
