"""symmetrix's C++ evaluator of a MACE model against the model, and the choice of the fastest form."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not in this environment")
pytest.importorskip("mace", reason="mace-torch is not in this environment")
pytest.importorskip("symmetrix", reason="symmetrix-xl is not in this environment")

import lmpdrive  # noqa: E402
from lmpdrive.architectures import Configuration  # noqa: E402
from lmpdrive.architectures.mace import cache  # noqa: E402
from lmpdrive.architectures.mace.evaluator import MaceEvaluator  # noqa: E402
from lmpdrive.architectures.mace.forms import Alternatives, Form, Model, alternatives  # noqa: E402
from lmpdrive.architectures.mace.model import load  # noqa: E402
from lmpdrive.testing import check_architecture  # noqa: E402
from lmpdrive.testing.architectures import Limits  # noqa: E402
from tests.architectures.mace_models import NOWHERE, agrees, film, mace, random_model  # noqa: E402
from tests.architectures.structures import water_on  # noqa: E402

POTENTIALS = Path(__file__).resolve().parents[2] / "potentials"
TINY = Path(__file__).parent / "data" / "mace-tiny.model"
NATIVELY = "natively (symmetrix)"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


MODELS = {
    "order 1, two heads": {"correlation": 1, "heads": ("coarse", "fine"), "hidden": "4x0e"},
    "order 2, Agnesi, ZBL": {"correlation": 2, "distance_transform": "Agnesi", "pair_repulsion": True},
    "order 3": {"correlation": 3},
    "order 4": {"correlation": 4, "hidden": "4x0e"},
    "orders 3 and 2": {"correlation": [3, 2], "hidden": "4x0e"},
}


@pytest.mark.parametrize("name", MODELS)
def test_it_equals_the_model_at_any_order(name, tmp_path, capsys):
    options = MODELS[name]
    head = {"head": options["heads"][1]} if "heads" in options else {}
    agrees(mace(random_model(tmp_path, **options), dtype="float64", symmetrix="always", **head), NATIVELY, capsys, 2e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_equals_a_trained_model(dtype, capsys):
    model = POTENTIALS / "pt-water-mace" / "mace.model"
    agrees(mace(model, dtype=dtype, symmetrix="always"), NATIVELY, capsys, 2e-5)


def test_the_process_keeps_its_denormal_numbers():
    tiny = np.array([5e-324])
    assert tiny * 1.0 > 0
    mace(POTENTIALS / "pt-water-mace-l1" / "mace.model", symmetrix="always").evaluator(NOWHERE, "cpu")(film())
    assert tiny * 1.0 > 0


@pytest.mark.parametrize("options", [{"layers": 3}, {"max_ell": 2}, {"distance_transform": "Soft"}], ids=str)
def test_a_model_that_it_cannot_take_runs_unchanged_and_says_why(options, tmp_path, capsys):
    potential = mace(random_model(tmp_path, 2, "4x0e", **options), compile="never", symmetrix="always")
    potential.evaluator(NOWHERE, "cpu")(film())
    said = capsys.readouterr().out
    assert "MACE runs unchanged" in said and "natively (symmetrix)" in said


def test_it_is_left_out_where_nothing_may_be_compiled_or_tabulated(monkeypatch):
    model = Model(load(str(TINY), torch.float32, "cpu"), 0, "key", "cpu")
    kinds = alternatives(model, "never", "auto", "auto", "never")
    assert not any(kind.forms for kind in kinds)
    names = [form.name for kind in alternatives(model, "auto", "never", "auto", "never") for form in kind.forms]
    assert names == ["compiled"]
    monkeypatch.setenv("CXX", "/nonexistent/compiler")
    reasons = [kind.missing for kind in alternatives(model, "auto", "auto", "auto", "never")]
    assert any("no symmetrix: there is no C++ compiler" in reason for reason in reasons)


def test_simulate_conserves_and_the_manifest_names_the_form(write_yaml, tmp_path):
    atoms = water_on("Pt", 3.94, layers=1, heights_A=(7.0, 9.5, 12.0), height_A=16.0, shake_A=0.05)
    atoms.write(tmp_path / "start.xyz")
    content = {
        "system": {"read": str(tmp_path / "start.xyz")},
        "potential": {"architecture": "mace", "model": str(TINY), "symmetrix": "always"},
        "dynamics": {
            "ensemble": "nve",
            "temperature_K": 100,
            "timestep_fs": 0.25,
            "minimise": {"force_eV_per_A": 0.5, "max_steps": 50},
            "fixed_layers": 0,
            "equilibrate_ps": 0,
            "production_ps": 0.1,
        },
        "output": {"report": False},
    }
    said: list[str] = []
    result = lmpdrive.simulate(write_yaml(content), tmp_path / "run", say=said.append)
    form = json.loads((result.directory / "manifest.json").read_text())["model_form"]
    assert form["name"] == "natively (symmetrix)" and 0 < form["deviation_eV_per_A"] < 2e-5
    assert any(line.startswith("the model runs natively (symmetrix)") for line in said)
    energy = result.tables["energy"].filter(like="otal").iloc[:, 0]
    assert np.ptp(energy) / len(atoms) < 2e-4


@pytest.mark.validation
def test_contract():
    """A dozen processes; the run above is the short form of it."""
    potential = {"architecture": "mace", "model": str(TINY), "dtype": "float64", "symmetrix": "always"}
    atoms = water_on("Pt", 3.94, layers=2, heights_A=(9.3, 12.5, 15.5), height_A=20.0, shake_A=0.02)
    measured = check_architecture(potential, atoms, limits=Limits(force_eV_per_A=2e-5, virial_eV=1e-3))
    print(measured)
    assert not measured.skipped and len(measured.numbers) >= 12


class Slow:
    """A form that agrees with the model and takes a while longer."""

    edge_count = 1

    def __init__(self, evaluate, ms: float) -> None:
        self.evaluate, self.ms, self.calls = evaluate, ms, 0

    def __call__(self, configuration):
        import time

        self.calls += 1
        time.sleep(1e-3 * self.ms)
        return self.evaluate(configuration)


def test_the_fastest_is_measured_once_and_remembered_until_it_disagrees(tmp_path):
    """Real models, three forms of them that differ only in a pause."""
    model = Model(load(str(TINY), torch.float64, "cpu"), 0, "some model", "cpu")
    made: list[str] = []

    def kind(name: str, ms: float, wrong: bool = False) -> Alternatives:
        def make(*_: object) -> Slow:
            made.append(name)
            form = Slow(model.unchanged(), ms)
            if wrong:
                shifted = model.unchanged()
                form.evaluate = lambda c: shifted(Configuration(c.numbers, c.positions * 1.001, c.cell, c.pbc))
            return form

        return Alternatives((Form(name, 1e-8, make),))

    def names(*kinds: Alternatives) -> str:
        chosen: list = []
        MaceEvaluator(model, kinds, lambda line: None, chosen.append)(film())
        return chosen[0]

    first = names(kind("a", 300), kind("b", 100), kind("c", 0, wrong=True))
    assert first.name == "unchanged" and list(first.ms) == ["a", "b", "unchanged"]
    assert first.ms["a"] > 300 and 100 < first.ms["b"] < 300
    assert any(reason.startswith("c would change forces by") for reason in first.left_out)
    assert made == ["a", "b", "c"]
    made.clear()
    assert names(kind("a", 300), kind("b", 100), kind("c", 0)).name == "unchanged" and made == []

    wanted = Alternatives(kind("a", 300).forms, wanted=True)
    assert names(wanted, kind("b", 100)).name == "a" and made == ["a"], "what the user asks for needs no measurement"


def test_another_size_or_version_is_measured_again(monkeypatch):
    from lmpdrive.architectures.mace.timing import Memory

    small, same, large = (Memory("key", "cpu", atoms) for atoms in (380, 384, 800))
    assert small.path == same.path != large.path
    small.write({"a": 1.0, "b": 2.0}, 380)
    assert same.read() == {"a": 1.0, "b": 2.0} and large.read() == {}
    small.path.write_text("damaged")
    assert same.read() == {}
    shutil.rmtree(small.path.parent)
    small.path.parent.write_text("no folder")
    small.write({"a": 1.0}, 380)
    assert cache.version_of("no-such-package") == "none"
