"""Every kind of table has a figure that says what it shows; tables find their chapter; the page stays small."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lmpdrive.observables import Table, analyse
from lmpdrive.report import write_report
from lmpdrive.report.chapters import CHAPTERS, chapter, in_chapters
from lmpdrive.report.figures import as_svg, axis_label, curves, draw, panels
from lmpdrive.testing import synthetic_trajectory

X = np.linspace(0.05, 5.0, 100)


def table(kind, columns, name="mine", group="", n_variables=1):
    return Table(
        name, "Mine", kind, pd.DataFrame(columns), n_blocks=10, n_frames=100, group=group, n_variables=n_variables
    )


def correlation(y, **more):
    return table("correlation", {"τ [ps]": X, "C [1]": y, "σ [1]": 0.01 * np.ones(100)} | more)


def test_columns_are_paired_with_their_errors():
    data = {"r [Å]": X, "g [1]": X, "σ [1]": X, "n [1]": X, "σ_n [1]": X, "other [Å]": X}
    found = curves(table("profile", data))
    assert [(c.header, c.error is not None) for c in found] == [("g [1]", True), ("n [1]", True), ("other [Å]", False)]


def test_what_has_another_unit_or_scale_gets_a_panel_of_its_own():
    small, large = np.ones(100), 100 * np.ones(100)
    data = {"r [Å]": X, "g [1]": small, "σ [1]": small, "n [1]": large, "σ_n [1]": small}
    assert len(panels(table("profile", data))) == 2
    assert len(panels(table("profile", data | {"n [1]": 2 * small}))) == 1
    assert (
        len(panels(table("profile", {"z [Å]": X, "φ [V]": small, "σ [V]": small, "q [e]": small, "σ_q [e]": small})))
        == 2
    )
    # the same in another unit, without an error: in the table, not in the figure
    assert len(panels(table("profile", {"z [Å]": X, "D [ps]": small, "σ [ps]": small, "ν [THz]": large}))) == 1


@pytest.mark.parametrize(
    ("y", "scale"),
    [(np.exp(-X * 2), "log"), (np.exp(-X / 10), "linear"), (np.cos(X), "linear"), (X**2, "linear")],
)
def test_long_decays_are_logarithmic(y, scale):
    figure = draw(correlation(y))
    assert figure.axes[0].get_yscale() == scale
    assert "lag time" in figure.axes[-1].get_xlabel()


def test_a_map_is_one_small_picture_with_a_colour_bar():
    z, u = np.meshgrid(np.arange(80) * 0.25, np.arange(72) * 0.5, indexing="ij")
    data = {"z [Å]": z.ravel(), "u_a [Å]": u.ravel(), "c_Na [mol/L]": np.sin(z * u).ravel(), "σ [mol/L]": 0.1}
    figure = draw(table("map", data, n_variables=2))
    svg = as_svg(figure)
    assert len(svg) < 100_000  # 5760 rectangles would be a megabyte
    assert "data:image/png;base64" in svg
    assert len(figure.axes) == 2  # the map and its colour bar
    assert figure.axes[0].get_ylabel() == "distance from the surface, z (Å)"


def test_a_map_with_holes_is_drawn():
    data = pd.DataFrame({"z [Å]": [0.5, 0.5, 1.5], "u [Å]": [0.5, 1.5, 0.5], "c [1]": [1.0, 2, 3], "σ [1]": np.nan})
    draw(table("map", data, n_variables=2))


@pytest.mark.parametrize("kind", ["profile", "histogram", "correlation", "series", "unheard-of"])
def test_one_row_and_no_numbers_are_drawn(kind):
    for value in (1.0, np.nan, 0.0):
        one = pd.DataFrame({"z [Å]": [0.5], "v [1]": [value], "σ [1]": [np.nan]})
        as_svg(draw(table(kind, one)))


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("Γ_1 [1/nm^2]", r"Γ$_{\mathrm{1}}$ (1/nm$^{2}$)"),
        ("MSD_xy [Å^2]", r"MSD$_{\mathrm{xy}}$ (Å$^{2}$)"),
        ("ρ_q [e/Å^3]", r"ρ$_{\mathrm{q}}$ (e Å$^{-3}$)"),
        ("τ [ps]", "lag time, τ (ps)"),
        ("no unit", "no unit"),
    ],
)
def test_units_with_exponents(header, label):
    assert axis_label(header) == label


@pytest.mark.parametrize(
    ("name", "kind", "group", "want"),
    [
        ("water_density", "profile", "", "water"),
        ("ion_density_Na", "profile", "", "ions"),
        ("dipole_pz", "series", "", "water"),
        ("temperature", "series", "", "thermo"),
        ("species_temperature", "series", "", "thermo"),
        ("metal_structure", "series", "", "metal"),
        ("survival_endpoint", "correlation", "", "dynamics"),
        ("rdf_Na_O", "profile", "", "structure"),
        ("orientation_of_something", "profile", "", "structure"),  # "ion" within a word is no ion
        ("anything", "profile", "metal", "metal"),
        ("anything", "profile", "no chapter", "structure"),
    ],
)
def test_chapters(name, kind, group, want):
    assert chapter(table(kind, {"z [Å]": X, "v [1]": X, "σ [1]": X}, name=name, group=group)) == want


def test_every_table_stands_in_one_chapter_and_the_page_stays_small(tmp_path):
    tables = analyse(synthetic_trajectory(), find_equilibration=True)
    chapters = in_chapters(tables.values())
    assert set(chapters) <= set(CHAPTERS.values())
    assert sum(map(len, chapters.values())) == len(tables) - 1 > 25
    page = write_report(tmp_path, tables, None)
    assert page.stat().st_size < 5e6
    text = page.read_text()
    assert "Is it converged?" in text and "independent samples" in text
    for title in chapters:
        assert f'<h2 id="chapter-{title.split()[0].lower()}' in text
