"""How long a hydrogen bond lives: intermittent and continuous correlation of its existence.

    C(τ) = <h(t) h(t + τ)> / <h(t)>               intermittent: bonded at t and at t + τ
    S(τ) = <h(t) h(t + 1) ... h(t + τ)> / <h(t)>   continuous: at every sampled frame between as well

h is 1 while a given H is bonded to a given acceptor O.  After Rapaport, Mol. Phys. 50, 1151 (1983) and Luzar,
Chandler, Nature 379, 55 (1996).  S depends on how often frames are sampled (`sample_ps`): a bond that opens for less
than that is not seen to open.  C does not go to zero but to the chance of finding that pair bonded again.

Criterion: `hydrogen_bond_search`.  Units: ps (frames where the timestep is unknown).  Lifetimes: the integrals of S
and C to the longest lag, and τ of an exponential fitted to ln C over the lags `fit_ps`.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.correlation import Correlation, CorrelationOptions, autocorrelation, ratio
from lmpdrive.observables.decay import integral_time
from lmpdrive.observables.hydrogen_bond_search import CriterionOptions, criterion_text, hydrogen_bonds
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.resampling import Estimate, Groups
from lmpdrive.observables.sparse import by_sample, presence
from lmpdrive.observables.survival import at_origins, continuous
from lmpdrive.observables.tables import Scalar
from lmpdrive.observables.windows import Arrays
from lmpdrive.trajectory.frames import Chunk


class HydrogenBondLifetime(Correlation):
    """C and S of all hydrogen bonds that waters donate."""

    class Options(CorrelationOptions, CriterionOptions):
        """All pairs up to 5 ps, of frames 0.05 ps apart."""

        window_ps: PositiveFloat = 5.0
        """Longest lag, and length of the windows."""
        sample_ps: NonNegativeFloat = 0.05
        """Time between the frames that are used; 0 uses every frame."""

    name = "hydrogen_bond_lifetime"
    title = "Lifetime of hydrogen bonds"
    equation = "C(τ) = ⟨h(t) h(t + τ)⟩/⟨h⟩, S(τ) = ⟨h(t) ... h(t + τ)⟩/⟨h⟩, h: this H is bonded to this O"
    columns = ("C [1]", "S [1]")
    error_columns = ("σ [1]", "σ_S [1]")
    n_rows = 3

    def __init__(self, settings: Settings, oxygens: NDArray[np.int64], n_atoms: int) -> None:
        super().__init__(settings)
        self._oxygens = oxygens
        self._used = np.isin(np.arange(n_atoms), self.thin(oxygens))
        self.groups = Groups(oxygens)

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs water."""
        if not interface.may_have_water:
            return []
        return [cls(settings, interface.topology.select("O"), interface.topology.n_atoms)]

    def sample(self, chunk: Chunk, interface: InterfaceFrames, picks: NDArray[np.int64]) -> Arrays:
        """The bonds; a key is an H and its acceptor."""
        bonds = hydrogen_bonds(chunk, interface, self._oxygens, self.options)
        water = interface.water
        sample = np.full(len(chunk), -1)
        sample[picks] = np.arange(len(picks))
        at = sample[water.frame[bonds.row]]
        kept = (at >= 0) & self._used[water.oxygen[bonds.row]]
        return by_sample(at[kept], len(picks), bonds.hydrogen[kept] * len(self._used) + bonds.acceptor[kept])

    def correlate(self, samples: Arrays, n_origins: int) -> Array:
        """Bonds that are there at t + τ, that were there all the time, and bonds at the origins."""
        bonded, keys = presence(samples[0])
        members = self.groups.members(keys % len(self._used))
        return np.stack(
            [
                np.rint(autocorrelation(bonded, n_origins, self.n_lags, members)),
                continuous(bonded, n_origins, self.n_lags, members),
                at_origins(bonded, n_origins, self.n_lags, members),
            ],
            axis=1,
        )

    def curves(self, sums: Array) -> Array:
        """C and S."""
        return np.stack([ratio(sums[0], sums[2]), ratio(sums[1], sums[2])])

    def notes(self) -> tuple[str, ...]:
        """The criterion."""
        return (criterion_text(self.options), "S depends on the time between samples.")

    def scalars(self, estimate: Estimate) -> dict[str, Scalar]:
        """Lifetimes."""
        lags = estimate.lags
        start, stop = self.fit_range()
        upto = f"to {lags[-1]:.4g} {self.unit} or zero"

        def integral(i: int, name: str) -> Scalar:
            return estimate.scalar(lambda c: integral_time(lags, c), i, self.unit, f"∫ {name} dτ {upto}")

        return {
            "hydrogen bond lifetime (continuous, integral)": integral(1, "S"),
            "hydrogen bond lifetime (intermittent, integral)": integral(0, "C"),
            "hydrogen bond lifetime (intermittent, exponential)": estimate.exponential(
                0,
                start,
                stop,
                self.unit,
                f"fit of ln C from {start:.4g} to {stop:.4g} {self.unit}",
            ),
        }
