"""The teacher's answer for each state: means over its runs, with errors from within and between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmpdrive.campaigns.curves import Curve, is_curve, mean_of
from lmpdrive.campaigns.spread import Together, together
from lmpdrive.errors import RunDirectoryError
from lmpdrive.observables.error_sources import is_lower_bound
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.report.analysed import Analysed, load


@dataclass(frozen=True)
class Answer:
    """Of one state.

    short : names of curves, and quantities, whose errors are lower bounds.
    tables : one run's, for titles and headers; curves : its profiles, histograms and correlations by name;
    numbers : quantity -> mean; scalars : quantity -> one run's, for its unit.
    """

    tables: Mapping[str, Table]
    curves: Mapping[str, Curve]
    numbers: Mapping[str, Together]
    scalars: Mapping[str, Scalar]
    short: frozenset[str]


def answer_of(runs: Sequence[Path]) -> Answer:
    """Of the runs of one state that are analysed.  Raises RunDirectoryError if none is."""
    analysed = [load(run) for run in runs if (run / "observables").is_dir()]
    if not analysed:
        raise RunDirectoryError(f"no run of the teacher among {', '.join(map(str, runs))} is analysed")
    return together_of(analysed)


def together_of(analysed: Sequence[Analysed]) -> Answer:
    """Of runs that differ in their seeds alone."""
    first = analysed[0].tables
    curves = {
        name: mean_of([one.tables[name] for one in analysed if name in one.tables and is_curve(one.tables[name])])
        for name, table in first.items()
        if is_curve(table)
    }
    each: dict[str, list[Scalar]] = {}
    for one in analysed:
        for table in one.tables.values():
            for quantity, scalar in table.scalars.items():
                each.setdefault(quantity, []).append(scalar)
    numbers = {
        quantity: together([np.array(s.value) for s in found], [np.array(s.error) for s in found])
        for quantity, found in each.items()
    }
    short = {name for one in analysed for name, table in one.tables.items() if is_lower_bound(table)}
    short |= {quantity for quantity, found in each.items() if any(scalar.lower_bound for scalar in found)}
    scalars = {quantity: found[0] for quantity, found in each.items()}
    return Answer(first, curves, numbers, scalars, frozenset(short))
