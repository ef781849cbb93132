"""The page stands alone, says what it must, escapes what it is given, and copes with knowing little."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from lmpdrive.common.manifest import Manifest
from lmpdrive.common.run_files import REPORT
from lmpdrive.errors import RunDirectoryError, TrajectoryError
from lmpdrive.observables import analyse
from lmpdrive.observables.tables import Scalar
from lmpdrive.report import write_figures, write_report
from lmpdrive.report.labels import axis_label
from lmpdrive.report.numbers import with_error
from tests.observables.synthetic_frames import Frames, film

MANIFEST = {
    "state": "finished",
    "system": {
        "elements": ["Au", "H", "Na", "O"],
        "species": ["Au"] * 36 + ["O", "H", "H"] * 3 + ["Na"],
        "surface_charge_e_per_A2": -0.016365,
        "two_sided": False,
    },
    "dynamics": {
        "timestep_fs": 0.5,
        "temperature_K": 300,
        "ensemble": "NVT",
        "stages": [{"name": "equilibrate", "steps": 100}, {"name": "production", "steps": 400}],
    },
    "output": {"frames_every_steps": 20},
    "potential": {
        "architecture": "deepmd",
        "title": "<script>alert('x')</script>",
        "card": {"level of theory": "RPBE-D3", "limits": ["no Au", "no ions & <b>no</b> acids"]},
        "sha256": {"model.pb": "0123abcd"},
    },
    "versions": {"lmpdrive": "0.1", "lammps": "22 Jul 2025"},
    "seeds": {"velocities": 7},
    "performance": {"ns_per_day": 3.21, "wall_s": 60.5},
}


def thermo(drift=0.0, temperature=300.0, n=200):
    t = np.arange(n) * 0.01
    noise = np.random.default_rng(0).normal(size=n)
    columns = {"run": 0, "Step": np.arange(n) * 20, "Time": t, "Temp": temperature + 3 * noise}
    return pd.DataFrame(columns | {"PotEng": -100.0, "TotEng": -95.0, "Econserve": -95 + drift * t + 1e-4 * noise})


@pytest.fixture(scope="module")
def tables():
    elements, positions, cell = film([2.6, 5.2, 8.8], [0.3, -0.4, 0.1], extra=[("Na", (1, 1, 16))])
    frames = positions + np.random.default_rng(0).normal(scale=0.05, size=(20, *positions.shape))
    return analyse(Frames(elements, frames, cell), thermo=thermo())


@pytest.fixture(scope="module")
def page(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return write_report(folder, tables, thermo(), Manifest.of(MANIFEST))


class Collector(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [v for k, v in attrs if k in ("href", "src", "xlink:href", "action") and v]


def parsed(path):
    collector = Collector()
    collector.feed(path.read_text(encoding="utf-8"))
    return collector


def test_page_needs_nothing_from_outside(page):
    found = parsed(page)
    assert not {"script", "link", "iframe", "img", "object"} & set(found.tags)
    beside = [link for link in found.links if not link.startswith(("#", "data:image/png;base64,"))]
    assert beside and all((page.parent / unquote(link)).is_file() for link in beside)
    assert "@import" not in page.read_text()
    assert len(found.ids) == len(set(found.ids))  # many figures in one page
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    assert page.read_text().count("url(#") > 0  # of the figures, within the page


def test_page_has_a_figure_for_each_table(page, tables):
    assert parsed(page).tags.count("figure") == len(tables) - 1
    files = {path.name for path in (page.parent / "observables").iterdir()}
    assert files == {f"{name}.svg" for name in tables if name != "summary"}


def test_figures_as_png_on_request_and_never_older_than_their_data(tmp_path, tables):
    some = {name: tables[name] for name in ("water_density", "temperature")}
    picture, other = (tmp_path / "observables" / f"{name}.png" for name in some)
    write_report(tmp_path, some, None, png=True)
    assert picture.read_bytes()[:4] == b"\x89PNG" and "observables/water_density.png" in (tmp_path / REPORT).read_text()
    other.unlink()
    picture.write_bytes(b"of another analysis")
    write_report(tmp_path, some, None)
    assert picture.read_bytes()[:4] == b"\x89PNG" and not other.exists()


def test_page_says_what_was_run(page):
    text = page.read_text()
    for word in ("RPBE-D3", "no Au", "0123abcd", "22 Jul 2025", "3.21 ns/day", "-26.2 µC/cm²", "400 steps", "finished"):
        assert word in text, word
    assert "36 Au, 6 H, 1 Na, 3 O" in text
    assert "M_w ⟨N" in text  # the equation is in the caption


def test_everything_is_escaped(page):
    text = page.read_text()
    assert "<script" not in text
    assert "no ions &amp; &lt;b&gt;no&lt;/b&gt; acids" in text


def test_foreign_dump_without_manifest_or_log(tables, tmp_path):
    only = {name: tables[name] for name in ("water_density", "summary")}
    text = write_report(tmp_path, only, None).read_text()
    assert "Water density" in text
    assert "What was run" not in text


def test_nothing_at_all_still_makes_a_page(tmp_path):
    assert "Nothing is known" in write_report(tmp_path, {}, None, Manifest.of({})).read_text()


def test_manifest_with_strange_values(tables, tmp_path):
    strange = {
        "system": None,
        "dynamics": {"stages": [{}], "temperature_K": None},
        "potential": {"card": {"limits": "none known"}, "sha256": None},
        "state": "paused",
        "an entry": "of another version",
    }
    text = write_report(tmp_path, tables, None, Manifest.of(strange)).read_text()
    assert "none known" in text
    assert "paused" in text


@pytest.mark.parametrize(
    ("section", "entry", "value"),
    [
        ("versions", None, "x"),
        ("host", None, ["a"]),
        ("seeds", None, 3),
        ("potential", "sha256", "abc"),
        ("performance", "ns_per_day", "fast"),
        ("dynamics", "timestep_fs", 0),
    ],
)
def test_manifest_with_wrong_values_is_refused_by_name(section, entry, value):
    content = MANIFEST | {section: value if entry is None else {entry: value}}
    with pytest.raises(RunDirectoryError, match=f"damaged: {section}{f'.{entry}' if entry else ''} is "):
        Manifest.of(content)


def test_folder_that_cannot_be_written(tables, tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(TrajectoryError, match="cannot write"):
        write_report(tmp_path / "run", tables, None)


@pytest.mark.parametrize(
    ("scalar", "text"),
    [
        (Scalar(0.99697, 0.00906), "0.997 ± 0.018"),
        (Scalar(-20.0129, 0.58), "-20.0 ± 1.2"),
        (Scalar(93.0, 0.0), "93"),
        (Scalar(float("nan")), "not defined"),
        (Scalar(1.5), "1.5 (no error)"),
        (Scalar(12345.0, 400.0), "12345 ± 800"),
        (Scalar(8.37, 0.045, lower_bound=True), "8.370 ± ≥ 0.090"),
    ],
)
def test_values_with_errors(scalar, text):
    assert with_error(scalar) == text


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("ρ [g/cm^3]", "ρ (g cm⁻³)"),
        ("z [Å]", "distance from the surface, z (Å)"),
        ("<cos θ> [1]", "⟨cos θ⟩"),
        ("T_ion_Na [K]", r"T$_{\mathrm{Na}}$ (K)"),
        ("c_Na [mol/L]", r"c$_{\mathrm{Na}}$ (mol L⁻¹)"),
    ],
)
def test_axis_labels(header, label):
    assert axis_label(header) == label


def test_same_table_same_svg(tables, tmp_path):
    one = {"water_density": tables["water_density"]}
    assert write_figures(one, tmp_path / "a") == write_figures(one, tmp_path / "b")


def test_figures_have_units_and_the_sign(tables, tmp_path):
    svg = write_figures(tables, tmp_path)
    assert "H away from the surface" in re.sub(r"<!--.*?-->", "", svg["water_cos_theta"])
    assert "(Å)" in svg["water_density"]
