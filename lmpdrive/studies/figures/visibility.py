"""Who sees all ions: share of the metal that has them in its receptive field, against the error of the orientation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lmpdrive.studies.figures import Drawn
from lmpdrive.studies.panels import panels, style_of
from lmpdrive.studies.tables import SEES, SPECIFIC, Tables
from lmpdrive.studies.verdict import KEYS, distances

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ORIENTATION = "water_orientation"


def draw(tables: Tables) -> Iterator[Drawn]:
    """Distance of the orientation profile from the teacher's against charge visibility, for each run with ions."""
    data = visible(tables)
    if data.empty:
        return
    yield Drawn(
        300,
        "visibility",
        "Orientation against charge visibility",
        "Share of the outer metal atoms from which every ion lies within the receptive field, and the distance of the "
        "orientation profile from the teacher's. Filled: specific, open: mixed.",
        panels(1, 1, lambda axes: _points(axes[0][0], data)),
        data,
    )


def visible(tables: Tables) -> pd.DataFrame:
    """One row for each run: model, kind, state, visibility, distance [σ]; empty where none has both."""
    import pandas as pd

    if tables.runs.empty or tables.profiles.empty:
        return pd.DataFrame()
    away = distances(tables.profiles[tables.profiles["table"] == ORIENTATION])
    if away.empty:
        return pd.DataFrame()
    return tables.runs[[*KEYS, SEES]].dropna().merge(away[[*KEYS, "distance [σ]"]], on=KEYS)


def _points(axes: Axes, data: pd.DataFrame) -> None:
    for number, (model, own) in enumerate(data.groupby("model", sort=False)):
        for row in own.to_dict("records"):
            fill = "full" if row["kind"] == SPECIFIC else "none"
            axes.plot(
                row[SEES],
                row["distance [σ]"],
                "os^vDP*"[number % 7],
                fillstyle=fill,
                color=style_of(number)["color"],
                label=f"{model}, {row['kind']}, {row['state']}",
            )
    axes.axhline(1.0, color="0.5", linewidth=0.7)
    axes.set_xlabel("share of the metal that sees all ions")
    axes.set_ylabel("distance of ⟨cos θ⟩ρ [σ]")
    axes.legend(fontsize=5)
