"""One figure per table, fit for a paper: one column wide, letters of 8 pt, units on every axis, bands of 2σ (95 %).

Text in SVG stays text.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.observables.reweighting.bands import KIND
from lmpdrive.observables.tables import Reference, Table
from lmpdrive.report import lines
from lmpdrive.report.labels import SIGN, axis_label, common_label, symbol_of
from lmpdrive.report.lines import PALETTE
from lmpdrive.report.model_bands import draw_bands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

SIZE_INCH = (3.3, 2.3)
"""One column of a journal."""
STYLE = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 1.9,
    "legend.columnspacing": 1.2,
    "lines.linewidth": 1.1,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "font.family": "DejaVu Sans",
    "svg.fonttype": "none",
    "svg.hashsalt": "lmpdrive",  # the same table gives the same file
    "figure.constrained_layout.use": True,
}
PNG_DPI = 300
PAD_INCH = 0.05
"""Around all that a panel shows."""
PNG_COMPRESSION = 3
"""The best one (9) takes four times as long, for files that are a sixth smaller."""
RASTER_DPI = 150
"""Of the maps inside SVG."""

MAX_LINE_POINTS = 600
MAX_POINTS_OF_SEVERAL = 120
"""Longer series are drawn as means over equal stretches: more than one noisy line hides the others."""

LOG_BELOW = 0.03
"""A correlation that decays below this part of its first value is drawn on a logarithmic axis."""

SAME_SCALE = 4.0
"""Curves of one unit whose largest values differ by more get a panel each."""
LONG_LABEL = 14
"""Letters of a label in the legend; of longer ones two stand side by side."""
ENERGY = "[eV]"
"""Unit of series that are drawn relative to their first value."""


@dataclass(frozen=True)
class Curve:
    """One column of a table and its σ, if it has one."""

    header: str
    y: Array
    error: Array | None

    @property
    def unit(self) -> str:
        """What stands in the brackets."""
        return self.header[self.header.rindex("[") :] if self.header.endswith("]") else ""

    @property
    def largest(self) -> float:
        """Largest |value|."""
        finite = self.y[np.isfinite(self.y)]
        return float(np.abs(finite).max()) if len(finite) else 0.0


def curves(table: Table) -> list[Curve]:
    """The value, then every further column that is not an error of the one before it."""
    headers, found = [str(header) for header in table.data.columns], []
    i = table.n_variables
    while i < len(headers):
        y = table.data.iloc[:, i].to_numpy(dtype=float)
        has_error = i + 1 < len(headers) and headers[i + 1].startswith("σ")
        found.append(Curve(headers[i], y, table.data.iloc[:, i + 1].to_numpy(dtype=float) if has_error else None))
        i += 2 if has_error else 1
    return found


def panels(table: Table) -> list[list[Curve]]:
    """Curves that share an axis: those of one unit and scale; at most two panels."""
    first, *others = curves(table)
    if table.kind == "series":
        if first.unit == ENERGY:  # kinetic and total energy follow from these two
            return [[curve] for curve in (first, *others)][:2]
        beside = [c for c in others if c.unit == first.unit and np.nan_to_num(c.y).any()]
        return [[first], beside] if beside and _references(table, first) else [[first, *beside]]
    if table.kind == "map":
        return [[first]]
    together = [[first]]
    for curve in others:
        if curve.error is None:  # the same in another unit, or a count: it is in the table
            continue
        for panel in together:
            head = panel[0]
            low, high = sorted((curve.largest, head.largest))
            alike = curve.unit == head.unit and _references(table, curve) == _references(table, head)
            if alike and high <= SAME_SCALE * low:
                panel.append(curve)
                break
        else:
            together.append([curve])
    return together[:2]


def _references(table: Table, curve: Curve) -> list[Reference]:
    """Those of a column."""
    value = str(table.data.columns[table.n_variables])
    return [reference for reference in table.references if (reference.column or value) == curve.header]


def draw(table: Table) -> Figure:
    """The figure of one table (not of the summary).  An unknown kind is drawn as a profile."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if table.kind == KIND:
        return _two_bands(table)
    together = panels(table)
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(SIZE_INCH[0], SIZE_INCH[1] * (1.0 if len(together) == 1 else 1.6)))
        FigureCanvasAgg(figure)
        every = figure.subplots(len(together), 1, sharex=True, squeeze=False)[:, 0]
        if table.kind == "map":
            _map(every[0], table)
            settle(figure)
            return figure
        for number, (axes, panel) in enumerate(zip(every, together, strict=True)):
            _panel(axes, table, panel, number)
        every[-1].set_xlabel(_x_label(table))
        if table.subject:
            every[0].annotate(table.subject, (0.98, 0.97), xycoords="axes fraction", ha="right", va="top")
        settle(figure)
    return figure


