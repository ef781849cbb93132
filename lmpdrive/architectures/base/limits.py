"""What counts as equal between LAMMPS and a model's own ASE calculator."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Limits:
    """Largest differences of two evaluations that agree up to rounding.

    force_eV_per_A : of any component of any force.
    energy_eV_per_atom, virial_eV_per_atom : of energy, and of any component of the virial, divided by the atoms.
    """

    force_eV_per_A: float
    energy_eV_per_atom: float
    virial_eV_per_atom: float

    def times(self, factor: float) -> Limits:
        """All limits multiplied by `factor`."""
        return Limits(*(value * factor for value in astuple(self)))


DOUBLE = Limits(1e-6, 1e-7, 1e-5)
SINGLE = Limits(5e-4, 1e-4, 5e-4)
"""Networks in single precision, and calculators that round positions to it: 7.5e-5 eV/Å was seen with MACE in a cell
of 47 Å.  A wrong element order changes forces by electronvolts per Å."""
