"""Everything that the figures and the verdict of a study are made of, as tables with units in their headers.

errors : of every model on the held-back frames of every state.  runs : of every run of a model, how it went.
numbers : each number of each run beside the teacher's.  profiles : each curve, bin by bin, beside the teacher's, with
σ of the run, σ of the teacher (with whether either is a lower bound), and σ_model of the committee.
roughness : of the energy along lines, where it was asked for.  dipoles : of the teacher's held-back frames, where it
has charges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.campaigns.curves import Curve, is_curve, mean_of
from lmpdrive.campaigns.state import RunState
from lmpdrive.common.atomic import write_atomically
from lmpdrive.common.manifest import read_manifest
from lmpdrive.learning.candidates import stable_ps
from lmpdrive.observables.error_sources import is_lower_bound
from lmpdrive.observables.reweighting.bands import MEAN, PREFIX, SIGMA
from lmpdrive.observables.tables import Table
from lmpdrive.report.analysed import Analysed, load
from lmpdrive.report.model_bands import model_tables, target_columns
from lmpdrive.studies.campaigns import directories
from lmpdrive.studies.dipoles import dipoles
from lmpdrive.studies.file import MIXED
from lmpdrive.studies.models import errors_of
from lmpdrive.studies.plan import TEACHER, Learned, StudyPlan
from lmpdrive.studies.roughness import table_of
from lmpdrive.studies.truth import Answer, answer_of
from lmpdrive.training.card import card_of

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
SPECIFIC = "specific"
"""Kind of a training set: of the state that is run."""
SEES_SCALAR = "wet metal atoms that see all ions"
SEES = f"{SEES_SCALAR} [1]"


@dataclass(frozen=True)
class Tables:
    """See above; `titles` : name of a curve -> title."""

    errors: pd.DataFrame
    runs: pd.DataFrame
    numbers: pd.DataFrame
    profiles: pd.DataFrame
    roughness: pd.DataFrame
    dipoles: pd.DataFrame
    titles: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """One CSV each."""
        folder.mkdir(parents=True, exist_ok=True)
        there = [name for name in ("roughness", "dipoles") if not getattr(self, name).empty]
        for name in ("errors", "runs", "numbers", "profiles", *there):
            write_atomically(folder / f"{name}.csv", getattr(self, name).to_csv(index=False, float_format="%.8g"))


def make_tables(plan: StudyPlan, runs: Sequence[RunState]) -> Tables:
    """From what is on disk."""
    import pandas as pd

    teachers = directories(plan, TEACHER)
    truth = {state: answer_of(teachers[state]) for state in plan.run_states}
    by_label = {one.label: one for one in plan.running()}
    numbers: list[dict[str, Any]] = []
    profiles: list[pd.DataFrame] = []
    titles: dict[str, str] = {}
    for run in runs:
        one, state = by_label[run.run.points["model"]], run.run.points["state"]
        if run.phase != "done":
            continue
        about, folder = _about(one) | {"state": state}, plan.run_of(one, state)
        analysed = load(folder)
        numbers += [about | row for row in _numbers(analysed, truth[state])]
        for name, rows in _profiles(analysed, model_tables(folder / "observables"), truth[state]):
            profiles.append(pd.DataFrame(about | {"table": name} | rows))
            titles[name] = truth[state].tables[name].title
    return Tables(
        pd.DataFrame([row for one in plan.learned() for row in _errors(plan, one)]),
        pd.DataFrame([_run(plan, by_label, run) for run in runs]),
        pd.DataFrame(numbers),
        pd.concat(profiles, ignore_index=True) if profiles else pd.DataFrame(),
        _roughness(plan),
        dipoles(plan),
        titles,
    )


def _roughness(plan: StudyPlan) -> pd.DataFrame:
    found = table_of(plan)
    if not found.empty:
        found.insert(2, "kind", found["learns"].map(_kind))
    return found


def _kind(learns: str) -> str:
    return MIXED if learns == MIXED else SPECIFIC


def _about(one: Learned) -> dict[str, Any]:
    return {"model": one.name, "learns": one.learns, "kind": _kind(one.learns), "size": one.size, "split": one.split}


def _errors(plan: StudyPlan, one: Learned) -> Iterator[dict[str, Any]]:
    minutes = (card_of(plan.folder_of(one)) or {}).get("training", {}).get("minutes")
    for state, found in errors_of(plan, one).items():
        yield _about(one) | {
            "state": state,
            "force RMSE [eV/Å]": found["force_rmse_eV_per_A"],
            "energy RMSE [meV/atom]": found["energy_rmse_meV_per_atom"],
            "training [min]": minutes,
        }


def _run(plan: StudyPlan, by_label: Mapping[str, Learned], run: RunState) -> dict[str, Any]:
    one, state = by_label[run.run.points["model"]], run.run.points["state"]
    folder = plan.run_of(one, state)
    analysed = load(folder) if run.phase == "done" else None
    seen = analysed.tables["charge_visibility"].scalars if analysed and "charge_visibility" in analysed.tables else {}
    return _about(one) | {
        "state": state,
        "phase": run.phase,
        "verdict": analysed.verdict.level if analysed else "",
        "stable [ps]": stable_ps(folder),
        "speed [ns/day]": run.ns_per_day,
        "atoms": len(read_manifest(folder).system.species),
        SEES: seen[SEES_SCALAR].value if SEES_SCALAR in seen else np.nan,
        "reason": run.reason,
        "folder": str(folder.relative_to(plan.folder)),
    }


def _numbers(analysed: Analysed, truth: Answer) -> Iterator[dict[str, Any]]:
    for name, table in analysed.tables.items():
        for quantity, scalar in table.scalars.items():
            if (mean := truth.numbers.get(quantity)) is None:
                continue
            delta, sigma = scalar.value - float(mean.value), float(np.hypot(scalar.error, mean.error))
            yield {
                "table": name,
                "quantity": quantity,
                "unit": scalar.unit,
                "value": scalar.value,
                "σ": scalar.error,
                "teacher": float(mean.value),
                "σ teacher": float(mean.error),
                "z": delta / sigma if sigma > 0 else np.nan,
                "lower bound": scalar.lower_bound or quantity in truth.short,
                "headline": scalar.headline,
            }


def _profiles(
    analysed: Analysed, committee: Mapping[str, Table], truth: Answer
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each curve that the teacher has too, on the teacher's bins; of a histogram as many more as the run has."""
    for name, table in analysed.tables.items():
        if not is_curve(table) or name not in truth.curves:
            continue
        answer, own = truth.curves[name], mean_of([table])
        x = _longer(answer.x, own.x) if table.kind == "histogram" else answer.x
        headers = [str(header) for header in table.data.columns]
        rows = {
            "x": x,
            "value": _on(x, own, own.mean.value, table.kind),
            "σ": _on(x, own, own.mean.error, table.kind),
            "teacher": _on(x, answer, answer.mean.value, table.kind),
            "σ teacher": _on(x, answer, answer.mean.error, table.kind),
            "lower bound": name in truth.short or is_lower_bound(table),
        }
        rows |= _model_columns(committee.get(PREFIX + name), x)
        yield name, {"x axis": headers[0], "y axis": headers[table.n_variables]} | rows


