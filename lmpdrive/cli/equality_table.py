"""The comparison of LAMMPS with a model's calculator as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from lmpdrive.engine.agreement.compare import Equality


def table(found: Equality) -> Table:
    """A row per frame; energies and virial in eV, forces in eV/Å."""
    out = Table(title="LAMMPS against the model's own calculator")
    for header in ("step", "|ΔE| eV", "|ΔE| eV/atom", "max |ΔF| eV/Å", "RMS ΔF eV/Å", "max |Δvirial| eV", "equal"):
        out.add_column(header, justify="right")
    for d in found.differences:
        numbers = (d.energy_eV, d.energy_eV_per_atom, d.force_eV_per_A, d.rms_force_eV_per_A, d.virial_eV)
        equal = "yes" if d.ratio(found.limits) <= 1 else "NO"
        out.add_row(str(d.step), *(f"{number:.1e}" for number in numbers), equal)
    return out
