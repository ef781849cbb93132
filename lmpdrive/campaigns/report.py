"""The page of a campaign: every run's state, what was unstable and why, and profiles of the experiments together.

Beside `report.html` lie its numbers: `states.csv`, `numbers.csv`, `experiments.csv` and `campaign.nc`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmpdrive.campaigns.comparisons import page_of
from lmpdrive.campaigns.curves import Curve, draw, is_curve, mean_of
from lmpdrive.campaigns.pareto import FOLDER, write_pareto
from lmpdrive.campaigns.plan import Plan
from lmpdrive.campaigns.spread import by_experiment, together
from lmpdrive.campaigns.state import MEANING, RunState, states
from lmpdrive.campaigns.tables import analysed_runs, number_table, state_table
from lmpdrive.common.atomic import replacing, write_atomically
from lmpdrive.common.run_files import REPORT
from lmpdrive.common.say import Say, silent
from lmpdrive.errors import RunDirectoryError
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.report.figures import save
from lmpdrive.report.numbers import with_error

if TYPE_CHECKING:
    import pandas as pd

    from lmpdrive.report.analysed import Analysed

WORD = {"bad": "not trustworthy", "short": "too short to say", "caution": "with care", "good": "trustworthy"}
"""Level of a verdict -> word in the matrix."""
MOST_RUNS_IN_MATRIX = 400
"""More rows hide the page; all of them are in states.csv."""
MOST_CURVES = 8
"""Experiments in one figure; more are drawn in further ones."""


@dataclass(frozen=True)
class Profile:
    """One table of several experiments; `table` is one of them, for titles and headers."""

    table: Table
    curves: Mapping[str, Curve]


def write_report(plan: Plan, say: Say = silent) -> Path:
    """Write the page and its tables into the campaign's folder.  Raises RunDirectoryError if it cannot be written."""
    found = states(plan)
    analysed = {state.run.name: analysis for state, analysis in analysed_runs(plan, found)}
    experiments = by_experiment({name: plan.runs[name].points for name in analysed}, plan.repeats)
    profiles = _profiles(analysed, experiments)
    numbers = _experiments_table(analysed, experiments)
    try:
        (plan.folder / "figures").mkdir(exist_ok=True)
        for name, table in (
            ("states", state_table(found)),
            ("numbers", number_table(plan, found)),
            ("experiments", numbers),
        ):
            write_atomically(plan.folder / f"{name}.csv", table.to_csv(index=False, float_format="%.8g"))
        _write_netcdf(profiles, plan.folder / "campaign.nc")
        write_pareto(plan, analysed, say)
        text = _page(plan, found, analysed, profiles, numbers)
        write_atomically(plan.folder / REPORT, text)
    except OSError as error:
        raise RunDirectoryError(f"cannot write in {plan.folder}: {error.strerror}") from error
    return plan.folder / REPORT


def _page(
    plan: Plan,
    found: Sequence[RunState],
    analysed: Mapping[str, Analysed],
    profiles: Sequence[Profile],
    numbers: pd.DataFrame,
) -> str:
    import jinja2

    from lmpdrive.report import page

    folders = [Path(__file__).parent, Path(page.__file__).parent]
    environment = page.environment().overlay(loader=jinja2.FileSystemLoader(folders))
    counts: Counter[str] = Counter(state.phase for state in found)
    return environment.get_template("campaign.html.j2").render(
        name=plan.name,
        file=plan.file.name,
        counts=[(counts[phase], phase, meaning) for phase, meaning in MEANING.items() if counts[phase]],
        total=len(found),
        axes=list(next(iter(plan.runs.values())).points),
        rows=[_row(plan, state, analysed) for state in found[:MOST_RUNS_IN_MATRIX]],
        hidden=max(0, len(found) - MOST_RUNS_IN_MATRIX),
        stability=_stability(plan, found),
        trouble=_trouble(found),
        comparisons=[
            (group.name, os.path.relpath(page_of(plan, group), plan.folder))
            for group in plan.groups
            if page_of(plan, group).is_file()
        ],
        pareto=_pareto(plan),
        repeats=plan.repeats,
        experiments=_rows_of(numbers),
        figures=list(_figures(profiles, plan.folder / "figures")),
    )


def _pareto(plan: Plan) -> Any:
    """The figure, if there is one."""
    from lmpdrive.report.page import unique_ids

    path = plan.folder / FOLDER / "figures" / "pareto.svg"
    if not plan.labelled or not path.is_file():
        return ""
    return unique_ids(path.read_text(encoding="utf-8").partition("?>")[2], "pareto")


def _row(plan: Plan, state: RunState, analysed: Mapping[str, Analysed]) -> dict[str, Any]:
    """One run in the matrix."""
    verdict = analysed[state.run.name].verdict if state.run.name in analysed else None
    page = plan.directory(state.run.name) / REPORT
    return {
        "name": state.run.name,
        "points": list(state.run.points.values()),
        "link": os.path.relpath(page, plan.folder) if page.is_file() else "",
        "phase": state.phase,
        "verdict": WORD.get(verdict.level, verdict.level) if verdict else "",
        "level": verdict.level if verdict else "",
        "why": verdict.text if verdict else state.reason,
        "speed": f"{state.ns_per_day:.3g}" if state.ns_per_day else "",
        "done": f"{state.step / state.end_step:.0%}" if state.end_step else "",
        "slices": state.slices,
    }


