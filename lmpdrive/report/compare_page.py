"""`compare.html`: analysed runs side by side, on one self-contained page that looks like `report.html`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.common.atomic import replacing
from lmpdrive.errors import RunDirectoryError
from lmpdrive.observables.tables import Scalar
from lmpdrive.report.accuracy import errors
from lmpdrive.report.chapters import in_chapters
from lmpdrive.report.comparison import Comparison, Difference
from lmpdrive.report.figures import SIZE_INCH, STYLE, save, settle
from lmpdrive.report.labels import axis_label
from lmpdrive.report.lines import DASHES, PALETTE
from lmpdrive.report.numbers import with_error
from lmpdrive.report.page import environment, unique_ids
from lmpdrive.report.parity import energy_errors, force_parity
from lmpdrive.report.potentials import BUSY, Chapter, as_frame, as_markdown, potentials

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def write_comparison(comparison: Comparison, out: str | Path) -> Comparison:
    """Write `compare.html`, `potentials.csv|md`, `scalars.csv`, `differences/*.csv` and `figures/*` into `out`.

    With labelled frames also `accuracy.csv`.

    Raises RunDirectoryError if it cannot be written.
    """
    out = Path(out)
    try:
        (out / "differences").mkdir(parents=True, exist_ok=True)
        (out / "figures").mkdir(exist_ok=True)
        _csv(comparison.scalars, out / "scalars.csv", index=True)
        for one in comparison.differences:
            name = re.sub(r"[^\w.+-]+", "_", one.label)
            _csv(one.data, out / "differences" / f"{one.table}_{name}.csv", index=False)
        chapters = _chapters(comparison, out / "figures")
        of_potentials = potentials(comparison.runs, comparison.tested)
        _potentials(comparison, of_potentials, out)
        text = (
            environment()
            .get_template("compare.html.j2")
            .render(
                title=" · ".join(run.label for run in comparison.runs),
                labels=[run.label for run in comparison.runs],
                warnings=comparison.warnings,
                runs=_systems(comparison),
                potentials=of_potentials,
                busy=BUSY,
                parity=_parity(comparison, out / "figures"),
                scalars=_scalar_rows(comparison),
                chapters=chapters,
                differences=[_difference_row(one, comparison) for one in comparison.differences if one.n],
                untested=comparison.untested_tables(),
            )
        )
        _write(out / "compare.html", text)
    except OSError as error:
        raise RunDirectoryError(f"cannot write in {out}: {error.strerror}. Name a writable folder.") from error
    return replace(comparison, page=out / "compare.html")


def overlay(comparison: Comparison, name: str) -> Figure:
    """Curves of every run with bands of 2σ, and below them the differences from the first."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    having = [(i, run) for i, run in enumerate(comparison.runs) if name in run.tables]
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(SIZE_INCH[0], SIZE_INCH[1] * 1.4))
        FigureCanvasAgg(figure)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        for i, run in having:
            table, colour = run.tables[name], PALETTE[i % len(PALETTE)]
            low, high = table.value - 2 * table.error, table.value + 2 * table.error
            top.fill_between(table.x, low, high, color=colour, alpha=0.2, linewidth=0)
            top.plot(table.x, table.value, color=colour, linestyle=DASHES[i % len(DASHES)], label=run.label)
        headers = [str(header) for header in having[0][1].tables[name].data.columns]
        for one in (d for d in comparison.differences if d.table == name):
            i = next(i for i, run in having if run.label == one.label)
            x, delta, sigma = (one.data.iloc[:, column].to_numpy(dtype=float) for column in (0, 5, 6))
            colour = PALETTE[i % len(PALETTE)]
            bottom.fill_between(x, delta - 2 * sigma, delta + 2 * sigma, color=colour, alpha=0.2, linewidth=0)
            bottom.plot(x, delta, color=colour, linestyle=DASHES[i % len(DASHES)], linewidth=0.9)
        bottom.axhline(0, color="0.5", linewidth=0.6)
        top.legend(ncols=min(3, len(having)), loc="lower center", bbox_to_anchor=(0.5, 1.0))
        top.set_ylabel(axis_label(headers[1]))
        bottom.set_ylabel("difference")
        bottom.set_xlabel(axis_label(headers[0]))
        for axes in (top, bottom):
            axes.margins(x=0)
        settle(figure)
    return figure


def _csv(data: pd.DataFrame, path: Path, *, index: bool) -> None:
    _write(path, data.to_csv(index=index, float_format="%.8g"))


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _potentials(comparison: Comparison, chapters: list[Chapter], out: Path) -> None:
    """The table as CSV and Markdown; the measured errors as numbers."""
    labels = [run.label for run in comparison.runs]
    _csv(as_frame(chapters, labels), out / "potentials.csv", index=False)
    _write(out / "potentials.md", as_markdown(chapters, labels))
    if comparison.tested is not None:
        _csv(errors(comparison.tested), out / "accuracy.csv", index=False)


