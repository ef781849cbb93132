"""The true dipole of the teacher's frames beside what stands for it where only positions are known (study Fig. S10).

    M_z = Σ_i q_i z_i      P_z = Σ_w cos θ_w

M_z [e Å] of the teacher's charges, those of the electrode included: of the whole cell, which is neutral, and of the
water alone.  P_z, dimensionless, counts the waters' orientations (`dipole_pz`), and has no part of the ions and of the
metal's answer to them; M_z/(A ε0) is the potential step across the cell.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmpdrive.common.manifest import system_of
from lmpdrive.report.analysed import load
from lmpdrive.studies.campaigns import directories
from lmpdrive.studies.plan import TEACHER, StudyPlan
from lmpdrive.trajectory.labelled import CHARGES

if TYPE_CHECKING:
    import pandas as pd
    from ase import Atoms

ORIENTATIONS, WHOLE, WATER = "P_z [1]", "M_z [e Å]", "M_z of the water [e Å]"


def dipoles(plan: StudyPlan) -> pd.DataFrame:
    """A row for each held-back frame; empty where the reference has no charges or P_z was not asked for."""
    import pandas as pd
    from ase.io import read

    rows: list[dict[str, Any]] = []
    for state, runs in directories(plan, TEACHER).items():
        orientations = {run.name: _orientations(run) for run in runs}
        waters = {run.name: system_of(run).members("water") for run in runs}
        for atoms in read(plan.test_of(state), ":"):
            name = atoms.info["run"]
            p_z = orientations[name].get(_key(atoms.info["time_ps"]))
            if p_z is not None and CHARGES in atoms.arrays:
                row = {"state": state, "run": name, "t [ps]": atoms.info["time_ps"], ORIENTATIONS: p_z}
                rows.append(row | _moments(atoms, waters[name]))
    return pd.DataFrame(rows)


def _moments(atoms: Atoms, water: list[int]) -> dict[str, float]:
    each = atoms.arrays[CHARGES] * atoms.positions[:, 2]
    return {WHOLE: float(each.sum()), WATER: float(each[water].sum())}


def _orientations(run: Path) -> dict[int, float]:
    """Time -> P_z of the run's analysis."""
    table = load(run).tables.get("dipole_pz")
    if table is None or "t [ps]" not in table.data:
        return {}
    return {_key(t): float(p_z) for t, p_z in zip(table.data["t [ps]"], table.data[ORIENTATIONS], strict=True)}


def _key(time_ps: float) -> int:
    """Times as whole attoseconds, which can be compared."""
    return round(1e6 * time_ps)