def draw_upper(table: Table, axes: Axes | None = None) -> Axes:
    """The first panel of a table's figure in axes of the caller's, in their style, or in new ones; returns the axes."""
    if axes is None:
        import matplotlib.pyplot as plt

        axes = plt.figure(figsize=(1.6 * SIZE_INCH[0], 1.6 * SIZE_INCH[1]), layout="constrained").subplots()
    banded = table.kind not in ("series", "map") and np.isfinite(table.error).any()
    axes.set_title(f"{table.title}{' (band: 95 %, 2σ)' if banded else ''}")
    if table.kind == "map":
        _map(axes, table)
        return axes
    if table.kind == KIND:
        draw_bands(axes, table)
        return axes
    _panel(axes, table, panels(table)[0], 0)
    axes.set_xlabel(_x_label(table))
    return axes


def _panel(axes: Axes, table: Table, panel: list[Curve], number: int) -> None:
    """Curves that share an axis, with what stands beside them."""
    axes.margins(x=0)
    _beside_the_data(axes, table, panel)
    bars = table.kind == "histogram" and number == 0 and len(panel) == 1
    (_series if table.kind == "series" else _bars if bars else _lines)(axes, table, panel)
    if not any(np.nan_to_num(curve.y).any() for curve in panel):
        lines.say(axes, f"{', '.join(symbol_of(c.header) for c in panel)}: zero or not defined everywhere")


def _two_bands(table: Table) -> Figure:
    """Statistical and model error of a column."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(SIZE_INCH[0], 1.2 * SIZE_INCH[1]))
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.margins(x=0)
        draw_bands(axes, table)
        if table.subject:
            axes.annotate(table.subject, (0.98, 0.97), xycoords="axes fraction", ha="right", va="top")
        settle(figure)
    return figure


def settle(figure: Figure) -> None:
    """Lay the figure out, once and for all: text is wider in PNG than in SVG, which has to fit both."""
    from matplotlib import rc_context

    figure.set_dpi(PNG_DPI)
    engine = figure.get_layout_engine()
    if engine is not None and not _fitted(figure):
        engine.execute(figure)  # `draw_without_rendering` would draw everything besides
    # by None, as "none" leaves a placeholder, because of which every savefig would draw the figure twice
    with rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine(None)


def _fitted(figure: Figure) -> bool:
    """Panels above each other as high as what surrounds them allows; False where the figure is of another kind.

    The layout of matplotlib measures all text twice, which is a third of the time of a simple figure.
    """
    every = figure.axes
    grid = every[0].get_gridspec() if every else None
    if grid is None or grid.ncols != 1 or len(every) != grid.nrows or figure.legends or figure.texts:
        return False
    width, height = figure.get_size_inches() * figure.dpi
    pad = PAD_INCH * figure.dpi
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    inner = [axes.get_window_extent(renderer) for axes in every]
    outer = [box for axes in every if (box := axes.get_tightbbox(renderer, for_layout_only=True)) is not None]
    if len(outer) < len(every):
        return False
    left = max(i.x0 - o.x0 for i, o in zip(inner, outer)) + pad
    right = max(o.x1 - i.x1 for i, o in zip(inner, outer)) + pad
    above = [o.y1 - i.y1 + pad for i, o in zip(inner, outer)]
    below = [i.y0 - o.y0 + pad for i, o in zip(inner, outer)]
    panel = (height - sum(above) - sum(below)) / len(every)
    if panel <= 0 or width <= left + right:
        return False
    top = height
    for axes, over, under in zip(every, above, below, strict=True):
        bottom = top - over - panel
        axes.set_position((left / width, bottom / height, 1 - (left + right) / width, panel / height))
        top = bottom - under
    return True


def _beside_the_data(axes: Axes, table: Table, panel: list[Curve]) -> None:
    """References of the panel's columns, and parts of the first variable."""
    for reference in _references(table, panel[0]):
        lines.draw_reference(axes, reference)
    for span in table.spans:
        lines.draw_span(axes, span)


