"""One figure per table, fit for a paper: one column wide, units on every axis, bands of 2σ (95 %).

Colours are the Okabe-Ito set, told apart by colour-blind readers and in grey; text in SVG stays text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.errors import TrajectoryError
from lmpdrive.observables.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
MAX_LINE_POINTS = 2000
MAX_POINTS_OF_SEVERAL = 300
"""Longer series are drawn as means over equal stretches: more than one noisy line hides the others."""

_UNITS = {"g/cm^3": r"g cm$^{-3}$", "mol/L": r"mol L$^{-1}$", "e/Å": r"e Å$^{-1}$"}
_SYMBOLS = {
    "<cos θ>": "⟨cos θ⟩",
    "ρ<cos θ>": "ρ⟨cos θ⟩",
    "z": "distance from the surface, z",
    "t": "time",
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
    symbol = _SYMBOLS.get(match[1], re.sub(r"_(.+)", _subscript, match[1]))
    return symbol if match[2] == "1" else f"{symbol} ({_UNITS.get(match[2], match[2])})"


def _subscript(match: re.Match[str]) -> str:
    return r"$_{\mathrm{" + match[1].removeprefix("ion_").replace("_", r"\ ") + "}}$"


def draw(table: Table) -> Figure:
    """The figure of one table (not of the summary)."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=SIZE_INCH)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        {"profile": _profile, "histogram": _histogram, "series": _series}[table.kind](axes, table)
        axes.margins(x=0)
    return figure


def _profile(axes: Axes, table: Table) -> None:
    """Line and band; below the surface plane only if there is something."""
    x, y, error = table.x, table.value, table.error
    if (np.nan_to_num(y) < 0).any():
        axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    axes.fill_between(x, y - 2 * error, y + 2 * error, color=PALETTE[0], alpha=0.25, linewidth=0)
    axes.plot(x, y, color=PALETTE[0])
    axes.set_xlabel(axis_label(table.data.columns[0]))
    label = axis_label(table.data.columns[1])
    axes.set_ylabel(f"{label}\n{SIGN}" if "cos" in label else label)
    axes.set_xlim(min(0.0, x[0]), x[-1])
    if not (np.nan_to_num(y) < 0).any():
        axes.set_ylim(bottom=0)


def _histogram(axes: Axes, table: Table) -> None:
    """Steps with error bars of 2σ."""
    x, y = table.x, table.value
    width = x[1] - x[0] if len(x) > 1 else 0.5
    axes.stairs(y, np.append(x - width / 2, x[-1] + width / 2), color=PALETTE[0], fill=True, alpha=0.3)
    axes.errorbar(x, y, 2 * table.error, fmt="none", ecolor=PALETTE[0], elinewidth=0.9)
    axes.set_xlabel(f"{axis_label(table.data.columns[0])} ({SIGN})")
    axes.set_ylabel("probability density")
    axes.set_ylim(bottom=0)


def _series(axes: Axes, table: Table) -> None:
    """The value; further columns of the same unit beside it.  Energies relative to their first value."""
    headers = [str(header) for header in table.data.columns]
    unit = headers[1][headers[1].rindex("[") :]
    shown = [headers[1]] + [h for h in headers[3:] if h.endswith(unit)]
    shown = [h for h in shown if h == headers[1] or np.ptp(table.data[h]) or table.data[h].any()]
    relative = unit == "[eV]"
    if relative:  # potential and total energy hide the conserved quantity's drift
        shown = shown[:1]
    most = MAX_POINTS_OF_SEVERAL if len(shown) > 1 else MAX_LINE_POINTS
    for colour, header in zip(PALETTE, shown):
        y = table.data[header].to_numpy(dtype=float)
        x, y = _thin(table.x, y - y[0] if relative else y, most)
        label = axis_label(header.replace(unit, "[1]"))
        axes.plot(x, y, color=colour, linewidth=0.8, label=label, zorder=3 if header == shown[0] else 2)
    axes.set_xlabel(axis_label(headers[0]))
    name = "counts" if table.name == "water_species" else axis_label(headers[1])
    if table.name == "temperature":
        name = "temperature (K)"
    axes.set_ylabel(f"change of {name}" if relative else name)
    if table.name.startswith("dipole"):
        axes.set_ylabel(f"{name}\n{SIGN}")
    if len(shown) > 1:
        axes.legend(ncols=min(4, len(shown)), loc="lower center", bbox_to_anchor=(0.5, 1.0))


def _thin(x: np.ndarray, y: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
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
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()[buffer.getvalue().index("<svg") :]


def write_figures(tables: Mapping[str, Table], folder: str | Path) -> dict[str, str]:
    """Write `<name>.png` (300 dpi) and `<name>.svg` of each table; returns the SVG text by name.

    Raises TrajectoryError if the folder cannot be written.
    """
    folder, drawn = Path(folder), {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            if table.kind == "summary":
                continue
            figure: Any = draw(table)
            drawn[name] = as_svg(figure)
            temporary = folder / f".{name}.tmp"
            try:
                figure.savefig(temporary, format="png", dpi=300)
                temporary.replace(folder / f"{name}.png")
                temporary.write_text('<?xml version="1.0" encoding="utf-8"?>\n' + drawn[name], encoding="utf-8")
                temporary.replace(folder / f"{name}.svg")
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise TrajectoryError(f"cannot write the figures to {folder}: {error.strerror}") from error
    return drawn
