"""Roughness of the energy along lines (study Fig. S9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.report.numbers import sigma_of
from lmpdrive.studies.figures import Drawn
from lmpdrive.studies.panels import COLOURS, logarithmic, panels
from lmpdrive.studies.tables import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

NOISE = "as noise of the energy [meV]"
MARKERS = "osv^"


def draw(tables: Tables) -> Iterator[Drawn]:
    """Noise that the roughness is worth, for each model and kind of line."""
    if tables.roughness.empty:
        return
    yield Drawn(
        330,
        "roughness",
        "Roughness of the energy",
        "Energy of the whole cell along lines of 0.3 Å through held-back frames: what its deviation from a smooth "
        "curve is worth as random noise (lmpdrive compare --probe-pes). Bars: 2σ over the lines.",
        panels(1, 1, lambda axes: _points(axes[0][0], tables.roughness)),
        tables.roughness,
    )


def _points(axes: Axes, data: pd.DataFrame) -> None:
    places = {name: place for place, name in enumerate(dict.fromkeys(data["model"] + " " + data["state"]))}
    lines = list(dict.fromkeys(data["line"]))
    for row in data.to_dict("records"):
        mixed = row["kind"] == "mixed"
        line = lines.index(row["line"])
        at = places[f"{row['model']} {row['state']}"] + (0.15 if mixed else -0.15) + 0.06 * line
        value, error = row[NOISE], 2 * row[sigma_of(NOISE)]
        yerr = [[min(error, 0.99 * value)], [error]] if np.isfinite(error) else None
        how: dict[str, Any] = {"fmt": MARKERS[line % 4], "markersize": 3, "color": COLOURS[row["kind"]]}
        axes.errorbar(at, value, yerr=yerr, label=f"{row['kind']}, {row['line']}", **how)
    logarithmic(axes, y=data[NOISE].to_numpy())
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_ylabel("roughness as noise [meV]")
    turned: dict[str, Any] = {"rotation": 60, "fontsize": 6, "ha": "right"} if len(places) > 3 else {}
    axes.set_xticks(list(places.values()), list(places), **turned)
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(handles.values(), handles.keys(), fontsize=5)
