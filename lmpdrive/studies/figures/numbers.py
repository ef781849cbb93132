"""Numbers of the runs beside the teacher's: temperatures of each species (study Fig. S5), and the headline numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.studies.figures import Drawn
from lmpdrive.studies.panels import COLOURS, panels
from lmpdrive.studies.tables import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MOST = 12
"""Numbers in one figure."""
MOST_UPRIGHT = 2
"""Labels that have room beside each other."""


def draw(tables: Tables) -> Iterator[Drawn]:
    """One panel for each number: runs as points with 2σ, the teacher as a band."""
    if tables.numbers.empty:
        return
    numbers = tables.numbers[np.isfinite(tables.numbers["value"])]
    kinds = (
        (310, "temperatures", "Temperatures", numbers["quantity"].str.contains("temperature", case=False)),
        (320, "headline_numbers", "Numbers", numbers["headline"]),
    )
    for order, name, title, chosen in kinds:
        data = numbers[chosen]
        shown = list(dict.fromkeys(data["quantity"]))[:MOST]
        if shown:
            data = data[data["quantity"].isin(shown)]
            caption = "Points: runs, ± 2σ; blue: specific, orange: mixed. Grey: the teacher of the same state, ± 2σ."
            yield Drawn(order, name, title, caption, _figure(data, shown), data)


def _figure(data: pd.DataFrame, shown: list[str]):  # type: ignore[no-untyped-def]  # matplotlib is imported late
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)

    def fill(axes: list[list[Axes]]) -> None:
        flat = [one for row in axes for one in row]
        for one, quantity in zip(flat, shown, strict=False):
            _panel(one, data[data["quantity"] == quantity])
        for one in flat[len(shown) :]:
            one.set_visible(False)

    return panels(rows, columns, fill)


def _panel(axes: Axes, data: pd.DataFrame) -> None:
    """A place on x for each model and state, its runs side by side."""
    data = data.assign(label=data["model"] + " " + data["state"])
    labels = list(dict.fromkeys(data["label"]))
    for place, label in enumerate(labels):
        own = data[data["label"] == label].sort_values("kind", ascending=False, kind="stable")  # specific ones first
        truth, sigma = own["teacher"].iloc[0], 2 * np.nan_to_num(own["σ teacher"].iloc[0])
        axes.fill_between([place - 0.4, place + 0.4], truth - sigma, truth + sigma, color="#000000", alpha=0.3, lw=0)
        axes.plot([place - 0.4, place + 0.4], [truth, truth], color="#000000", linewidth=0.8)
        places = place + (np.arange(len(own)) + 0.5) / len(own) * 0.6 - 0.3
        for x, row in zip(places, own.to_dict("records"), strict=True):
            error = 2 * row["σ"] if np.isfinite(row["σ"]) else None
            axes.errorbar(x, row["value"], yerr=error, fmt="o", markersize=3, color=COLOURS[row["kind"]])
    axes.set_xlim(-0.5, len(labels) - 0.5)
    axes.set_xticks(range(len(labels)), labels)
    axes.tick_params(axis="x", labelsize=5, labelrotation=60 if len(labels) > MOST_UPRIGHT else 0)
    unit = data["unit"].iloc[0]
    axes.set_title(f"{data['quantity'].iloc[0]}{f' [{unit}]' if unit not in ('', '1') else ''}", fontsize=6)