def _parity(comparison: Comparison, folder: Path) -> list[tuple[str, str]]:
    """(title, SVG) of the figures of the measured potentials."""
    tested = comparison.tested
    if tested is None or not tested.predicted:
        return []
    wanted = (("forces", force_parity, "parity_forces"), ("energies", energy_errors, "parity_energies"))
    return [(title, unique_ids(save(draw(tested), folder, name), name)) for title, draw, name in wanted]


def _chapters(comparison: Comparison, folder: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    """(chapter, figures with the lines below them)."""
    compared = {one.table for one in comparison.differences}
    tables = [table for name, table in comparison.runs[0].tables.items() if name in compared]
    found = []
    for title, members in in_chapters(tables).items():
        figures = []
        for table in members:
            svg = save(overlay(comparison, table.name), folder, table.name)
            figures.append(
                {
                    "name": table.name,
                    "title": table.title,
                    "svg": unique_ids(svg, table.name),
                    "equation": table.equation,
                    "lines": [_words(one) for one in comparison.differences if one.table == table.name],
                }
            )
        found.append((title, figures))
    return found


def _words(one: Difference) -> str:
    if not one.n:
        return f"{one.label}: not tested: {one.untested}"
    return (
        f"{one.label}: {one.beyond} of {one.n} bins beyond 2σ, {one.by_chance:.1f} expected by chance; "
        f"{one.different} differ at a false-discovery rate of 5 %"
        + (" (too many: a block is shorter than the correlation time)" if one.doubtful else "")
    )


def _difference_row(one: Difference, comparison: Comparison) -> dict[str, Any]:
    z = one.data["z [1]"].to_numpy(dtype=float)
    labels = [run.label for run in comparison.runs]
    largest, where = "", ""
    samples = [run.independent.get(one.table) for run in comparison.sampling if run.label in (labels[0], one.label)]
    if np.isfinite(z).any():
        at = int(np.nanargmax(np.abs(z)))
        largest = f"{z[at]:+.1f}"
        where = f"{one.data.columns[0]} = {one.data.iloc[:, 0].to_numpy(dtype=float)[at]:.4g}"
    return {
        "table": one.table,
        "title": comparison.runs[0].tables[one.table].title,
        "label": one.label,
        "n": one.n,
        "samples": " / ".join("?" if n is None else f"{n:.3g}" for n in samples),
        "beyond": one.beyond,
        "chance": f"{one.by_chance:.1f}",
        "different": one.different,
        "doubtful": one.doubtful,
        "largest": largest,
        "where": where,
    }


def _scalar_rows(comparison: Comparison) -> list[dict[str, Any]]:
    rows = []
    labels = [run.label for run in comparison.runs]
    for name, row in comparison.scalars.iterrows():
        cells = [_short(row[label], row[f"σ ({label})"]) for label in labels]
        if not any(cells):
            continue
        differences = []
        for label in labels[1:]:
            delta, sigma, z = (row[f"{header} ({label})"] for header in ("Δ", "σ_Δ", "z"))
            why = row[f"not tested ({label})"]
            said = f"not tested: {why}" if why else f"z = {z:+.1f}" if np.isfinite(z) else ""
            shown = "" if not np.isfinite(delta) else f"{delta:+.4g}" if why else _short(delta, sigma)
            differences.append((shown, said, bool(row[f"different ({label})"])))
        unit = "" if row["unit"] == "1" else row["unit"]
        rows.append({"name": name, "unit": unit, "cells": cells, "differences": differences})
    return rows


def _short(value: float, sigma: float) -> str:
    """Value ± 2σ; empty if it is not defined."""
    return with_error(Scalar(value, sigma)).partition(" (no error")[0] if np.isfinite(value) else ""


def _systems(comparison: Comparison) -> list[tuple[str, list[str]]]:
    """(what, one cell for each run): the systems and how they were sampled."""
    runs = comparison.runs
    rows: list[tuple[str, list[str]]] = [
        ("folder", [str(run.folder) for run in runs]),
        ("atoms", [", ".join(f"{n} {e}" for e, n in run.about.get("atoms", {}).items()) for run in runs]),
        ("area", [_number(run.about.get("area_A2"), "Å²") for run in runs]),
        ("bin width", [_number(run.about.get("bin_width_A"), "Å") for run in runs]),
        ("length", [one.length for one in comparison.sampling]),
        ("frames", [_number(run.about.get("n_frames"), "") for run in runs]),
        ("independent samples", [one.samples for one in comparison.sampling]),
        ("analysed time", [_times(run.about.get("times_ps")) for run in runs]),
    ]

    rows += [
        ("temperature", [_number(run.manifest.dynamics.temperature_K, "K") for run in runs]),
        ("timestep", [_number(run.manifest.dynamics.timestep_fs, "fs") for run in runs]),
        ("wall time", [_number(run.manifest.performance.wall_s, "s") for run in runs]),
    ]
    return [(what, cells) for what, cells in rows if any(cells)]


def _number(value: Any, unit: str) -> str:
    return "" if value is None else f"{value:.5g} {unit}".strip() if isinstance(value, int | float) else str(value)


def _times(value: Any) -> str:
    return "" if not value else f"{value[0]:.4g} to {value[1]:.4g} ps"
