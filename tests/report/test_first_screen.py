"""Before anything is scrolled: what was run, the verdict, the picture, six numbers, three figures, the next command."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from lmpdrive.common.manifest import Manifest
from lmpdrive.observables import analyse
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.report import write_report
from lmpdrive.report.alt_text import alt_text
from lmpdrive.report.beside import links, links_of_table
from lmpdrive.report.first_screen import KEY_FIGURES, KEY_NUMBERS, key_tables, title_of
from lmpdrive.report.labels import with_typeset_unit
from lmpdrive.report.numbers import first_numbers
from lmpdrive.report.picture.snapshot import Snapshot
from lmpdrive.report.verdict import Verdict
from lmpdrive.report.what_is_what import what_is_what
from tests.observables.synthetic_frames import Frames, film
from tests.report import runs

VOID = {"meta", "br", "link", "img", "input", "hr", "path", "use", "image", "circle"}
NOTES = (
    "what is what, from 5 frames (--slab, --surface and --normal override it):",
    "  slab      Au96: 4 layers, normal along z; surface plane: mean height of the 24 atoms (Au)",
    "  water     93 H2O",
    "  ions      3 Na, 2 ClO4 (counted at Cl)",
)


class Tree(HTMLParser):
    """Elements in order as (path of tags with their classes, attributes, text)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.path: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.open: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        name = ".".join([tag, *(attributes.get("class") or "").split()])
        self.elements.append((" ".join([*self.path, name]), attributes, []))
        if tag not in VOID:
            self.path.append(name)
            self.open.append(len(self.elements) - 1)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((" ".join([*self.path, tag]), dict(attrs), []))

    def handle_endtag(self, tag):
        if tag not in VOID:
            self.path.pop()
            self.open.pop()

    def handle_data(self, data):
        for i in self.open:
            self.elements[i][2].append(data)

    def all(self, end: str, within: str = "") -> list[tuple[dict[str, str | None], str]]:
        """(attributes, text) of elements whose path ends with `end` and has `within` in it."""
        return [
            (attributes, " ".join("".join(text).split()))
            for path, attributes, text in self.elements
            if f" {path}".endswith(f" {end}") and within in path
        ]


