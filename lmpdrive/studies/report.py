"""The page of a study, with its tables and figures: all from what is on disk, by one command at any time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lmpdrive.campaigns.plan import make_plan
from lmpdrive.campaigns.state import RunState, states
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.run_files import REPORT
from lmpdrive.common.say import Say, silent
from lmpdrive.errors import RunDirectoryError
from lmpdrive.report.figures import SIZE_INCH, save
from lmpdrive.studies.figures import Drawn, draw_all
from lmpdrive.studies.figures.curves import FIRST
from lmpdrive.studies.plan import RUNS, TEACHER, StudyPlan
from lmpdrive.studies.tables import Tables, make_tables
from lmpdrive.studies.verdict import distances, in_words, verdict_lines

TABLES, FIGURES = "tables", "figures"
SHOWN = [name for name in FIRST if name != "dipole_correlation"]
"""Observables of the verdict."""


def write_report(plan: StudyPlan, say: Say = silent) -> Path:
    """Tables, figures with their data, and the page.

    Raises RunDirectoryError where the teacher's runs are not analysed, or nothing can be written.
    """
    runs = run_states(plan)
    say("tables and figures of the study")
    tables = make_tables(plan, runs)
    found = distances(tables.profiles)
    tables.write(plan.folder / TABLES)
    if not found.empty:
        write_atomically(plan.folder / TABLES / "verdict.csv", found.to_csv(index=False, float_format="%.6g"))
    drawn = draw_all(tables)
    folder = plan.folder / FIGURES
    try:
        folder.mkdir(exist_ok=True)
        svgs = {one.name: save(one.figure, folder, one.name) for one in drawn}
        for one in drawn:
            write_atomically(folder / f"{one.name}.csv", one.data.to_csv(index=False, float_format="%.8g"))
        write_atomically(plan.folder / REPORT, _page(plan, tables, found, drawn, svgs, runs))
    except OSError as error:
        raise RunDirectoryError(f"cannot write in {plan.folder}: {error.strerror}") from error
    return plan.folder / REPORT


def run_states(plan: StudyPlan) -> list[RunState]:
    """How the models' runs are.  Raises RunDirectoryError before they are planned."""
    file = plan.folder / f"{RUNS}.yaml"
    if not file.is_file():
        raise RunDirectoryError(f"{plan.folder}: no model has run yet; `lmpdrive campaign run {plan.file}` goes on")
    return states(make_plan(file, plan.folder / RUNS))


def _page(
    plan: StudyPlan, tables: Tables, found: Any, drawn: Sequence[Drawn], svgs: dict[str, str], runs: Sequence[RunState]
) -> str:
    import jinja2

    from lmpdrive.report import page

    folders = [Path(__file__).parent, Path(page.__file__).parent]
    environment = page.environment().overlay(loader=jinja2.FileSystemLoader(folders))
    ended = [run for run in runs if run.ended]
    return environment.get_template("study.html.j2").render(
        name=plan.study.study,
        file=plan.file.name,
        verdict=verdict_lines(found, SHOWN, tables.runs),
        rows=verdict_rows(found, tables.runs),
        observables=SHOWN,
        runs=tables.runs.to_dict("records"),
        ended=len(ended),
        total=len(runs),
        unstable=sum(run.phase == "unstable" for run in runs),
        states=list(plan.states),
        ran=plan.run_states,
        campaigns=[name for name in (TEACHER, RUNS) if (plan.folder / name / REPORT).is_file()],
        figures=[_figure(one, svgs[one.name]) for one in drawn],
    )


def _figure(one: Drawn, svg: str) -> dict[str, Any]:
    from lmpdrive.report.page import unique_ids

    narrow = one.figure.get_figwidth() <= SIZE_INCH[0]
    words = {"name": one.name, "title": one.title, "caption": one.caption, "narrow": narrow}
    return words | {"svg": unique_ids(svg, one.name)}


def verdict_rows(found: Any, runs: Any) -> list[dict[str, Any]]:
    """One row for each model, kind, size and state that ran: distance in σ of each observable, as words.

    Runs that the guard ended are counted: they are not compared.
    """
    keys = ["model", "kind", "size", "state"]
    compared = {} if found.empty else dict(list(found.groupby(keys, sort=False)))
    rows = []
    for key, ran in [] if runs.empty else runs.groupby(keys, sort=False):
        unstable = int((ran["phase"] == "unstable").sum())
        named = dict(zip(keys, key, strict=True))
        rows.append(named | {"cells": _cells(compared.get(key)), "unstable": f"{unstable} of {len(ran)}"})
    return rows


def _cells(own: Any | None) -> list[str]:
    """Mean over the runs; in brackets with σ_model; empty where there is none."""
    if own is None:
        return [""] * len(SHOWN)
    cells = []
    for name in SHOWN:
        rows = own[own["observable"] == name]
        both = rows["with σ_model [σ]"].mean()
        cells.append((in_words(rows) if len(rows) else "") + (f" ({both:.1f})" if both == both else ""))
    return cells
