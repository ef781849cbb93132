"""Temperature, energy, the conserved quantity and pressure, from the thermo table of the log.

Units: ps, K, eV, bar; the drift in meV per mobile atom and ns.  Only the runs that wrote the analysed frames count.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.observables.base import Array, sampling_warnings
from lmpdrive.observables.blocks import block_edges, block_error, statistical_inefficiency
from lmpdrive.observables.error_sources import BlockSampling
from lmpdrive.observables.slope import linear_drift
from lmpdrive.observables.tables import Scalar, Table

if TYPE_CHECKING:
    import pandas as pd

MEV_PER_NS = 1e6
"""1 eV/ps in meV/ns."""

SAME_STEP_NOTE = "σ is the block error of the mean over the run, the same in every row."


def production(thermo: pd.DataFrame, first_step: int | None) -> pd.DataFrame:
    """Rows from `first_step` on, of the last run that starts at or before it and those after; all rows if None."""
    if "run" not in thermo or first_step is None or "Step" not in thermo:
        return thermo
    starts = thermo.groupby("run")["Step"].first()
    before = starts.index[starts <= first_step]
    first = before.max() if len(before) else starts.index[-1]
    chosen = thermo[thermo["run"] >= first]
    return chosen[chosen["Step"] >= first_step].reset_index(drop=True)


def thermo_tables(
    thermo: pd.DataFrame, n_mobile: int, n_blocks: int, first_step: int | None = None
) -> dict[str, Table]:
    """`temperature`, `energy` and `pressure`, as far as the log has the columns; the drift is per mobile atom."""
    thermo = production(thermo, first_step)
    tables = {}
    if len(thermo) and "Temp" in thermo:
        tables["temperature"] = temperature_table(thermo, n_blocks)
    if len(thermo) and {"TotEng", "Econserve"} & set(thermo):
        tables["energy"] = energy_table(thermo, n_mobile, n_blocks)
    if len(thermo) and "Press" in thermo:
        tables["pressure"] = pressure_table(thermo, n_blocks)
    notes = thermo.attrs.get("notes", ())  # of `read_thermo`: what was assumed of the log's units
    return {name: replace(table, notes=(*table.notes, *notes)) for name, table in tables.items()}


def _time(thermo: pd.DataFrame) -> tuple[str, Array]:
    if "Time" in thermo:
        return "t [ps]", thermo["Time"].to_numpy(dtype=float)
    return "step [1]", thermo["Step"].to_numpy(dtype=float)


def mean_error(values: Array, n_blocks: int) -> float:
    """σ of the mean of a series: of blocks, or from its correlation time if that gives more.

    NaN if there are fewer values than blocks.
    """
    if len(values) < n_blocks or n_blocks < 2:
        return float("nan")
    edges = block_edges(len(values), n_blocks)
    means = [values[a:b].mean() for a, b in pairwise(edges)]
    inefficiency = float(np.nan_to_num(statistical_inefficiency(values), nan=1.0))
    return max(float(block_error(np.array(means))), float(values.std(ddof=1) * np.sqrt(inefficiency / len(values))))


def _mean(values: Array, n_blocks: int, unit: str) -> Scalar:
    """The mean of a series, and the error that its own correlation allows."""
    used = n_blocks if len(values) >= n_blocks > 1 else 0
    sampling = BlockSampling(len(values), used, statistical_inefficiency(values), of="log rows")
    mean = sampling.behind(Scalar(float(values.mean()), mean_error(values, n_blocks), unit))
    return replace(mean, source=f"{mean.source}, or the correlation time if that gives more") if used else mean


def _table(
    name: str,
    title: str,
    equation: str,
    columns: dict[str, Array],
    error: tuple[str, float],
    n_blocks: int,
    scalars: dict[str, Scalar],
) -> Table:
    import pandas as pd

    data = pd.DataFrame(columns)
    data.insert(2, error[0], error[1])
    used = n_blocks if len(data) >= n_blocks > 1 else 0
    inefficiency, warnings = sampling_warnings(data.iloc[:, 1].to_numpy(), used)
    if name == "energy" and used:
        warnings = ()  # a slow drift always looks correlated; the drift itself is reported
    return Table(
        name,
        title,
        "series",
        data,
        equation,
        notes=(SAME_STEP_NOTE,),
        warnings=tuple(w.replace("frame", "log row") for w in warnings),
        n_blocks=used,
        n_frames=len(data),
        statistical_inefficiency=inefficiency,
        scalars=scalars,
    )


def temperature_table(thermo: pd.DataFrame, n_blocks: int) -> Table:
    """Temperature of the whole system and, from columns `c_T_<species>`, of each species [K]."""
    time, t = _time(thermo)
    named = {"T [K]": thermo["Temp"].to_numpy(dtype=float)}
    for column in thermo:
        if str(column).startswith("c_T_"):
            named[f"T_{str(column)[4:]} [K]"] = thermo[column].to_numpy(dtype=float)
    scalars = {
        "mean temperature" + (f" of {name[2:-4]}" if name != "T [K]" else ""): replace(
            _mean(values, n_blocks, "K"), headline=name == "T [K]"
        )
        for name, values in named.items()
    }
    equation = "T = 2 E_kin / (k_B N_f), N_f degrees of freedom as LAMMPS counts them"
    error = ("σ [K]", scalars["mean temperature"].error)
    return _table("temperature", "Temperature", equation, {time: t, **named}, error, n_blocks, scalars)


def energy_table(thermo: pd.DataFrame, n_mobile: int, n_blocks: int) -> Table:
    """The conserved quantity (total energy if the log has none), potential, kinetic and total energy [eV]."""
    time, t = _time(thermo)
    first = "Econserve" if "Econserve" in thermo else "TotEng"
    label = {"Econserve": "E_conserved", "TotEng": "E_total", "PotEng": "E_potential", "KinEng": "E_kinetic"}
    columns = {time: t}
    for column in dict.fromkeys([first, "PotEng", "KinEng", "TotEng"]):
        if column in thermo:
            columns[f"{label[column]} [eV]"] = thermo[column].to_numpy(dtype=float)
    conserved = columns[f"{label[first]} [eV]"]
    scalars = {}
    if time == "t [ps]":
        slope, error = (value * MEV_PER_NS / n_mobile for value in linear_drift(t, conserved))
        what = "conserved quantity" if first == "Econserve" else "total energy (no Econserve in the log)"
        source = f"scatter of {len(t)} log rows about the line, given their correlation"
        note = f"linear fit of the {what}, per mobile atom ({n_mobile})"
        scalars["drift"] = Scalar(slope, error, "meV/atom/ns", note, source, headline=True)
    if "PotEng" in thermo:
        mean = _mean(thermo["PotEng"].to_numpy(dtype=float), n_blocks, "eV")
        scalars["mean potential energy"] = replace(mean, needs_same="atoms")
    equation = "E_conserved = E_pot + E_kin + energy of the thermostat (and barostat)"
    error_column = ("σ [eV]", mean_error(conserved, n_blocks))
    return _table("energy", "Energy", equation, columns, error_column, n_blocks, scalars)


def pressure_table(thermo: pd.DataFrame, n_blocks: int) -> Table:
    """Pressure of the whole cell [bar], vacuum and frozen atoms included."""
    time, t = _time(thermo)
    pressure = thermo["Press"].to_numpy(dtype=float)
    error = mean_error(pressure, n_blocks)
    equation = "p = (N k_B T + Σ r·f / 3) / V of the whole cell, vacuum and frozen layers included"
    scalars = {"mean pressure of the cell": _mean(pressure, n_blocks, "bar")}
    columns = {time: t, "p [bar]": pressure}
    return _table("pressure", "Pressure", equation, columns, ("σ [bar]", error), n_blocks, scalars)
