"""The interactive page: charts have the numbers of their tables, the movie its frames; nothing is from outside."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from lmpdrive.errors import ConfigError
from lmpdrive.observables import analyse
from lmpdrive.observables.tables import Reference, Span, Table
from lmpdrive.report.interactive.charts import chart
from lmpdrive.report.interactive.page import need_plotly, write_interactive
from lmpdrive.report.interactive.viewer import MOST_ATOMS, MOST_FRAMES, movie_of
from tests.observables.synthetic_frames import Frames
from tests.report.test_first_screen import frames
from tests.report.test_report import thermo

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def table(kind="profile", value="ρ [g/cm^3]", y=(1.0, np.nan, 2.0), error=(0.1, np.nan, 0.3), **more):
    data = pd.DataFrame({"z [Å]": [0.5, 1.5, 2.5], value: y, "σ [g/cm^3]": error})
    return Table("mine", "Mine", kind, data, n_blocks=10, n_frames=30, **more)


def test_a_chart_has_the_numbers_and_their_band():
    low, high, line = chart(table(non_negative=("ρ [g/cm^3]",), error=(0.6, np.nan, 0.3)))["data"]
    assert line["x"] == [0.5, 1.5, 2.5] and line["y"] == [1.0, None, 2.0]
    assert low["y"] == [0.0, None, 1.4] and high["y"] == [2.2, None, 2.6]  # 1 - 2 x 0.6 is not shown below zero
    assert high["fill"] == "tonexty" and line["customdata"] == [1.2, None, 0.6]
    assert "2σ" in line["hovertemplate"]


def test_what_has_no_error_has_no_band():
    (line,) = chart(table(error=(np.nan,) * 3))["data"]
    assert "2σ" not in line["hovertemplate"]


def test_energies_are_shown_from_their_first_value():
    drawn = chart(table("series", "E [eV]", (-200.0, -199.5, -201.0)))
    assert drawn["data"][0]["y"] == [0.0, 0.5, -1.0]
    assert drawn["layout"]["yaxis"]["title"]["text"] == "change of E [eV]"


def test_references_and_spans_are_beside_the_data():
    layout = chart(table(references=(Reference(0.997, "water"),), spans=(Span(0, 1, "not equilibrated"),)))["layout"]
    assert [shape["type"] for shape in layout["shapes"]] == ["line", "rect"]
    assert layout["shapes"][0]["y0"] == 0.997 and layout["shapes"][1]["x1"] == 1
    assert [words["text"] for words in layout["annotations"]] == ["water", "not equilibrated"]


def test_a_map_is_a_heatmap_with_gaps():
    data = pd.DataFrame({"z [Å]": [0.5, 0.5, 1.5], "u [Å]": [0.5, 1.5, 0.5], "c [1]": [1.0, 2, 3], "σ [1]": np.nan})
    (drawn,) = chart(Table("m", "M", "map", data, n_variables=2))["data"]
    assert drawn["type"] == "heatmap" and drawn["z"] == [[1.0, 2.0], [3.0, None]]


@pytest.fixture(scope="module")
def tables():
    return analyse(frames(), thermo=thermo())


def test_every_table_is_json(tables):
    for one in tables.values():
        if one.kind != "summary":
            drawn = json.loads(json.dumps(chart(one), allow_nan=False))
            axes = {trace.get("yaxis", "y").replace("y", "yaxis") for trace in drawn["data"]}
            assert axes <= set(drawn["layout"])


def test_the_movie_is_spread_over_the_trajectory():
    movie = movie_of(frames())
    blocks = re.findall(r"^46\n(.*)\n", movie.xyz, re.M)
    assert tuple(blocks) == movie.times and len(movie.times) == movie.n_frames == 20
    assert movie.times[0] == "0.01 ps" and movie.xyz.count("\nNa ") == 20 and len(movie.edges) == 12
    n = 3 * MOST_FRAMES
    many = movie_of(Frames(["Ar"], np.zeros((n, 1, 3)), (5, 5, 5)))
    assert len(many.times) == MOST_FRAMES and many.n_frames == n
    assert movie_of(Frames(["Ar"] * (MOST_ATOMS + 1), np.zeros((1, MOST_ATOMS + 1, 3)), (5, 5, 5))) is None


def test_without_plotly_it_says_what_to_install():
    with pytest.raises(ConfigError, match=r'needs no_plotly: pip install "lmpdrive\[interactive\]"'):
        need_plotly("no_plotly")


@pytest.fixture(scope="module")
def page(tables, tmp_path_factory):
    pytest.importorskip("plotly", reason="no plotly here (the extra interactive)")
    return write_interactive(tmp_path_factory.mktemp("run"), "</script><b>mine", tables, frames())


def test_the_page_needs_nothing_from_outside(page):
    text = page.read_text()
    assert not re.search(r"<(script|link|iframe|img)\b[^>]*(src|href)=", text)
    assert "<b>mine" not in text and "&lt;b&gt;mine" in text


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to open the page with")
def test_a_browser_draws_charts_and_frames(page):
    options = ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    options += ["--virtual-time-budget=5000", "--window-size=1200,1500", f"--user-data-dir={page}.user", "--dump-dom"]
    done = subprocess.run([CHROMIUM, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.count('class="main-svg"') > 0
    assert re.search(r'<div id="viewer".*?<canvas', done.stdout, re.S)
    assert re.search(r'<output id="time">0.01 ps</output>', done.stdout)