def _x_label(table: Table) -> str:
    label = axis_label(str(table.data.columns[0]))
    return f"{label} ({SIGN})" if table.name.startswith("dipole_pz_hist") else label


def _y_label(table: Table, panel: list[Curve]) -> str:
    header = panel[0].header
    label = axis_label(header) if len(panel) == 1 else common_label([curve.header for curve in panel])
    signed = "cos θ" in header or (table.kind == "series" and header.startswith("P_z"))
    return f"{label}\n{SIGN}" if signed else label


def _is_non_negative(table: Table, curve: Curve) -> bool:
    """Named by the table, or the counts of a histogram."""
    counts = table.kind == "histogram" and curve.header == str(table.data.columns[table.n_variables])
    return counts or curve.header in table.non_negative


def _lines(axes: Axes, table: Table, panel: list[Curve]) -> None:
    """Lines and bands of 2σ."""
    x = table.x
    missing = [
        lines.draw_curve(axes, x, curve.y, curve.error, number, symbol_of(curve.header), _is_non_negative(table, curve))
        for number, curve in enumerate(panel)
    ]
    if any(missing):
        lines.explain_missing_errors(axes)
    axes.set_ylabel(_y_label(table, panel))
    if len(panel) > 1 or any(missing):
        _legend(axes)
    lowest = min(float(np.nan_to_num(curve.y).min(initial=0.0)) for curve in panel)
    if _is_long_decay(table, panel):
        axes.set_yscale("log")
        return
    if lowest < 0:
        axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlim(min(0.0, x[0]), x[-1] if x[-1] > x[0] else None)


def _legend(axes: Axes) -> None:
    """Above the panel, where no curve is; as many columns as fit."""
    _, labels = axes.get_legend_handles_labels()
    columns = 3 if max(len(label.replace(r"\mathrm", "")) for label in labels) <= LONG_LABEL else 2
    axes.legend(ncols=min(columns, len(labels)), loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)


def _is_long_decay(table: Table, panel: list[Curve]) -> bool:
    """A correlation that falls through orders of magnitude, all of it positive."""
    y = panel[0].y[np.isfinite(panel[0].y)]
    decays = table.kind == "correlation" and str(table.data.columns[0]).startswith("τ")
    return decays and len(y) > 2 and y.min() > 0 and y[-1] < LOG_BELOW * y[0]


def _bars(axes: Axes, table: Table, panel: list[Curve]) -> None:
    """Steps with error bars of 2σ."""
    x, y, error = table.x, panel[0].y, table.error
    width = x[1] - x[0] if len(x) > 1 else 0.5
    axes.stairs(y, np.append(x - width / 2, x[-1] + width / 2), color=PALETTE[0], fill=True, alpha=0.3)
    low, high = lines.band(y, error, _is_non_negative(table, panel[0]))
    certain = np.isfinite(error) & (error > 0)
    bars = np.abs(np.stack([y - low, high - y])[:, certain])
    axes.errorbar(x[certain], y[certain], bars, fmt="none", ecolor=PALETTE[0], elinewidth=0.9)
    axes.set_ylabel(_y_label(table, panel))
    if not (np.nan_to_num(y) < 0).any():
        axes.set_ylim(bottom=0)


