"""A bias or restraint through Colvars: a file of the user's, or an umbrella on an ion.  Å, eV, fs."""

from __future__ import annotations

from pathlib import Path

from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from lmpdrive.config.base import Section


class Umbrella(Section):
    """E = k/2 (z - z₀)² on the height z of one ion above the outermost layer of the slab."""

    ion: str
    """Which: Na for the group ion_Na, which must be one atom."""
    at_A: NonNegativeFloat
    """The height z₀ above the layer."""
    k_eV_per_A2: PositiveFloat = 0.5
    """Stiffness k."""
    every_fs: PositiveFloat = 10
    """Interval at which z is written to `bias.colvars.traj`."""


class Bias(Section):
    """Exactly one of the two."""

    colvars: Path | None = None
    """File in the language of Colvars, which is put into the deck as it is; energies in eV, lengths in Å."""
    umbrella: Umbrella | None = None
    """A spring on the height of an ion: a window of umbrella sampling."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Bias:
        if (self.colvars is None) == (self.umbrella is None):
            raise ValueError("give exactly one of colvars: FILE and umbrella: {ion: Na, at_A: 4}")
        return self
