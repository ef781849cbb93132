"""C_dip(τ): how long the dipoles of interfacial waters keep their direction.

    C_dip(τ) = <p_i(t) · p_i(t + τ)> / <p_i(t) · p_i(t)>

p_i is the unit bisector of water i.  The mean is over molecules that are in the region 0 < z <= 4.5 Å both at t and
at t + τ (they may leave in between), and over the pairs of frames of each window of 2.5 ps.  Definition: design,
part 2, after the founding study (de Kam, Zhu et al. 2026); the quantity is that of Willard, Reed, Madden, Chandler,
Faraday Discuss. 141, 423 (2009).

Units: ps (frames where the timestep is unknown), Å.  The correlation time is given twice: the integral of C to the
longest lag, which is a lower bound if C has not decayed there, and τ of an exponential fitted to ln C over the lags
`fit_ps`.
"""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.correlation import Correlation, CorrelationOptions, autocorrelation, ratio
from lmpdrive.observables.decay import integral_time
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.regions import INTERFACE_A, SIDES, Region, sampled_waters
from lmpdrive.observables.resampling import Estimate, Groups
from lmpdrive.observables.sparse import by_sample, dense
from lmpdrive.observables.tables import Scalar
from lmpdrive.observables.windows import Arrays
from lmpdrive.trajectory.frames import Chunk


def unit_vectors(vectors: Array) -> Array:
    """Rows of length 1; a vector without a direction stays (nearly) zero."""
    length: Array = np.sqrt(np.einsum("wi,wi->w", vectors, vectors))
    return vectors / np.maximum(length, 1e-9)[:, None]


class DipoleCorrelation(Correlation):
    """<p(t)·p(t + τ)> of unit bisectors, in the region at both times, normalised by its value at τ = 0."""

    class Options(CorrelationOptions):
        """Windows of 2.5 ps and pairs within them, as defined."""

        region_A: tuple[float, PositiveFloat] = INTERFACE_A
        """low < z <= high, from the surface plane."""
        origins: Literal["window", "all"] = "window"
        """`window`: pairs within each window, as defined; `all`: all pairs up to the longest lag."""

    name = "dipole_correlation"
    title = "Dipole correlation of interfacial water"
    per_face = True
    equation = "C_dip(τ) = ⟨p_i(t)·p_i(t + τ)⟩ / C(0), unit bisectors, molecule in the region at t and t + τ"
    columns = ("C_dip [1]",)
    error_columns = ("σ [1]",)
    n_rows = 2

    def __init__(self, settings: Settings, oxygens: NDArray[np.int64], n_atoms: int) -> None:
        super().__init__(settings)
        self.region = Region("interface", *self.options.region_A)
        self.used = np.isin(np.arange(n_atoms), self.thin(oxygens))
        self.groups = Groups(np.flatnonzero(self.used))

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs water and a surface."""
        if not (interface.may_have_water and interface.has_surface):
            return []
        return [cls(settings, interface.oxygens, interface.topology.n_atoms)]

    def sample(self, chunk: Chunk, interface: InterfaceFrames, picks: NDArray[np.int64]) -> Arrays:
        """Unit bisectors of the molecules in the region; a key is a molecule at one of the surfaces."""
        rows, at = sampled_waters(interface, picks)
        oxygen = interface.water.oxygen[rows]
        side, found = np.nonzero(self.region.inside(interface, rows) & self.used[oxygen])
        vectors = unit_vectors(interface.water.bisector[rows[found]]).astype(np.float32)
        return by_sample(at[found], len(picks), oxygen[found] * SIDES + side, vectors)

    def correlate(self, samples: Arrays, n_origins: int) -> Array:
        """Sums of p·p' and of pairs."""
        vectors, present, keys = dense(*samples)
        members = self.groups.members(keys // SIDES)
        of_vectors = np.repeat(members, 3, axis=1)
        return np.stack(
            [
                autocorrelation(vectors.reshape(len(vectors), -1), n_origins, self.n_lags, of_vectors),
                np.rint(autocorrelation(present, n_origins, self.n_lags, members)),
            ],
            axis=1,
        )

    def curves(self, sums: Array) -> Array:
        """C_dip."""
        mean = ratio(sums[0], sums[1])
        return (mean / mean[0])[None]

    def notes(self) -> tuple[str, ...]:
        """The region."""
        return (f"Region {self.region}; a molecule counts if it is there at t and at t + τ.",)

    def scalars(self, estimate: Estimate) -> dict[str, Scalar]:
        """Both correlation times."""
        lags = estimate.lags
        start, stop = self.fit_range()
        region = f"{self.region}"
        return {
            "dipole correlation time (integral)": estimate.scalar(
                lambda c: integral_time(lags, c),
                0,
                self.unit,
                f"∫ C dτ to {lags[-1]:.4g} {self.unit} or C = 0; {region}",
            ),
            "dipole correlation time (exponential)": estimate.exponential(
                0,
                start,
                stop,
                self.unit,
                f"fit of ln C from {start:.4g} to {stop:.4g} {self.unit}; {region}",
            ),
        }
