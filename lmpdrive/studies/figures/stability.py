"""How many runs were unstable, against the number of frames (study Fig. 3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lmpdrive.studies.figures import Drawn
from lmpdrive.studies.panels import panels
from lmpdrive.studies.tables import SPECIFIC, Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def draw(tables: Tables) -> Iterator[Drawn]:
    """Bars: unstable runs of all that ended, for each model, size and kind."""
    if tables.runs.empty:
        return
    data = counts(tables.runs)
    yield Drawn(
        110,
        "stability",
        "Unstable runs",
        "Runs that the guard ended, of all runs of each kind; the number above a bar is how many there were.",
        panels(1, 1, lambda axes: _bars(axes[0][0], data)),
        data,
    )


def counts(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs, unstable ones, and the shortest stable time, for each model, kind and size."""
    ended = runs[runs["phase"].isin(["done", "unstable"])]
    grouped = ended.groupby(["model", "kind", "size"], sort=False)
    return (
        grouped.agg(
            runs=("phase", "size"),
            unstable=("phase", lambda phases: int((phases == "unstable").sum())),
            shortest=("stable [ps]", "min"),
        )
        .rename(columns={"shortest": "shortest stable time [ps]"})
        .reset_index()
    )


def _bars(axes: Axes, data: pd.DataFrame) -> None:
    labels = [f"{row.model}\n{row.kind}\nn {row.size}" for row in data.itertuples()]
    colours = ["#0072B2" if kind == SPECIFIC else "#D55E00" for kind in data["kind"]]
    axes.bar(range(len(data)), data["unstable"], color=colours)
    axes.plot(range(len(data)), data["runs"], "k_", markersize=12)
    for place, row in enumerate(data.itertuples()):
        axes.annotate(str(row.runs), (place, row.runs), ha="center", va="bottom", fontsize=6)
    axes.set_xticks(range(len(data)), labels, fontsize=5)
    axes.set_ylabel("unstable runs")
    axes.margins(y=0.2)
