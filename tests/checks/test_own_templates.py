"""Templates of one's own: the files that they read, the styles that LAMMPS must have, and barostats."""

from __future__ import annotations

import shutil

import pytest

import lmpdrive
from lmpdrive.common.hashing import sha256
from lmpdrive.common.manifest import read_manifest
from lmpdrive.deck.auxiliary import auxiliary_files, missing_files
from lmpdrive.deck.commands import parse_deck
from lmpdrive.deck.styles import styles_of
from lmpdrive.errors import ModelError, RunDirectoryError
from lmpdrive.pipeline import check
from lmpdrive.stages.reproduce import compare_with_manifest, copy_inputs
from tests.conftest import SMALL_CLASSICAL
from tests.field_cases import deck_case
from tests.stages.resuming import METAL, resumed

HEAD = '{% extends "shipped/classical.lmp.j2" %}\n'
CV = """indexFile sub/groups.ndx
colvar {
  name d
  distance {
    group1 {
      atomNumbers 1
    }
    group2 {
      indexGroup last
    }
  }
}
"""
GROUPS = "[ last ]\n64\n"
METAL_ALONE = METAL | {"templates": "mine", "dynamics": METAL["dynamics"] | {"ensemble": "nvt"}}


@pytest.fixture
def own(tmp_path, write_yaml):
    """A YAML file with a template of these lines before the production, and files beside it."""

    def made(lines, files=None, content=SMALL_CLASSICAL, **changes):
        mine = tmp_path / "mine"
        mine.mkdir(exist_ok=True)
        block = "{% block before_production %}\n" + lines + "\n{% endblock %}\n"
        (mine / "classical.lmp.j2").write_text(HEAD + block)
        for name, text in (files or {}).items():
            (mine / name).parent.mkdir(exist_ok=True)
            (mine / name).write_text(text)
        return write_yaml(content | {"templates": "mine"}, **changes)

    return made


def problems(file, level="error"):
    return [p.message for p in check(file) if p.level == level]


def test_files_that_a_deck_names(tmp_path):
    """In input words, at any depth, in files that such a file names; not what is written, not templates."""
    for name in ("cv.in", "groups.ndx", "deep/mol.txt", "out.dat", "a.restart", "x.j2", "large.bin", "system.data"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "cv.in").write_text("indexFile groups.ndx\nlarge.bin ../secret cv.in\n")
    (tmp_path / "large.bin").write_bytes(b"\xff\xfe\0" * 9)
    (tmp_path.parent / "secret").write_text("")
    deck = parse_deck(
        "read_data system.data\nfix b all colvars 'cv.in' output out.dat\nmolecule m deep/mol.txt\nfix w all x x.j2\n"
        "restart 100 a.restart\nfix t all ave/time 1 1 1 c_t file out.dat\nfix s all y ../secret\n# groups.ndx\n"
        "fix long all z " + "w" * 300 + "\n"
    )
    found = auxiliary_files(deck, [tmp_path], ["system.data"], {})
    assert sorted(found) == ["cv.in", "deep/mol.txt", "groups.ndx", "large.bin"]
    assert auxiliary_files(deck, [], [], {}) == {}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("fix b all colvars cv.in output cv", "cv.in"),
        ("fix b all plumed plumedfile p.dat outfile p.log", "p.dat"),
        ("molecule m water.mol", "water.mol"),
        ("variable v file table.txt", "table.txt"),
        ("fix b all colvars none", None),
        ("fix b all colvars ${name}", None),
        ("variable v equal 1", None),
    ],
)
def test_files_that_must_be_there(line, name):
    assert [n for _, n in missing_files(parse_deck(line), [])] == ([name] if name else [])
    assert list(missing_files(parse_deck(line), [name or ""])) == []


