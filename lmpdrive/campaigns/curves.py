"""One table of several runs as one curve, and several of them in one figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.campaigns.spread import Together, together
from lmpdrive.observables.tables import Table
from lmpdrive.report.figures import SIZE_INCH, STYLE, settle
from lmpdrive.report.labels import axis_label
from lmpdrive.report.lines import DASHES, PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Curve:
    """One table of one experiment: the mean of its runs, on the grid `x`."""

    x: np.ndarray
    mean: Together


def is_curve(table: Table) -> bool:
    """Whether a table can be drawn over others."""
    return table.kind in ("profile", "histogram", "correlation") and table.n_variables == 1 and len(table.data) > 1


def mean_of(tables: Sequence[Table]) -> Curve:
    """Mean of runs, whose bins may begin at other places.

    Where a run has no bin a histogram of it is zero, and the mean of anything else is not known.
    """
    step = np.diff(tables[0].x).min()
    low, high = min(t.x[0] for t in tables), max(t.x[-1] for t in tables)
    alike = all(np.array_equal(t.x, tables[0].x) for t in tables)
    grid = tables[0].x if alike else low + step * np.arange(round((high - low) / step) + 1)
    outside = 0.0 if tables[0].kind == "histogram" else np.nan

    def on_grid(table: Table, column: np.ndarray) -> np.ndarray:
        return np.interp(grid, table.x, column, left=outside, right=outside)

    return Curve(grid, together([on_grid(t, t.value) for t in tables], [on_grid(t, t.error) for t in tables]))


def draw(table: Table, curves: Mapping[str, Curve]) -> Figure:
    """The experiments over each other, with bands of 2σ."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    headers = [str(header) for header in table.data.columns]
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(SIZE_INCH[0], SIZE_INCH[1] * 1.15))
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for i, (name, curve) in enumerate(curves.items()):
            colour, mean = PALETTE[i % len(PALETTE)], curve.mean
            error = np.nan_to_num(mean.error)
            low, high = mean.value - 2 * error, mean.value + 2 * error
            if headers[1] in table.non_negative:
                low = np.maximum(low, 0)
            axes.fill_between(curve.x, low, high, color=colour, alpha=0.2, linewidth=0)
            label = name if mean.runs == 1 else f"{name} ({mean.runs})"
            axes.plot(curve.x, mean.value, color=colour, linestyle=DASHES[i % len(DASHES)], label=label)
        if len(curves) > 1:
            axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        axes.set_xlabel(axis_label(headers[0]))
        axes.set_ylabel(axis_label(headers[1]))
        axes.margins(x=0)
        settle(figure)
    return figure
