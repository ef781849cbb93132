"""What differs between analysed runs, and what of it is more than chance.

A difference Δ = b - a has σ_Δ² = σ_a² + σ_b²; z = Δ/σ_Δ is judged against Student's t with the degrees of freedom of
Welch and Satterthwaite, because σ comes from ten blocks.  Of many bins some exceed 2σ by chance: their expected number
is stated, and a bin counts as different only if it passes Benjamini and Hochberg's procedure (J. R. Stat. Soc. B 57,
289 (1995)) at a false-discovery rate of 5 % over the bins of its profile, or a number over all numbers of the pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.errors import RunDirectoryError
from lmpdrive.observables.base import TOO_SHORT
from lmpdrive.observables.tables import Table
from lmpdrive.report.accuracy import Measured
from lmpdrive.report.analysed import Analysed
from lmpdrive.report.potentials import levels_of_theory
from lmpdrive.report.sampling import Sampling, sampling_of, unequal_lengths
from lmpdrive.report.side_by_side import side_by_side
from lmpdrive.report.significance import degrees_of_freedom, false_discoveries, significance, two_sided
from lmpdrive.report.unlike import unlike, why_incomparable

if TYPE_CHECKING:
    import pandas as pd

COMPARED = ("profile", "histogram", "correlation")
FEW_FRAMES = 20
"""A bootstrap over fewer makes error bars too small."""


@dataclass(frozen=True)
class Difference:
    """One table of one run against the same of the reference.

    data : the variable, value and σ of both, Δ, σ_Δ, z, p, and whether the bin is different.
    n : bins that have an error; beyond : of these with |z| > 2; by_chance : how many of them chance makes;
    different : bins that differ at the false-discovery rate.
    doubtful : the blocks of one are shorter than its correlation time, so σ is too small and z too large.
    untested : why no bin could be tested; empty if some were.
    """

    table: str
    label: str
    data: pd.DataFrame
    n: int
    beyond: int
    by_chance: float
    different: int
    doubtful: bool
    untested: str = ""


@dataclass(frozen=True)
class Refused:
    """A table of the run `label` that is not compared with the reference's, and why."""

    table: str
    label: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """Everything that `compare` finds; the first run is the reference.

    scalars : one row per number, with columns of each run, and Δ, σ_Δ, z, p, different, not tested of each but the
        first.
    warnings : why the runs may not be comparable.
    sampling : length and independent samples of each run.
    refused : tables that both have and that are not compared.
    tested : predictions of the potentials for labelled frames, if that was requested.
    """

    runs: list[Analysed]
    differences: list[Difference]
    scalars: pd.DataFrame
    warnings: list[str]
    sampling: list[Sampling]
    refused: list[Refused]
    tested: Measured | None = None
    page: Path | None = None

    def difference(self, table: str, label: str | None = None) -> pd.DataFrame:
        """The differences of one table (of the run `label`; default: the second)."""
        wanted = label or self.runs[1].label
        for one in self.differences:
            if (one.table, one.label) == (table, wanted):
                return one.data
        raise KeyError(f"no difference of {table!r} for {wanted!r}; there are: {self._names()}")

    def untested_tables(self, label: str | None = None) -> list[Refused]:
        """Tables that both have and of which no bin was tested, of one run or of all, with the reasons."""
        without = [Refused(one.table, one.label, one.untested) for one in self.differences if one.untested]
        return [one for one in (*self.refused, *without) if label in (None, one.label)]

    def _names(self) -> str:
        return ", ".join(f"{one.table} of {one.label}" for one in self.differences)


def compare(runs: Sequence[Analysed], tested: Measured | None = None) -> Comparison:
    """Differences of every run from the first; `tested` goes to the page.

    Raises RunDirectoryError for fewer than two runs, equal labels, different bins, or no table in common.
    """
    if len(runs) < 2:
        raise RunDirectoryError(f"{len(runs)} run given: a comparison needs at least two")
    labels = [run.label for run in runs]
    if len(set(labels)) < len(labels):
        raise RunDirectoryError(f"two runs have the same label ({', '.join(labels)}): give --labels A B ...")
    _same_bins(runs)
    sampled = [sampling_of(run) for run in runs]
    warnings = [*unlike(runs), *unequal_lengths(sampled), *levels_of_theory(runs), *_of_test(tested)]
    differences: list[Difference] = []
    refused: list[Refused] = []
    for run in runs[1:]:
        for name, table in runs[0].tables.items():
            other = run.tables.get(name)
            if table.kind not in COMPARED or other is None or other.kind not in COMPARED:
                continue
            why = _why_refused(runs[0], run, table, other)
            refused += [Refused(name, run.label, why)] if why else []
            differences += [] if why else [_difference(table, other, runs[0].label, run.label)]
    scalars = side_by_side(runs)
    if not differences and not refused and scalars.empty:
        raise RunDirectoryError(f"{' and '.join(labels)} have no table in common")
    warnings += [f"{one.table} is not compared with {one.label}: {one.why}" for one in refused]
    return Comparison(list(runs), differences, scalars, warnings, sampled, refused, tested)


