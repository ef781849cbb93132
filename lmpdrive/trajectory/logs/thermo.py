"""Thermo tables of a `log.lammps` -> one pandas table.

Units: ps, K, eV, bar, Å; those of a run in `units real` (fs, kcal/mol, atm) are converted.  Every style (`thermo_log`),
warnings between rows, a last line cut by a kill, several `run`s, and runs appended after a restart are all handled.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmpdrive.common.run_files import LOG
from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.lammps_units import units_of_text
from lmpdrive.trajectory.logs.thermo_log import LogTable, tables_of
from lmpdrive.trajectory.logs.thermo_units import UNKNOWN_NOTE, in_metal, left_as_is

if TYPE_CHECKING:
    import pandas as pd


class NoThermoError(TrajectoryError):
    """A log without a thermo row."""


def read_thermo(path: str | Path | Sequence[str | Path], *, units: str | None = None) -> pd.DataFrame:
    """All thermo rows of a log, with a column `run` (0, 1, ...) and the columns as LAMMPS names them.

    path : of a log, or of the logs that a run and its continuations wrote, in order.
    units : LAMMPS units (metal or real) where the log does not say, because the deck was not echoed.

    `attrs["notes"]` of the table says what was assumed: units that are not known, columns that keep theirs.

    Where a run continues an earlier one (its first step lies within the earlier run), the earlier rows
    from that step on are dropped: the later run repeats that step with its own energies.  A run that
    starts over (`reset_timestep`) is kept beside the others.  Columns that a run lacks are NaN.

    The conserved quantity of a continuation counts on from the row that both logs have: LAMMPS forgets the heat that a
    Langevin bath has taken, which would look like a jump.

    Raises TrajectoryError if a log cannot be read, none has a thermo row, or units are neither metal nor real.
    """
    import pandas as pd

    paths = [Path(path)] if isinstance(path, str | Path) else [Path(one) for one in path]
    tables: list[pd.DataFrame] = []
    shift, at = 0.0, -1.0
    notes: dict[str, None] = {}
    for log in paths:
        for number, one in enumerate(_tables(log, units, notes)):
            table = pd.DataFrame(one.rows, columns=one.columns)
            if number == 0 and tables:
                shift, at = _jump(table, tables[-1])
            if shift and table["Step"].iloc[0] == at:
                table["Econserve"] += shift
            if tables and "Step" in table:
                tables = _without_overlap(tables, int(table["Step"].iloc[0]))
            table.insert(0, "run", len(tables))
            tables.append(table)
    if not tables:
        raise NoThermoError(f"{paths[0]} holds no thermo rows (tables with a column `Step`)")
    thermo = pd.concat([table for table in tables if len(table)], ignore_index=True)
    thermo["Step"] = thermo["Step"].astype("int64")
    thermo.attrs["notes"] = list(notes)
    return thermo


def thermo_of(folder: Path) -> pd.DataFrame | None:
    """The thermo rows of a run directory, log.lammps and those of its continuations; None if there are none.

    Warns of logs that cannot be used.
    """
    numbered = {int(p.name.split(".")[1]): p for p in folder.glob("log.*.lammps") if p.name.split(".")[1].isdigit()}
    logs = [p for p in (folder / LOG, *(numbered[n] for n in sorted(numbered))) if p.is_file()]
    try:
        return read_thermo(logs) if logs else None
    except NoThermoError:  # a run that has not come so far
        return None
    except TrajectoryError as error:
        warnings.warn(f"no temperature and no energies: {error}", stacklevel=2)
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise TrajectoryError(f"cannot read the log {path}: {error.strerror}") from error


def _tables(path: Path, units: str | None, notes: dict[str, None]) -> list[LogTable]:
    """The tables of one log, in units metal; `notes` gets what was assumed."""
    text = _text(path)
    found = tables_of(text)
    if found.cut:
        warnings.warn(f"{path}: the log's last line is incomplete and is left out", stacklevel=4)
    if found.not_understood:
        n = found.not_understood + len(found.tables)
        warnings.warn(
            f"{path}: {found.not_understood} of {n} thermo tables could not be understood and are left out (they need "
            "a column Step: thermo_style custom step ...)",
            stacklevel=4,
        )
    written = units_of_text(text)
    if written and units and written != units:
        raise TrajectoryError(f"{path} is of a run in `units {written}`, not {units} as was said; leave it out")
    tables = [in_metal(table, written or units or "metal", path) for table in found.tables]
    if not (written or units):
        notes[UNKNOWN_NOTE] = None
    elif (written or units) != "metal" and (names := left_as_is(found.tables)):
        notes[f"Columns that keep the units of the log ({written or units}): {', '.join(names)}."] = None
    return tables


def _jump(table: pd.DataFrame, before: pd.DataFrame) -> tuple[float, float]:
    """What `Econserve` lacks at the first step of a continuation, and that step; 0 where it cannot be determined."""
    name = "Econserve"
    if not {"Step", name} <= set(table) & set(before):
        return 0.0, 0.0
    step = table["Step"].iloc[0]
    same = before[before["Step"] == step]
    return (float(same[name].iloc[-1] - table[name].iloc[0]) if len(same) else 0.0), step


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
