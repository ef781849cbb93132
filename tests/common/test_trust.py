"""Model files that can run code run nothing before they are accepted; tried with pickles that leave a mark."""

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ase.build import bulk

import lmpdrive
from lmpdrive.architectures import find
from lmpdrive.cli.app import main
from lmpdrive.common import resources, trust
from lmpdrive.common.hashing import sha256
from lmpdrive.errors import ConfigError, UntrustedError
from tests.conftest import ROOT

DATA = ROOT / "tests" / "architectures" / "data"

MINE = '''
import pickle
from pathlib import Path
from typing import ClassVar
from lmpdrive.architectures import Architecture, AseEvaluator, Callback


class Mine(Architecture):
    """A pickled calculator, loaded by `check` and by the worker; says nothing about what may run code."""

    template: ClassVar[str] = "callback.lmp.j2"
    couplings: ClassVar = (Callback(),)
    plugins: ClassVar[bool] = False
    made: ClassVar = ("converted.pkl",)
    model: Path

    def resolve(self, folder):
        return self.model_copy(update={"model": (folder / self.model).resolve()})

    def files(self):
        return {"model.pkl": self.model}

    def write_files(self, run_dir):
        (run_dir / "converted.pkl").write_bytes(self.model.read_bytes() + b"converted")

    def problems(self, interface):
        pickle.loads(self.model.read_bytes())
        return []

    def evaluator(self, run_dir, device):
        return AseEvaluator(pickle.loads((run_dir / "model.pkl").read_bytes()))
'''


class Program:
    """Pickled, it is the text of an expression, which is evaluated when the pickle is read."""

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def __reduce__(self):
        return eval, (self.expression,)


