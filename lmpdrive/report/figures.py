"""One figure per table, fit for a paper: one column wide, units on every axis, bands of 2σ (95 %).

Colours are the Okabe-Ito set, distinguishable by colour-blind readers and in grey; text in SVG stays text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.observables.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
SIZE_INCH = (4.6, 3.0)
STYLE = {
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.2,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "font.family": "DejaVu Sans",
    "svg.fonttype": "none",
    "svg.hashsalt": "lmpdrive",  # the same table gives the same file
    "figure.constrained_layout.use": True,
}
RASTER_DPI = 150
"""Of the maps inside SVG."""

MAX_LINE_POINTS = 800
MAX_POINTS_OF_SEVERAL = 300
"""Longer series are drawn as means over equal stretches: more than one noisy line hides the others."""

LOG_BELOW = 0.03
"""A correlation that decays below this part of its first value is drawn on a logarithmic axis."""

SAME_SCALE = 4.0
"""Curves of one unit whose largest values differ by more get a panel each."""

_SYMBOLS = {
    "<cos θ>": "⟨cos θ⟩",
    "<cos 2θ>": "⟨cos 2θ⟩",
    "ρ<cos θ>": "ρ⟨cos θ⟩",
    "z": "distance from the surface, z",
    "r": "distance, r",
    "t": "time",
    "τ": "lag time, τ",
    "T": "temperature",
    "P_z": r"$P_z$",
    "p(P_z)": r"$p(P_z)$",
}
SIGN = "H away from the surface: +"


def axis_label(header: str) -> str:
    """`"ρ [g/cm^3]"` -> `"ρ (g cm$^{-3}$)"`; the unit 1 is not shown."""
    match = re.fullmatch(r"(.*?) \[(.*)\]", header)
    if not match:
        return header
    symbol = _SYMBOLS.get(match[1], re.sub(r"_([^()]+)", _subscript, match[1]))
    return symbol if match[2] == "1" else f"{symbol} ({_unit(match[2])})"


def _subscript(match: re.Match[str]) -> str:
    return r"$_{\mathrm{" + match[1].removeprefix("ion_").replace("_", r"\ ") + "}}$"


def _unit(unit: str) -> str:
    """`g/cm^3` -> `g cm$^{-3}$`; what is not a plain quotient stays, with its exponents raised."""
    above, slash, below = unit.partition("/")
    if slash and "/" not in below and above != "1":
        factor, _, power = below.partition("^")
        return f"{_unit(above)} {factor}$^{{-{power or 1}}}$"
    return re.sub(r"\^(-?\d+)", r"$^{\1}$", unit)


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
    if table.kind in ("series", "map"):
        return [curves(table)]
    first, *others = curves(table)
    together = [[first]]
    for curve in others:
        if curve.error is None:  # the same in another unit, or a count: it is in the table
            continue
        for panel in together:
            head = panel[0]
            low, high = sorted((curve.largest, head.largest))
            if curve.unit == head.unit and high <= SAME_SCALE * low:
                panel.append(curve)
                break
        else:
            together.append([curve])
    return together[:2]


def draw(table: Table) -> Figure:
    """The figure of one table (not of the summary).  An unknown kind is drawn as a profile."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    together = panels(table)
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(SIZE_INCH[0], SIZE_INCH[1] * (1.0 if len(together) == 1 else 1.35)))
        FigureCanvasAgg(figure)
        every = figure.subplots(len(together), 1, sharex=True, squeeze=False)[:, 0]
        if table.kind == "series":
            _series(every[0], table)
        elif table.kind == "map":
            _map(figure, every[0], table)
        else:
            for number, (axes, panel) in enumerate(zip(every, together, strict=True)):
                bars = table.kind == "histogram" and number == 0 and len(panel) == 1
                (_bars if bars else _lines)(axes, table, panel)
            every[-1].set_xlabel(_x_label(table))
        for axes in every:
            axes.margins(x=0)
    return figure


def _x_label(table: Table) -> str:
    label = axis_label(str(table.data.columns[0]))
    return f"{label} ({SIGN})" if table.name.startswith("dipole_pz_hist") else label


def _y_label(header: str) -> str:
    label = axis_label(header)
    return f"{label}\n{SIGN}" if "cos θ" in label else label


