"""The numbers of the summaries side by side: their differences, and which of them may be tested.

A number is tested only if both runs have a valid error of this very number: not one that is a lower bound, and not
one from blocks that are shorter than the correlation time.  A number that depends on what the systems do not share,
as a total energy on the atoms, is not subtracted at all.  Both are said in the column `not tested`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lmpdrive.observables.base import TOO_SHORT
from lmpdrive.observables.summary import SAMPLING
from lmpdrive.observables.tables import LOWER_BOUND, NO_ERROR
from lmpdrive.report.analysed import Analysed
from lmpdrive.report.significance import Array, false_discoveries, significance
from lmpdrive.report.unlike import why_incomparable

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str, str]
"""Quantity and unit: a number in another unit is another number."""
TOTAL_ENERGY = "eV"
"""Numbers in this unit are of the whole cell, also in an analysis that does not say so."""


class _Number(NamedTuple):
    """A number of one run, and why its error is not valid (empty if it is)."""

    value: float
    error: float
    invalid: str
    needs_same: str


def side_by_side(runs: Sequence[Analysed]) -> pd.DataFrame:
    """One row for each number; of each run but the first also Δ, σ_Δ, z, p, different and `not tested`."""
    import pandas as pd

    numbers = [_numbers(run) for run in runs]
    keys = list(dict.fromkeys(key for found in numbers for key in found))
    data = pd.DataFrame({"unit": [unit for _, unit in keys]}, index=pd.Index([name for name, _ in keys]))
    for run, found in zip(runs, numbers):
        data[run.label] = [found[key].value if key in found else np.nan for key in keys]
        data[f"σ ({run.label})"] = [found[key].error if key in found else np.nan for key in keys]
    for run, found in zip(runs[1:], numbers[1:]):
        for header, column in _differences(runs[0], run, numbers[0], found, keys).items():
            data[f"{header} ({run.label})"] = column
    data.index.name = "quantity"
    return data


def _differences(
    first: Analysed, run: Analysed, a: Mapping[Key, _Number], b: Mapping[Key, _Number], keys: Sequence[Key]
) -> dict[str, Sequence[Any] | Array]:
    """Δ, σ_Δ, z, p, different, and why there is no z."""
    nothing = _Number(np.nan, np.nan, "", "")
    pairs = [(a.get(key, nothing), b.get(key, nothing)) for key in keys]
    values = np.array([[x.value, x.error, y.value, y.error] for x, y in pairs], dtype=float).reshape(len(keys), 4)
    blocks = (int(one.about.get("n_blocks", 10)) for one in (first, run))
    delta, sigma, z, p = significance(*values.T, *blocks)
    apart = [why_incomparable(first, run, x.needs_same or y.needs_same) for x, y in pairs]
    why = [
        (reason or _invalid(first, run, x, y))
        if key in a and key in b
        else f"only in {(first if key in a else run).label}"
        for key, reason, (x, y) in zip(keys, apart, pairs)
    ]
    unrelated, untested = (np.array([bool(reason) for reason in reasons], dtype=bool) for reasons in (apart, why))
    delta, sigma = (np.where(unrelated, np.nan, column) for column in (delta, sigma))
    z, p = (np.where(untested | unrelated, np.nan, column) for column in (z, p))
    different = false_discoveries(p).astype(int)
    return {"Δ": delta, "σ_Δ": sigma, "z": z, "p": p, "different": different, "not tested": why}


def _invalid(first: Analysed, run: Analysed, a: _Number, b: _Number) -> str:
    """Whose error is not valid, and why."""
    if a.error == b.error == 0.0:
        return "both: σ is 0, as all blocks are equal"
    if a.invalid == b.invalid:
        return f"both: {a.invalid}" if a.invalid else ""
    return "; ".join(f"{one.label}: {number.invalid}" for one, number in ((first, a), (run, b)) if number.invalid)


def _numbers(run: Analysed) -> dict[Key, _Number]:
    """The numbers of a run's summary; those about its sampling are none."""
    summary = run.tables.get("summary")
    if summary is None:
        return {}
    needs = {name: scalar.needs_same for table in run.tables.values() for name, scalar in table.scalars.items()}
    doubtful = {
        name
        for table in run.tables.values()
        if any(warning.startswith(TOO_SHORT) for warning in table.warnings)
        for name in table.scalars
    }
    found = {}
    for row in summary.data.to_dict("records"):
        name, unit = str(row["quantity"]), str(row["unit"])
        if not name.startswith(SAMPLING):
            value, error = float(row["value"]), float(row["σ"])
            invalid = _why_invalid(value, error, str(row.get("error", "")), name in doubtful)
            needs_same = needs.get(name, "atoms" if unit == TOTAL_ENERGY else "")
            found[name, unit] = _Number(value, error, invalid, needs_same)
    return found


def _why_invalid(value: float, error: float, words: str, doubtful: bool) -> str:
    """Why an error cannot be tested with: `words` is what the summary says it rests on."""
    reason = words.removeprefix(NO_ERROR).strip()
    if not np.isfinite(value):
        return reason or "not defined"
    if not np.isfinite(error):
        return f"no error: {reason}" if reason else "no error"
    if words.startswith(LOWER_BOUND):
        return f"σ is a {words}"
    return "σ is too small: a block is shorter than the correlation time" if doubtful else ""
