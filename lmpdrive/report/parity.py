"""Figures of predictions for labelled frames: forces against the reference, and the error of the energy.

One panel for each potential, all with the same axes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.report.accuracy import Measured
from lmpdrive.report.figures import STYLE, settle
from lmpdrive.report.lines import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_INCH = 2.3
ACROSS = 3
"""Panels in a row."""


def force_parity(tested: Measured) -> Figure:
    """Force components of each potential against the reference, by element."""
    from ase.data import atomic_numbers
    from matplotlib.ticker import MaxNLocator

    frames = tested.frames
    every = [frames.forces, *(forces for _, forces in tested.predicted.values())]
    low, high = min(float(f.min()) for f in every), max(float(f.max()) for f in every)

    def draw(axes: Axes, label: str) -> None:
        forces = tested.predicted[label][1]
        axes.axline((0, 0), slope=1, color="0.6", linewidth=0.6)
        for element, colour in zip(tested.elements, PALETTE):
            own = frames.numbers == atomic_numbers[element]
            # inside SVG the points are one small picture: thousands of circles would be megabytes
            axes.plot(
                frames.forces[own].ravel(),
                forces[own].ravel(),
                ".",
                markersize=1.5,
                color=colour,
                alpha=0.5,
                markeredgewidth=0,
                label=element,
                rasterized=True,
            )
        axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5))

    return _panels(tested, draw, "reference force component (eV Å⁻¹)", "potential's (eV Å⁻¹)", legend=True)


def energy_errors(tested: Measured) -> Figure:
    """Energy per atom minus the reference's, against the reference's: a shift and a slope are seen at once."""
    frames = tested.frames
    reference = frames.energies_eV / frames.counts
    errors = {k: 1e3 * (energies - frames.energies_eV) / frames.counts for k, (energies, _) in tested.predicted.items()}
    reach = 1.1 * max(float(np.abs(e - e.mean()).max()) for e in errors.values()) or 1.0

    def draw(axes: Axes, label: str) -> None:
        middle = float(errors[label].mean())
        axes.axhline(0.0, color="0.6", linewidth=0.6)
        axes.axhline(middle, color=PALETTE[1], linewidth=0.8)
        axes.plot(reference, errors[label], "o", markersize=2.5, color=PALETTE[0], alpha=0.6, markeredgewidth=0)
        # the same span for all, each around its own mean: a foundation model may be off by electronvolts
        axes.set_ylim(middle - reach, middle + reach)

    return _panels(tested, draw, "reference energy (eV/atom)", "error of the energy (meV/atom)", legend=False)


def _panels(tested: Measured, draw: Callable[[Axes, str], None], x: str, y: str, *, legend: bool) -> Figure:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    labels = list(tested.predicted)
    across = min(ACROSS, len(labels))
    down = -(-len(labels) // across)
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(max(2, across) * PANEL_INCH, down * PANEL_INCH + 0.2))
        FigureCanvasAgg(figure)
        every = figure.subplots(down, across, squeeze=False)
        for axes, label in zip(every.flat, labels):
            draw(axes, label)
            axes.set_title(label, fontsize=9)
        for axes in every.flat[len(labels) :]:
            axes.set_visible(False)
        figure.supxlabel(x, fontsize=9)
        figure.supylabel(y, fontsize=9)
        if legend:
            every.flat[0].legend(markerscale=4, loc="upper left", handletextpad=0.2)
        settle(figure)
    return figure
