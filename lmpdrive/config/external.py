"""What acts on the atoms besides the potential: walls and an electric field.  Å, eV, V."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, model_validator

from lmpdrive.config.base import Section

Component = Annotated[float, Field(ge=-10, le=10)]


class ElectricField(Section):
    """A homogeneous field: the force q E on each mobile atom, for potentials with charges."""

    x_V_per_A: Component = 0.0
    """Along the cell vector a."""
    y_V_per_A: Component = 0.0
    """In the plane of the surface, normal to x."""
    z_V_per_A: Component = 0.0
    """Along the surface normal; positive charges are pushed up by a positive field."""

    @model_validator(mode="after")
    def _is_a_field(self) -> ElectricField:
        if not any((self.x_V_per_A, self.y_V_per_A, self.z_V_per_A)):
            raise ValueError("every component is 0: give x_V_per_A, y_V_per_A or z_V_per_A, or leave it out")
        return self


class Wall(Section):
    """A spring wall: E = k/2 (z - z₀)² for each atom beyond z₀."""

    face: Literal["zlo", "zhi"]
    """`zhi` keeps atoms below `from_A`, `zlo` above it."""
    from_A: float
    """Height z₀ in the cell at which the wall begins."""
    k_eV_per_A2: PositiveFloat = 1.0
    """Its stiffness k."""
    range_A: PositiveFloat = 5.0
    """How far it reaches; an atom beyond ends the run."""
    group: str = "mobile"
    """Which atoms see it: mobile, water, ions, ion_Na ..."""

    @property
    def at_A(self) -> float:
        """Where LAMMPS' wall stands: its potential is ε (r - cutoff)², with r the distance from there."""
        return self.from_A + (self.range_A if self.face == "zhi" else -self.range_A)
