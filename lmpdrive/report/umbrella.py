"""F(z) of umbrella sampling for people: table, figure (PNG and SVG) and one page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.atomic import replacing, write_atomically
from lmpdrive.errors import RunDirectoryError
from lmpdrive.observables.free_energy import Deviation, FreeEnergy
from lmpdrive.report.figures import SIZE_INCH, STYLE, save, settle
from lmpdrive.report.labels import axis_label
from lmpdrive.report.lines import DASHES, PALETTE, WITHOUT_ERROR
from lmpdrive.report.page import environment, unique_ids

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

Z, F, DENSITY = "z [Å]", "F(z) [eV]", "p(z) [1/Å]"


@dataclass(frozen=True, eq=False)
class Compared:
    """F(z) of runs without a bias beside that of the windows, and how far they are apart."""

    unbiased: FreeEnergy
    deviation: Deviation


@dataclass(frozen=True)
class Files:
    """Where the results are: `csv` for F(z), figures of the same name beside it, and the page."""

    csv: Path
    page: Path

    def beside(self, ending: str) -> Path:
        """`free_energy.csv` -> `free_energy.windows.csv` for `.windows.csv`."""
        return self.csv.with_name(self.csv.stem + ending)


def write_umbrella(found: FreeEnergy, files: Files, title: str, compared: Compared | None = None) -> str:
    """Write table, figure and page; returns the SVG.  Raises RunDirectoryError where that is not possible."""
    try:
        files.csv.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(files.csv, _csv(found.table))
        write_atomically(files.beside(".windows.csv"), _csv(window_table(found)))
        if compared is not None:
            write_atomically(files.beside(".unbiased.csv"), _csv(compared.unbiased.table))
        svg = save(figure(found, compared), files.csv.parent, files.csv.stem)
        with replacing(files.page) as temporary:
            temporary.write_text(_page(found, files, title, compared, svg), encoding="utf-8")
    except OSError as error:
        raise RunDirectoryError(f"cannot write {files.csv}: {error.strerror}. Name another file with --out") from error
    return svg


def window_table(found: FreeEnergy) -> pd.DataFrame:
    """A row for each window: spring, heights, and its overlap with the next one."""
    import pandas as pd

    rows = []
    for k, window in enumerate(found.windows):
        last = k + 1 == len(found.windows)
        rows.append(
            {
                "window": window.name,
                "z₀ [Å]": window.at_A,
                "k [eV/Å^2]": window.k_eV_per_A2,
                "heights [1]": window.heights_A.size,
                "mean z [Å]": window.heights_A.mean(),
                "standard deviation of z [Å]": window.heights_A.std(),
                "overlap with the next [1]": np.nan if last else found.overlap[k, k + 1],
            }
        )
    return pd.DataFrame(rows)


def figure(found: FreeEnergy, compared: Compared | None = None) -> Figure:
    """F ± 2σ, and below it the distribution of heights in each window."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):  # type: ignore[arg-type]
        drawn = Figure(figsize=(SIZE_INCH[0], 1.55 * SIZE_INCH[1]))
        FigureCanvasAgg(drawn)
        above, below = drawn.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        _curve(above, found, 0, "umbrella sampling")
        if compared is not None:
            other = compared.unbiased
            _curve(above, other, 1, "without bias", compared.deviation.offset_eV)
            above.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        above.set_ylabel(axis_label(F))
        for k, density in enumerate(found.densities):
            colour = PALETTE[k % len(PALETTE)]
            z, p = _with_gaps(found.z_A, density)
            below.fill_between(z, np.nan_to_num(p), color=colour, alpha=0.25, linewidth=0)
            below.plot(z, np.nan_to_num(p), color=colour, linewidth=0.6)
        below.set_ylim(bottom=0)
        below.set_ylabel(axis_label(DENSITY))
        below.set_xlabel(axis_label(Z))
        below.margins(x=0.02)
        settle(drawn)
    return drawn


def _curve(axes: Axes, found: FreeEnergy, i: int, label: str, offset_eV: float = 0.0) -> None:
    """F with a band of 2σ; dotted where there is no σ, broken where the ion was not."""
    z, values, errors = _with_gaps(found.z_A, found.values_eV + offset_eV, found.errors_eV)
    axes.fill_between(z, values - 2 * errors, values + 2 * errors, color=PALETTE[i], alpha=0.25, linewidth=0)
    axes.plot(z, values, color=PALETTE[i], **WITHOUT_ERROR)
    axes.plot(z, np.where(np.isfinite(errors), values, np.nan), color=PALETTE[i], linestyle=DASHES[i], label=label)


def _with_gaps(z: Array, *columns: Array) -> tuple[Array, ...]:
    """The same in evenly spaced bins, NaN in those that are not there."""
    width = np.diff(z).min(initial=np.inf) if len(z) > 1 else 1.0
    rows = np.round((z - z[0]) / width).astype(int)
    grid = z[0] + width * np.arange(rows[-1] + 1)
    filled = [np.full(len(grid), np.nan) for _ in columns]
    for full, column in zip(filled, columns, strict=True):
        full[rows] = column
    return grid, *filled


def _page(found: FreeEnergy, files: Files, title: str, compared: Compared | None, svg: str) -> str:
    others = [] if compared is None else [f"without bias: {warning}" for warning in compared.unbiased.warnings]
    return (
        environment()
        .get_template("umbrella.html.j2")
        .render(
            title=title,
            ion=found.windows[0].ion,
            temperature=f"{found.windows[0].temperature_K:g}",
            found=found,
            warnings=[*found.warnings, *others],
            lowest=f"{found.lowest_A:.2f}",
            deviation="" if compared is None else compared.deviation.sentence,
            unbiased=[] if compared is None else [window.name for window in compared.unbiased.windows],
            svg=unique_ids(svg, "free_energy"),
            csv=files.csv.name,
            windows=_cells(window_table(found)),
            profile=_cells(found.table),
        )
    )


def _cells(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Headers and rows as text."""
    rows = [
        ["–" if value != value else f"{value:.4g}" if isinstance(value, float) else str(value) for value in row]
        for row in table.itertuples(index=False)
    ]
    return [str(header) for header in table.columns], rows


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, float_format="%.6g"))
