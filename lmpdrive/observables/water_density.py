"""Water density ρ(z) in g/cm^3, O positions as the molecules, 18.015 g/mol."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np

from lmpdrive.common.units import G_PER_CM3_PER_U_PER_A3, WATER_MOLAR_MASS_G_PER_MOL
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.blocks import statistical_inefficiency
from lmpdrive.observables.error_sources import BlockSampling
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.peaks import first_minimum, first_peak, position_with_error, with_error
from lmpdrive.observables.profile import Profile, first_layer, per_frame
from lmpdrive.observables.tables import Reference, Scalar
from lmpdrive.trajectory.frames import Chunk

G_PER_CM3_PER_WATER_PER_A3 = WATER_MOLAR_MASS_G_PER_MOL * G_PER_CM3_PER_U_PER_A3


class WaterDensity(Profile):
    """ρ(z) = M_w <N_bin>/(A Δz): N_bin waters whose O lies in the bin, A the area of the surface."""

    name = "water_density"
    title = "Water density"
    equation = "ρ(z) = M_w ⟨N(z, z + Δz)⟩ / (N_A A Δz), M_w = 18.015 g/mol, water counted at its O"
    column = "ρ [g/cm^3]"
    error_column = "σ [g/cm^3]"
    needs_bulk = True
    non_negative = ("ρ [g/cm^3]",)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._in_bulk: list[Array] = []

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Only where there is O and H."""
        return [cls(settings)] if interface.may_have_water else []

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Each water counts 1/(A S): S surfaces, each seen from its own plane."""
        self.update_profile(interface.water_distances, interface.water_weights, first_layer(interface), interface)
        inside = self.settings.bulk.holds(interface.water_distances).sum(axis=0).astype(float)
        self._in_bulk.append(per_frame(interface.water.frame, inside, len(chunk)))

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self._in_bulk += other._in_bulk

    def references(self) -> tuple[Reference, ...]:
        """Liquid water at 25 °C and 1 bar (IAPWS-95)."""
        return (Reference(0.997, "water at 25 °C: 0.997"),)

    def values(self, low: int, high: int) -> Array:
        """g/cm^3 in each bin."""
        number = self.bins.within(low, high) / (self.n_frames * self.bins.width)
        return number * G_PER_CM3_PER_WATER_PER_A3

    def scalars(self, z: Array, profile: Array, rests: Array) -> dict[str, Scalar]:
        """Bulk density, first peak and first minimum."""
        bulk, unit = self.settings.bulk, "g/cm^3"
        out = {"bulk water density": Scalar(float("nan"), unit=unit, note=f"{bulk}", source=bulk.why)}
        if bulk.exists:
            density = with_error(lambda p: bulk.mean(z, p), profile, rests, unit, f"mean over {bulk}")
            # the bulk forgets sooner than the first layer, which stands for the profile
            inefficiency = statistical_inefficiency(np.concatenate(self._in_bulk))
            sampling = BlockSampling(self.n_frames, len(rests), inefficiency, self.settings.frame_interval_ps)
            out["bulk water density"] = replace(sampling.behind(density), headline=True)
        if self.has_surface:
            out["first peak of the water density: position"] = position_with_error(
                lambda p: first_peak(z, p)[0], profile, rests, "Å", "distance from the surface plane"
            )
            out["first peak of the water density: height"] = with_error(
                lambda p: first_peak(z, p)[1], profile, rests, unit
            )
            out["first minimum of the water density: position"] = position_with_error(
                lambda p: first_minimum(z, p)[0], profile, rests, "Å"
            )
        return out
