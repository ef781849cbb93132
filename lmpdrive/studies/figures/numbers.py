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
            caption = "Points: runs, ± 2σ; black bar: the teacher, ± 2σ, of the same state."
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
    labels = [f"{row['model']} {row['state']}" for row in data.to_dict("records")]
    places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    for label, row in zip(labels, data.to_dict("records"), strict=True):
        place = places[label]
        truth, sigma = row["teacher"], 2 * np.nan_to_num(row["σ teacher"])
        axes.fill_between([place - 0.4, place + 0.4], truth - sigma, truth + sigma, color="#000000", alpha=0.3, lw=0)
        axes.plot([place - 0.4, place + 0.4], [truth, truth], color="#000000", linewidth=0.8)
        shift = -0.12 if row["kind"] == "specific" else 0.12
        error = 2 * row["σ"] if np.isfinite(row["σ"]) else None
        axes.errorbar(place + shift, row["value"], yerr=error, fmt="o", markersize=3, color=COLOURS[row["kind"]])
    axes.set_xticks(list(places.values()), list(places), rotation=60, fontsize=5, ha="right")
    unit = data["unit"].iloc[0]
    axes.set_title(f"{data['quantity'].iloc[0]}{f' [{unit}]' if unit not in ('', '1') else ''}", fontsize=6)
