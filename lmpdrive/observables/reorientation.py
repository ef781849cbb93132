"""Reorientation of water: C_1(τ) and C_2(τ) of its O-H bonds and of its dipole, at the interface and in the bulk.

    C_l(τ) = <P_l(u_i(t) · u_i(t + τ))>,   P_1(x) = x,   P_2(x) = (3 x^2 - 1)/2

u_i is the unit vector of an O-H bond (`reorientation_oh_...`) or of the bisector (`reorientation_dipole_...`).  The
mean is over molecules whose O is in the region both at t and at t + τ.  C_2 of the O-H bond is what infrared
pump-probe anisotropy and, as its integral, NMR relaxation measure (Laage, Hynes, J. Phys. Chem. B 112, 14230 (2008)).

An O-H vector belongs to its pair of atoms: when a proton hops it starts anew.  Units: ps (frames where the timestep
is unknown), Å.  Times: integral of C_l to the longest lag (a lower bound where C_l has not decayed) and τ of an
exponential fitted to ln C_l over the lags `fit_ps`, which start after the librations.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.correlation import Correlation, CorrelationOptions, autocorrelation, ratio
from lmpdrive.observables.decay import integral_time
from lmpdrive.observables.dipole_correlation import unit_vectors
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.regions import INTERFACE_A, SIDES, Region, sampled_waters
from lmpdrive.observables.resampling import Estimate, Groups
from lmpdrive.observables.sparse import by_sample, dense
from lmpdrive.observables.tables import Scalar
from lmpdrive.observables.windows import Arrays
from lmpdrive.trajectory.frames import Chunk

VECTORS = {"oh": "O-H bond", "dipole": "dipole (bisector)"}


class Reorientation(Correlation):
    """C_1 and C_2 of one kind of vector in one region."""

    class Options(CorrelationOptions):
        """All pairs up to 5 ps, of frames 0.02 ps apart (a libration takes about 0.05 ps)."""

        window_ps: PositiveFloat = 5.0
        """Longest lag, and length of the windows."""
        sample_ps: NonNegativeFloat = 0.02
        """Time between the frames that are used; 0 uses every frame."""
        interface_A: tuple[float, PositiveFloat] = INTERFACE_A
        """low < z <= high of the interface, from the surface plane."""
        bulk_A: tuple[float, PositiveFloat] | None = None
        """low < z <= high of the bulk; default where the density is flat, as for the bulk water density."""

    per_face = True
    equation = "C_l(τ) = ⟨P_l(u(t)·u(t + τ))⟩, P_1(x) = x, P_2(x) = (3x² - 1)/2, in the region at t and t + τ"
    columns = ("C_2 [1]", "C_1 [1]")
    error_columns = ("σ [1]", "σ_C_1 [1]")
    n_rows = 3
    needs_bulk = True

    def __init__(self, settings: Settings, kind: str, where: str, interface: Interface) -> None:
        super().__init__(settings)
        self.kind = kind
        self.name = f"reorientation_{kind}_{where}"
        self.title = f"Reorientation of water: {VECTORS[kind]}, {where}"
        bounds = self.options.interface_A if where == "interface" else self.options.bulk_A
        self.region = Region(where, bulk=settings.bulk) if bounds is None else Region(where, *bounds)
        topology = interface.topology
        self.used = np.isin(np.arange(topology.n_atoms), self.thin(interface.oxygens))
        self.groups = Groups(np.flatnonzero(self.used))

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs water; the interface needs a surface."""
        if not interface.may_have_water:
            return []
        regions = ("interface", "bulk") if interface.has_surface else ("bulk",)
        return [cls(settings, kind, where, interface) for kind in VECTORS for where in regions]

    def sample(self, chunk: Chunk, interface: InterfaceFrames, picks: NDArray[np.int64]) -> Arrays:
        """Unit vectors of the molecules in the region; a key is a vector's atoms, at one of the surfaces."""
        rows, at = sampled_waters(interface, picks)
        water = interface.water
        inside = self.region.inside(interface, rows)
        side, found = np.nonzero(inside & self.used[water.oxygen[rows]])
        waters, at = rows[found], at[found]
        keys = (water.oxygen[waters] * SIDES + side) * len(self.used)
        if self.kind == "dipole":
            vectors = water.bisector[waters]
        else:
            vectors = water.bonds[waters].reshape(-1, 3)
            keys, at = (keys[:, None] + water.hydrogens[waters]).ravel(), np.repeat(at, 2)
        return by_sample(at, len(picks), keys, unit_vectors(vectors).astype(np.float32))

    def correlate(self, samples: Arrays, n_origins: int) -> Array:
        """Sums of u·u', of P_2(u·u'), and of pairs."""
        vectors, present, keys = dense(*samples)
        n = len(vectors)
        members = self.groups.members(keys // (len(self.used) * SIDES))
        first, second = (np.repeat(members, components, axis=1) for components in (3, 5))
        return np.stack(
            [
                autocorrelation(vectors.reshape(n, -1), n_origins, self.n_lags, first),
                autocorrelation(second_order(vectors).reshape(n, -1), n_origins, self.n_lags, second),
                np.rint(autocorrelation(present, n_origins, self.n_lags, members)),
            ],
            axis=1,
        )

    def curves(self, sums: Array) -> Array:
        """C_2 and C_1."""
        return np.stack([ratio(sums[1], sums[2]), ratio(sums[0], sums[2])])

    def notes(self) -> tuple[str, ...]:
        """The region."""
        return (f"Region {self.region.name}: {self.region}; a molecule counts if it is there at t and at t + τ.",)

    def scalars(self, estimate: Estimate) -> dict[str, Scalar]:
        """Both times of both orders."""
        lags = estimate.lags
        start, stop = self.fit_range()
        what = f"{VECTORS[self.kind]}, {self.region.name}"
        out = {}
        for i, order in enumerate((2, 1)):
            out[f"reorientation time τ_{order} ({what}, exponential)"] = estimate.exponential(
                i,
                start,
                stop,
                self.unit,
                f"fit of ln C_{order} from {start:.4g} to {stop:.4g} {self.unit}",
            )
            out[f"reorientation time τ_{order} ({what}, integral)"] = estimate.scalar(
                lambda c: integral_time(lags, c),
                i,
                self.unit,
                f"∫ C_{order} dτ to {lags[-1]:.4g} {self.unit} or C = 0",
            )
        return out


def second_order(u: NDArray[Any]) -> Array:
    """(..., 5) q with q·q' = P_2(u·u') for unit vectors u : (..., 3): the real spherical harmonics of order 2."""
    x, y, z = np.moveaxis(np.asarray(u, dtype=float), -1, 0)
    squared = x * x + y * y + z * z  # 0 where there is no molecule: q must vanish there too
    root = np.sqrt(3.0)
    return np.stack(
        [root * x * y, root * y * z, root * x * z, 1.5 * z * z - 0.5 * squared, 0.5 * root * (x * x - y * y)], -1
    )
