"""Thermo tables of a `log.lammps` -> one pandas table.

Units: as LAMMPS wrote them (`units metal`: ps, K, eV, bar).  Warnings between rows, a last line cut by a
kill, several `run`s, and runs appended after a restart are all handled.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive.common.run_files import LOG
from lmpdrive.errors import TrajectoryError

if TYPE_CHECKING:
    import pandas as pd


def read_thermo(path: str | Path | Sequence[str | Path]) -> pd.DataFrame:
    """All thermo rows of a log, with a column `run` (0, 1, ...) and the columns as LAMMPS names them.

    path : of a log, or of the logs that a run and its continuations wrote, in order.

    Where a run continues an earlier one (its first step lies within the earlier run), the earlier rows
    from that step on are dropped: the later run repeats that step with its own energies.  A run that
    starts over (`reset_timestep`) is kept beside the others.  Columns that a run lacks are NaN.

    The conserved quantity of a continuation counts on from the row that both logs have: LAMMPS forgets the heat that a
    Langevin bath has taken, which would look like a jump.

    Raises TrajectoryError if a log cannot be read or none has a thermo row.
    """
    import pandas as pd

    paths = [Path(path)] if isinstance(path, str | Path) else [Path(one) for one in path]
    tables: list[pd.DataFrame] = []
    shift, at = 0.0, -1.0
    for log in paths:
        for number, (columns, rows) in enumerate(t for t in _tables(_text(log)) if t[1]):
            table = pd.DataFrame(rows, columns=columns)
            if number == 0 and tables:
                shift, at = _jump(table, tables[-1])
            if shift and table["Step"].iloc[0] == at:
                table["Econserve"] += shift
            if tables and "Step" in table:
                tables = _without_overlap(tables, int(table["Step"].iloc[0]))
            table.insert(0, "run", len(tables))
            tables.append(table)
    if not tables:
        raise TrajectoryError(f"{paths[0]} holds no thermo rows (a table that starts with `Step`)")
    thermo = pd.concat([table for table in tables if len(table)], ignore_index=True)
    thermo["Step"] = thermo["Step"].astype("int64")
    return thermo


def thermo_of(folder: Path) -> pd.DataFrame | None:
    """The thermo rows of a run directory, log.lammps and those of its continuations; None if there are none."""
    numbered = {int(p.name.split(".")[1]): p for p in folder.glob("log.*.lammps") if p.name.split(".")[1].isdigit()}
    logs = [p for p in (folder / LOG, *(numbered[n] for n in sorted(numbered))) if p.is_file()]
    try:
        return read_thermo(logs) if logs else None
    except TrajectoryError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise TrajectoryError(f"cannot read the log {path}: {error.strerror}") from error


def _jump(table: pd.DataFrame, before: pd.DataFrame) -> tuple[float, float]:
    """What `Econserve` lacks at the first step of a continuation, and that step; 0 where it cannot be determined."""
    name = "Econserve"
    if not {"Step", name} <= set(table) & set(before):
        return 0.0, 0.0
    step = table["Step"].iloc[0]
    same = before[before["Step"] == step]
    return (float(same[name].iloc[-1] - table[name].iloc[0]) if len(same) else 0.0), step


def _tables(text: str) -> list[tuple[list[str], list[list[float]]]]:
    """(column names, rows) of each run."""
    tables: list[tuple[list[str], list[list[float]]]] = []
    columns: list[str] | None = None
    complete = text.endswith("\n")
    lines = text.splitlines()
    for number, line in enumerate(lines):
        words = line.split()
        if words[:1] == ["Step"] and len(words) > 1:
            columns = words
            tables.append((columns, []))
        elif line.startswith("Loop time of"):
            columns = None
        elif columns is not None and len(words) == len(columns):
            if number == len(lines) - 1 and not complete:
                warnings.warn("the log's last line is incomplete and is left out", stacklevel=3)
                continue
            try:
                tables[-1][1].append([float(word) for word in words])
            except ValueError:  # a warning with as many words as columns
                continue
    return tables


def _without_overlap(earlier: list[pd.DataFrame], start: int) -> list[pd.DataFrame]:
    """The earlier runs without the rows that a run starting at step `start` repeats."""
    kept = list(earlier)
    after: int | None = None
    for number in reversed(range(len(kept))):
        table = kept[number]
        if not len(table):
            continue
        first, last = table["Step"].iloc[0], table["Step"].iloc[-1]
        # the new run started over, or this one was before a start over: another count of steps
        if not first < start or (after is not None and last > after):
            break
        kept[number] = table[table["Step"] < start]
        after = first
    return kept