def _map(axes: Axes, table: Table) -> None:
    """Colours over the second variable (across) and the first (up)."""
    up, across, value = (str(header) for header in table.data.columns[:3])
    grid = table.data.pivot_table(index=up, columns=across, values=value, dropna=False)
    # inside SVG the colours are one small picture: a rectangle each would be megabytes
    mesh = axes.pcolormesh(
        grid.columns.to_numpy(dtype=float),
        grid.index.to_numpy(dtype=float),
        np.ma.masked_invalid(grid.to_numpy(dtype=float)),
        cmap="viridis",
        shading="nearest",
        rasterized=True,
    )
    axes.set_xlabel(axis_label(across))
    axes.set_ylabel(axis_label(up))
    axes.figure.colorbar(mesh, ax=axes, label=axis_label(value))


def _series(axes: Axes, table: Table, panel: list[Curve]) -> None:
    """The values; energies relative to their first one."""
    relative = panel[0].unit == ENERGY
    most = MAX_POINTS_OF_SEVERAL if len(panel) > 1 else MAX_LINE_POINTS
    for number, curve in enumerate(panel):
        x, y = _thin(table.x, curve.y - curve.y[0] if relative else curve.y, most)
        look = {"color": PALETTE[number % len(PALETTE)], "linestyle": lines.DASHES[number % len(lines.DASHES)]}
        axes.plot(x, y, linewidth=0.8, label=symbol_of(curve.header), zorder=3 if number == 0 else 2, **look)
    label = _y_label(table, panel)
    axes.set_ylabel(f"change of {label}" if relative else label)
    if len(panel) > 1:
        _legend(axes)


def _thin(x: Array, y: Array, most: int) -> tuple[Array, Array]:
    """Means over equal stretches if there are more points than a figure can show."""
    every = -(-len(x) // most)
    if every == 1:
        return x, y
    n = len(x) // every * every
    return x[:n].reshape(-1, every).mean(axis=1), y[:n].reshape(-1, every).mean(axis=1)


def as_svg(figure: Figure) -> str:
    """The figure as SVG text, without date or XML head, to stand inside HTML."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure.set_dpi(RASTER_DPI)
        # not savefig, which draws all of it once more before
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()[buffer.getvalue().index("<svg") :]


def save(figure: Figure, folder: Path, name: str, png: bool = True) -> str:
    """Write `<name>.svg` and `<name>.png` (300 dpi), each to a temporary name and renamed; returns the SVG text.

    Without `png` only a PNG that is there already is written: it would show other data.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    temporary = folder / f".{name}.tmp"
    try:
        if png or (folder / f"{name}.png").exists():
            # first, at the resolution that it was laid out for
            with rc_context(STYLE):  # type: ignore[arg-type]  # ticks may be made while drawing
                figure.set_dpi(PNG_DPI)
                FigureCanvasAgg(figure).print_png(temporary, pil_kwargs={"compress_level": PNG_COMPRESSION})
            temporary.replace(folder / f"{name}.png")
        svg = as_svg(figure)
        temporary.write_text('<?xml version="1.0" encoding="utf-8"?>\n' + svg, encoding="utf-8")
        temporary.replace(folder / f"{name}.svg")
    finally:
        temporary.unlink(missing_ok=True)
    return svg


def write_figures(tables: Mapping[str, Table], folder: str | Path, png: bool = False) -> dict[str, str]:
    """Write the SVG of each table, and on request the PNG; returns the SVG text by name.

    Raises TrajectoryError if the folder cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return {name: save(draw(table), folder, name, png) for name, table in tables.items() if table.kind != "summary"}
    except OSError as error:
        raise TrajectoryError(f"cannot write the figures to {folder}: {error.strerror}") from error
