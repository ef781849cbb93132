"""ASE atoms -> BuiltSystem: LAMMPS' box convention, element table, groups, report."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.common.units import G_PER_CM3_PER_U_PER_A3, UC_PER_CM2_PER_E_PER_A2, WATER_MOLAR_MASS_G_PER_MOL
from lmpdrive.errors import StructureError
from lmpdrive.system.groups import (
    ION_CHARGES_E,
    METAL_ELEMENTS,
    Waters,
    find_layers,
    find_waters,
    largest_gap,
    layer_height,
)
from lmpdrive.system.model import BuildReport, BuiltSystem

if TYPE_CHECKING:
    from ase import Atoms

BOTTOM_A = 1.0
"""Height of the lowest layer: an atom on the boundary itself would vibrate through it, and a deck with
a non-periodic z (slab electrostatics) would lose it."""
CONTACT_A = 2.15
"""Empty contact between a wall and the centres of the first water."""
VACUUM_GAP_A = 8.0
"""A larger empty gap along z is vacuum: the slab has one wet face."""
OPEN_A = 4.5
"""A slab leaves at least this much of the cell's height without metal: more than any spacing of lattice planes."""
BULK_MARGIN_A = 4.0
"""Bulk water begins this far from the surface and from the top of the film."""
THINNEST_BULK_A = 4.0
"""No density is reported for less: it would count a handful of molecules."""


def assemble(
    atoms: Atoms,
    *,
    source: str,
    fixed_layers: int,
    two_sided: bool | None,
    fixed: np.ndarray | None = None,
    film_A: float | None = None,
    notes: tuple[str, ...] = (),
) -> BuiltSystem:
    """Everything that follows from the atoms.

    `fixed` (indices) wins over `fixed_layers` (counted from the bottom); with `two_sided` None, vacuum is
    looked for; `film_A` is the thickness of the water film where it is known.  Raises StructureError when more
    layers are to be fixed than there are.
    """
    from ase.data import atomic_masses, atomic_numbers

    atoms = _in_lammps_box(atoms)
    symbols = np.array(atoms.get_chemical_symbols())
    metal = _electrode(atoms, np.flatnonzero(np.isin(symbols, sorted(METAL_ELEMENTS))))
    if two_sided is None:
        two_sided = largest_gap(atoms.positions[:, 2], atoms.cell[2, 2])[0] <= VACUUM_GAP_A
    layers = find_layers(atoms, metal)
    if layers:
        _slab_at_bottom(atoms, layers)
    waters = find_waters(atoms)
    groups = _groups(symbols, metal, layers, waters, _fixed(fixed, fixed_layers, layers))
    elements = tuple(sorted(set(symbols.tolist())))
    type_of = {e: i for i, e in enumerate(elements, start=1)}
    charge = sum(ION_CHARGES_E[s] for s in symbols if s in ION_CHARGES_E)
    counts = {e: int(np.sum(symbols == e)) for e in elements}
    film = _Film(atoms, layers, waters, two_sided, film_A)
    return BuiltSystem(
        atoms=atoms,
        elements=elements,
        species=tuple(symbols.tolist()),
        types=np.array([type_of[s] for s in symbols], dtype=int),
        masses_u={e: float(atomic_masses[atomic_numbers[e]]) for e in elements},
        groups=groups,
        water_molecules=waters.molecules,
        two_sided=two_sided,
        charge_of_ions_e=charge,
        report=_report(film, source, counts, len(groups["fixed"]), charge, notes),
    )


def _in_lammps_box(atoms: Atoms) -> Atoms:
    """A copy with a along x, b in the xy plane, origin 0, wrapped, without constraints or calculator."""
    from ase import Atoms as _Atoms
    from ase.calculators.lammps import Prism

    positions = atoms.positions - np.asarray(atoms.get_celldisp()).ravel()
    cell, momenta = np.array(atoms.cell), atoms.get_momenta() if atoms.has("momenta") else None
    if not np.array_equal(cell, np.tril(cell)) or np.any(np.diag(cell) <= 0):
        prism = Prism(cell)
        positions = prism.vector_to_lammps(positions)
        momenta = None if momenta is None else prism.vector_to_lammps(momenta)
        cell = np.array(prism.lammps_cell)
    own = _Atoms(numbers=atoms.numbers, positions=positions, cell=cell, pbc=True)
    if momenta is not None:
        # velocities are kept, not momenta: files may carry other masses than the table's
        own.set_velocities(momenta / atoms.get_masses()[:, None])
    own.wrap(eps=1e-9)
    return own


def _electrode(atoms: Atoms, metal: np.ndarray) -> np.ndarray:
    """The metal, if there is room beside it for something else; in a crystal, glass or melt no atom is electrode."""
    open_A = largest_gap(atoms.positions[metal, 2], atoms.cell[2, 2])[0] if len(metal) else 0.0
    return metal if open_A >= OPEN_A else metal[:0]