def frames():
    elements, positions, cell = film([2.6, 5.2, 8.8], [0.3, -0.4, 0.1], extra=[("Na", (1, 1, 16))])
    moved = positions + np.random.default_rng(0).normal(scale=0.05, size=(20, *positions.shape))
    return Frames(elements, moved, cell)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a run that was interrupted, with its deck."""
    run = tmp_path_factory.mktemp("my run")
    (run / "in.lammps").write_text("run 0\n")
    manifest = runs.manifest("interrupted")
    found = analyse(frames(), thermo=runs.log(ps=2.0), names=["water_density", "ion_density", "temperature", "energy"])
    write_report(run, found, runs.log(ps=2.0), manifest, snapshot=Snapshot.last_of(frames()))
    return run


@pytest.fixture(scope="module")
def page(folder):
    return Tree((folder / "report.html").read_text())


def test_first_is_what_was_run(page):
    ((_, title),) = page.all("title", "head")
    ((_, heading),) = page.all("h1")
    assert heading == "Au36 · 3 H₂O · 1 Na"
    assert title.startswith("Au36 · 3 H₂O · 1 Na, NVT at 300 K · 50 ps in steps of 0.5 fs")


def test_then_verdict_picture_numbers_command_and_figures_before_any_chapter(page):
    places = {}
    for number, (path, attributes, _) in enumerate(page.elements):
        last = path.split()[-1]
        for name in ("div.verdict", "svg.system", "table.key", "p.next", "div.keys", "nav", "h2"):
            if last.startswith(name) or attributes.get("class", "") == name:
                places.setdefault(name, number)
    assert list(places) == ["div.verdict", "svg.system", "table.key", "p.next", "div.keys", "nav", "h2"]
    numbers = page.all("td.n", "table.key")
    assert 2 <= len(numbers) <= KEY_NUMBERS and any(text.endswith(" K") for _, text in numbers)
    ((_, command),) = page.all("code", "p.next")
    assert command.startswith("lmpdrive resume '") and "my run" in command
    figures = page.all("a", "div.keys")
    assert [attributes["href"] for attributes, _ in figures] == ["#water_density", "#ion_density_Na", "#temperature"]
    shown = {attributes["href"] for attributes, _ in page.all("use", "div.keys")}
    ids = {attributes.get("id") for _, attributes, _ in page.elements}
    assert len(shown) == KEY_FIGURES and {link.removeprefix("#") for link in shown} <= ids


def test_tables_are_folded_and_pictures_have_words(page):
    for path, attributes, _ in page.elements:
        if path.split()[-1].startswith("details"):
            assert "open" not in attributes
        if path.split()[-1] == "table" and "figure" in path:
            assert "details" in path
    drawn = [(attributes, text) for attributes, text in page.all("svg", "figure")]
    assert len(drawn) == 4
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes, _ in drawn)
    assert any("Water density: ρ [g/cm^3] against z [Å]" in attributes["aria-label"] for attributes, _ in drawn)


def test_links_lead_to_files_beside_the_page(page, folder):
    files = {attributes["href"] for attributes, _ in page.all("a", "section.files")}
    assert files == {"in.lammps"}
    of_figures = {attributes["href"] for attributes, _ in page.all("a", "div.note.files")}
    assert "observables/water_density.svg" in of_figures
    assert all((folder / link).is_file() for link in files | of_figures)


def test_links_of_a_run_elsewhere_and_of_names_with_blanks(tmp_path):
    run, out = tmp_path / "my run", tmp_path / "out"
    for folder in (run, out / "observables"):
        folder.mkdir(parents=True)
    (run / "in.lammps").write_text("")
    (out / "observables" / "water density.csv").write_text("")
    assert links(out, run) == [("deck (in.lammps)", "../my%20run/in.lammps")]
    assert links(out, None) == []
    assert links_of_table(out, "water density") == [("CSV", "observables/water%20density.csv")]


def test_title_names_what_was_built_and_how_it_ran():
    what = what_is_what(NOTES)
    built = Manifest.of({"system": {"report": ["built Au(111) 6x4, seed 1: 378 atoms (96 Au, 186 H, 3 Na, 93 O)"]}})
    assert title_of(built, what) == ("Au(111) 6x4 · 93 H₂O · 3 Na · 2 ClO₄", "")
    assert title_of(Manifest(), what)[0] == "Au96 · 93 H₂O · 3 Na · 2 ClO₄"
    assert title_of(runs.manifest(), what_is_what(()))[0] == "Au96 O93 H186 Na3"
    ramp = {
        "ramp_K": [300, 500],
        "ensemble": "nvt",
        "timestep_fs": 1,
        "stages": [{"name": "production", "steps": 2000}],
    }
    potential = {"architecture": "deepmd", "title": "deepmd: pt-water-dp"}
    how = title_of(Manifest.of({"dynamics": ramp, "potential": potential}), what)[1]
    assert how == "NVT from 300 to 500 K · 2 ps in steps of 1 fs · deepmd: pt-water-dp"
    assert title_of(Manifest(), what_is_what(())) == ("", "")


def table(name, y=(1.0, 3.0, 2.0), kind="profile", **more):
    data = pd.DataFrame({"z [Å]": [0.5, 1.5, 2.5], "ρ [g/cm^3]": y, "σ [g/cm^3]": [0.1, 0.1, np.nan]})
    return Table(name, name.replace("_", " ").capitalize(), kind, data, n_blocks=10, n_frames=30, **more)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["energy", "temperature", "water_density", "ion_density_Na", "rdf_O_O"],
         ["water_density", "ion_density_Na", "temperature"]),
        (["rdf_O_O", "pressure", "water_density_top"], ["water_density_top", "rdf_O_O", "pressure"]),
        (["energy"], ["energy"]),
        (["mine"], ["mine"]),
        ([], []),
    ],
)  # fmt: skip
def test_three_figures_are_chosen(names, shown):
    assert [one.name for one in key_tables({name: table(name) for name in names})] == shown


def test_numbers_with_an_error_come_first():
    scalars = {
        "a": Scalar(1.0, headline=True),
        "b": Scalar(2.0, 0.1, headline=True),
        "c": Scalar(float("nan"), 0.1, headline=True),
        "d": Scalar(3.0, 0.1),
    }
    assert list(first_numbers(scalars, 6)) == ["b", "a"]
    assert list(first_numbers({name: replace(one, headline=False) for name, one in scalars.items()}, 2)) == ["b", "d"]


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        ("2.2 ± 0.7", "1e-5 cm^2/s", "(2.2 ± 0.7) × 10⁻⁵ cm²/s"),
        ("0.997 ± 0.018", "g/cm^3", "0.997 ± 0.018 g/cm³"),
        ("5.2", "1", "5.2"),
        ("5.2", "1/nm^2", "5.2 1/nm²"),
    ],
)
def test_units_as_they_are_printed(number, unit, text):
    assert with_typeset_unit(number, unit) == text


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (table("water_density"),
         "Water density: ρ [g/cm^3] against z [Å] from 0.5 to 2.5; largest 3 at 1.5, smallest 1 at 0.5; "
         "with 95 % band"),
        (table("energy", kind="series"), "Energy: ρ [g/cm^3] against z [Å] from 0.5 to 2.5; mean 2, between 1 and 3"),
        (table("mine", (np.nan,) * 3), "Mine: ρ [g/cm^3] against z [Å]; not defined anywhere"),
    ],
)  # fmt: skip
def test_words_of_a_figure(one, words):
    assert alt_text(one) == words


def test_a_page_without_frames_has_no_picture_and_says_what_is_known(tmp_path):
    write_report(tmp_path, {}, None, runs.manifest("failed"), Verdict("bad", "Not trustworthy: 1 problem."))
    page = Tree((tmp_path / "report.html").read_text())
    assert not page.all("svg.system") and not page.all("div.keys")
    ((_, words),) = page.all("p.next")
    assert words == "Solve the problems first: a longer run alone does not."