def _longer(x: Array, other: Array) -> Array:
    """Evenly spaced x, with as many more points as reach the ends of `other`."""
    if len(x) < 2:
        return x
    step = x[1] - x[0]
    before, after = (max(0, int(np.ceil(gap / step - 1e-6))) for gap in (x[0] - other[0], other[-1] - x[-1]))
    return np.concatenate([x[0] - step * np.arange(before, 0, -1), x, x[-1] + step * np.arange(1, after + 1)])


def _on(x: Array, curve: Curve, values: Array, kind: str) -> Array:
    """Interpolated; a histogram is zero where it has no bins."""
    outside = 0.0 if kind == "histogram" else np.nan
    return np.interp(x, curve.x, values, left=outside, right=outside)


def _model_columns(table: Table | None, x: Array) -> dict[str, Array]:
    """The committee's mean and σ_model, and each other potential's average, as far as it has them."""
    if table is None:
        return {"committee": np.full(len(x), np.nan), "σ_model": np.full(len(x), np.nan)}
    headers = [str(header) for header in table.data.columns]
    target = next((header for header, _ in target_columns(headers)), None)
    wanted = {
        "committee": next((h for h in headers if h.startswith(f"{MEAN} ")), None),
        "σ_model": next((h for h in headers if h.startswith(SIGMA)), None),
        "as mixed": target,
    }
    nothing = np.full(len(x), np.nan)
    return {
        key: nothing if header is None else np.interp(x, table.x, table.data[header], left=np.nan, right=np.nan)
        for key, header in wanted.items()
    }
