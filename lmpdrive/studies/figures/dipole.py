"""P_z against the teacher's true dipole (study Fig. S10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.studies.dipoles import ORIENTATIONS, WATER, WHOLE
from lmpdrive.studies.figures import Drawn
from lmpdrive.studies.panels import panels, style_of
from lmpdrive.studies.tables import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def draw(tables: Tables) -> Iterator[Drawn]:
    """Held-back frames of the teacher: dipole of the water, and of all charges, against the orientations counted."""
    data = tables.dipoles
    if data.empty:
        return

    def fill(axes: list[list[Axes]]) -> None:
        for one, moment in zip(axes[0], (WATER, WHOLE), strict=True):
            _points(one, data, moment)

    yield Drawn(
        340,
        "dipole",
        "The water's orientations and the true dipole",
        "Held-back frames of the teacher. P_z counts the orientations of the water; M_z is the dipole of the teacher's "
        "charges: left of the water alone, right of everything, with the ions and the charge that they draw to the "
        "metal. r: correlation within a state.",
        panels(1, 2, fill),
        data,
    )


def _points(axes: Axes, data: pd.DataFrame, moment: str) -> None:
    for number, (state, own) in enumerate(data.groupby("state", sort=False)):
        x, y = own[ORIENTATIONS].to_numpy(float), own[moment].to_numpy(float)
        r = f", r = {np.corrcoef(x, y)[0, 1]:.2f}" if len(own) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0 else ""
        axes.plot(x, y, "os^v"[number % 4], markersize=3, color=style_of(number)["color"], label=f"{state}{r}")
    axes.set_xlabel("$P_z$ = Σ cos θ")
    axes.set_ylabel(f"$M_z$ {'of the water' if moment == WATER else 'of all charges'} [e Å]")
    axes.legend(fontsize=6)
