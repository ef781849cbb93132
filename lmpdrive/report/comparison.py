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
from numpy.typing import NDArray

from lmpdrive.errors import RunDirectoryError
from lmpdrive.observables.base import TOO_SHORT
from lmpdrive.observables.results import RESULTS
from lmpdrive.observables.summary import SAMPLING
from lmpdrive.observables.tables import Table
from lmpdrive.report.accuracy import Measured
from lmpdrive.report.analysed import Analysed
from lmpdrive.report.potentials import levels_of_theory

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

COMPARED = ("profile", "histogram", "correlation")
FALSE_DISCOVERY_RATE = 0.05
SAME_AREA = 5e-3
"""Relative difference of areas that still counts as the same cell."""
FEW_FRAMES = 20
"""A bootstrap over fewer makes error bars too small."""


@dataclass(frozen=True)
class Difference:
    """One table of one run against the same of the reference.

    data : the variable, value and σ of both, Δ, σ_Δ, z, p, and whether the bin is different.
    n : bins that have an error; beyond : of these with |z| > 2; by_chance : how many of them chance makes;
    different : bins that differ at the false-discovery rate.
    doubtful : the blocks of one are shorter than its correlation time, so σ is too small and z too large.
    """

    table: str
    label: str
    data: pd.DataFrame
    n: int
    beyond: int
    by_chance: float
    different: int
    doubtful: bool


@dataclass(frozen=True)
class Comparison:
    """Everything that `compare` finds; the first run is the reference.

    scalars : one row per number, with columns of each run, and Δ, σ, z, p, different of each but the first.
    warnings : why the runs may not be comparable.
    tested : predictions of the potentials for labelled frames, if that was requested.
    """

    runs: list[Analysed]
    differences: list[Difference]
    scalars: pd.DataFrame
    warnings: list[str]
    tested: Measured | None = None
    page: Path | None = None

    def difference(self, table: str, label: str | None = None) -> pd.DataFrame:
        """The differences of one table (of the run `label`; default: the second)."""
        wanted = label or self.runs[1].label
        for one in self.differences:
            if (one.table, one.label) == (table, wanted):
                return one.data
        raise KeyError(f"no difference of {table!r} for {wanted!r}; there are: {self._names()}")

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
    differences, warnings = [], [*unlike(runs), *levels_of_theory(runs)]
    if tested is not None:
        if len(tested.frames) < FEW_FRAMES:
            warnings.append(f"Errors are measured on {len(tested.frames)} frames: too few to trust their error bars")
        warnings += [f"{label} is not measured on {tested.source}: {why}" for label, why in tested.missing.items()]
    for name, table in runs[0].tables.items():
        if table.kind not in COMPARED:
            continue
        for run in runs[1:]:
            other = run.tables.get(name)
            if other is None or other.kind not in COMPARED:
                continue
            columns, theirs = list(table.data.columns[:3]), list(other.data.columns[:3])
            if columns != theirs:  # e.g. lags in ps and in frames
                warnings.append(f"{name} is not compared with {run.label}: its columns are {columns} and {theirs}")
            else:
                differences += _difference(table, other, runs[0].label, run.label)
    scalars = _scalars(runs)
    if not differences and scalars.empty:
        raise RunDirectoryError(f"{' and '.join(labels)} have no table in common")
    return Comparison(list(runs), differences, scalars, warnings, tested)


def unlike(runs: Sequence[Analysed]) -> list[str]:
    """What makes the systems different: atoms, area, temperature, timestep; and what is not known."""
    first, found = runs[0], []
    for run in runs:
        if not run.about:
            found.append(f"{run.label}: atoms and area are not known (no {RESULTS}); check that it is the same system")
    for run in runs[1:]:
        atoms_a, atoms_b = first.about.get("atoms"), run.about.get("atoms")
        if atoms_a and atoms_b and atoms_a != atoms_b:
            elements = sorted({*atoms_a, *atoms_b})
            parts = [
                f"{e} {atoms_a.get(e, 0)} and {atoms_b.get(e, 0)}"
                for e in elements
                if atoms_a.get(e, 0) != atoms_b.get(e, 0)
            ]
            found.append(f"Different atoms in {first.label} and {run.label}: {', '.join(parts)}")
        area_a, area_b = first.about.get("area_A2"), run.about.get("area_A2")
        if area_a and area_b and abs(area_b / area_a - 1) > SAME_AREA:
            found.append(f"Different areas in {first.label} and {run.label}: {area_a:.2f} and {area_b:.2f} Å²")
        for key, unit in (("temperature_K", "K"), ("timestep_fs", "fs")):
            a, b = (getattr(one.manifest.dynamics, key) for one in (first, run))
            if a is not None and b is not None and a != b:
                what = key.partition("_")[0]
                found.append(f"Different {what} in {first.label} and {run.label}: {a:g} and {b:g} {unit}")
    return found


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