def test_a_missing_file_is_an_error_of_check(own, tmp_path):
    (said,) = problems(own("fix bias all colvars cv.in output cv"))
    assert "reads cv.in" in said and f"{tmp_path}/mine/cv.in" in said and "copied" in said
    with pytest.raises(ModelError, match=r"reads cv\.in"):
        lmpdrive.render(own("fix bias all colvars cv.in output cv"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_files_get_into_the_run_and_its_manifest(own, tmp_path):
    """They are copied with the folders below the template's, hashed, compared, resumed and repeated."""
    file = own("fix bias all colvars cv.in output cv", {"cv.in": CV, "sub/groups.ndx": GROUPS}, METAL_ALONE)
    run = lmpdrive.render(file, tmp_path / "run")
    assert (run / "cv.in").read_text() == CV and (run / "sub" / "groups.ndx").read_text() == GROUPS
    assert read_manifest(run).files["sub/groups.ndx"] == sha256(run / "sub" / "groups.ndx")
    assert resumed(run) == "finished" and (run / "cv.colvars.traj").stat().st_size
    shutil.rmtree(tmp_path / "mine" / "sub")
    first = (run / "cv.colvars.traj").read_bytes()
    assert resumed(run, ["dynamics.production_ps=0.3"]) == "finished"
    assert (run / "cv.colvars.traj").read_bytes() == first and (run / "cv.1.colvars.traj").stat().st_size
    copy_inputs(run, tmp_path / "again")
    assert (tmp_path / "again" / "sub" / "groups.ndx").read_text() == GROUPS
    (run / "cv.in").write_text(CV.replace("atomNumbers 1", "atomNumbers 2"))
    assert "cv.in has changed" in compare_with_manifest(run).differences
    with pytest.raises(RunDirectoryError, match=r"cv\.in was edited after the run began"):
        resumed(run, ["dynamics.production_ps=0.4"])


def test_an_included_file_beside_the_template(own, tmp_path):
    """Its commands are those of the deck: lint reads them, and so does resume."""
    file = own("include bias.in", {"bias.in": "fix bias mobile momentum 100 linear 1 1 1\n"}, METAL_ALONE)
    assert any("momentum" in said for said in problems(file))
    (tmp_path / "mine" / "bias.in").write_text("fix pull mobile addforce 0.01 0 0\n")
    run = lmpdrive.render(file, tmp_path / "run")
    assert resumed(run) == "finished" and "fix pull mobile addforce" in (run / "log.lammps").read_text()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("fix p all plumed plumedfile p.dat outfile p.log", ["fix style plumed", "Packages_details"]),
        ("compute c all stres/atom NULL", ["compute style stres/atom", "did you mean 'stress/atom'?"]),
        ("dump d all no/such 1 x.dump", ["dump style no/such"]),
        ("region r sfere 0 0 0 1", ["region style sfere", "did you mean 'sphere'?"]),
        ("min_style fast", ["minimize style fast"]),
        ("fix c all colvars none", None),
    ],
)
def test_styles_are_asked_of_the_lammps_at_hand(own, line, words):
    said = [text for text in problems(own(line, {"p.dat": "# nothing\n"})) if "style" in text]
    assert len(said) == bool(words)
    for word in words or []:
        assert word in said[0]


def test_styles_of_a_deck():
    text = "pair_style none\npair_style lj/cut 5\nfix 1 all nve\nfix 2 all nve\n"
    text += "compute c all ${style}\nkspace_style pppm 1\n"
    found = [(one.kind, one.name) for one in styles_of(parse_deck(text))]
    assert found == [("pair", "lj/cut"), ("fix", "nve"), ("kspace", "pppm")]
    assert list(styles_of(parse_deck("plugin load mine.so\nfix 1 all mine\n"))) == []


NPT = "unfix move\nfix move mobile {}\nfix_modify move temp T_mobile"


@pytest.mark.parametrize(
    ("fix", "vacuum_A", "axes"),
    [
        ("npt temp 300 300 0.05 iso 1 1 0.5", 12, "z"),  # p p f
        ("nph z 1 1 0.5", 12, "z"),
        ("npt temp 300 300 0.05 x 1 1 0.5 y 1 1 0.5 couple xy", 12, ""),
        ("npt temp 300 300 0.05 iso 1 1 0.5", 0, ""),
        ("nvt temp 300 300 0.05", 12, ""),
    ],
)
def test_barostats_of_templates(own, fix, vacuum_A, axes):
    found = problems(own(NPT.format(fix), system__build__vacuum_A=vacuum_A))
    said = [text for text in found if "changes the length" in text]
    assert [text.partition("along ")[2][0] for text in said] == list(axes)
    assert all("couple xy" in text for text in said)


@pytest.mark.parametrize("name", ["npt-with-vacuum", "npt-vacuum-classical", "template-aux-files"])
def test_field_cases(name, tmp_path):
    """What people met: ../shared/field-cases/decks."""
    folder = deck_case(name)
    found = check(folder / "in.yaml")
    said = " ".join(p.message for p in found if p.level in ("error", "warning"))
    if name == "template-aux-files":
        run = lmpdrive.render(folder / "in.yaml", tmp_path / "run")
        assert (run / "cv.in").is_file()
    else:
        assert "coupling: xy" in said
