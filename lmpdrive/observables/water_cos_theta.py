"""Mean orientation ⟨cos θ⟩(z) of the water at z, between -1 and 1; NaN where there is no water."""

from __future__ import annotations

from lmpdrive.observables.base import Array
from lmpdrive.observables.interface import InterfaceFrames
from lmpdrive.observables.profile import WaterMean, cosines


class WaterCosTheta(WaterMean):
    """Σ cos θ/Σ 1 over the waters of a bin; no σ where only one block has water."""

    name = "water_cos_theta"
    title = "Mean water orientation"
    equation = "⟨cos θ⟩(z) = ⟨Σ cos θ_i⟩/⟨N⟩ in each bin; positive where H points away from the surface"
    column = "<cos θ> [1]"
    error_column = "σ [1]"

    def of_waters(self, interface: InterfaceFrames) -> Array:
        """cos θ of each."""
        return cosines(interface)
