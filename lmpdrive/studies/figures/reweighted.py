"""Does the mixed model, asked on the specific model's frames, give the same averages? (study Fig. S2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.studies.figures import Drawn
from lmpdrive.studies.panels import by_model_and_state, curve
from lmpdrive.studies.tables import SPECIFIC, Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ORIENTATION = "water_orientation"


def draw(tables: Tables) -> Iterator[Drawn]:
    """The orientation of the mixed model: from its own run, and from the specific model's run by reweighting."""
    data = tables.profiles
    if data.empty or "as mixed" not in data:
        return
    data = data[data["table"] == ORIENTATION]
    having = data[(data["kind"] == SPECIFIC) & np.isfinite(data["as mixed"])]
    if having.empty:
        return
    yield Drawn(
        400,
        "reweighted",
        "Specific runs, weighed for the mixed model",
        "Dotted: the specific model's frames under the mixed model, by the cumulant expansion; it should lie on the "
        "mixed model's own run.",
        by_model_and_state(data, having, _panel),
        data,
    )


def _panel(axes: Axes, data: pd.DataFrame) -> None:
    for _, own in data.groupby("kind", sort=False):
        kind = str(own["kind"].iloc[0])
        x, y, sigma = (own[key].to_numpy(float) for key in ("x", "value", "σ"))
        curve(axes, x, y, sigma, kind)
        if kind == SPECIFIC and np.isfinite(own["as mixed"]).any():
            axes.plot(x, own["as mixed"], color="#009E73", linestyle=":", label="specific as mixed")
    axes.margins(x=0)
