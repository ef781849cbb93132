"""Error against cost: which potentials are worth their time, and which are beaten in both.

A potential is dominated if another has no larger error and takes no more time, and less of one of them.  It is
dominated beyond the errors if some such other is better by more than 2σ in both, σ² the sum of both σ².  (Errors on
the same frames are correlated, so this asks for more than is needed, never for less.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.atomic import write_atomically
from lmpdrive.report.accuracy import ALL, Measured, errors
from lmpdrive.report.figures import SIZE_INCH, STYLE, save, settle
from lmpdrive.report.labels import axis_label
from lmpdrive.report.lines import PALETTE
from lmpdrive.report.numbers import sigma_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

TIME = "time [ms/atom/step]"
FORCE = "force RMSE [eV/Å]"
ENERGY = "energy RMSE [meV/atom]"
SHIFTED = "energy RMSE, mean shift removed [meV/atom]"
AXES = (FORCE, SHIFTED)
"""Errors that are set against the time; a constant between the energies of two methods moves no atom."""
MARKERS = "osD^vP*X"


@dataclass(frozen=True)
class Timed:
    """How fast a potential is: ms for each step of `atoms` atoms, in each of several rounds.

    how : device, ranks and threads.
    """

    architecture: str
    model: str
    atoms: int
    ms_per_step: tuple[float, ...]
    how: str

    @property
    def per_atom(self) -> tuple[float, float]:
        """Mean [ms/atom/step], and its standard error over the rounds; NaN with a single one."""
        each = np.array(self.ms_per_step) / self.atoms
        return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else float("nan")


def table(timed: Mapping[str, Timed], tested: Measured) -> pd.DataFrame:
    """A row for each potential that was timed and tested: time and errors with σ, and what dominates it."""
    import pandas as pd

    measured = errors(tested)
    rows = [_row(label, one, measured) for label, one in timed.items() if label in tested.predicted]
    data = pd.DataFrame(rows)
    for error in AXES if rows else ():
        over = dominated(*(data[h].to_numpy(float) for h in (TIME, sigma_of(TIME), error, sigma_of(error))))
        what = error.partition(" ")[0]
        labels = data["potential"].tolist()
        data[f"{what}: dominated by"] = ["; ".join(labels[i] for i, _ in by) for by in over]
        data[f"{what}: beyond the errors"] = [int(any(sure for _, sure in by)) for by in over]
    return data


def dominated(time: Array, time_error: Array, error: Array, error_error: Array) -> list[list[tuple[int, bool]]]:
    """For each point the (number, beyond the errors) of all points that dominate it."""
    found: list[list[tuple[int, bool]]] = []
    for i in range(len(time)):
        by = []
        for j in range(len(time)):
            faster, better = time[i] - time[j], error[i] - error[j]
            if faster >= 0 and better >= 0 and faster + better > 0:
                spread = np.hypot(time_error[i], time_error[j]), np.hypot(error_error[i], error_error[j])
                by.append((j, bool(faster > 2 * spread[0] and better > 2 * spread[1])))
        found.append(by)
    return found


def figure(data: pd.DataFrame) -> Figure:
    """Both errors against the time, with bars of 2σ; what is dominated is hollow, the front is a line."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):  # type: ignore[arg-type]
        drawn = Figure(figsize=(SIZE_INCH[0], 2 * SIZE_INCH[1]))
        FigureCanvasAgg(drawn)
        for axes, error in zip(drawn.subplots(2, 1, sharex=True), AXES, strict=True):
            _draw(axes, data, error)
        axes.set_xlabel(axis_label(TIME))
        handles, labels = axes.get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside upper center", ncols=2)
        settle(drawn)
    return drawn


def write_pareto(timed: Mapping[str, Timed], tested: Measured, out: Path) -> pd.DataFrame:
    """Write `pareto.csv` and `figures/pareto.png` and `.svg` into `out`; returns the table."""
    data = table(timed, tested)
    (out / "figures").mkdir(parents=True, exist_ok=True)
    write_atomically(out / "pareto.csv", data.to_csv(index=False, float_format="%.6g"))
    if len(data):
        save(figure(data), out / "figures", "pareto")
    return data


def _row(label: str, one: Timed, measured: pd.DataFrame) -> dict[str, object]:
    own = measured[(measured["run"] == label) & (measured["element"] == ALL)].set_index("quantity")
    row: dict[str, object] = {
        "potential": label,
        "architecture": one.architecture,
        "model": one.model,
        "atoms [1]": one.atoms,
        "run on": one.how,
        "rounds [1]": len(one.ms_per_step),
    }
    row[TIME], row[sigma_of(TIME)] = one.per_atom
    for header in (FORCE, ENERGY, SHIFTED):
        quantity = header.rpartition(" [")[0]
        row[header], row[sigma_of(header)] = own["value"][quantity], own["σ"][quantity]
    row["frames [1]"] = int(own["frames"].iloc[0])
    return row


def _draw(axes: Axes, data: pd.DataFrame, error: str) -> None:
    from matplotlib.ticker import MaxNLocator, NullLocator

    what = error.partition(" ")[0]
    beaten = data[f"{what}: dominated by"] != ""
    front = data[~beaten].sort_values(TIME)
    axes.plot(front[TIME], front[error], drawstyle="steps-post", color="0.7", linewidth=0.8, zorder=1)
    for i, row in enumerate(data.to_dict("records")):
        colour = PALETTE[i % len(PALETTE)]
        axes.errorbar(
            row[TIME],
            row[error],
            xerr=2 * np.nan_to_num(row[sigma_of(TIME)]),
            yerr=2 * np.nan_to_num(row[sigma_of(error)]),
            fmt=MARKERS[i % len(MARKERS)],
            markersize=4.5,
            color=colour,
            markerfacecolor="white" if beaten.iloc[i] else colour,
            label=str(row["potential"]),
        )
    axes.set_xscale("log")
    if data[TIME].max() < 10 * data[TIME].min():  # too few powers of ten for ticks
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(bottom=0)
    axes.set_ylabel(axis_label(error).replace(", mean", ",\nmean"))