def _lines(axes: Axes, table: Table, panel: list[Curve]) -> None:
    """Lines and bands of 2σ."""
    x = table.x
    for colour, curve in zip(PALETTE, panel):
        if curve.error is not None:
            low, high = curve.y - 2 * curve.error, curve.y + 2 * curve.error
            axes.fill_between(x, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.plot(x, curve.y, color=colour, label=axis_label(re.sub(r"\[.*\]$", "[1]", curve.header)))
    lowest = min(float(np.nan_to_num(curve.y).min(initial=0.0)) for curve in panel)
    if len(panel) == 1:
        axes.set_ylabel(_y_label(panel[0].header))
    else:
        axes.set_ylabel(_unit(panel[0].unit.strip("[]")) if panel[0].unit != "[1]" else "")
        axes.legend(ncols=min(4, len(panel)), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    if _is_long_decay(table, panel):
        axes.set_yscale("log")
        return
    if lowest < 0:
        axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlim(min(0.0, x[0]), x[-1] if x[-1] > x[0] else None)


def _is_long_decay(table: Table, panel: list[Curve]) -> bool:
    """A correlation that falls through orders of magnitude, all of it positive."""
    y = panel[0].y[np.isfinite(panel[0].y)]
    decays = table.kind == "correlation" and str(table.data.columns[0]).startswith("τ")
    return decays and len(y) > 2 and y.min() > 0 and y[-1] < LOG_BELOW * y[0]


def _bars(axes: Axes, table: Table, panel: list[Curve]) -> None:
    """Steps with error bars of 2σ."""
    x, y = table.x, panel[0].y
    width = x[1] - x[0] if len(x) > 1 else 0.5
    axes.stairs(y, np.append(x - width / 2, x[-1] + width / 2), color=PALETTE[0], fill=True, alpha=0.3)
    axes.errorbar(x, y, 2 * table.error, fmt="none", ecolor=PALETTE[0], elinewidth=0.9)
    dipole = table.name.startswith("dipole_pz")
    axes.set_ylabel("probability density" if dipole else axis_label(panel[0].header))
    if not (np.nan_to_num(y) < 0).any():
        axes.set_ylim(bottom=0)


def _map(figure: Figure, axes: Axes, table: Table) -> None:
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
    figure.colorbar(mesh, ax=axes, label=axis_label(value))


def _series(axes: Axes, table: Table) -> None:
    """The value; further columns of the same unit beside it.  Energies relative to their first value."""
    first, *others = curves(table)
    shown = [first] + [c for c in others if c.unit == first.unit and (np.ptp(c.y) or c.y.any())]
    relative = first.unit == "[eV]"
    if relative:  # potential and total energy hide the conserved quantity's drift
        shown = shown[:1]
    most = MAX_POINTS_OF_SEVERAL if len(shown) > 1 else MAX_LINE_POINTS
    for colour, curve in zip(PALETTE, shown):
        x, y = _thin(table.x, curve.y - curve.y[0] if relative else curve.y, most)
        label = axis_label(curve.header.replace(curve.unit, "[1]"))
        axes.plot(x, y, color=colour, linewidth=0.8, label=label, zorder=3 if curve is first else 2)
    axes.set_xlabel(axis_label(str(table.data.columns[0])))
    name = axis_label(first.header)
    if len(shown) > 1:
        name = {"water_species": "counts", "temperature": "temperature (K)"}.get(
            table.name, "number" if first.unit == "[1]" else _unit(first.unit.strip("[]"))
        )
    axes.set_ylabel(f"change of {name}" if relative else name)
    if table.name.startswith("dipole_pz"):
        axes.set_ylabel(f"{name}\n{SIGN}")
    if len(shown) > 1:
        axes.legend(ncols=min(4, len(shown)), loc="lower center", bbox_to_anchor=(0.5, 1.0))


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

    buffer = io.StringIO()
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure.savefig(buffer, format="svg", dpi=RASTER_DPI, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()[buffer.getvalue().index("<svg") :]


def save(figure: Figure, folder: Path, name: str) -> str:
    """Write `<name>.png` (300 dpi) and `<name>.svg`, each to a temporary name and renamed; returns the SVG text."""
    svg = as_svg(figure)
    figure.set_layout_engine("none")  # laid out by now; a second time costs as much as drawing
    temporary = folder / f".{name}.tmp"
    try:
        figure.savefig(temporary, format="png", dpi=300)
        temporary.replace(folder / f"{name}.png")
        temporary.write_text('<?xml version="1.0" encoding="utf-8"?>\n' + svg, encoding="utf-8")
        temporary.replace(folder / f"{name}.svg")
    finally:
        temporary.unlink(missing_ok=True)
    return svg


def write_figures(tables: Mapping[str, Table], folder: str | Path) -> dict[str, str]:
    """Write PNG and SVG of each table; returns the SVG text by name.

    Raises TrajectoryError if the folder cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return {name: save(draw(table), folder, name) for name, table in tables.items() if table.kind != "summary"}
    except OSError as error:
        raise TrajectoryError(f"cannot write the figures to {folder}: {error.strerror}") from error