def _of_test(tested: Measured | None) -> list[str]:
    """What limits the errors measured on labelled frames."""
    if tested is None:
        return []
    few = f"Errors are measured on {len(tested.frames)} frames: too few to trust their error bars"
    return [few] * (len(tested.frames) < FEW_FRAMES) + [
        f"{label} is not measured on {tested.source}: {why}" for label, why in tested.missing.items()
    ]


def _why_refused(first: Analysed, run: Analysed, a: Table, b: Table) -> str:
    """Why two tables of one name cannot be subtracted; empty if they can."""
    columns, theirs = list(a.data.columns[:3]), list(b.data.columns[:3])
    if columns != theirs:  # e.g. lags in ps and in frames
        return f"its columns are {columns} and {theirs}"
    if why := why_incomparable(first, run, a.needs_same or b.needs_same):
        return why
    return "" if np.isin(np.round(a.x, 6), np.round(b.x, 6)).any() else "they have no bin in common"


def _same_bins(runs: Sequence[Analysed]) -> None:
    widths = {run.label: _width(run) for run in runs}
    known = [width for width in widths.values() if width is not None]
    if known and max(known) - min(known) > 1e-6:
        listed = ", ".join(f"{label}: {width:g} Å" for label, width in widths.items() if width is not None)
        raise RunDirectoryError(
            f"the bins differ ({listed}), and profiles cannot be subtracted: "
            f"analyse all with the same width, e.g. lmpdrive analyse RUN --bin-width-A {min(known):g}"
        )


def _width(run: Analysed) -> float | None:
    """The bin width of the profiles, as recorded or as their columns show."""
    if "bin_width_A" in run.about:
        return float(run.about["bin_width_A"])
    density = run.tables.get("water_density")
    return float(np.round(np.diff(density.x).mean(), 6)) if density is not None and len(density.x) > 1 else None


def _difference(a: Table, b: Table, label_a: str, label_b: str) -> Difference:
    """Bin by bin, on the bins that both have."""
    import pandas as pd

    variable, value = (str(header) for header in a.data.columns[:2])
    unit = value[value.rindex("[") :] if value.endswith("]") else ""
    frames = [
        pd.DataFrame({"key": np.round(table.x, 6), "x": table.x, "value": table.value, "error": table.error})
        for table in (a, b)
    ]
    both = frames[0].merge(frames[1], on="key", suffixes=("_a", "_b"))
    value_a, error_a, value_b, error_b = (
        both[column].to_numpy(dtype=float) for column in ("value_a", "error_a", "value_b", "error_b")
    )
    delta, sigma, z, p = significance(value_a, error_a, value_b, error_b, a.n_blocks, b.n_blocks)
    testable = np.isfinite(p)
    different = false_discoveries(p)
    name = value.removesuffix(unit).strip()
    data = pd.DataFrame(
        {
            variable: both["x_a"],
            f"{name} ({label_a}) {unit}": value_a,
            f"σ ({label_a}) {unit}": error_a,
            f"{name} ({label_b}) {unit}": value_b,
            f"σ ({label_b}) {unit}": error_b,
            f"Δ {unit}": delta,
            f"σ_Δ {unit}": sigma,
            "z [1]": z,
            "p [1]": p,
            "different [1]": different.astype(int),
        }
    )
    freedom = degrees_of_freedom(error_a, error_b, a.n_blocks, b.n_blocks)[testable]
    chance = float(np.sum(two_sided(np.full(len(freedom), 2.0), freedom)))
    beyond = int((np.abs(z[testable]) > 2).sum())
    doubtful = any(warning.startswith(TOO_SHORT) for warning in (*a.warnings, *b.warnings))
    why = "" if testable.any() else _why_untested(a, b, label_a, label_b)
    n = int(testable.sum())
    return Difference(a.name, label_b, data, n, beyond, chance, int(different.sum()), doubtful, why)


def _why_untested(a: Table, b: Table, label_a: str, label_b: str) -> str:
    """Why no bin has an error in both."""
    without = [label for table, label in ((a, label_a), (b, label_b)) if table.n_blocks < 2]
    if without:
        return f"{' and '.join(without)} gave no errors (too few frames for blocks)"
    return "no bin has an error in both"
