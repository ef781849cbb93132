"""Panels of a study's figures: one axis for each model and state, curves with their bands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.report.figures import SIZE_INCH, STYLE, settle
from lmpdrive.report.labels import axis_label
from lmpdrive.report.lines import DASHES, PALETTE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
TRUTH = "teacher"
WIDE = 3.0
"""An axis whose values differ by a larger factor is logarithmic."""
FEW_DECADES = 2.5
"""Below these a logarithmic axis has ticks at 1, 2 and 5, above at 1."""
COLOURS = {TRUTH: "#000000", "specific": PALETTE[0], "mixed": PALETTE[1]}
DASH = {TRUTH: "-", "specific": "--", "mixed": "-."}


def panels(rows: int, columns: int, fill: Callable[[list[list[Axes]]], None], height: float = 1.0) -> Figure:
    """A figure of rows x columns axes, filled by `fill`; `height` of each in the usual one."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):  # type: ignore[arg-type]
        width = SIZE_INCH[0] * (1 if columns == 1 else 0.85 * columns)
        figure = Figure(figsize=(width, SIZE_INCH[1] * (0.25 + 0.85 * height * rows)))
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False)
        fill([list(row) for row in axes])
        settle(figure)
    return figure


def by_model_and_state(data: pd.DataFrame, shown: pd.DataFrame, panel: Callable[[Axes, pd.DataFrame], None]) -> Figure:
    """Rows of models and columns of states, those in `shown`; `panel` draws the rows of `data` that belong there."""
    models, states = (list(dict.fromkeys(shown[key])) for key in ("model", "state"))

    def fill(axes: list[list[Axes]]) -> None:
        for row, model in zip(axes, models, strict=True):
            for one, state in zip(row, states, strict=True):
                panel(one, data[(data["model"] == model) & (data["state"] == state)])
                one.set_title(f"{model}, {state}", fontsize=8)
        for one in axes[-1]:
            one.set_xlabel(axis_label(data["x axis"].iloc[0]))
        for row in axes:
            row[0].set_ylabel(axis_label(data["y axis"].iloc[0]))
        axes[0][0].legend(ncols=1)

    return panels(len(models), len(states), fill)


def curve(axes: Axes, x: Array, y: Array, sigma: Array, kind: str, **how: Any) -> None:
    """A line with its 2σ band; `kind`: the teacher, specific or mixed."""
    colour = COLOURS[kind]
    known = np.isfinite(sigma) & np.isfinite(y)
    low, high = y - 2 * sigma, y + 2 * sigma
    axes.fill_between(x, low, high, where=list(known), color=colour, alpha=0.25, linewidth=0)
    axes.plot(x, y, color=colour, linestyle=DASH[kind], label=kind, linewidth=1.0, **how)


def style_of(number: int) -> dict[str, Any]:
    """Of the number-th model."""
    return {"color": PALETTE[number % len(PALETTE)], "linestyle": DASHES[number % len(DASHES)]}


def logarithmic(axes: Axes, **values: Array) -> None:
    """Logarithmic axes, for those of x and y whose values differ by more than WIDE, with plain numbers at the ticks."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    for which, numbers in values.items():
        known = np.asarray(numbers, float)
        known = known[np.isfinite(known) & (known > 0)]
        if not len(known) or known.max() < WIDE * known.min():
            continue
        axis = getattr(axes, f"{which}axis")
        getattr(axes, f"set_{which}scale")("log")
        decades = np.log10(known.max() / known.min())
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < FEW_DECADES else (1.0,)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(FuncFormatter(lambda *_: ""))
