"""The `summary` table: every number, then how well it is sampled.

Rows whose quantity begins with "sampling: " are about the run, not about the interface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lmpdrive.observables.base import NO_ERROR, SHORT_OF_LAGS, TOO_FEW, TOO_SHORT
from lmpdrive.observables.equilibration import Equilibration
from lmpdrive.observables.tables import Table

SAMPLING = "sampling: "
NOT_SETTLED = "Not settled: "
"""How a warning begins of a signal that is still changing at the end of the run."""
MOST_TITLES = 4
"""Tables named in a warning that many have in common."""
Row = tuple[str, float, float, str, str, str]


def summary(tables: Mapping[str, Table], equilibration: Sequence[Equilibration] = ()) -> Table:
    """One row per number: quantity, value, σ, unit, note, and what σ rests on."""
    import pandas as pd

    rows: list[Row] = [
        (name, scalar.value, scalar.error, scalar.unit, scalar.note, scalar.error_in_words)
        for table in tables.values()
        for name, scalar in table.scalars.items()
    ]
    rows += [_equilibrated(one) for one in equilibration]
    for table in tables.values():
        rows += _sampling(table)
    data = pd.DataFrame(rows, columns=["quantity", "value", "σ", "unit", "note", "error"])
    notes = tuple(dict.fromkeys(note for table in tables.values() for note in table.notes))
    return Table(
        "summary", "Summary", "summary", data, notes=notes, warnings=(*_start(equilibration), *_warnings(tables))
    )


def _equilibrated(one: Equilibration) -> Row:
    note = f"{one.n_effective:.3g} independent samples; the start does not differ from the rest"
    if one.unequilibrated:
        note = (
            f"{one.n_effective:.3g} independent samples after it; the mean before it is {one.sigmas:.2g} standard "
            "errors from the mean after it"
        )
    start_ps = one.start_ps
    if one.late:
        start_ps, note = float("nan"), f"not within the run: still changing after {one.start_ps:.3g} ps"
    return f"{SAMPLING}{one.signal}: equilibrated after", start_ps, float("nan"), "ps", note, ""


def _sampling(table: Table) -> list[Row]:
    rows: list[Row] = []
    nan = float("nan")
    if np.isfinite(table.n_effective):
        note = f"{table.n_frames} frames or log rows, {table.statistical_inefficiency:.3g} for each independent sample"
        rows.append((f"{SAMPLING}{table.name}: independent samples", table.n_effective, nan, "1", note, ""))
    if table.convergence is not None:
        verdict = table.convergence
        rows.append((f"{SAMPLING}{table.name}: 95 % band", verdict.band, nan, verdict.unit, verdict.text, ""))
        rows.append((f"{SAMPLING}{table.name}: run more", verdict.more_ps, nan, "ps", verdict.text, ""))
    return rows


def _start(equilibration: Sequence[Equilibration]) -> list[str]:
    """A warning for each signal that has not settled, and one if the start should have been left out."""
    late = [f"{NOT_SETTLED}{one.refusal}" for one in equilibration if one.late]
    bad = [one for one in equilibration if one.unequilibrated and not one.late]
    if not bad:
        return late
    latest = max(bad, key=lambda one: one.start_ps)
    advice = f"leave it out with --discard-ps {latest.start_ps:.3g} (or auto)"
    if latest.fraction > 0.5:
        advice = "that is more than half of the run: run longer"
    what = ", ".join(f"{one.signal}: {one.start_ps:.3g} ps, {one.sigmas:.2g} standard errors" for one in bad)
    return [*late, f"The start is not equilibrated ({what}); {advice}."]


def _warnings(tables: Mapping[str, Table]) -> list[str]:
    common = {
        TOO_SHORT: "the errors are too small, run longer.",
        TOO_FEW: "no errors are given.",
        SHORT_OF_LAGS: "lower window_ps, or run longer.",
        NO_ERROR: "too few molecules, or a run too short for blocks (docs/analysis.md); run longer.",
    }
    warnings = [f"{t.title}: {w}" for t in tables.values() for w in t.warnings if not w.startswith(tuple(common))]
    for start, end in common.items():
        if titles := [t.title for t in tables.values() if any(w.startswith(start) for w in t.warnings)]:
            warnings.append(f"{start} ({_listed(titles)}): {end}")
    return warnings


def _listed(titles: Sequence[str]) -> str:
    """The first of them; each table has its own warning beside its figure."""
    more = len(titles) - MOST_TITLES
    return "; ".join(titles[:MOST_TITLES]) + (f"; and {more} more" if more > 0 else "")
