"""Tables with two bands: the statistical one, of the frames, and that of the model, from a committee.

Of every column n with M members i, each of whose averages ⟨n⟩_i is had by reweighting the frames (`weights.py`):

    committee mean  = (1/M) Σ_i ⟨n⟩_i
    σ_model         = α √( Σ_i (⟨n⟩_i - mean)² / (M - 1) ),   α from labelled frames (`calibration.py`)

Over the members that are near enough to the driver (`potentials.py`); without a value where fewer than three are.  By
the cumulant expansion; where enough frames carry them, direct weights stand beside it as a check.  u(σ_model) is the
jackknife error of σ_model over the blocks: how much of it may be noise of the frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.base import Observable
from lmpdrive.observables.blocks import jackknife_error
from lmpdrive.observables.reweighting.calibration import Calibration
from lmpdrive.observables.reweighting.passing import NOT_A_SUM, RUN, Passed, Weighted
from lmpdrive.observables.reweighting.potentials import DIRECT, Potentials
from lmpdrive.observables.series import Series
from lmpdrive.observables.tables import Table

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

KIND = GROUP = "model"
"""Of the tables: how they are drawn, and their chapter."""
PREFIX = "model_"
SUMMARY = f"{PREFIX}summary"
NOISY = 0.5
"""u(σ_model)/σ_model above which the band is mostly noise."""
MOST_TITLES = 4
MEAN, SIGMA, NOISE, NOTE = "committee mean", "σ_model", "u(σ_model)", "note"


def band_tables(passed: Passed, potentials: Potentials, calibration: Calibration) -> dict[str, Table]:
    """A table for each profile, distribution, ... then `model_summary`: every number, and what has no band."""
    every = {name: _Bands(passed.run[name], sets, potentials, calibration) for name, sets in passed.found.items()}
    maps = [name for name, one in every.items() if one.run.n_variables > 1]
    curves = {name: one for name, one in every.items() if name not in maps and not one.is_series}
    tables = {table.name: table for table in (one.table() for one in curves.values())}
    notes, warnings = potentials.lines()
    if potentials.members:
        notes.insert(0, _committee(potentials, calibration))
    without = [*passed.without, *maps]
    if without:
        notes.append(f"No model band ({NOT_A_SUM}, or maps): {', '.join(without)}")
    if noisy := [table.title for table in tables.values() if potentials.members and _is_noise(table)]:
        warnings.append(
            f"σ_model is hardly above its own noise, because frames are few: {'; '.join(noisy[:MOST_TITLES])}"
            f"{f'; and {len(noisy) - MOST_TITLES} more' if len(noisy) > MOST_TITLES else ''}."
        )
    rows = [row for one in every.values() for row in one.rows()]
    tables[SUMMARY] = Table(
        SUMMARY,
        "Model uncertainty",
        "summary",
        _frame(rows, potentials),
        notes=tuple(notes),
        warnings=tuple(warnings),
        n_frames=max((table.n_frames for table in passed.run.values()), default=0),
        group=GROUP,
    )
    return tables


def _committee(potentials: Potentials, calibration: Calibration) -> str:
    """Who is in it, who of them was left out, and α."""
    members, near = list(potentials.members), potentials.near_members
    words = f"Committee of {len(members)}: {', '.join(members)}"
    if not potentials.has_band:
        return f"{words}; {potentials.why_not()[0]}"
    if out := [name for name in members if name not in near]:
        words += f"; without {', '.join(out)}"
    return f"{words}; {calibration.note}"


def _is_noise(table: Table) -> bool:
    """Whether σ_model of the first column is, in half of its bins, less than twice its own error."""
    headers = [str(header) for header in table.data.columns]
    first = next(header for header in headers if header.startswith(f"{SIGMA} "))
    sigma, noise = table.data[first].to_numpy(float), table.data[first.replace(SIGMA, NOISE)].to_numpy(float)
    known = np.isfinite(noise) & (sigma > 0)
    return bool(known.any() and np.median(noise[known] / sigma[known]) > NOISY)


def _frame(rows: Sequence[dict[str, object]], potentials: Potentials) -> pd.DataFrame:
    import pandas as pd

    headers = ["quantity", "unit", "value", "σ"]
    headers += [MEAN, SIGMA] if potentials.members else []
    headers += [f"under {name}" for name in potentials.targets]
    return pd.DataFrame(rows, columns=[*headers, NOTE])


class _Bands:
    """One observable under all potentials."""

    def __init__(
        self, run: Table, sets: Mapping[str, Weighted], potentials: Potentials, calibration: Calibration
    ) -> None:
        self.run, self.sets, self.potentials, self.calibration = run, sets, potentials, calibration
        self.is_series = isinstance(sets[RUN].whole, Series)
        self.numbers = {name: one.whole.table([]).scalars for name, one in sets.items()}
        self.members = [f"member {name}" for name in potentials.near_members]

    def table(self) -> Table:
        """Variables; then for each column its value and σ, committee mean and σ_model, and what else there is."""
        import pandas as pd

        n, headers = self.run.n_variables, [str(header) for header in self.run.data.columns]
        data = {header: self.run.data[header].to_numpy(float) for header in headers[:n]}
        x = data[headers[0]]
        for number, (header, error) in enumerate(_with_errors(headers[n:])):
            data[header] = self.run.data[header].to_numpy(float)
            data[error] = self.run.data[error].to_numpy(float)
            data |= self._of_column(_Column(header, x), first=number == 0)
        return replace(
            self.run,
            name=f"{PREFIX}{self.run.name}",
            kind=KIND,
            data=pd.DataFrame(data),
            group=GROUP,
            notes=(self.calibration.note,) if self.potentials.has_band else (),
            warnings=tuple(self.potentials.why_not()),
            scalars={},
            convergence=None,
        )

    def _of_column(self, column: _Column, first: bool) -> dict[str, Array]:
        """Committee mean, σ_model and its error, members, targets; NaN of what is too far."""
        symbol, unit = column.symbol, column.unit
        tail = "" if first else f"_{symbol}"
        found: dict[str, Array] = {}
        nothing = np.full(len(column.x), np.nan)
        if self.potentials.members:
            members = self._each(self.members, column)
            has_band = self.potentials.has_band
            found[f"{MEAN} {symbol} [{unit}]"] = members.mean(axis=0) if has_band else nothing
            found[f"{SIGMA}{tail} [{unit}]"] = self._spread(members) if has_band else nothing
            found[f"{NOISE}{tail} [{unit}]"] = self._noise(column) if has_band else nothing
            if has_band and self.potentials.direct_for_all():
                directly = self._each([f"{name}{DIRECT}" for name in self.members], column)
                found[f"{MEAN} {symbol}{DIRECT} [{unit}]"] = directly.mean(axis=0)
                found[f"{SIGMA}{tail}{DIRECT} [{unit}]"] = self._spread(directly)
            curves = dict(zip(self.members, members, strict=True))
            for name in self.potentials.members:
                found[f"{symbol} under {name} [{unit}]"] = curves.get(f"member {name}", nothing)
        for name in self.potentials.targets:
            for how in ("", DIRECT):
                one = self.sets.get(f"target {name}{how}")
                if one is not None or not how:
                    found[f"{symbol} under {name}{how} [{unit}]"] = nothing if one is None else column.of(one.whole)
                    error = nothing if one is None else column.jackknife(one.rests)
                    found[f"σ{tail} under {name}{how} [{unit}]"] = error
        return found

    def _spread(self, values: Array) -> Array:
        spread = self.calibration.alpha * values.std(axis=0, ddof=1)
        # of equal values, rounding is no spread
        return np.where(spread > 1e-13 * np.abs(values).max(axis=0), spread, np.where(np.isnan(spread), np.nan, 0.0))

    def _each(self, names: Sequence[str], column: _Column) -> Array:
        return np.array([column.of(self.sets[name].whole) for name in names])

    def _noise(self, column: _Column) -> Array:
        """Jackknife error of σ_model over the blocks."""
        rests = zip(*(self.sets[name].rests for name in self.members), strict=True)
        spreads = [self._spread(np.array([column.of(one) for one in each])) for each in rests]
        return jackknife_error(np.array(spreads)) if len(spreads) > 1 else np.full(len(column.x), np.nan)

    def rows(self) -> list[dict[str, object]]:
        """Of the summary: each number under the run, the committee and the targets."""
        rows = []
        for name, scalar in self.run.scalars.items():
            row: dict[str, object] = {"quantity": name, "unit": scalar.unit, "value": scalar.value, "σ": scalar.error}
            row[NOTE] = "; ".join(self.potentials.why_not())
            if self.potentials.has_band:
                values = np.array([self._number(member, name) for member in self.members])
                row |= {MEAN: float(values.mean()), SIGMA: float(self._spread(values))}
            row |= {f"under {target}": self._number(f"target {target}", name) for target in self.potentials.targets}
            rows.append(row)
        return rows

    def _number(self, of_set: str, name: str) -> float:
        scalar = self.numbers.get(of_set, {}).get(name)
        return float("nan") if scalar is None else float(scalar.value)


@dataclass(frozen=True)
class _Column:
    """A column of the result, at the values x of its variable that the run has."""

    header: str
    x: Array

    @property
    def symbol(self) -> str:
        """Before the unit."""
        return self.header.rpartition(" [")[0] or self.header

    @property
    def unit(self) -> str:
        """In the brackets."""
        return self.header.rpartition(" [")[2].removesuffix("]") if self.header.endswith("]") else "1"

    def of(self, one: Observable) -> Array:
        """The values at x; NaN where this one has none."""
        result = one.result()
        theirs, values = next(iter(result.values())), result[self.header]
        found = {round(float(x), 6): value for x, value in zip(theirs, values, strict=True)}
        return np.array([found.get(round(float(x), 6), np.nan) for x in self.x])

    def jackknife(self, rests: Sequence[Observable]) -> Array:
        """σ from the values without each block."""
        if len(rests) < 2:
            return np.full(len(self.x), np.nan)
        return jackknife_error(np.array([self.of(rest) for rest in rests]))


def _with_errors(headers: Sequence[str]) -> list[tuple[str, str]]:
    """(value, its error) of the columns that have one."""
    return [(a, b) for a, b in pairwise(headers) if b.startswith("σ") and not a.startswith("σ")]
