"""Mean ⟨cos 2θ⟩(z) of the water at z, between -1 and 1; NaN where there is no water."""

from __future__ import annotations

from lmpdrive.observables.base import Array
from lmpdrive.observables.interface import InterfaceFrames
from lmpdrive.observables.profile import WaterMean, cosines
from lmpdrive.observables.tables import Reference


class WaterCos2Theta(WaterMean):
    """cos 2θ = 2 cos²θ - 1: +1 with the dipole along the normal (either way), -1 in the plane, -1/3 if isotropic.

    Tells order from disorder where ⟨cos θ⟩ cannot: as many up as down and all in the plane both have ⟨cos θ⟩ = 0.
    """

    name = "water_cos_2theta"
    title = "Mean water alignment"
    equation = "⟨cos 2θ⟩(z) = ⟨Σ (2 cos²θ_i − 1)⟩/⟨N⟩ in each bin; +1 along the normal, −1 in the plane, −1/3 isotropic"
    column = "<cos 2θ> [1]"
    error_column = "σ [1]"
    group = "water"

    def references(self) -> tuple[Reference, ...]:
        """2/3 - 1."""
        return (Reference(-1 / 3, "isotropic: −1/3"),)

    def of_waters(self, interface: InterfaceFrames) -> Array:
        """cos 2θ of each."""
        return 2.0 * cosines(interface) ** 2 - 1.0
