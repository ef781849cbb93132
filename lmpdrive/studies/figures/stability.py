"""How many runs were unstable, against the number of frames (study Fig. 3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lmpdrive.studies.figures import Drawn
from lmpdrive.studies.panels import COLOURS, panels
from lmpdrive.studies.tables import Tables

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
        "Runs that the guard ended, of all that ended of each kind, and how long the shortest of them was stable.",
        panels(1, 1, lambda axes: _bars(axes[0][0], data), height=max(0.7, 0.13 * len(data))),
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
    from matplotlib.ticker import MaxNLocator

    labels = [f"{row.model}, {row.kind}, n = {row.size}" for row in data.itertuples()]
    colours = [COLOURS[kind] for kind in data["kind"]]
    axes.barh(range(len(data)), data["unstable"], color=colours)
    for place, row in enumerate(data.to_dict("records")):
        words = f" {row['unstable']} of {row['runs']}"
        if row["unstable"]:
            words += f": {row['shortest stable time [ps]']:.3g} ps"
        axes.annotate(words, (row["unstable"], place), va="center", fontsize=6)
    axes.set_yticks(range(len(data)), labels, fontsize=6)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(data) - 0.4, -0.6)
    axes.set_xlim(0, 1.7 * max(1, data["unstable"].max()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("runs that the guard ended")
