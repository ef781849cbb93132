"""Mean ⟨cos 2θ⟩(z) of the water at z, between -1 and 1; NaN where there is no water."""

from __future__ import annotations

from typing import Self

import numpy as np

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.profile import Bins, Profile, cosines, first_layer
from lmpdrive.trajectory.frames import Chunk


class WaterCos2Theta(Profile):
    """cos 2θ = 2 cos²θ - 1: +1 with the dipole along the normal (either way), -1 in the plane, -1/3 if isotropic.

    Tells order from disorder where ⟨cos θ⟩ cannot: as many up as down and all in the plane both have ⟨cos θ⟩ = 0.
    """

    name = "water_cos_2theta"
    title = "Mean water alignment"
    equation = "⟨cos 2θ⟩(z) = ⟨Σ (2 cos²θ_i − 1)⟩/⟨N⟩ in each bin; +1 along the normal, −1 in the plane, −1/3 isotropic"
    column = "<cos 2θ> [1]"
    error_column = "σ [1]"
    group = "water"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.counts = Bins(settings.bin_width_A)

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Only where there is O and H."""
        return [cls(settings)] if interface.may_have_water else []

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Sum of cos 2θ and number of waters."""
        double = 2.0 * cosines(interface) ** 2 - 1.0
        self.counts.add(interface.water_distances, np.ones_like(double))
        self.update_profile(interface.water_distances, double, first_layer(interface, double[0]), interface)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.counts.merge(other.counts)

    def values(self, low: int, high: int) -> Array:
        """Mean in each bin."""
        count = self.counts.within(low, high)
        empty = count == 0
        return np.where(empty, np.nan, self.bins.within(low, high) / np.where(empty, 1.0, count))
