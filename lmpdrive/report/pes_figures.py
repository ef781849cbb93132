"""Figures of `compare --probe-pes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.report.figures import SIZE_INCH, STYLE, settle
from lmpdrive.report.lines import DASHES, PALETTE
from lmpdrive.report.numbers import sigma_of
from lmpdrive.report.roughness import WINDOW, residual
from lmpdrive.trajectory.probe_frames import AS_GIVEN, ProbeFrames

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]


def extrapolation_figure(data: pd.DataFrame) -> Figure:
    """Energy change and force difference from the first potential, for each kind and amount, bars of 2σ."""
    apart = next(c for c in data.columns if c.startswith("RMS force difference"))
    first = str(data["potential"].iloc[0])
    places = [f"{kind} {amount:g}{'' if unit == '1' else ' ' + unit}" for kind, amount, unit in _kinds(data)]
    drawn, (top, bottom) = _two_panels(height=2.2)
    for i, (label, own) in enumerate(data.groupby("potential", sort=False)):
        own = own[own["frames made"] != AS_GIVEN]
        x = np.arange(len(own)) + 0.12 * (i - (data["potential"].nunique() - 1) / 2)
        look: dict[str, Any] = {"fmt": "o", "markersize": 3.5, "color": PALETTE[i % len(PALETTE)], "label": str(label)}
        change = "energy change [meV/atom]"
        top.errorbar(x, own[change], yerr=2 * own[sigma_of(change)], **look)
        if label != first:
            bottom.errorbar(x, own[apart], yerr=2 * own[sigma_of(apart)], **look)
    top.set_yscale("symlog", linthresh=10)
    top.axhline(0.0, color="0.6", linewidth=0.6)
    top.set_ylabel("energy change (meV/atom)")
    bottom.set_ylabel(f"RMS force difference\nfrom {first} (eV/Å)")
    bottom.set_xticks(range(len(places)), places, rotation=60, ha="right")
    return _finished(drawn, top)


def line_figure(probe: ProbeFrames, energies: Mapping[str, Array]) -> Figure:
    """The first line of each kind: the energy from its start, and the second difference against its trend."""
    firsts = {group.kind: group for group in reversed(probe.lines)}
    drawn, (top, bottom) = _two_panels()
    for i, (label, every) in enumerate(energies.items()):
        for kind, group in reversed(firsts.items()):
            own = 1e3 * every[group.frames]
            s = group.amount * np.arange(len(own))
            pale = 1.0 if kind == next(reversed(firsts)) else 0.45
            look: dict[str, Any] = {"color": PALETTE[i % len(PALETTE)], "alpha": pale}
            look["linestyle"] = DASHES[i % len(DASHES)]
            name = f"{label}, {kind}"
            top.plot(s, (own - own[0]) / probe.frames.counts[group.frames.start], label=name, **look)
            edge = 1 + WINDOW // 2
            bottom.plot(s[edge:-edge], residual(own), linewidth=0.7, **look)
    top.set_ylabel("E − E(0) (meV/atom)")
    bottom.set_ylabel("2nd difference\n− trend (meV)")
    bottom.set_xlabel("displacement of the atom that moves most, s (Å)")
    return _finished(drawn, top)


def _kinds(data: pd.DataFrame) -> list[tuple[str, float, str]]:
    own = data[(data["potential"] == data["potential"].iloc[0]) & (data["frames made"] != AS_GIVEN)]
    return list(own[["frames made", "amount", "unit"]].itertuples(index=False, name=None))


def _two_panels(height: float = 2.0) -> tuple[Figure, tuple[Axes, Axes]]:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):  # type: ignore[arg-type]
        drawn = Figure(figsize=(SIZE_INCH[0], height * SIZE_INCH[1]))
        FigureCanvasAgg(drawn)
        top, bottom = drawn.subplots(2, 1, sharex=True)
        return drawn, (top, bottom)


def _finished(drawn: Figure, axes: Axes) -> Figure:
    from matplotlib import rc_context

    with rc_context(STYLE):  # type: ignore[arg-type]
        handles, labels = axes.get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside upper center", ncols=1)
        settle(drawn)
    return drawn
