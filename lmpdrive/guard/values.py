"""What a run wrote while it was checked: `guard.txt`, else the thermo table of its log -> values, by steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lmpdrive.common.run_files import GUARD_TABLE
from lmpdrive.errors import TrajectoryError
from lmpdrive.stability import Limits, Values

_FROM_THERMO = {"T_K": "Temp", "E_eV": "PotEng", "conserved_eV": "Econserve"}


def values_of(run_dir: Path, limits: Limits, guarded: bool) -> tuple[list[Values], Limits]:
    """The values, and the limits for values so far apart; `guarded`: without its table the run never came to move."""
    table = run_dir / GUARD_TABLE
    if table.is_file() or guarded:
        return list(read_table(table)) if table.is_file() else [], limits
    log = run_dir / "log.lammps"
    found = list(_from_log(log)) if log.is_file() else []
    apart = found[-1].step - found[-2].step if len(found) > 2 else limits.every
    # the last interval of a stopped run may be short
    apart = max(apart, found[1].step - found[0].step) if len(found) > 2 else apart
    return found, limits.every_steps(max(1, apart))


def read_table(path: Path) -> Iterator[Values]:
    """Rows of `guard.txt`; where a continuation wrote steps again, or the deck was run again, the later ones count."""
    columns: list[str] = []
    rows: list[Values] = []
    fresh, begins, stage = False, False, ""
    text = path.read_text(errors="replace")
    for line in text[: text.rfind("\n") + 1].splitlines():
        words = line.split()
        if words[:1] == ["step"]:
            columns, fresh, begins = words, True, bool(rows)
            continue
        if words[:1] == ["#"] and len(words) == 2:
            stage, begins = words[1], True
            continue
        try:
            known = {name: word for name, word in zip(columns, words, strict=True) if word != "-"}
            numbers = {name: float(word) for name, word in known.items()}
            step = int(numbers.pop("step"))
        except (ValueError, KeyError, OverflowError):  # cut by a kill
            continue
        # twice in a row: `run 0`, with which a continuation begins, while its thermostat is not set up yet
        while rows and (rows[-1].step > step or ((fresh or not begins) and rows[-1].step == step)):
            begins |= rows.pop().begins
        own: dict[str, Any] = {k: v for k, v in numbers.items() if k in Values.__dataclass_fields__}
        rows.append(Values(step=step, begins=begins, stage=stage, **own))
        fresh = begins = False
    yield from rows


def _from_log(log: Path) -> Iterator[Values]:
    from lmpdrive.trajectory import read_thermo

    try:
        thermo = read_thermo(log)
    except TrajectoryError:
        return
    # a minimisation counts steps of its own, and has no temperature where no velocities were given
    starts = thermo.groupby("run")["Step"].first()
    first = 1 if len(starts) > 1 and int(starts.iloc[1]) == 0 else 0
    if "Temp" in thermo and not thermo.loc[thermo["run"] == starts.index[first], "Temp"].any():
        first += 1
    moving = thermo[thermo["run"].isin(starts.index[first:])]
    for row in moving.drop_duplicates("Step", keep="last").to_dict("records"):
        known: dict[str, Any] = {ours: float(row[theirs]) for ours, theirs in _FROM_THERMO.items() if theirs in row}
        yield Values(step=int(row["Step"]), **known)
