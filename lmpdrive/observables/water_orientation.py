"""Orientation profile ρ(z)⟨cos θ⟩(z) in g/cm^3: where the water dipole points, weighted with how much there is."""

from __future__ import annotations

from typing import Self

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.profile import Profile, cosines, first_layer
from lmpdrive.observables.water_density import G_PER_CM3_PER_WATER_PER_A3
from lmpdrive.trajectory.frames import Chunk


class WaterOrientation(Profile):
    """ρ⟨cos θ⟩ with cos θ = p_z/|p|, p = (r_H1 - r_O) + (r_H2 - r_O); positive: H point away from the surface."""

    name = "water_orientation"
    title = "Water orientation"
    equation = (
        "ρ(z)⟨cos θ⟩(z), cos θ = p_z/|p|, p = (r_H1 − r_O) + (r_H2 − r_O); "
        "positive where H points away from the surface"
    )
    column = "ρ<cos θ> [g/cm^3]"
    error_column = "σ [g/cm^3]"

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Only where there is O and H."""
        return [cls(settings)] if interface.may_have_water else []

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Each water counts cos θ/(A S)."""
        cosine = cosines(interface)
        weights = cosine * interface.water_weights
        self.update_profile(interface.water_distances, weights, first_layer(interface, cosine[0]), interface)

    def values(self, low: int, high: int) -> Array:
        """g/cm^3 in each bin."""
        return self.bins.within(low, high) / (self.n_frames * self.bins.width) * G_PER_CM3_PER_WATER_PER_A3