def _slab_at_bottom(atoms: Atoms, layers: list[np.ndarray]) -> None:
    """Shift along z so that the slab does not straddle the boundary (in place), if it does."""
    height = atoms.cell[2, 2]
    bottom = layer_height(atoms, layers[0])
    z = np.concatenate([atoms.positions[layer, 2] for layer in layers])
    upward = [layer_height(atoms, layer) for layer in layers]
    whole = all(low < high for low, high in pairwise(upward))
    if whole and z.min() > BOTTOM_A / 2 and z.max() < height - BOTTOM_A / 2:
        return
    atoms.positions[:, 2] += BOTTOM_A - bottom
    atoms.wrap(eps=1e-9)


def _fixed(fixed: np.ndarray | None, fixed_layers: int, layers: list[np.ndarray]) -> np.ndarray:
    if fixed is not None and len(fixed):
        return np.unique(fixed)
    if not layers or not fixed_layers:
        return np.array([], dtype=int)
    if fixed_layers > len(layers):
        raise StructureError(
            f"dynamics.fixed_layers: {fixed_layers}, but the slab has {len(layers)} layers: choose 0 to {len(layers)}"
        )
    return np.sort(np.concatenate(layers[:fixed_layers]))


def _groups(
    symbols: np.ndarray, metal: np.ndarray, layers: list[np.ndarray], waters: Waters, fixed: np.ndarray
) -> dict[str, np.ndarray]:
    groups = {"metal": metal} | {f"layer_{i}": layer for i, layer in enumerate(layers, start=1)}
    groups["fixed"] = fixed
    groups["mobile"] = np.setdiff1d(np.arange(len(symbols)), fixed)
    groups["water"] = np.sort(waters.molecules.ravel())
    groups["ions"] = np.flatnonzero(np.isin(symbols, sorted(ION_CHARGES_E)))
    for element in sorted(set(symbols[groups["ions"]].tolist())):
        groups[f"ion_{element}"] = np.flatnonzero(symbols == element)
    return groups


@dataclass(frozen=True)
class _Film:
    """Slab and water: what the report is made of.  `film_A` is the thickness of the film where it is known."""

    atoms: Atoms
    layers: list[np.ndarray]
    waters: Waters
    two_sided: bool
    film_A: float | None

    @property
    def area_A2(self) -> float:
        return float(np.linalg.norm(np.cross(self.atoms.cell[0], self.atoms.cell[1])))

    def bulk_density(self) -> float | None:
        """Density of the water [g/cm^3] away from the surfaces; None where there is too little."""
        if not len(self.waters.molecules):
            return None
        height = self.atoms.cell[2, 2]
        z = self.atoms.positions[self.waters.molecules[:, 0], 2]
        if not self.layers:
            low, top = (0.0, height) if self.two_sided else (z.min() - CONTACT_A, z.max() + CONTACT_A)
            margin = 0.0 if self.two_sided else BULK_MARGIN_A
        else:
            low, margin = layer_height(self.atoms, self.layers[-1]), BULK_MARGIN_A
            z = low + (z - low) % height
            top = z.max() + CONTACT_A if self.film_A is None else low + self.film_A
            if self.two_sided:
                top = layer_height(self.atoms, self.layers[0]) + height
        thickness = top - low - 2 * margin
        if thickness < THINNEST_BULK_A:
            return None
        n = int(np.sum((z >= low + margin) & (z <= top - margin)))
        return n * WATER_MOLAR_MASS_G_PER_MOL / (self.area_A2 * thickness) * G_PER_CM3_PER_U_PER_A3


def _report(
    film: _Film, source: str, counts: dict[str, int], n_fixed: int, charge: int, notes: tuple[str, ...]
) -> BuildReport:
    area, waters = film.area_A2, film.waters
    surface = -charge / (area * (2 if film.two_sided else 1)) + 0.0 if film.layers else None
    a, b, c, alpha, beta, gamma = (float(v) for v in film.atoms.cell.cellpar())
    return BuildReport(
        source=source,
        atoms=len(film.atoms),
        counts=counts,
        cell_lengths_A=(a, b, c),
        cell_angles_deg=(alpha, beta, gamma),
        area_A2=area,
        layers=len(film.layers),
        fixed=n_fixed,
        two_sided=film.two_sided,
        ion_charge_e=charge,
        surface_charge_e_per_A2=surface,
        surface_charge_uC_per_cm2=None if surface is None else surface * UC_PER_CM2_PER_E_PER_A2,
        waters=len(waters.molecules),
        hydroxides=waters.hydroxides,
        hydroniums=waters.hydroniums,
        other_oxygens=waters.other_oxygens,
        loose_hydrogens=waters.loose_hydrogens,
        bulk_water_density_g_per_cm3=film.bulk_density(),
        mass_density_g_per_cm3=float(film.atoms.get_masses().sum() / film.atoms.get_volume()) * G_PER_CM3_PER_U_PER_A3,
        notes=notes,
    )
