"""Choosing an interpreter, plans, settings, the packed wheel: without installing an environment."""

import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from lmpdrive import __version__
from lmpdrive.architectures import available, find, recipe, recipes
from lmpdrive.environments import choose, complete, create, folder, names, plan, point, python, remove, settings_file
from lmpdrive.environments import facts as facts_
from lmpdrive.environments.install import TORCH_CPU_INDEX
from lmpdrive.environments.interpreter import check
from lmpdrive.environments.recipe import Recipe
from lmpdrive.errors import ConfigError, InstallError

ROOT = Path(__file__).parents[2]
TINY = Recipe("tiny", size_GB=0.1, imports=("json",))


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("LMPDRIVE_ENVS", str(tmp_path / "envs"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def bare(tmp_path):
    """An interpreter with nothing but the standard library."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    return tmp_path / "bare" / "bin" / "python"


@pytest.fixture
def with_lmpdrive(bare):
    """The same, with this lmpdrive and all that is installed here."""
    here = [p for p in sys.path if p.endswith("site-packages")]
    (site,) = (bare.parents[1] / "lib").glob("python3*/site-packages")
    (site / "here.pth").write_text("\n".join([*here, str(ROOT)]))
    return bare


def settings(text):
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text(text)


def test_what_is_importable_here_runs_here():
    assert choose("tiny", ["json"]).here
    assert choose("tiny", ["json"]).python == Path(sys.executable)


def test_what_is_nowhere_is_missing():
    found = choose("tiny", ["json", "no_such_package", "no_such.sub"])
    assert found.here and found.missing == ("no_such_package", "no_such.sub")


def test_the_settings_file_goes_before_this_interpreter(with_lmpdrive):
    settings(f"environments: {{tiny: {{python: {with_lmpdrive}}}}}")
    found = choose("tiny", ["json", "no_such_package"])
    assert (found.origin, found.python, found.missing) == ("settings", with_lmpdrive, ("no_such_package",))
    assert found.versions["lmpdrive"] == __version__
    assert found.scripts == with_lmpdrive.parent
    assert found.absent(["json", "neither_this"]) == ["neither_this"]


def test_a_function_is_called_in_the_other_interpreter(with_lmpdrive):
    settings(f"environments: {{tiny: {{python: {with_lmpdrive}}}}}")
    found = choose("tiny", [])
    assert found.call("posixpath:join", "a", "b") == "a/b"
    assert found.call("lmpdrive.environments.facts:absent", ["no_such_package"]) == ["no_such_package"]


@pytest.mark.parametrize(
    "text", ["environments: [a]", "environment: {}", "environments: {tiny: /usr/bin/python}", "{", "environments: 3"]
)
def test_a_wrong_settings_file_is_named(text):
    settings(text)
    with pytest.raises(ConfigError, match=r"settings\.yaml"):
        choose("tiny", ["no_such_package"])


def test_an_interpreter_without_lmpdrive_is_refused(bare):
    settings(f"environments: {{tiny: {{python: {bare}}}}}")
    with pytest.raises(InstallError, match="has no lmpdrive"):
        choose("tiny", [])
    with pytest.raises(InstallError, match="has no lmpdrive"):
        point(TINY, bare)
    assert names() == []


def test_an_interpreter_that_is_not_there_is_said(tmp_path):
    settings(f"environments: {{tiny: {{python: {tmp_path / 'nothing'}}}}}")
    with pytest.raises(InstallError, match="cannot be used as an interpreter: No such file"):
        choose("tiny", [])


def test_another_version_of_lmpdrive_is_refused():
    about = {"versions": {"lmpdrive": "0.0.1"}, "digest": facts_.digest()}
    with pytest.raises(InstallError, match=r"lmpdrive 0\.0\.1; it must have"):
        check(about, Path("python"), "tiny", ours=False)
    with pytest.raises(InstallError, match="lmpdrive env create tiny"):
        check(about, Path("python"), "tiny", ours=True)


def test_in_our_own_environments_the_code_must_be_the_same():
    about = {"versions": {"lmpdrive": __version__}, "digest": "of other code"}
    check(about, Path("python"), "tiny", ours=False)
    with pytest.raises(InstallError, match="lmpdrive env create tiny"):
        check(about, Path("python"), "tiny", ours=True)


def test_a_site_s_interpreter_is_taken_and_left_alone(with_lmpdrive):
    point(TINY, with_lmpdrive)
    assert python("tiny") == with_lmpdrive and names() == ["tiny"]
    assert choose("tiny", ["no_such_package"]).origin == "environment"
    with pytest.raises(InstallError, match="points to"):
        create(TINY)
    remove("tiny")
    assert names() == [] and with_lmpdrive.exists()


def test_a_half_made_environment_is_not_used():
    (folder("tiny") / "bin").mkdir(parents=True)
    (folder("tiny") / "bin" / "python").symlink_to(sys.executable)
    (folder("tiny") / "state.json").write_text('{"done": {}}')
    (folder("tiny") / "complete.json").write_text("")  # cut off
    assert complete("tiny") is None
    assert choose("tiny", ["no_such_package"]).here


def test_removing_what_is_not_there_lists_what_is():
    folder("mace").mkdir(parents=True)
    with pytest.raises(InstallError, match="did you mean 'mace'"):
        remove("mcae")


def test_torch_is_the_cpu_build_without_a_gpu_and_pytorch_s_index_comes_second():
    recipe_ = Recipe("tiny", 1.0, ("a",), cpu=("b",), cuda=("c",), torch="torch==2.13.0", no_deps=("d",))
    cpu, cuda = plan(recipe_, cuda=False), plan(recipe_, cuda=True)
    torch = next(step for step in cpu.steps if step.title == "PyTorch, CPU build")
    assert [c[-1] for c in torch.commands] == ["torch==2.13.0+cpu", TORCH_CPU_INDEX]
    packages = next(step for step in cpu.steps if step.title == "packages").commands[0]
    assert {"a", "b", "torch==2.13.0"} < set(packages) and "c" not in packages
    packages = next(step for step in cuda.steps if step.title == "packages").commands[0]
    assert {"a", "c", "torch==2.13.0"} < set(packages) and "b" not in packages
    assert not any("CPU build" in step.title for step in cuda.steps)
    assert next(s for s in cpu.steps if "without" in s.title).commands[0][-2:] == ("--no-deps", "d")


def test_torch_named_by_the_user_is_the_cpu_build_too():
    steps = plan(TINY, cuda=False, extra=["chgnet", "torch==2.13.0"]).steps
    assert steps[1].commands[0][-1] == "torch==2.13.0+cpu"
    assert {"chgnet", "torch==2.13.0"} < set(steps[2].commands[0])


def test_a_plan_does_not_depend_on_the_name_this_python_was_started_by(tmp_path, monkeypatch):
    before = plan(TINY).steps[0].key
    (tmp_path / "python-by-another-name").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python-by-another-name"))
    assert plan(TINY).steps[0].key == before


def test_too_little_disk_is_said_before_anything_is_downloaded():
    with pytest.raises(InstallError, match="free, and 'tiny' takes about 1000000000"):
        create(Recipe("tiny", size_GB=1e9))
    assert [p.name for p in folder("tiny").iterdir()] == []


def test_a_step_that_fails_tells_the_end_of_its_output(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")  # makes no environment
    monkeypatch.setenv("PATH", "/bin")
    with pytest.raises(InstallError, match=r"empty environment: failed(.|\n)*install.log"):
        create(TINY)
    assert complete("tiny") is None


@pytest.mark.parametrize("family", recipes())
def test_the_extra_of_pyproject_and_the_recipe_want_the_same(family):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    recipe_ = recipes()[family]
    installed = {*recipe_.requirements, *recipe_.cpu, *recipe_.no_deps}
    assert {r for r in extras.get(family, ()) if not r.startswith("torch")} <= installed


@pytest.mark.parametrize("architecture", available())
def test_every_architecture_that_needs_a_package_has_a_recipe(architecture):
    cls = find(architecture)
    assert cls.environment or cls.python_module is None
    if cls.environment:
        assert recipe(architecture) == recipe(cls.environment.family) == cls.environment


def test_the_running_lmpdrive_is_packed_as_it_is(tmp_path):
    """From a normal installation: with its code, templates and entry point, and nothing of the installer's."""
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, ROOT]
    subprocess.run(install, check=True, capture_output=True)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from lmpdrive.environments import packing\n"
        "assert packing.checkout() is None\n"
        "print(packing.arguments(Path(sys.argv[2]))[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, site, tmp_path], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    wheel = Path(done.stdout.strip())
    again = tmp_path / "again"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", again, wheel]
    subprocess.run(install, check=True, capture_output=True)
    files = {p.relative_to(again).as_posix() for p in again.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    original = {p.relative_to(site).as_posix() for p in site.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    assert original == files
    assert "lmpdrive/_shared/templates/base.lmp.j2" in files
    with zipfile.ZipFile(wheel) as archive:
        assert not any(n.endswith(("direct_url.json", "INSTALLER")) for n in archive.namelist())
    about = subprocess.run(
        [sys.executable, "-c", Path(facts_.__file__).read_text()],
        env={"PYTHONPATH": str(again)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(about.stdout)["digest"] == facts_.digest()
