"""ASE atoms -> BuiltSystem: LAMMPS' box convention, element table, groups, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.common.units import G_PER_CM3_PER_U_PER_A3, UC_PER_CM2_PER_E_PER_A2, WATER_MOLAR_MASS_G_PER_MOL
from lmpdrive.constituents import Configuration, Constituents, Slab, find_constituents, turned
from lmpdrive.constituents.bonds import is_metal
from lmpdrive.constituents.find import composition
from lmpdrive.constituents.layers import widest_gap
from lmpdrive.constituents.stack import around_electrolyte
from lmpdrive.errors import StructureError
from lmpdrive.system.groups import Waters, find_waters, layer_height
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
    slab: np.ndarray | None = None,
    layers: Sequence[np.ndarray] = (),
    ion_charge_e: int | None = None,
) -> BuiltSystem:
    """Everything that follows from the atoms.

    `fixed` (indices) wins over `fixed_layers` (counted from the bottom, of two electrodes from their backs); with
    `two_sided` None, vacuum is looked for; `film_A` is the thickness of the water film where it is known; so are
    `slab`, its `layers` and the sum of the ions' charges, else they are found.  Raises StructureError when more layers
    are to be fixed than there are.
    """
    from ase.data import atomic_masses, atomic_numbers

    atoms, what, turned_note = _upright(atoms, _what(atoms, slab, layers))
    atoms = _in_lammps_box(atoms)
    symbols = np.array(atoms.get_chemical_symbols())
    slabs = _stacked(atoms, what)
    narrow = widest_gap(atoms.positions[:, 2], atoms.cell[2, 2])[0] <= VACUUM_GAP_A
    if two_sided is None:
        two_sided = narrow or len(slabs) > 1
    found = [layer for one in slabs for layer in one.layers]
    if slabs:
        _slab_at_bottom(atoms, slabs[-1] if len(slabs) > 1 else slabs[0])
    waters = find_waters(atoms, _taken(what))
    groups = _groups(what, found, waters, _fixed(fixed, fixed_layers, slabs))
    elements = tuple(sorted(set(symbols.tolist())))
    charge, unknown = _charge_of_ions(what) if ion_charge_e is None else (ion_charge_e, ())
    film = _Film(atoms, found or [one.upper for one in slabs], waters, two_sided, film_A)
    return BuiltSystem(
        atoms=atoms,
        elements=elements,
        species=tuple(symbols.tolist()),
        types=np.searchsorted(elements, symbols).astype(int) + 1,
        masses_u={e: float(atomic_masses[atomic_numbers[e]]) for e in elements},
        groups=groups,
        water_molecules=waters.molecules,
        two_sided=two_sided,
        vacuum_along_z=not two_sided or (len(slabs) > 1 and not narrow),
        charge_of_ions_e=charge,
        report=_report(film, source, what, len(groups["fixed"]), charge, (*notes, *turned_note, *unknown)),
    )


def _what(atoms: Atoms, slab: np.ndarray | None, layers: Sequence[np.ndarray]) -> Constituents:
    symbols = np.array(atoms.get_chemical_symbols())
    now = Configuration(atoms.positions, np.array(atoms.cell))
    return find_constituents(symbols, [now], slab=slab, layers=layers, normal=None if slab is None else 2)


def _upright(atoms: Atoms, what: Constituents) -> tuple[Atoms, Constituents, tuple[str, ...]]:
    """Atoms whose axes are in cyclic order so that the slab's normal is the third, what they are, and a note of it."""
    if not what.slabs or what.normal == 2:
        return atoms, what, ()
    normal = what.normal
    positions, cell = turned(Configuration(atoms.positions, np.array(atoms.cell)), normal)
    out = atoms.copy()
    out.set_constraint()
    order = [(normal + 1) % 3, (normal + 2) % 3, normal]
    if atoms.has("momenta"):
        out.set_momenta(atoms.get_momenta()[:, order])
    out.set_celldisp(np.asarray(atoms.get_celldisp()).ravel()[order])
    out.set_cell(cell)
    out.positions = positions
    note = f"The slab's normal is along {what.axis} in the file; the axes are renamed so that it is z."
    return out, _what(out, what.slab, [layer for one in what.slabs for layer in one.layers]), (note,)


def _stacked(atoms: Atoms, what: Constituents) -> list[Slab]:
    """The slabs, so that the electrolyte is above the last and below the first, as for one slab."""
    wet = what.water_oxygens if len(what.water_oxygens) else np.setdiff1d(np.arange(len(atoms)), what.slab)
    z = atoms.positions[:, 2]
    return around_electrolyte(what.slabs, z, atoms.cell[2, 2], z[wet])


