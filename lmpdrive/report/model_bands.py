"""Figures with two bands, and what the report says about the model's error.

The dark band is statistical: what more frames would change.  The light one is the model's: what another training of
the same kind would change, from a committee (docs/uncertainty.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.observables.results import read_results
from lmpdrive.observables.reweighting.bands import MEAN, NOTE, SIGMA, SUMMARY
from lmpdrive.observables.reweighting.potentials import DIRECT
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.report.labels import axis_label, symbol_of
from lmpdrive.report.lines import DASHES, PALETTE, band
from lmpdrive.report.numbers import with_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MODEL_RESULTS = "model.nc"
"""Tables of `lmpdrive uncertainty`, beside those of the analysis."""
RUN_LABEL, MODEL_LABEL = "run, statistical 2σ", "committee, model 2σ"


def model_tables(folder: Path) -> dict[str, Table]:
    """Those that `lmpdrive uncertainty` wrote beside an analysis; none if it was not asked for."""
    path = folder / MODEL_RESULTS
    return read_results(path).tables if path.is_file() else {}


def remove_earlier(folder: Path) -> None:
    """Remove tables and figures of an earlier committee, which would stand beside those of another."""
    for name in model_tables(folder):
        for suffix in ("csv", "png", "svg"):
            (folder / f"{name}.{suffix}").unlink(missing_ok=True)
    (folder / MODEL_RESULTS).unlink(missing_ok=True)


def has_model_band(table: Table) -> bool:
    """Whether a committee gave it one."""
    return any(str(name).startswith(f"{SIGMA} ") and table.data[name].notna().any() for name in table.data.columns)


def draw_bands(axes: Axes, table: Table) -> None:
    """The first column with its statistical band, the committee's with the model's, and other potentials' curves.

    What is too far from the driver has no values, and no curve; the table's warnings, in the axes, say why.
    """
    headers = [str(header) for header in table.data.columns]
    header = headers[table.n_variables]
    curves = [(header, headers[table.n_variables + 1], RUN_LABEL)]
    if mean := next((name for name in headers if name.startswith(f"{MEAN} ")), None):
        curves.append((mean, headers[headers.index(mean) + 1], MODEL_LABEL))
    curves += [(name, error, symbol_of(name).partition(" under ")[2]) for name, error in target_columns(headers)]
    curves = [curve for curve in curves if curve[0] == header or table.data[curve[0]].notna().any()]
    for number, (name, error, label) in enumerate(curves):
        y, sigma = table.data[name].to_numpy(float), table.data[error].to_numpy(float)
        color, dashes = PALETTE[number % len(PALETTE)], DASHES[number % len(DASHES)]
        low, high = band(y, sigma, header in table.non_negative)
        known = list(np.isfinite(sigma))
        # the model's is the wider one as a rule, and paler
        alpha = 0.45 if number == 0 else 0.22
        axes.fill_between(table.x, low, high, where=known, color=color, alpha=alpha, linewidth=0, zorder=1 - number)
        axes.plot(table.x, y, color=color, linestyle=dashes, label=label, linewidth=1.0, zorder=2 + number)
    axes.set_ylabel(axis_label(header))
    axes.set_xlabel(axis_label(headers[0]))
    if table.warnings:
        bottom, top = axes.get_ylim()
        axes.set_ylim(bottom, top + (0.12 + 0.1 * len(table.warnings)) * (top - bottom))
        # above the curves, below the line with what the figure is of
        at: dict[str, Any] = {"ha": "left", "va": "top", "fontsize": 7, "color": "0.3"}
        at["bbox"] = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5}
        axes.text(0.02, 0.88, "\n".join(table.warnings), transform=axes.transAxes, **at)
    axes.legend(ncols=1, loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)


def target_columns(headers: list[str]) -> list[tuple[str, str]]:
    """(column, its error) of other potentials."""
    following = pairwise(headers)
    pairs = [(a, b) for a, b in following if " under " in a and b.startswith("σ under ")]
    return [(a, b) for a, b in pairs if f"{DIRECT} [" not in a]


def model_chapter(tables: Mapping[str, Table]) -> dict[str, Any]:
    """For the page: notes, warnings, and rows of quantity, run ± 2σ, committee ± 2σ_model, unit."""
    summary = tables.get(SUMMARY)
    if summary is None:
        return {"notes": (), "warnings": (), "headers": (), "rows": ()}
    data = summary.data
    targets = [str(name) for name in data.columns if str(name).startswith("under ")]
    with_notes = NOTE in data and any(data[NOTE])
    rows = []
    for _, row in data.iterrows():
        cells = [str(row["quantity"]), with_error(Scalar(row["value"], row["σ"], row["unit"]))]
        cells += [with_error(Scalar(row[MEAN], row[SIGMA], row["unit"]))] if MEAN in data else []
        cells += [f"{row[name]:.4g}" if np.isfinite(row[name]) else "not defined" for name in targets]
        cells += ["" if row["unit"] == "1" else str(row["unit"])]
        rows.append([*cells, str(row[NOTE])] if with_notes else cells)
    committee = ["committee mean ± 2σ_model (model)"] if MEAN in data else []
    headers = ["quantity", "run ± 2σ (statistical)", *committee, *targets, "unit", *([NOTE] if with_notes else [])]
    return {"notes": summary.notes, "warnings": summary.warnings, "headers": headers, "rows": rows}