def _difference(a: Table, b: Table, label_a: str, label_b: str) -> list[Difference]:
    """One Difference, or none if the tables have no bin in common."""
    import pandas as pd

    variable, value = (str(header) for header in a.data.columns[:2])
    unit = value[value.rindex("[") :] if value.endswith("]") else ""
    frames = [
        pd.DataFrame({"key": np.round(table.x, 6), "x": table.x, "value": table.value, "error": table.error})
        for table in (a, b)
    ]
    both = frames[0].merge(frames[1], on="key", suffixes=("_a", "_b"))
    if both.empty:
        return []
    delta, sigma, z, p = significance(
        both["value_a"].to_numpy(),
        both["error_a"].to_numpy(),
        both["value_b"].to_numpy(),
        both["error_b"].to_numpy(),
        a.n_blocks,
        b.n_blocks,
    )
    testable = np.isfinite(p)
    different = false_discoveries(p)
    name = value.removesuffix(unit).strip()
    data = pd.DataFrame(
        {
            variable: both["x_a"],
            f"{name} ({label_a}) {unit}": both["value_a"],
            f"σ ({label_a}) {unit}": both["error_a"],
            f"{name} ({label_b}) {unit}": both["value_b"],
            f"σ ({label_b}) {unit}": both["error_b"],
            f"Δ {unit}": delta,
            f"σ_Δ {unit}": sigma,
            "z [1]": z,
            "p [1]": p,
            "different [1]": different.astype(int),
        }
    )
    chance = float(np.sum(_two_sided(np.full(testable.sum(), 2.0), _freedom(both, a.n_blocks, b.n_blocks)[testable])))
    beyond = int((np.abs(z[testable]) > 2).sum())
    doubtful = any(warning.startswith(TOO_SHORT) for warning in (*a.warnings, *b.warnings))
    return [Difference(a.name, label_b, data, int(testable.sum()), beyond, chance, int(different.sum()), doubtful)]


def significance(
    a: Array, error_a: Array, b: Array, error_b: Array, blocks_a: int, blocks_b: int
) -> tuple[Array, Array, Array, Array]:
    """(Δ, σ_Δ, z, p); z and p are NaN where neither has an error (both empty, or no blocks)."""
    delta = b - a
    sigma = np.sqrt(error_a**2 + error_b**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(sigma > 0, delta / sigma, np.nan)
    return delta, sigma, z, _two_sided(z, _welch(error_a, error_b, blocks_a, blocks_b))


def _freedom(both: pd.DataFrame, blocks_a: int, blocks_b: int) -> Array:
    return _welch(both["error_a"].to_numpy(), both["error_b"].to_numpy(), blocks_a, blocks_b)


def _welch(error_a: Array, error_b: Array, blocks_a: int, blocks_b: int) -> Array:
    """Degrees of freedom of the sum of two block errors (Welch 1947)."""
    a, b = max(1, blocks_a - 1), max(1, blocks_b - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (error_a**2 + error_b**2) ** 2 / (error_a**4 / a + error_b**4 / b)


def _two_sided(z: Array, freedom: Array) -> Array:
    from scipy.stats import t

    return np.asarray(2 * t.sf(np.abs(z), freedom), dtype=float)


def false_discoveries(p: Array) -> NDArray[np.bool_]:
    """Which p pass Benjamini and Hochberg's procedure; NaN does not."""
    from scipy.stats import false_discovery_control

    passed = np.zeros(len(p), dtype=bool)
    finite = np.isfinite(p)
    if finite.any():
        passed[finite] = false_discovery_control(p[finite]) <= FALSE_DISCOVERY_RATE
    return passed


def _scalars(runs: Sequence[Analysed]) -> pd.DataFrame:
    """Numbers of the summaries side by side."""
    import pandas as pd

    columns: dict[str, pd.Series] = {}
    units: dict[str, tuple[str, str]] = {}
    for run in runs:
        summary = run.tables.get("summary")
        rows = [] if summary is None else list(summary.data.itertuples(index=False, name=None))
        rows = [row for row in rows if not str(row[0]).startswith(SAMPLING)]
        # a number in another unit is another number
        keys = [f"{row[0]} [{row[3]}]" for row in rows]
        units |= {key: (str(row[0]), str(row[3])) for key, row in zip(keys, rows)}
        columns[run.label] = pd.Series({key: float(row[1]) for key, row in zip(keys, rows)}, dtype=float)
        columns[f"σ ({run.label})"] = pd.Series({key: float(row[2]) for key, row in zip(keys, rows)}, dtype=float)
    data = pd.DataFrame(columns, index=list(units))
    data.insert(0, "unit", [units[key][1] for key in data.index])
    first = runs[0]
    for run in runs[1:]:
        delta, sigma, z, p = significance(
            data[first.label].to_numpy(),
            data[f"σ ({first.label})"].to_numpy(),
            data[run.label].to_numpy(),
            data[f"σ ({run.label})"].to_numpy(),
            int(first.about.get("n_blocks", 10)),
            int(run.about.get("n_blocks", 10)),
        )
        for header, values in (("Δ", delta), ("σ_Δ", sigma), ("z", z), ("p", p)):
            data[f"{header} ({run.label})"] = values
        data[f"different ({run.label})"] = false_discoveries(p).astype(int)
    data.index = pd.Index([units[key][0] for key in data.index], name="quantity")
    return data