@pytest.fixture(autouse=True)
def nothing_accepted(tmp_path, monkeypatch):
    monkeypatch.delenv(trust.VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


@pytest.fixture
def model(tmp_path):
    """A pickle that marks its reading, and gives a calculator."""
    mark = tmp_path / "was-read"
    path = tmp_path / "model.pkl"
    returns = "__import__('ase.calculators.emt').calculators.emt.EMT()"
    path.write_bytes(pickle.dumps(Program(f"(open({str(mark)!r}, 'w').close(), {returns})[1]")))
    return path


@pytest.fixture
def file(tmp_path, model):
    (tmp_path / "mine.py").write_text(MINE)
    atoms = bulk("Cu", cubic=True).repeat(2)
    atoms.rattle(0.05, seed=1)
    atoms.write(tmp_path / "start.xyz")
    content = {
        "system": {"read": "start.xyz"},
        "potential": {"architecture": "./mine.py", "model": "./model.pkl"},
        "dynamics": {"fixed_layers": 0, "equilibrate_ps": 0, "production_ps": 0.02, "minimise": None},
        "output": {"report": False},
    }
    path = tmp_path / "system.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def was_read(model: Path) -> bool:
    """Since the last question."""
    mark = model.with_name("was-read")
    there = mark.exists()
    mark.unlink(missing_ok=True)
    return there


def command(monkeypatch, *words) -> int:
    """Exit code of `lmpdrive words`."""
    monkeypatch.setattr(sys, "argv", ["lmpdrive", *map(str, words)])
    with pytest.raises(SystemExit) as done:
        main()
    return done.value.code


def test_a_pickle_is_read_by_no_command_before_it_is_accepted(file, model, tmp_path, monkeypatch, capsys):
    run, record = tmp_path / "run", tmp_path / "home" / "lmpdrive" / "trusted.jsonl"
    for words, code in (
        (["check", file], 4),
        (["check", file, "--compare"], 4),
        (["simulate", file, "--dry-run"], 4),
        (["simulate", file, "--out", run], 2),
        (["render", file, "--out", run], 2),
    ):
        assert command(monkeypatch, *words) == code
        told = capsys.readouterr().err
        assert all(part in told for part in (str(model), sha256(model), f"lmpdrive trust {model}", "can run code"))
    assert not was_read(model) and not run.exists() and not record.exists()

    assert command(monkeypatch, "trust", model) == 0
    assert sha256(model) in capsys.readouterr().out
    assert command(monkeypatch, "check", file) == 0 and was_read(model)
    assert command(monkeypatch, "simulate", file, "--out", run, "-q") == 0 and was_read(model)
    assert command(monkeypatch, "run-deck", run / "in.lammps", "--overwrite", "-q") == 0 and was_read(model)

    model.write_bytes(model.read_bytes() + b" ")  # what follows a pickle's end is not looked at
    assert command(monkeypatch, "check", file) == 4
    assert "it has changed since it was accepted" in capsys.readouterr().err
    assert command(monkeypatch, "simulate", file, "--out", tmp_path / "again") == 2
    assert command(monkeypatch, "run-deck", run / "in.lammps", "--overwrite") == 2
    worker = [sys.executable, "-m", "lmpdrive.engine.worker", "in.lammps", "--no-plugins", "--callback"]
    assert subprocess.run(worker, cwd=run, capture_output=True, check=False).returncode == 1
    assert "UntrustedError" in json.loads((run / "error.json").read_text())["message"]
    assert not was_read(model)


def test_a_run_directory_of_somebody_else_s_is_not_believed(file, model, tmp_path):
    """Its model may be another than the one it names, and that one may be accepted."""
    run = tmp_path / "run"
    trust.accept([model])
    lmpdrive.render(file, run)
    assert [entry.file for entry in trust.entries()] == [str(model), str(run / "converted.pkl")]
    was_read(model)
    for name in ("converted.pkl", "model.pkl"):
        good = (run / name).read_bytes()
        (run / name).unlink()
        (run / name).write_bytes(good + b" ")
        with pytest.raises(UntrustedError, match=str(run / name)):
            lmpdrive.run_deck(run / "in.lammps")
        (run / name).write_bytes(good)
    assert not was_read(model)


def test_trust_on_the_command_line_accepts_for_good_and_the_variable_for_once(file, model, monkeypatch):
    monkeypatch.setenv(trust.VARIABLE, "all")
    assert command(monkeypatch, "check", file) == 0 and was_read(model)
    monkeypatch.delenv(trust.VARIABLE)
    assert trust.entries() == [] and command(monkeypatch, "check", file) == 4
    assert command(monkeypatch, "check", file, "--trust") == 0 and was_read(model)
    assert command(monkeypatch, "check", file) == 0
    monkeypatch.setenv(trust.VARIABLE, "yes")
    assert command(monkeypatch, "check", file) == 2


def test_mace_reads_no_pickle_before_it_is_accepted(file, model):
    pytest.importorskip("mace", reason="needs mace-torch")
    import torch

    torch.save(Program(f"open({str(model.with_name('was-read'))!r}, 'w').close()"), model)
    potential = "potential={architecture: mace, model: ./model.pkl, coupling: callback}"
    (problem,) = [p for p in lmpdrive.check(file, [potential]) if p.level == "error"]
    assert "lmpdrive trust" in problem.message and not was_read(model)
    (problem,) = [p for p in lmpdrive.check(file, [potential], trust=True) if p.level == "error"]
    assert "is not a MACE model" in problem.message and was_read(model)


@pytest.mark.parametrize(
    ("potential", "asked"),
    [
        ({"architecture": "mace", "model": DATA / "mace-tiny.model"}, 1),
        ({"architecture": "mace", "model": "mace_mp:small"}, 0),
        ({"architecture": "sevennet", "model": DATA / "mace-tiny.model"}, 1),
        ({"architecture": "sevennet", "model": "7net-0"}, 0),
        ({"architecture": "fairchem", "model": "./gone.pt"}, 0),
        ({"architecture": "fairchem", "model": "uma-s-1p1"}, 0),
        ({"architecture": "deepmd", "model": DATA / "dp-float64.pb", "committee": [DATA / "mace-tiny.model"]}, 2),
        ({"architecture": "deepmd", "model": DATA / "dpa3-untrained.savedmodel"}, 1),
        ({"architecture": "grace", "model": DATA / "grace" / "1l"}, 1),
        ({"architecture": "grace", "model": DATA / "grace" / "1l.npz"}, 0),
        ({"architecture": "grace", "model": DATA / "grace" / "fs.yaml"}, 0),
        ({"architecture": "nequip", "model": DATA / "mace-tiny.model"}, 1),
        ({"architecture": "pod", "model": DATA / "mace-tiny.model", "parameters": DATA / "make_esen.py"}, 0),
        ({"architecture": "classical"}, 0),
        ({"architecture": "ase", "calculator": "a:B", "kwargs": {"x": ["./1", {"y": str(DATA / "dp-float64.pb")}]}}, 1),
        ({"architecture": "ase", "calculator": "a:B", "kwargs": {"x": str(DATA / "grace" / "1l"), "y": "a" * 999}}, 1),
        ({"architecture": "ase", "calculator": "a:B", "kwargs": {"x": str(DATA), "y": "\0", "z": 1.5}}, 0),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_architectures_ask_for(potential, asked):
    name = potential["architecture"]
    words = yaml.safe_load(json.dumps(potential, default=str))
    assert len(trust.untrusted(find(name).model_validate(words).resolve(Path()).programs())) == asked


def test_what_lmpdrive_made_in_its_cache_needs_no_accepting(model, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    compressed = tmp_path / "cache" / "lmpdrive" / "deepmd" / "model.pb"
    compressed.parent.mkdir(parents=True)
    compressed.write_bytes(model.read_bytes())
    link = tmp_path / "model.pb"
    link.symlink_to(compressed)
    assert trust.untrusted([link, model]) == {model: sha256(model)}


def test_what_comes_with_lmpdrive_needs_no_accepting():
    cards = sorted(resources.potentials().glob("*/card.yaml"))
    models = [card.parent / yaml.safe_load(card.read_text())["file"] for card in cards]
    assert models and trust.untrusted(models) == {} and trust.accept(models) == []


def test_a_folder_is_accepted_with_all_its_files(tmp_path):
    folder = tmp_path / "saved"
    shutil.copytree(DATA / "grace" / "1l", folder)
    trust.accept([folder])
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert trust.untrusted([link]) == {}
    (folder / "variables" / "more").write_text("")
    assert list(trust.untrusted([link])) == [folder]


def test_the_record_is_listed_and_entries_removed(tmp_path, monkeypatch, capsys):
    names = [tmp_path / f"{letter}.model" for letter in "abc"]
    for path in names:
        path.write_text(path.name)
    odd = tmp_path / 'd\n{"sha256": "x"}'
    odd.write_text("d")
    assert command(monkeypatch, "trust", *names, odd) == 0
    trust.record().write_text(trust.record().read_text() + '{"sha256": "cut off\n')
    assert [entry.file for entry in trust.entries()] == [*map(str, names), str(odd)]
    assert trust.record().stat().st_mode & 0o077 == 0
    assert command(monkeypatch, "trust", names[0]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert command(monkeypatch, "trust", "--remove", names[0], sha256(names[1])[:10]) == 0
    capsys.readouterr()
    assert command(monkeypatch, "trust", "--list") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[:1]] == [sha256(names[2])]
    names[2].unlink()
    assert [entry.file for entry in trust.forget([str(names[2])])] == [str(names[2])]
    assert trust.record().stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("words", [[], ["--list", "x"], ["gone.model"], ["--remove", "12345678"], ["--remove", "ab"]])
def test_words_that_name_nothing_are_refused(words, monkeypatch):
    assert command(monkeypatch, "trust", *words) == 2


def test_a_record_that_cannot_be_written_names_the_variable(tmp_path):
    (tmp_path / "home").write_text("a file where a folder belongs")
    with pytest.raises(ConfigError, match="LMPDRIVE_TRUST=all"):
        trust.accept([DATA / "mace-tiny.model"])
