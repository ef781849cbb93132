"""How smooth the models' energies are along lines through held-back frames: `lmpdrive compare --probe-pes`, by state.

The founding study's Fig. S9.  Models of the first split at their largest size, those that ran.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive.campaigns.commands import Command, Where, run_commands
from lmpdrive.campaigns.state import RunState
from lmpdrive.common.say import Say
from lmpdrive.studies.plan import Learned, StudyPlan

if TYPE_CHECKING:
    import pandas as pd

FOLDER, TABLE = "roughness", "pes-smoothness.csv"


def probe(plan: StudyPlan, runs: Iterable[RunState], where: Where, say: Say) -> None:
    """One command for each state; nothing where the study does not ask for it."""
    if not plan.study.roughness:
        return
    ran: dict[str, list[str]] = {}
    for run in runs:
        ran.setdefault(run.run.points["state"], []).append(run.run.points["model"])
    run_commands("roughness", [_command(plan, state, labels) for state, labels in ran.items()], where, say)


def table_of(plan: StudyPlan) -> pd.DataFrame:
    """What the commands found: a row for each model, state and kind of line; empty where nothing was asked for."""
    import pandas as pd

    by_label = {one.label: one for one in plan.running()}
    found = []
    for state in plan.run_states:
        file = _folder(plan, state) / TABLE
        if file.is_file():
            rows = pd.read_csv(file)
            models = [by_label[label] for label in rows.pop("potential")]
            rows.insert(0, "model", [one.name for one in models])
            rows.insert(1, "learns", [one.learns for one in models])
            rows.insert(2, "state", state)
            found.append(rows)
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _command(plan: StudyPlan, state: str, labels: Iterable[str]) -> Command:
    by_label = {one.label: one for one in plan.running()}
    chosen = [by_label[label] for label in labels if _is_probed(plan, by_label[label])]
    folder = _folder(plan, state)
    words = ["compare", *(str(plan.run_of(one, state)) for one in chosen), "--probe-pes", "--quiet"]
    words += ["--test", str(plan.test_of(state)), "--out", str(folder)]
    words += [word for one in chosen for word in ("--labels", one.label)]
    return Command(f"roughness-{state}", tuple(words), folder / TABLE)


def _is_probed(plan: StudyPlan, one: Learned) -> bool:
    return one.split == 1 and one.size == plan.run_sizes(one.name)[-1]


def _folder(plan: StudyPlan, state: str) -> Path:
    return plan.folder / FOLDER / state
