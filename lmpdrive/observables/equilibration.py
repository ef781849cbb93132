"""How much of the start is not equilibrated: the cut that leaves most independent samples.

J. D. Chodera, J. Chem. Theory Comput. 12, 1799 (2016), as pymbar.timeseries implements it; a test compares the two
(loading pymbar, with JAX and all of scipy.stats, takes longer than the analysis of a short run).  That cut is rarely
zero, even for a stationary series; a start is called not equilibrated when its mean differs from the mean of the rest
by more than three standard errors.  A cut in the last fifth of the run is refused: what is still changing there has not
settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lmpdrive.observables.base import Array
from lmpdrive.observables.blocks import statistical_inefficiency
from lmpdrive.observables.tables import Span, Table

SIGNALS = {
    "water_density": "water within 4.5 Å of the surface",
    "dipole_pz": "dipole P_z of the film",
    "energy": "potential energy",
}
"""Table -> the signal.  Not ions: a few of them never settle within tens of ps."""

MOST_POINTS = 4000
TRIED = 100
"""Cuts tried; the answer is as fine as 1 % of the run."""
FIRST_LAGS = 3
"""Lags that always count: an anticorrelation of neighbours is no end of the correlation."""

SIGMAS = 3.0
LATEST = 0.8
"""A cut in the last fifth is refused: so short a rest cannot show that anything has settled."""
SHORTEST = 20
"""Fewer values do not show when they settle."""


@dataclass(frozen=True)
class Equilibration:
    """The result for one signal.

    start_ps : time to leave out, from the first analysed frame [ps]; 0 if the start does not differ from the rest.
    n_effective : independent samples after the cut.
    sigmas : difference of the means before and after the cut, in standard errors.
    fraction : share of the run that is to be left out.
    run_ps : length of the run [ps].
    """

    signal: str
    start_ps: float
    n_effective: float
    sigmas: float
    fraction: float
    run_ps: float = float("nan")

    @property
    def unequilibrated(self) -> bool:
        """The start differs from the rest."""
        return self.start_ps > 0

    @property
    def late(self) -> bool:
        """The cut is in the last fifth of the run, and no cut at all."""
        return self.unequilibrated and self.fraction > LATEST

    @property
    def refusal(self) -> str:
        """Why a late cut is not made."""
        return (
            f"{self.signal} is still changing {self.start_ps:.3g} ps into the {self.run_ps:.3g} ps of the run, in its "
            "last fifth: it has not settled, and nothing is left out for it. Run longer."
        )


def detect(signal: str, times_ps: Array, series: Array) -> Equilibration | None:
    """When `series` has settled; None if it is too short, constant, or has values that are not numbers."""
    if len(series) < SHORTEST or not np.isfinite(series).all() or np.ptp(series) == 0:
        return None
    every = -(-len(series) // MOST_POINTS)
    n = len(series) // every * every
    values = series[:n].reshape(-1, every).mean(axis=1)
    if np.ptp(values) == 0:
        return None
    cut, inefficiency, n_effective = best_cut(values)
    # a cut near the end leaves a stretch too short to see its own correlation time
    inefficiency = max(inefficiency, float(np.nan_to_num(statistical_inefficiency(values[len(values) // 2 :]), nan=1)))
    before, after = values[:cut], values[cut:]
    sigmas = 0.0
    if len(before) and len(after) > 2:
        samples = max(1.0, len(before) / inefficiency), max(1.0, len(after) / inefficiency)
        error = np.sqrt(after.var(ddof=1) * (1 / samples[0] + 1 / samples[1]))
        sigmas = float(abs(before.mean() - after.mean()) / error) if error > 0 else float("inf")
    run_ps = float(times_ps[-1] - times_ps[0])
    if sigmas <= SIGMAS:
        return Equilibration(signal, 0.0, len(series) / statistical_inefficiency(series), sigmas, 0.0, run_ps)
    start_ps = float(times_ps[cut * every] - times_ps[0])
    return Equilibration(signal, start_ps, n_effective, sigmas, cut / len(values), run_ps)


def best_cut(values: Array) -> tuple[int, float, float]:
    """(first equilibrated value, statistical inefficiency g of the rest, its number of independent samples).

    Of `TRIED` cuts, that whose rest has the most independent samples, (N + 1) / g.
    """
    cuts = np.arange(0, len(values) - 1, max(1, len(values) // TRIED))
    inefficiencies = np.array([_sparse_inefficiency(values[cut:]) for cut in cuts])
    samples = (len(values) - cuts + 1) / inefficiencies
    best = int(samples.argmax())
    return int(cuts[best]), float(inefficiencies[best]), float(samples[best])


def _sparse_inefficiency(series: Array) -> float:
    """g = 1 + 2 Σ_t (1 - t/N) C(t) Δt at the lags t = 1, 2, 4, 7, ..., which come Δt = 1, 2, 3, ... apart.

    Summed to the first C(t) <= 0 behind the lag 3; a constant has one independent sample.
    """
    n = len(series)
    centred = series - series.mean()
    variance = (centred * centred).mean()
    if variance == 0:
        return float(n + 1)
    g, lag, step = 1.0, 1, 1
    while lag < n - 1:
        correlation = float(centred[: n - lag] @ centred[lag:]) / ((n - lag) * variance)
        if correlation <= 0 and lag > FIRST_LAGS:
            break
        g += 2 * correlation * (1 - lag / n) * step
        lag += step
        step += 1
    return max(1.0, g)


def from_results(sampled: Mapping[str, tuple[Array, Array]], tables: Mapping[str, Table]) -> list[Equilibration]:
    """The result for each signal.

    sampled : observable -> (times [ps], per-frame series).
    tables : `energy` is taken from here.
    """
    found = []
    for name, what in SIGNALS.items():
        for suffix, where in (("", ""), ("_lower", " (lower)"), ("_upper", " (upper)")):
            if f"{name}{suffix}" in sampled:
                found.append(detect(f"{what}{where}", *sampled[f"{name}{suffix}"]))
    energy = tables.get("energy")
    if energy is not None and "E_potential [eV]" in energy.data and energy.data.columns[0] == "t [ps]":
        found.append(detect(SIGNALS["energy"], energy.x, energy.data["E_potential [eV]"].to_numpy(dtype=float)))
    return [one for one in found if one is not None]


def discard_ps(found: list[Equilibration]) -> float:
    """Time to leave out [ps]: the longest that a signal with an unequilibrated start asks for, late ones refused."""
    return max((one.start_ps for one in found if one.unequilibrated and not one.late), default=0.0)


def marked(tables: Mapping[str, Table], found: list[Equilibration]) -> dict[str, Table]:
    """The tables, those against time with a start that is not equilibrated shaded."""
    start_ps = discard_ps(found)
    if not start_ps:
        return dict(tables)
    return {
        name: replace(table, spans=(*table.spans, Span(table.x[0], table.x[0] + start_ps, "not equilibrated")))
        if table.kind == "series" and len(table.data) and table.data.columns[0] == "t [ps]"
        else table
        for name, table in tables.items()
    }
