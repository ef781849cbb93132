"""The strokes of a figure: curves with bands, references, shaded parts.

What has no error is drawn thin, pale and dotted, so that no line looks more certain than it is.  Colours are the
Okabe-Ito set, and each comes with a dash pattern of its own: curves can be told apart in grey.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.tables import Reference, Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES: tuple[Any, ...] = ("-", "--", "-.", (0, (6, 1, 1, 1, 1, 1)), (0, (3, 1)), (0, (8, 2)), (0, (1, 0.7)))
"""Dotted is for what has no error."""
WITHOUT_ERROR: dict[str, Any] = {"linestyle": ":", "linewidth": 1.0, "alpha": 0.85}
NO_ERROR = "no error bar"


def band(y: Array, error: Array, non_negative: bool) -> tuple[Array, Array]:
    """y ± 2σ; a quantity that cannot be negative is not shown below zero."""
    low, high = y - 2 * error, y + 2 * error
    return (np.maximum(low, 0.0) if non_negative else low), high


def draw_curve(axes: Axes, x: Array, y: Array, error: Array | None, number: int, label: str, positive: bool) -> bool:
    """One curve; returns whether a part of it has no error.

    error : σ, NaN where there is none; None for a quantity that is given without one.
    number : of the curve in its panel.
    positive : the quantity cannot be negative.
    """
    look: dict[str, Any] = {"color": PALETTE[number % len(PALETTE)], "linestyle": DASHES[number % len(DASHES)]}
    certain = np.isfinite(y) if error is None else np.isfinite(y) & np.isfinite(error)
    uncertain = np.isfinite(y) & ~certain
    if error is not None:
        low, high = band(y, error, positive)
        axes.fill_between(x, low, high, where=list(certain), color=look["color"], alpha=0.22, linewidth=0)
    axes.plot(x, np.where(certain, y, np.nan), label=label, **look)
    # with its neighbours, so that the two parts of a line meet
    near = uncertain.copy()
    near[1:] |= uncertain[:-1]
    near[:-1] |= uncertain[1:]
    if uncertain.any():
        axes.plot(x, np.where(near, y, np.nan), color=look["color"], **WITHOUT_ERROR)
    alone = np.isfinite(y) & ~_beside(np.isfinite(y))
    if alone.any():  # no line leads to a point between gaps
        axes.plot(x[alone], y[alone], ".", markersize=3, color=look["color"])
    return bool(uncertain.any())


def _beside(finite: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether one of the two neighbours is finite."""
    beside = np.zeros_like(finite)
    beside[1:] |= finite[:-1]
    beside[:-1] |= finite[1:]
    return beside


def explain_missing_errors(axes: Axes) -> None:
    """An entry of the legend for what has no error."""
    axes.plot([], [], color="0.3", label=NO_ERROR, **WITHOUT_ERROR)


def draw_reference(axes: Axes, reference: Reference) -> None:
    """A line across the figure with its words at the right."""
    axes.axhline(reference.value, color="0.45", linewidth=0.7, linestyle=(0, (4, 2)), zorder=0.5)
    axes.annotate(
        reference.label,
        (1.0, reference.value),
        xycoords=("axes fraction", "data"),
        xytext=(-1, 1.5),
        textcoords="offset points",
        ha="right",
        va="bottom",
        color="0.3",
        zorder=4,  # read before the curves
        bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5},
    )


def draw_span(axes: Axes, span: Span) -> None:
    """A part of the axis in grey, with its words along the left edge."""
    axes.axvspan(span.low, span.high, color="0.88", linewidth=0, zorder=0)
    axes.annotate(
        span.label,
        (span.low, 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(2, 0),
        textcoords="offset points",
        rotation=90,
        ha="left",
        va="bottom",
        color="0.3",
        zorder=4,
        bbox={"facecolor": "white", "alpha": 0.6, "linewidth": 0, "pad": 0.5},
    )


def say(axes: Axes, text: str) -> None:
    """Words in the middle of a panel that has nothing else to show."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="0.3")
