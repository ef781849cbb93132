"""Thermo tables of a `log.lammps` -> one pandas table.

Units: as LAMMPS wrote them (`units metal`: ps, K, eV, bar).  Warnings between rows, a last line cut by a
kill, several `run`s, and runs appended after a restart are all in a day's work.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive.errors import TrajectoryError

if TYPE_CHECKING:
    import pandas as pd


def read_thermo(path: str | Path) -> pd.DataFrame:
    """All thermo rows of a log, with a column `run` (0, 1, ...) and the columns as LAMMPS names them.

    Where a run continues an earlier one (its first step lies within the earlier run), the earlier rows
    from that step on are dropped: the later run repeats that step with its own energies.  A run that
    starts over (`reset_timestep`) is kept beside the others.  Columns that a run lacks are NaN.

    Raises TrajectoryError if the log cannot be read or has no thermo row.
    """
    import pandas as pd

    path = Path(path)
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise TrajectoryError(f"cannot read the log {path}: {error.strerror}") from error
    tables = [pd.DataFrame(rows, columns=columns) for columns, rows in _tables(text) if rows]
    if not tables:
        raise TrajectoryError(f"{path} holds no thermo rows (a table that starts with `Step`)")
    for number, table in enumerate(tables):
        table.insert(0, "run", number)
        if number and "Step" in table:
            tables[:number] = _without_overlap(tables[:number], int(table["Step"].iloc[0]))
    thermo = pd.concat([table for table in tables if len(table)], ignore_index=True)
    thermo["Step"] = thermo["Step"].astype("int64")
    return thermo


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
    for number in reversed(range(len(kept))):
        table = kept[number]
        if len(table) and not table["Step"].iloc[0] < start:  # the new run started over: another count of steps
            break
        kept[number] = table[table["Step"] < start]
    return kept
