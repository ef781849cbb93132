"""Survival of water in the interfacial region 0 < z <= 4.5 Å, by both definitions in use.

    endpoint:    P(τ) = Σ_t N(t and t + τ) / Σ_t N(t)          (S13 of de Kam, Zhu et al. 2026, as printed)
    continuous:  P(τ) = Σ_t N(t, ..., t + τ) / Σ_t N(t)        (what published code computes; Liu, Harder, Berne,
                                                                J. Phys. Chem. B 108, 6595 (2004))

N(t and t + τ) counts the molecules that are in the region at both times, N(t, ..., t + τ) those that are there in
every frame between as well; t runs over the origins for which t + τ was seen.  The two differ (0.977 against 0.945
at 2.5 ps on our reference run), so each has its own table.  With `tolerance_ps` > 0 an absence of at most that long,
between two presences, is overlooked (Impey, Madden, McDonald, J. Phys. Chem. 87, 5071 (1983)) in both.

Units: ps (frames where the timestep is unknown), Å.  Residence times: the integral of P to the longest lag (a lower
bound where P has not decayed) and τ of an exponential fitted to ln P over the lags `fit_ps`.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.correlation import Correlation, CorrelationOptions, autocorrelation, ratio
from lmpdrive.observables.decay import integral_time
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.regions import INTERFACE_A, SIDES, Region, sampled_waters
from lmpdrive.observables.resampling import Estimate, Groups
from lmpdrive.observables.sparse import by_sample, presence
from lmpdrive.observables.tables import Scalar
from lmpdrive.observables.windows import Arrays
from lmpdrive.trajectory.frames import Chunk

MEANING = {
    "endpoint": "in the region at t and at t + τ",
    "continuous": "in the region at every frame from t to t + τ",
}


class Survival(Correlation):
    """P(τ) by one of the two definitions."""

    class Options(CorrelationOptions):
        """Windows of 2.5 ps; all pairs."""

        region_A: tuple[float, PositiveFloat] = INTERFACE_A
        """low < z <= high, from the surface plane."""
        tolerance_ps: NonNegativeFloat = 0.0
        """An absence of at most this long does not count as one."""

    per_face = True
    equation = (
        "P(τ) = ⟨N⟩ / ⟨N(t)⟩, N: in the region at t and t + τ (endpoint), at every frame from t to t + τ (continuous)"
    )
    columns = ("P [1]",)
    error_columns = ("σ [1]",)
    n_rows = 2

    def __init__(self, settings: Settings, definition: str, oxygens: NDArray[np.int64], n_atoms: int) -> None:
        super().__init__(settings)
        self.definition = definition
        self.name = f"survival_{definition}"
        self.title = f"Survival of interfacial water, {definition}"
        self.region = Region("interface", *self.options.region_A)
        self.tolerance = int(self.options.tolerance_ps / self.step_ps + 1e-6)
        self.used = np.isin(np.arange(n_atoms), self.thin(oxygens))
        self.groups = Groups(np.flatnonzero(self.used))

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs water and a surface."""
        if not (interface.may_have_water and interface.has_surface):
            return []
        return [cls(settings, definition, interface.oxygens, interface.topology.n_atoms) for definition in MEANING]

    def sample(self, chunk: Chunk, interface: InterfaceFrames, picks: NDArray[np.int64]) -> Arrays:
        """The molecules in the region; a key is a molecule at one of the surfaces."""
        rows, at = sampled_waters(interface, picks)
        oxygen = interface.water.oxygen[rows]
        side, found = np.nonzero(self.region.inside(interface, rows) & self.used[oxygen])
        return by_sample(at[found], len(picks), oxygen[found] * SIDES + side)

    def correlate(self, samples: Arrays, n_origins: int) -> Array:
        """Survivors, molecules at the origins that have a frame τ later, number of those origins."""
        inside, keys = presence(samples[0])
        if self.tolerance:
            inside = without_gaps(inside, self.tolerance)
        members = self.groups.members(keys // SIDES)
        if self.definition == "endpoint":
            survivors = np.rint(autocorrelation(inside, n_origins, self.n_lags, members))
        else:
            survivors = continuous(inside, n_origins, self.n_lags, members)
        return np.stack([survivors, at_origins(inside, n_origins, self.n_lags, members)], axis=1)

    def curves(self, sums: Array) -> Array:
        """P."""
        return ratio(sums[0], sums[1])[None]

    def pairs(self, sums: Array) -> Array:
        """Molecules at the origins."""
        return sums[1]

    def notes(self) -> tuple[str, ...]:
        """Region, definition, and the tolerance if there is one."""
        note = f"Region {self.region}; a molecule survives if it is {MEANING[self.definition]}."
        if self.tolerance:
            note += f" Absences of up to {self.options.tolerance_ps:g} ps are overlooked."
        return (note,)

    def scalars(self, estimate: Estimate) -> dict[str, Scalar]:
        """Survival at the longest lag, and both residence times."""
        start, stop = self.fit_range()
        what = f"{self.definition} definition; {self.region}"
        lags = estimate.lags
        return {
            f"survival ({self.definition}) at {lags[-1]:.4g} {self.unit}": estimate.scalar(
                lambda p: float(p[-1]), 0, "1", f"{self.region}"
            ),
            f"residence time ({self.definition}, integral)": estimate.scalar(
                lambda p: integral_time(lags, p),
                0,
                self.unit,
                f"∫ P dτ to {lags[-1]:.4g} {self.unit}: lower bound; {what}",
            ),
            f"residence time ({self.definition}, exponential)": estimate.exponential(
                0,
                start,
                stop,
                self.unit,
                f"fit of ln P from {start:.4g} to {stop:.4g} {self.unit}; {what}",
            ),
        }


def continuous(present: NDArray[np.bool_], n_origins: int, n_lags: int, members: Array | None = None) -> Array:
    """(groups, n_lags) how many (origin, column) are present in every row from the origin to `lag` rows later.

    present : (n, M); members : (groups, M) as in `autocorrelation`.
    """
    n, columns = present.shape
    weights = np.ones((1, columns)) if members is None else members
    if not columns:
        return np.zeros((len(weights), n_lags))
    # first row from t on in which the column is absent (n if none): how long each origin lasts
    row = np.arange(n, dtype=np.int32)[:, None]
    absent_at = np.where(present, np.int32(n), row)
    ends = np.minimum.accumulate(absent_at[::-1], axis=0)[::-1]
    lasts = np.minimum((ends - row)[:n_origins], n_lags) + (n_lags + 1) * weights.argmax(axis=0)
    histogram = np.bincount(lasts.ravel(), minlength=(n_lags + 1) * len(weights)).reshape(len(weights), -1)
    # present for `lasts` rows: survives lags 0 ... lasts - 1
    return histogram[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:].astype(float)


def at_origins(present: NDArray[np.bool_], n_origins: int, n_lags: int, members: Array) -> Array:
    """(groups, n_lags) how many are present at the origins t < n_origins that have a row t + τ."""
    usable = np.clip(len(present) - np.arange(n_lags), 0, n_origins)
    counts = present[:n_origins].astype(float) @ members.T
    summed = np.concatenate([np.zeros((1, len(members))), np.cumsum(counts, axis=0)])
    return summed[usable].T


def without_gaps(present: NDArray[np.bool_], longest: int) -> NDArray[np.bool_]:
    """`present` (n, M) with the absences of at most `longest` rows between two presences filled."""
    n = len(present)
    row = np.arange(n)[:, None]
    last = np.maximum.accumulate(np.where(present, row, -n - longest), axis=0)
    following = np.minimum.accumulate(np.where(present, row, 3 * n + longest)[::-1], axis=0)[::-1]
    filled: NDArray[np.bool_] = following - last - 1 <= longest
    return present | filled
