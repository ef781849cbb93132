"""Every kind of table has a figure that says what it shows; tables find their chapter; the page stays small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from lmpdrive.observables import Table, analyse
from lmpdrive.observables.tables import Reference, Span
from lmpdrive.report import write_report
from lmpdrive.report.chapters import CHAPTERS, chapter, in_chapters
from lmpdrive.report.figures import as_svg, curves, draw, panels, save
from lmpdrive.report.labels import axis_label, common_label
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
        ("Γ_1 [1/nm^2]", "Γ₁ (1/nm²)"),
        ("d_12 [Å]", "d₁₂ (Å)"),
        ("N_2nd [1]", r"N$_{\mathrm{2nd}}$"),
        ("MSD_xy [Å^2]", r"MSD$_{\mathrm{xy}}$ (Å²)"),
        ("ρ_q [e/Å^3]", r"ρ$_{\mathrm{q}}$ (e Å⁻³)"),
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


def strokes(axes, style):
    """(x, y) of the visible points of the lines with this dash pattern."""
    found = [line for line in axes.lines if line.get_linestyle() == style and len(line.get_xdata()) > 2]
    return [np.isfinite(np.asarray(line.get_ydata(), dtype=float)) for line in found]


def test_what_has_no_error_is_dotted_and_said():
    sigma = np.where(X < 2, 0.01, np.nan)
    axes = draw(table("correlation", {"τ [ps]": X, "C [1]": np.cos(X), "σ [1]": sigma})).axes[0]
    (solid,), (dotted,) = strokes(axes, "-"), strokes(axes, ":")
    assert (solid == (X < 2)).all()
    assert (dotted >= (X >= 2)).all() and dotted.sum() == (X >= 2).sum() + 1, "the two parts meet"
    (band,) = axes.collections
    assert band.get_paths()[0].vertices[:, 0].max() < 2
    assert "no error bar" in [text.get_text() for text in axes.get_legend().get_texts()]
    assert draw(correlation(np.cos(X))).axes[0].get_legend() is None, "with errors everywhere nothing is said"


def test_a_table_without_any_error_has_no_solid_line():
    axes = draw(table("profile", {"z [Å]": X, "v [1]": X, "σ [1]": np.full(100, np.nan)})).axes[0]
    assert not strokes(axes, "-")[0].any() and strokes(axes, ":")[0].all()


def test_gaps_stay_open_and_a_point_between_gaps_is_seen():
    free = np.where((X > 1) & (X < 3), np.nan, X)
    free[45] = 0.5  # alone in the gap
    axes = draw(table("profile", {"z [Å]": X, "F(z) [eV]": free, "σ [eV]": 0.1 * np.ones(100)})).axes[0]
    (solid,) = strokes(axes, "-")
    assert (solid == np.isfinite(free)).all()
    (points,) = [line for line in axes.lines if line.get_marker() == "."]
    assert list(points.get_xdata()) == [X[45]]


def test_bands_end_at_zero_only_where_the_quantity_does():
    data = {"z [Å]": X, "ρ [g/cm^3]": 0.1 * np.ones(100), "σ [g/cm^3]": np.ones(100)}
    signed = draw(table("profile", data)).axes[0].collections[0].get_paths()[0].vertices[:, 1]
    density = draw(replace(table("profile", data), non_negative=("ρ [g/cm^3]",)))
    assert signed.min() < -1 and density.axes[0].collections[0].get_paths()[0].vertices[:, 1].min() == 0
    bars = draw(table("histogram", data)).axes[0]
    assert min(path.vertices[:, 1].min() for c in bars.collections for path in c.get_paths()) >= 0


def test_references_and_spans_of_the_table_are_drawn():
    data = {"t [ps]": X, "T [K]": 300 + X, "σ [K]": 1.0, "T_a [K]": 900 + X}
    shown = replace(
        table("series", data),
        references=(Reference(280.0, "target: 280 K"),),
        spans=(Span(0.05, 1.0, "not equilibrated"),),
        subject="Na-O",
    )
    top, bottom = draw(shown).axes
    assert {text.get_text() for text in top.texts} == {"target: 280 K", "not equilibrated", "Na-O"}
    assert top.get_ylim()[0] < 280, "a reference beside the data is in sight"
    assert not [line for line in bottom.lines if line.get_ydata()[0] == 280], "it is not of this column"


def test_nothing_to_see_is_said():
    axes = draw(table("profile", {"r [Å]": X, "g [1]": 0 * X, "σ [1]": 0 * X})).axes[0]
    assert "zero or not defined everywhere" in axes.texts[0].get_text()


def test_curves_can_be_told_apart_in_grey_and_fit_one_column():
    columns = {f"d_{i} [Å]": np.sin(X + i) for i in range(7)}
    figure = draw(table("series", {"t [ps]": X} | columns))
    patterns = [line._unscaled_dash_pattern for line in figure.axes[0].lines]
    assert len(set(map(str, patterns))) == 7
    assert figure.get_size_inches()[0] == 3.3
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text()]
    assert 8 <= min(sizes) <= max(sizes) <= 9


@pytest.mark.parametrize("name", ["dipole_pz", "C_dip"])
def test_nothing_of_a_label_is_cut_off(name, tmp_path):
    from PIL import Image

    header = {"dipole_pz": "P_z [1]", "C_dip": "C_dip [1]"}[name]
    save(draw(table("series", {"t [ps]": X, header: 30 * np.cos(X)}, name=name)), tmp_path, name)
    pixels = np.asarray(Image.open(tmp_path / f"{name}.png").convert("L"))
    assert pixels.shape[1] == 990
    assert (pixels[:, 0] == 255).all() and (pixels[-1] == 255).all()


def test_energies_are_drawn_each_on_its_own_scale():
    data = {"t [ps]": X, "E_conserved [eV]": X, "σ [eV]": 0.1, "E_potential [eV]": 100 * X, "E_kinetic [eV]": X}
    labels = [axes.get_ylabel() for axes in draw(table("series", data)).axes]
    assert len(labels) == 2 and "conserved" in labels[0] and "potential" in labels[1]


@pytest.mark.parametrize(
    ("headers", "label"),
    [
        (["T_water [K]", "T_Na [K]"], "temperature (K)"),
        (["g [1]", "n [1]"], "g, n"),
        (["MSD_xy [Å^2]", "MSD_z [Å^2]"], "MSD (Å²)"),
    ],
)
def test_a_panel_names_what_it_shows(headers, label):
    assert common_label(headers) == label


def test_references_are_those_of_the_observables():
    tables = analyse(synthetic_trajectory())
    assert [r.value for r in tables["water_density"].references] == [0.997]
    assert [r.value for r in tables["water_cos_2theta"].references] == [pytest.approx(-1 / 3)]
    assert [(r.value, r.column) for r in tables["water_angles_oh_bulk"].references] == [(1.0, "f(θ) [1]")]
    assert tables["rdf_O_O"].subject == "O-O" and tables["rdf_O_O"].non_negative == ("g [1]", "n [1]")
