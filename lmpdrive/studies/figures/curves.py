"""Profiles, histograms and correlations under every model, and the teacher's as truth (study Figs. 4, 6, S3, S4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.studies.figures import Drawn
from lmpdrive.studies.panels import COLOURS, TRUTH, by_model_and_state, curve
from lmpdrive.studies.tables import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FIRST = ("water_density", "water_orientation", "dipole_pz_histogram", "ion_density_Na", "dipole_correlation")
"""Those of the founding study, in its order; all others follow."""


def draw(tables: Tables) -> Iterator[Drawn]:
    """One figure for each curve: a row for each model, a column for each state."""
    if tables.profiles.empty:
        return
    names = list(dict.fromkeys(tables.profiles["table"]))
    for name in sorted(names, key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST)):
        data = tables.profiles[tables.profiles["table"] == name]
        largest = data[data["size"] == data.groupby("model")["size"].transform("max")]
        yield Drawn(
            200 + (FIRST.index(name) if name in FIRST else len(FIRST)),
            f"curves_{name}",
            tables.titles[name],
            "Black: the teacher. Bands: 2σ of the run; outer, paler: with 2σ_model of the committee where it has one.",
            by_model_and_state(largest, largest, _panel),
            largest,
        )


def _panel(axes: Axes, data: pd.DataFrame) -> None:
    runs = list(data.groupby(["kind", "split"], sort=False))
    if not runs:
        axes.text(0.5, 0.5, "no run ended", transform=axes.transAxes, ha="center", fontsize=8)
        return
    _, first = runs[0]
    x, y, sigma = (first[key].to_numpy(float) for key in ("x", "teacher", "σ teacher"))
    curve(axes, x, y, sigma, TRUTH, zorder=3)
    seen: set[str] = set()
    for _, own in runs:
        kind = own["kind"].iloc[0]
        x, y, sigma, model = (own[key].to_numpy(float) for key in ("x", "value", "σ", "σ_model"))
        both = np.hypot(sigma, np.nan_to_num(model))
        axes.fill_between(x, y - 2 * both, y + 2 * both, color=COLOURS[kind], alpha=0.12, linewidth=0)
        curve(axes, x, y, sigma, kind)
        if kind in seen:
            axes.lines[-1].set_label(f"_{kind}")
        seen.add(kind)
    axes.margins(x=0)
    _limit(axes, data)


def _limit(axes: Axes, data: pd.DataFrame) -> None:
    """To what the runs and the teacher say: one bin in which a committee knows nothing would hide all others."""
    ends = []
    for value, error in (("teacher", "σ teacher"), ("value", "σ")):
        y, sigma = data[value].to_numpy(float), np.nan_to_num(data[error].to_numpy(float))
        ends += [y - 2 * sigma, y + 2 * sigma]
    known = np.concatenate(ends)
    known = known[np.isfinite(known)]
    if not len(known) or known.min() == known.max():
        return
    low, high = known.min(), known.max()
    room = 0.05 * (high - low)
    positive = not (data[["teacher", "value"]].to_numpy(float) < 0).any()
    axes.set_ylim(0 if positive else low - room, high + room)
