"""Is what was asked for converged, and what do the tables warn of?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from lmpdrive.observables.convergence import ASSESSED
from lmpdrive.observables.summary import NOT_SETTLED
from lmpdrive.observables.tables import Table
from lmpdrive.report.findings.finding import Finding

MOST_TIMES_LONGER = 10.0
"""A longer extension is not proposed: σ ∝ 1/√T does not reach that far."""


def asked_for(tables: Mapping[str, Table]) -> tuple[list[Table], list[Table]]:
    """(tables that have converged, tables that have not); those that cannot be judged are in neither.

    A table without any error has not converged.
    """
    converged: list[Table] = []
    open_: list[Table] = []
    for table in tables.values():
        if table.kind not in ASSESSED:
            continue
        if table.convergence is not None:
            (converged if table.convergence.more_ps == 0 else open_).append(table)
        elif not table.n_blocks:
            open_.append(table)
    return converged, open_


def convergence(tables: Mapping[str, Table]) -> list[Finding]:
    """One finding; none where only numbers and series were asked for."""
    converged, open_ = asked_for(tables)
    n = len(converged) + len(open_)
    if not n:
        return []
    if not open_:
        return [Finding("good", f"All {n} profiles, histograms and correlations have converged.")]
    more_ps = _more_ps(open_, _span_ps(tables))
    if not converged:
        what = "profiles, histograms and correlations has converged: their values may still change"
        return [Finding("short", f"None of the {n} {what}.", more_ps)]
    text = f"{len(converged)} of {n} profiles, histograms and correlations have converged."
    return [Finding("caution", text, more_ps)]


def _more_ps(open_: Sequence[Table], span_ps: float) -> float:
    """The time that the slowest needs of those within reach; that of the fastest if none is."""
    wanted = sorted(table.convergence.more_ps for table in open_ if table.convergence is not None)
    wanted = [more for more in wanted if more > 0]  # NaN where times are not known
    near = [more for more in wanted if more <= MOST_TIMES_LONGER * span_ps]
    return max(near) if near else wanted[0] if wanted else 0.0


def _span_ps(tables: Mapping[str, Table]) -> float:
    """Length of the longest series [ps]; infinite if none has times."""
    series = [table for table in tables.values() if str(table.data.columns[0]) == "t [ps]" and len(table.data)]
    return max((float(table.x[-1] - table.x[0]) for table in series), default=float("inf"))


def warnings(tables: Mapping[str, Table], of_the_trajectory: Sequence[str] = ()) -> list[Finding]:
    """Warnings of the tables and of the trajectory's reader, each a finding."""
    found = [Finding("caution", _sentence(text)) for text in dict.fromkeys(of_the_trajectory)]
    summary, species = tables.get("summary"), tables.get("water_species")
    for text in summary.warnings if summary is not None else ():
        if species is not None and text.startswith(f"{species.title}: "):
            continue  # judged by its share
        if text.startswith(NOT_SETTLED):
            what, span_ps = text.removeprefix(NOT_SETTLED), _span_ps(tables)
            more_ps = span_ps if math.isfinite(span_ps) else 0.0  # as long again
            found.append(Finding("short", what[:1].upper() + what[1:], more_ps))
        else:
            found.append(Finding("caution", text))
    return found


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
