"""Thermo columns of a run in `units real` in those of `units metal`.

fs -> ps, kcal/mol -> eV, kcal/(mol Å) -> eV/Å, atm -> bar; temperatures [K] and lengths [Å] are the same
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lmpdrive.common.units import BAR_PER_ATM, KCAL_PER_MOL_EV
from lmpdrive.errors import TrajectoryError
from lmpdrive.trajectory.lammps_units import PS_PER_TIME_UNIT
from lmpdrive.trajectory.logs.thermo_log import LogTable

_TIMES = {"Time", "Dt"}
_ENERGIES = {"PotEng", "KinEng", "TotEng", "Enthalpy", "Ecouple", "Econserve", "Fmax", "Fnorm"}
_PRESSURES = {"Press", "Pxx", "Pyy", "Pzz", "Pxy", "Pxz", "Pyz"}
_CUSTOM = ("c_", "f_", "v_")
"""Columns of computes, fixes and variables: nothing says what they are."""

UNKNOWN_NOTE = (
    "The log does not say its units: energies are taken as eV, times as ps and pressures as bar (units metal). "
    "If the run had `units real`, say so with units='real'."
)


def in_metal(table: LogTable, units: str, path: Path) -> LogTable:
    """The same rows in units metal.  Raises TrajectoryError for units other than metal and real."""
    if units not in PS_PER_TIME_UNIT:
        raise TrajectoryError(f"{path} is of a run in `units {units}`; want {' or '.join(PS_PER_TIME_UNIT)}")
    if units == "metal":
        return table
    factors = [_factor_of_real(name) for name in table.columns]
    rows = [[value * factor for value, factor in zip(row, factors, strict=True)] for row in table.rows]
    return LogTable(table.columns, rows)


def left_as_is(tables: Sequence[LogTable]) -> list[str]:
    """Columns of computes, fixes and variables, which keep the units of the log."""
    return sorted({name for table in tables for name in table.columns if name.startswith(_CUSTOM)})


def _factor_of_real(column: str) -> float:
    if column in _TIMES:
        return PS_PER_TIME_UNIT["real"]
    if column in _ENERGIES or column.startswith("E_"):
        return KCAL_PER_MOL_EV
    return BAR_PER_ATM if column in _PRESSURES else 1.0
