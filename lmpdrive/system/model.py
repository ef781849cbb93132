"""What the system stage hands on: atoms, the one element table, groups, and a report of what they are.

Positions in Å with the box origin at 0, masses in u, charges in e.  Groups hold 0-based indices; LAMMPS
ids are these plus one, in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Row:
    """One LAMMPS atom type."""

    element: str
    type: int
    mass_u: float
    count: int


@dataclass(frozen=True)
class BuildReport:
    """What was built or read, for a person."""

    source: str
    atoms: int
    counts: Mapping[str, int]
    cell_lengths_A: tuple[float, float, float]
    cell_angles_deg: tuple[float, float, float]
    area_A2: float
    layers: int
    slab: str
    """"metal", or what the slab is made of: "Ti48 O96"; empty without a slab."""
    fixed: int
    two_sided: bool
    ion_charge_e: int
    surface_charge_e_per_A2: float | None
    """Charge of the metal that balances the ions, per area of wet face; None without metal."""
    surface_charge_uC_per_cm2: float | None
    waters: int
    hydroxides: int
    hydroniums: int
    other_oxygens: int
    loose_hydrogens: int
    bulk_water_density_g_per_cm3: float | None
    """More than 4 Å from the surface and from the film's top; None where there is no such region."""
    mass_density_g_per_cm3: float = float("nan")
    """Of the whole cell."""
    notes: tuple[str, ...] = ()

    @property
    def is_bulk(self) -> bool:
        """A crystal, glass or melt that fills the cell: there is neither a slab nor water."""
        return not (self.slab or self.waters or self.hydroxides or self.hydroniums or self.loose_hydrogens)

    def _slab_and_layers(self) -> str:
        layers = f"{self.layers} layers" if self.layers != 1 else "one layer"
        return f"slab of {self.slab}: {layers if self.layers else 'no layers'}"

    def lines(self) -> list[str]:
        """The report as text."""
        cell = " x ".join(f"{length:.3f}" for length in self.cell_lengths_A)
        angles = " ".join(f"{angle:.1f}" for angle in self.cell_angles_deg)
        lines = [f"{self.source}: {self.atoms} atoms (" + ", ".join(f"{n} {e}" for e, n in self.counts.items()) + ")"]
        if self.is_bulk:
            density = f"{self.mass_density_g_per_cm3:.3f} g/cm^3; no slab and no water: a bulk phase"
            return [*lines, f"cell {cell} Å, angles {angles} degrees; {density}", *self.notes]
        fills = not self.slab and self.two_sided
        extent = f"{self.mass_density_g_per_cm3:.3f} g/cm^3" if fills else f"area {self.area_A2:.2f} Å^2"
        lines.append(f"cell {cell} Å, angles {angles} degrees; {extent}")
        if self.slab:
            faces = "both faces wet" if self.two_sided else "one face wet"
            layers = f"{self.layers} {self.slab} layers" if self.slab == "metal" else self._slab_and_layers()
            lines.append(f"{layers}, {faces}; {self.fixed} atoms fixed")
        if self.surface_charge_e_per_A2 is not None and self.surface_charge_uC_per_cm2 is not None:
            balances = "metal" if self.slab == "metal" else "slab"
            charge = f"{self.surface_charge_e_per_A2:.5f} e/Å^2 = {self.surface_charge_uC_per_cm2:.1f} µC/cm^2"
            lines.append(
                f"ions carry {self.ion_charge_e:+d} e; the {balances} balances them: {charge} of wet face"
                if self.ion_charge_e
                else f"no net charge of ions, and none on the {balances}"
            )
        elif self.ion_charge_e:
            lines.append(f"ions carry {self.ion_charge_e:+d} e, and nothing balances them")
        water = f"{self.waters} water"
        for name, n in (
            ("hydroxide", self.hydroxides),
            ("hydronium", self.hydroniums),
            ("other O", self.other_oxygens),
            ("H not bound to O", self.loose_hydrogens),
        ):
            water += f", {n} {name}" if n else ""
        if self.bulk_water_density_g_per_cm3 is not None:
            water += f"; {self.bulk_water_density_g_per_cm3:.3f} g/cm^3 in the bulk region"
        return [*lines, water, *self.notes]


@dataclass(frozen=True, eq=False)
class PlacedIons:
    """All ions of one kind: name, indices of their atoms, and their charge together."""

    name: str
    atoms: np.ndarray
    charge_e: int


@dataclass(frozen=True, eq=False)
class BuiltSystem:
    """Atoms, element table and groups; satisfies `lmpdrive.architectures.Interface`."""

    atoms: Atoms
    """Wrapped into a box with origin 0 whose vectors are as LAMMPS wants them (a along x, b in xy)."""
    elements: tuple[str, ...]
    """Elements in the order of the LAMMPS types: alphabetical."""
    species: tuple[str, ...]
    """Element of each atom, in the order of the ids."""
    types: np.ndarray
    """LAMMPS type (1-based) of each atom."""
    masses_u: Mapping[str, float]
    """Element -> standard atomic mass."""
    groups: Mapping[str, np.ndarray]
    """metal, layer_1 (bottom) ... layer_L, fixed, mobile, water, ions, ion_<El>: 0-based indices."""
    water_molecules: np.ndarray
    """(n, 3) indices O, H, H."""
    two_sided: bool
    """Whether both faces of the slab are wet."""
    vacuum_along_z: bool
    """Whether the cell has a vacuum: beside a slab with one wet face, or behind two electrodes."""
    charge_of_ions_e: int
    """Sum of the formal charges of the ions."""
    report: BuildReport
    placed_ions: tuple[PlacedIons, ...] = ()
    """Ions that `system.build` made, by kind; empty for what was read."""

    @property
    def area_A2(self) -> float:
        """Area of the cell in the plane of the surface."""
        return self.report.area_A2

    def table(self) -> list[Row]:
        """The one table: element, type, mass [u] and count."""
        return [Row(e, i, self.masses_u[e], self.species.count(e)) for i, e in enumerate(self.elements, start=1)]


def id_ranges(indices: Any) -> str:
    """LAMMPS ids of 0-based `indices`, shortest: `[0, 1, 2, 7]` -> `"1:3 8"`."""
    ids = np.unique(np.asarray(indices, dtype=int)) + 1
    if not len(ids):
        return ""
    runs = np.split(ids, np.flatnonzero(np.diff(ids) > 1) + 1)
    return " ".join(f"{run[0]}:{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
