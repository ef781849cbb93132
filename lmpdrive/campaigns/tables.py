"""A campaign as pandas tables: how each run is, and the numbers of those that are analysed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmpdrive.campaigns.plan import Plan, make_plan
from lmpdrive.campaigns.state import RunState, states
from lmpdrive.errors import LmpdriveError

if TYPE_CHECKING:
    import pandas as pd

    from lmpdrive.report.analysed import Analysed


def state_table(found: Sequence[RunState]) -> pd.DataFrame:
    """One row for each run: its points, phase, stage, steps, ns/day, time left, slices, tries, reason."""
    import pandas as pd

    rows = [
        {
            "run": state.run.name,
            **state.run.points,
            "state": state.phase,
            "stage": state.stage,
            "step": state.step,
            "last step": state.end_step,
            "ns/day": state.ns_per_day,
            "time left [s]": state.left_s,
            "slices": state.slices,
            "failed slices": state.tries,
            "where": state.where,
            "reason": state.reason,
        }
        for state in found
    ]
    return pd.DataFrame(rows)


def analysed_runs(plan: Plan, found: Sequence[RunState]) -> Iterator[tuple[RunState, Analysed]]:
    """The analyses of runs that are done, but for those that cannot be read: `state_table` says which are done."""
    from lmpdrive.report.analysed import load

    for state in found:
        if state.phase == "done":
            with suppress(LmpdriveError):  # a damaged file is no reason to be without the others
                yield state, load(plan.directory(state.run.name), state.run.name)


def number_table(plan: Plan, found: Sequence[RunState]) -> pd.DataFrame:
    """One row for each number of each analysed run: run, points, quantity, unit, value, σ, verdict."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for state, analysis in analysed_runs(plan, found):
        about = {"run": state.run.name, **state.run.points, "verdict": analysis.verdict.level}
        for table in analysis.tables.values():
            for quantity, scalar in table.scalars.items():
                row = {"quantity": quantity, "unit": scalar.unit, "value": scalar.value, "σ": scalar.error}
                rows.append(about | row)
    return pd.DataFrame(rows)


class CampaignView:
    """A campaign in Python: `lmpdrive.campaign("file.yaml")`.

    Everything is read from disk when it is first asked for; `refresh()` reads it again.
    """

    def __init__(self, file: str | Path, out: str | Path | None = None) -> None:
        self.plan = make_plan(file, out)

    @cached_property
    def states(self) -> list[RunState]:
        """How each run is."""
        return states(self.plan)

    @property
    def table(self) -> pd.DataFrame:
        """`state_table` of all runs."""
        return state_table(self.states)

    @cached_property
    def numbers(self) -> pd.DataFrame:
        """`number_table` of all runs."""
        return number_table(self.plan, self.states)

    def refresh(self) -> None:
        """Forget what was read."""
        for name in ("states", "numbers"):
            self.__dict__.pop(name, None)

    def __repr__(self) -> str:
        counts: dict[str, int] = {}
        for state in self.states:
            counts[state.phase] = counts.get(state.phase, 0) + 1
        words = ", ".join(f"{number} {phase}" for phase, number in counts.items())
        return f"campaign {self.plan.name}: {len(self.states)} runs, {words}"
