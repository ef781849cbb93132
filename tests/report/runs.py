"""Runs as an analysis sees them: manifests, logs and tables of chosen temperature, drift, water and convergence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from lmpdrive.common.manifest import Manifest
from lmpdrive.observables.convergence import assess
from lmpdrive.observables.tables import Table
from lmpdrive.observables.thermodynamics import thermo_tables
from lmpdrive.observables.water import SPECIES

N_METAL, N_FIXED, N_WATER, N_NA = 96, 48, 93, 3
MOBILE = N_METAL - N_FIXED + 3 * N_WATER + N_NA
ROW_PS = 0.01


def manifest(state="finished", target=300, ensemble="nvt", production_ps=50.0, fixed=N_FIXED, **more) -> Manifest:
    species = ["Au"] * N_METAL + ["O", "H", "H"] * N_WATER + ["Na"] * N_NA
    ends = np.cumsum([0, N_METAL, 3 * N_WATER, N_NA])
    groups = {name: f"{a + 1}:{b}" for name, a, b in zip(("metal", "water", "ion_Na"), ends, ends[1:])}
    if fixed:
        groups["fixed"] = f"1:{fixed}"
    return Manifest.of(
        {
            "state": state,
            "system": {"elements": ["Au", "H", "Na", "O"], "species": species, "groups": groups},
            "dynamics": {
                "timestep_fs": 0.5,
                "temperature_K": target,
                "ensemble": ensemble,
                "stages": [{"name": "production", "steps": round(production_ps * 2000)}],
            },
        }
        | more
    )


def correlated(n, rng, tau_rows=10.0):
    """A stationary series of unit variance, correlated over `tau_rows` rows."""
    keep = np.exp(-1.0 / tau_rows)
    noise = rng.normal(size=n) * np.sqrt(1 - keep**2)
    x = np.empty(n)
    x[0] = rng.normal()
    for i in range(1, n):
        x[i] = keep * x[i - 1] + noise[i]
    return x


def log(ps=50.0, drift=0.0, metal=300.0, water=300.0, na=300.0, noise_eV=0.02, seed=0, fixed=N_FIXED) -> pd.DataFrame:
    """A thermo table: groups at these temperatures [K] with canonical fluctuations; `drift` in meV/atom/ns."""
    n, rng = round(ps / ROW_PS), np.random.default_rng(seed)
    t = ROW_PS * np.arange(n)
    atoms = {"metal": N_METAL - fixed, "water": 3 * N_WATER, "ion_Na": N_NA}
    means = {"metal": metal, "water": water, "ion_Na": na}
    groups = {name: mean * (1 + np.sqrt(2 / (3 * atoms[name])) * correlated(n, rng)) for name, mean in means.items()}
    mobile = sum(atoms.values())
    columns = {"run": 0, "Step": 20 * np.arange(n), "Time": t}
    columns["Temp"] = sum(atoms[name] * groups[name] for name in atoms) / mobile
    columns |= {"PotEng": -100.0 + correlated(n, rng), "TotEng": -95.0}
    columns["Econserve"] = -95.0 + drift * 1e-6 * mobile * t + noise_eV * rng.normal(size=n)
    return pd.DataFrame(columns | {f"c_T_{name}": values for name, values in groups.items()})


def tables(rows: pd.DataFrame, n_mobile=MOBILE) -> dict[str, Table]:
    return thermo_tables(rows, n_mobile, 10)


def profile(name: str, error: float, ps=50.0, blocks=10) -> Table:
    """A flat profile of 1 g/cm^3 with this σ, assessed against 5 %."""
    data = pd.DataFrame({"z [Å]": np.arange(20) * 0.1, "ρ [g/cm^3]": 1.0, "σ [g/cm^3]": error if blocks else np.nan})
    n = round(ps / ROW_PS)
    table = Table(
        name, name.replace("_", " ").title(), "profile", data, n_blocks=blocks, n_frames=n, statistical_inefficiency=5
    )
    return replace(table, convergence=assess(table, ROW_PS, 0.05))


def waters(intact, hydroxide=0.0, free=0.0, n=100) -> Table:
    """`water_species` with so many intact waters in each frame."""
    counts = {f"{species} [1]": np.zeros(n) for species in SPECIES}
    counts["H2O [1]"] += intact
    counts["OH- [1]"] += hydroxide
    counts["H without O [1]"] += free
    data = pd.DataFrame({"t [ps]": ROW_PS * np.arange(n), **counts})
    data.insert(2, "σ [1]", 0.0)
    return Table("water_species", "Water and what it breaks into", "series", data, n_blocks=10, n_frames=n)