def _taken(what: Constituents) -> np.ndarray:
    """(N,) O and H that are not of water, hydroxide or hydronium."""
    taken = np.zeros(len(what.elements), dtype=bool)
    taken[what.slab] = taken[what.solid] = True
    for one in (*what.ions.values(), *what.others.values()):
        taken[one.atoms] = True
    return taken


def _charge_of_ions(what: Constituents) -> tuple[int, tuple[str, ...]]:
    """Sum of the usual charges, with hydroxide and hydronium; and a note on ions whose charge is not known."""
    known = sum(one.charge_e * len(one.members) for one in what.ions.values() if one.charge_e is not None)
    charge = known + len(what.molecules.hydronium) - len(what.molecules.hydroxide)
    strange = [name for name, one in what.ions.items() if one.charge_e is None]
    if not strange:
        return charge, ()
    return charge, (f"The charge of {', '.join(strange)} is not known and is not counted.",)


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


def _slab_at_bottom(atoms: Atoms, lowest: Slab) -> None:
    """Shift along z so that the lowest slab does not straddle the boundary (in place), if it does."""
    height = atoms.cell[2, 2]
    z = atoms.positions[lowest.atoms, 2]
    gap, below = widest_gap(z, height)
    bottom = (below + gap) % height
    if bottom > BOTTOM_A / 2 and bottom + (height - gap) < height - BOTTOM_A / 2:
        return
    atoms.positions[:, 2] += BOTTOM_A - bottom
    atoms.wrap(eps=1e-9)


def _fixed(fixed: np.ndarray | None, fixed_layers: int, slabs: Sequence[Slab]) -> np.ndarray:
    if fixed is not None and len(fixed):
        return np.unique(fixed)
    if not slabs or not fixed_layers:
        return np.array([], dtype=int)
    if not all(one.layers for one in slabs):
        raise StructureError(
            f"dynamics.fixed_layers: {fixed_layers}, but the heights of this slab have no layers: set fixed_layers: 0, "
            "and fix atoms in the file that is read (FixAtoms of ASE, F F F in a POSCAR)"
        )
    fewest = min(len(one.layers) for one in slabs)
    if fixed_layers > fewest:
        whose = "the slab has" if len(slabs) == 1 else "an electrode has"
        raise StructureError(
            f"dynamics.fixed_layers: {fixed_layers}, but {whose} {fewest} layers: choose 0 to {fewest}"
        )
    if len(slabs) == 1:
        return np.sort(np.concatenate(slabs[0].layers[:fixed_layers]))
    # the electrolyte is below the first slab and above the last
    return np.sort(np.concatenate([*slabs[0].layers[-fixed_layers:], *slabs[-1].layers[:fixed_layers]]))


def _groups(what: Constituents, layers: list[np.ndarray], waters: Waters, fixed: np.ndarray) -> dict[str, np.ndarray]:
    groups = {"metal": what.slab} | {f"layer_{i}": layer for i, layer in enumerate(layers, start=1)}
    groups["fixed"] = fixed
    groups["mobile"] = np.setdiff1d(np.arange(len(what.elements)), fixed)
    groups["water"] = np.sort(waters.molecules.ravel())
    ions = {name: one.atoms for name, one in what.ions.items()}
    groups["ions"] = np.sort(np.concatenate([np.zeros(0, dtype=int), *ions.values()]))
    return groups | {f"ion_{name}": atoms for name, atoms in ions.items()}


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
                # the next image of one slab, or the upper electrode
                top = low + ((layer_height(self.atoms, self.layers[0]) - low) % height or height)
        thickness = top - low - 2 * margin
        if thickness < THINNEST_BULK_A:
            return None
        n = int(np.sum((z >= low + margin) & (z <= top - margin)))
        return n * WATER_MOLAR_MASS_G_PER_MOL / (self.area_A2 * thickness) * G_PER_CM3_PER_U_PER_A3


def _report(
    film: _Film,
    source: str,
    what: Constituents,
    n_fixed: int,
    charge: int,
    notes: tuple[str, ...],
) -> BuildReport:
    area, waters = film.area_A2, film.waters
    surface = -charge / (area * (2 if film.two_sided else 1)) + 0.0 if what.slabs else None
    a, b, c, alpha, beta, gamma = (float(v) for v in film.atoms.cell.cellpar())
    return BuildReport(
        source=source,
        atoms=len(film.atoms),
        counts=dict(sorted(Counter(film.atoms.get_chemical_symbols()).items())),
        cell_lengths_A=(a, b, c),
        cell_angles_deg=(alpha, beta, gamma),
        area_A2=area,
        layers=sum(len(one.layers) for one in what.slabs),
        slab=_slab_in_words(what),
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


def _slab_in_words(what: Constituents) -> str:
    """ "metal", or the composition: "Ti48 O96"; empty without a slab."""
    if not what.slabs:
        return ""
    own = what.elements[what.slab]
    return "metal" if is_metal(own).all() and len(what.slabs) == 1 else composition(own)
