"""Concentration profile of each kind of ion and molecule in mol/L, counted at one atom of each."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.units import MOL_PER_L_PER_A3
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.peaks import highest_peak, position_with_error
from lmpdrive.observables.profile import Profile
from lmpdrive.observables.tables import Scalar
from lmpdrive.trajectory.frames import Chunk


class IonDensity(Profile):
    """c(z) = <N_bin>/(N_A A Δz) of one kind of ion or molecule: Na, or ClO4 at its Cl."""

    equation = "c(z) = ⟨N(z, z + Δz)⟩ / (N_A A Δz)"
    error_column = "σ [mol/L]"

    def __init__(self, settings: Settings, element: str, atoms: NDArray[np.int64]) -> None:
        super().__init__(settings)
        self.element, self.atoms = element, atoms
        self.name = f"ion_density_{element}"
        self.title = f"{element} concentration"
        self.column = f"c_{element} [mol/L]"
        self.non_negative = (self.column,)

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """One for each kind of ion and molecule; none in a bulk phase, whose elements are no ions."""
        counted = {} if interface.is_bulk else interface.ions | interface.others
        return [cls(settings, name, atoms) for name, atoms in counted.items()]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Each ion counts 1/(A S); the per-frame series is the mean distance from the (first) surface."""
        x = interface.distances(self.atoms)
        weights = np.broadcast_to((1.0 / interface.areas / len(x))[None, :, None], x.shape)
        self.update_profile(x, weights, x[0].mean(axis=1), interface)

    def values(self, low: int, high: int) -> Array:
        """mol/L in each bin."""
        return self.bins.within(low, high) / (self.n_frames * self.bins.width) * MOL_PER_L_PER_A3

    def scalars(self, z: Array, profile: Array, rests: Array) -> dict[str, Scalar]:
        """Where the ion is most of the time."""
        peak = position_with_error(lambda p: highest_peak(z, p), profile, rests, "Å", "highest, from the surface plane")
        return {f"{self.element} peak: position": peak}
