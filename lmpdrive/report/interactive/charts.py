"""`chart`: a table as data and layout for plotly.js, with the same panels, bands and references as the figure."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.tables import Table
from lmpdrive.report.figures import ENERGY, Curve, panels
from lmpdrive.report.labels import typeset
from lmpdrive.report.lines import PALETTE, band

Array = NDArray[np.float64]
DASHES = ("solid", "dash", "dashdot", "longdash", "dot")
GAP = 0.08
"""Between two panels, of the height."""


def chart(table: Table) -> dict[str, Any]:
    """`{"data": [...], "layout": {...}}` of JSON values; NaN is null, a gap."""
    if table.kind == "map":
        return _map(table)
    together = panels(table)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": typeset(str(table.data.columns[0]))}},
        "shapes": [],
        "annotations": [],
    }
    height = (1 - GAP * (len(together) - 1)) / len(together)
    for number, panel in enumerate(together):
        axis = "" if number == 0 else str(number + 1)
        top = 1 - number * (height + GAP)
        layout[f"yaxis{axis}"] = {"title": {"text": _title(table, panel)}, "domain": [max(0.0, top - height), top]}
        for i, curve in enumerate(panel):
            traces += _curve(table, curve, PALETTE[i % len(PALETTE)], DASHES[i % len(DASHES)], f"y{axis}")
        _beside(layout, table, panel[0], f"y{axis}")
    layout["xaxis"]["anchor"] = f"y{'' if len(together) == 1 else len(together)}"
    return {"data": traces, "layout": layout}


def _title(table: Table, panel: list[Curve]) -> str:
    """Headers of a panel, at most three."""
    names = ", ".join(re.sub(r" \[.*\]$", "", curve.header) for curve in panel[:3])
    return f"{'change of ' if _is_relative(table, panel[0]) else ''}{names} {typeset(panel[0].unit)}".strip()


def _is_relative(table: Table, curve: Curve) -> bool:
    """Energies in time are shown from their first value, as in the figure."""
    return table.kind == "series" and curve.unit == ENERGY


def _curve(table: Table, curve: Curve, colour: str, dash: str, axis: str) -> list[dict[str, Any]]:
    """The line and, where it has one, its band of 2σ."""
    x, name = _values(table.x), re.sub(r" \[.*\]$", "", curve.header)
    y = curve.y - curve.y[0] if _is_relative(table, curve) and len(curve.y) else curve.y
    line: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": x, "y": _values(y), "name": name, "yaxis": axis}
    line |= {"line": {"color": colour, "dash": dash}, "hovertemplate": f"%{{y:.5g}} {curve.unit}<extra>{name}</extra>"}
    if curve.error is None or table.kind == "series" or not np.isfinite(curve.error).any():
        return [line]
    low, high = band(curve.y, curve.error, curve.header in table.non_negative)
    known = np.isfinite(curve.error)
    line["customdata"] = _values(2 * curve.error)
    line["hovertemplate"] = f"%{{y:.5g}} ± %{{customdata:.2g}} {curve.unit} (2σ)<extra>{name}</extra>"
    edges: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": x, "yaxis": axis}
    edges |= {"line": {"width": 0, "color": colour}, "hoverinfo": "skip", "showlegend": False}
    lower = {**edges, "y": _values(np.where(known, low, np.nan))}
    upper = {**edges, "y": _values(np.where(known, high, np.nan)), "fill": "tonexty", "fillcolor": _pale(colour)}
    return [lower, upper, line]


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.22)"


def _beside(layout: dict[str, Any], table: Table, first: Curve, axis: str) -> None:
    """References of a panel as lines, spans as shaded parts, with their words."""
    value = str(table.data.columns[table.n_variables])
    for one in table.references:
        if (one.column or value) == first.header:
            line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": one.value, "y1": one.value}
            layout["shapes"].append(line | {"line": {"color": "#888", "width": 1, "dash": "dash"}})
            words = {"text": one.label, "xref": "paper", "x": 1, "xanchor": "right", "yref": axis, "y": one.value}
            layout["annotations"].append(words | {"yanchor": "bottom", "showarrow": False})
    for span in table.spans:
        part = {
            "type": "rect",
            "xref": "x",
            "x0": span.low,
            "x1": span.high,
            "yref": f"{axis} domain",
            "y0": 0,
            "y1": 1,
        }
        layout["shapes"].append(part | {"fillcolor": "rgba(128,128,128,0.18)", "line": {"width": 0}, "layer": "below"})
        words = {"text": span.label, "xref": "x", "x": span.low, "xanchor": "left", "yref": f"{axis} domain", "y": 0}
        layout["annotations"].append(words | {"yanchor": "bottom", "showarrow": False})


def _map(table: Table) -> dict[str, Any]:
    """Colours over the second variable (across) and the first (up)."""
    up, across, value = (str(header) for header in table.data.columns[:3])
    grid = table.data.pivot_table(index=up, columns=across, values=value, dropna=False)
    data = {
        "type": "heatmap",
        "x": _values(grid.columns.to_numpy(dtype=float)),
        "y": _values(grid.index.to_numpy(dtype=float)),
        "z": [_values(row) for row in grid.to_numpy(dtype=float)],
        "colorscale": "Viridis",
        "colorbar": {"title": {"text": typeset(value)}},
    }
    return {"data": [data], "layout": {"xaxis": {"title": {"text": across}}, "yaxis": {"title": {"text": up}}}}


def _values(column: Array) -> list[float | None]:
    """For JSON, which has no NaN; six digits are more than a screen shows."""
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in column.tolist()]