def _trouble(found: Sequence[RunState]) -> list[tuple[str, str, str]]:
    """(state, reason, runs) of what did not go well, each once."""
    runs: dict[tuple[str, str], list[str]] = {}
    for state in found:
        if state.reason and state.phase != "unstable":
            runs.setdefault((state.phase, state.reason), []).append(state.run.name)
    return [(phase, reason, ", ".join(names)) for (phase, reason), names in runs.items()]


def _stability(plan: Plan, found: Sequence[RunState]) -> list[dict[str, Any]]:
    """Of each experiment with an unstable run: how many, and when and why."""
    by_name = {state.run.name: state for state in found}
    experiments = by_experiment({name: run.points for name, run in plan.runs.items()}, plan.repeats)
    rows = []
    for experiment, names in experiments.items():
        ended = [by_name[name] for name in names if by_name[name].phase in ("done", "unstable")]
        unstable = [state for state in ended if state.phase == "unstable"]
        if unstable:
            reasons = [f"{state.run.name}, step {state.step}: {state.reason}" for state in unstable]
            rows.append({"name": experiment, "unstable": len(unstable), "ended": len(ended), "reasons": reasons})
    return rows


def _profiles(analysed: Mapping[str, Analysed], experiments: Mapping[str, Sequence[str]]) -> list[Profile]:
    """Tables that can be drawn over each other: profiles, histograms and correlations of more than no run."""
    names = dict.fromkeys(name for one in analysed.values() for name, t in one.tables.items() if is_curve(t))
    found = []
    for name in names:
        first = next(t for one in analysed.values() if (t := one.tables.get(name)) and is_curve(t))
        curves = {}
        for experiment, runs in experiments.items():
            having = [analysed[run].tables[name] for run in runs if name in analysed[run].tables]
            tables = [table for table in having if is_curve(table)]
            if tables:
                curves[experiment] = mean_of(tables)
        found.append(Profile(first, curves))
    return found


def _experiments_table(analysed: Mapping[str, Analysed], experiments: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """One row for each number of each experiment: mean over its runs, both errors."""
    import pandas as pd

    rows = []
    for experiment, runs in experiments.items():
        scalars: dict[str, list[Scalar]] = {}
        for run in runs:
            for table in analysed[run].tables.values():
                for quantity, scalar in table.scalars.items():
                    scalars.setdefault(quantity, []).append(scalar)
        for quantity, each in scalars.items():
            mean = together([np.array(s.value) for s in each], [np.array(s.error) for s in each])
            rows.append(
                {
                    "experiment": experiment,
                    "quantity": quantity,
                    "unit": each[0].unit,
                    "value": float(mean.value),
                    "σ": float(mean.error),
                    "σ within runs": float(mean.within),
                    "σ between runs": float(mean.between),
                    "lower bound": any(s.lower_bound for s in each),
                    "runs": mean.runs,
                    "headline": each[0].headline,
                }
            )
    return pd.DataFrame(rows)


def _rows_of(numbers: pd.DataFrame) -> dict[str, Any]:
    """Headline numbers: a row for each quantity, a column for each experiment."""
    shown = numbers[numbers["headline"]].to_dict("records") if len(numbers) else []
    quantities = list(dict.fromkeys((row["quantity"], row["unit"]) for row in shown))
    cells = {(row["experiment"], row["quantity"]): _with_error(row) for row in shown}
    experiments = {row["experiment"]: row["runs"] for row in shown}
    rows = [(q, unit, [cells.get((name, q), "") for name in experiments]) for q, unit in quantities]
    return {"experiments": experiments, "rows": rows}


def _with_error(row: Mapping[Any, Any]) -> str:
    """As in the reports of the runs, also where an error is only known to be no smaller."""
    return with_error(Scalar(row["value"], row["σ"], lower_bound=row["lower bound"]))


def _figures(profiles: Sequence[Profile], folder: Path) -> Any:
    from lmpdrive.report.page import unique_ids

    for profile in profiles:
        names = list(profile.curves)
        for part, begin in enumerate(range(0, len(names), MOST_CURVES)):
            shown = {name: profile.curves[name] for name in names[begin : begin + MOST_CURVES]}
            stem = f"{profile.table.name}{f'_{part + 1}' if part else ''}"
            svg = unique_ids(save(draw(profile.table, shown), folder, stem), stem)
            yield {"name": stem, "title": profile.table.title, "svg": svg, "equation": profile.table.equation}


def _write_netcdf(profiles: Sequence[Profile], path: Path) -> None:
    """All profiles in one netCDF 3 file: `TABLE_x`, `TABLE`, `TABLE_within` and `TABLE_between` by experiment and bin.

    The names of the experiments, in order, are the attribute `experiments` of each; short rows end with NaN.
    """
    from scipy.io import netcdf_file

    with replacing(path) as temporary, netcdf_file(temporary, "w", version=2) as file:
        for profile in profiles:
            table, curves = profile.table, profile.curves
            dims = (f"{table.name}_experiment", f"{table.name}_bin")
            file.createDimension(dims[0], len(curves))
            file.createDimension(dims[1], max(len(curve.x) for curve in curves.values()))
            parts = {"": "value", "_within": "within", "_between": "between"}
            columns = {"_x": [curve.x for curve in curves.values()]}
            columns |= {end: [getattr(c.mean, part) for c in curves.values()] for end, part in parts.items()}
            for end, values in columns.items():
                variable = file.createVariable(f"{table.name}{end}", "d", dims)
                for number, each in enumerate(values):
                    variable[number] = np.nan
                    variable[number, : len(each)] = each
                variable.column = str(table.data.columns[int(end != "_x")]).encode()
                variable.experiments = " ".join(curves).encode()
