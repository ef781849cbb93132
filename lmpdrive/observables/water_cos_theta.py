"""Mean orientation ⟨cos θ⟩(z) of the water at z, between -1 and 1; NaN where there is no water."""

from __future__ import annotations

from typing import Self

import numpy as np

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.profile import Bins, Profile, cosines, first_layer
from lmpdrive.trajectory.frames import Chunk


class WaterCosTheta(Profile):
    """Σ cos θ/Σ 1 over the waters of a bin; σ from the blocks that have water there (at least two)."""

    name = "water_cos_theta"
    title = "Mean water orientation"
    equation = "⟨cos θ⟩(z) = ⟨Σ cos θ_i⟩/⟨N⟩ in each bin; positive where H points away from the surface"
    column = "<cos θ> [1]"
    error_column = "σ [1]"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.counts = Bins(settings.bin_width_A)

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Only where there is O and H."""
        return [cls(settings)] if interface.may_have_water else []

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Sum of cos θ and number of waters."""
        cosine = cosines(interface)
        self.counts.add(interface.water_distances, np.ones_like(cosine))
        self.update_profile(interface.water_distances, cosine, first_layer(interface, cosine[0]), interface)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.counts.merge(other.counts)

    def values(self, low: int, high: int) -> Array:
        """Mean in each bin."""
        count = self.counts.within(low, high)
        empty = count == 0
        return np.where(empty, np.nan, self.bins.within(low, high) / np.where(empty, 1.0, count))
