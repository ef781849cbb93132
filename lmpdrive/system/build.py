"""A metal slab, a water film and ions: `system.build`.  Lengths in Å.

From below: the slab (lowest layer at 1 Å), the film of `water_thickness_A` above the mean plane of the
top layer, then vacuum; without vacuum the film ends at the slab's next image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.common.units import G_PER_CM3_PER_U_PER_A3, WATER_MOLAR_MASS_G_PER_MOL
from lmpdrive.config.sections import Build
from lmpdrive.errors import StructureError
from lmpdrive.system.assemble import BOTTOM_A, CONTACT_A, assemble
from lmpdrive.system.model import BuiltSystem
from lmpdrive.system.overlaps import check_overlaps
from lmpdrive.system.packmol import place_waters

if TYPE_CHECKING:
    from ase import Atoms

WATER_DENSITY_G_PER_CM3 = 0.997
"""Liquid water at 298 K."""
DENSEST_G_PER_CM3 = 1.35
"""No packing of molecules 2 Å apart is worth trying above this (water at 1 GPa has 1.23)."""
NARROWEST_A = 5.0
"""A narrower cell lets a water molecule touch its own image."""
ION_ION_A = 2.3
"""Shortest distance between ions: a contact pair of Li and F has 2.0 Å in the crystal, Na and Cl 2.8 Å."""
LOWEST_ION_A = 1.5
"""Nearer to the surface plane an ion would sit in the metal."""
ION_RADII_A = {"Li": 0.9, "Na": 1.3, "K": 1.7, "Rb": 1.8, "Cs": 2.0, "F": 1.6, "Cl": 2.1, "Br": 2.3, "I": 2.5}
"""With the 1 Å of a water atom these give about the ion-oxygen distance in water."""


def build(section: Build, *, fixed_layers: int = 0, two_sided: bool | None = None) -> BuiltSystem:
    """The system that `section` describes; the same section gives the same atoms.

    Raises StructureError when the cell is too small, an ion lies outside the film, or the water does not
    fit.
    """
    slab = _slab(section)
    surface = float(slab.positions[:, 2].max())
    area = float(slab.cell[0, 0] * slab.cell[1, 1])
    ions = _ions(section, slab, surface)
    n = _number_of_waters(section, area, len(ions))
    atoms = slab.copy()
    if n:
        radii = [ION_RADII_A[s] for s in ions.get_chemical_symbols()]
        bottom, top = surface + CONTACT_A, surface + section.water_thickness_A - CONTACT_A
        atoms += _molecules(place_waters(slab, ions, radii, n, bottom, top, section.seed))
    atoms += ions
    check_overlaps(atoms, "the built system", "Move the ions (ion_heights_A), or try another system.build.seed.")
    facet = f"{section.metal}({section.facet})"
    return assemble(
        atoms,
        source=f"built {facet} {section.repeat[0]}x{section.repeat[1]}, seed {section.seed}",
        fixed_layers=fixed_layers,
        two_sided=section.vacuum_A == 0 if two_sided is None else two_sided,
        film_A=section.water_thickness_A,
    )


def _slab(section: Build) -> Atoms:
    from ase import build as ase_build

    nx, ny = section.repeat
    size = (nx, ny, section.layers)
    if section.facet == "111" and ny % 2:
        raise StructureError(
            f"system.build.repeat: [{nx}, {ny}]: the orthogonal (111) cell needs an even second number: "
            f"[{nx}, {ny + 1}]" + (f" or [{nx}, {ny - 1}]" if ny > 1 else "")
        )
    options = {"orthogonal": True} if section.facet == "111" else {}
    make = getattr(ase_build, f"fcc{section.facet}")
    slab: Atoms = make(section.metal, size, a=section.lattice_constant_A, **options)
    widths = slab.cell.lengths()[:2]
    if widths.min() < NARROWEST_A:
        raise StructureError(
            f"system.build.repeat: [{nx}, {ny}] gives a cell of {widths[0]:.2f} x {widths[1]:.2f} Å; at least "
            f"{NARROWEST_A:g} Å are needed each way, else a molecule touches its own image: repeat more."
        )
    z = slab.positions[:, 2]
    # 0.4 Å sideways for the same reason as BOTTOM_A: rows of atoms lie on x = 0 and y = 0 otherwise
    slab.positions += (0.4, 0.4, BOTTOM_A - z.min())
    height = float(np.ptp(z)) + section.water_thickness_A + section.vacuum_A
    slab.set_cell([widths[0], widths[1], height])
    slab.set_pbc(True)
    slab.wrap()
    order = np.lexsort((slab.positions[:, 0], slab.positions[:, 1].round(6), slab.positions[:, 2].round(6)))
    return slab[order]


def _number_of_waters(section: Build, area: float, n_ions: int) -> int:
    thickness = section.water_thickness_A - 2 * CONTACT_A
    per_density = area * max(thickness, 0) / WATER_MOLAR_MASS_G_PER_MOL / G_PER_CM3_PER_U_PER_A3
    fits = round(WATER_DENSITY_G_PER_CM3 * per_density) - n_ions
    n = fits if section.waters == "auto" else int(section.waters)
    if n < 1 and section.waters == "auto":
        raise StructureError(
            f"system.build.water_thickness_A: {section.water_thickness_A:g} Å leaves no room for water beside "
            f"{n_ions} ions ({CONTACT_A} Å stay empty at either side): raise it, or repeat the cell more."
        )
    densest = int(DENSEST_G_PER_CM3 * per_density) - n_ions
    if n > densest:
        raise StructureError(
            f"system.build.waters: {n} do not fit: {area:.1f} Å^2 x {section.water_thickness_A:g} Å hold {fits} at "
            f"{WATER_DENSITY_G_PER_CM3} g/cm^3 (waters: auto) and at most {max(densest, 0)}. Lower waters or raise "
            "water_thickness_A."
        )
    return n


def _ions(section: Build, slab: Atoms, surface: float) -> Atoms:
    from ase import Atoms as _Atoms

    symbols = [s for s, count in section.ions.items() for _ in range(count)]
    film = section.water_thickness_A
    heights = section.ion_heights_A or _spread(section.ions, film)
    highest = film - (LOWEST_ION_A if section.vacuum_A == 0 else 0.0)
    for symbol, height in zip(symbols, heights, strict=True):
        if not LOWEST_ION_A <= height <= highest:
            raise StructureError(
                f"system.build.ion_heights_A: {height:g} Å for {symbol} lies outside the film: choose "
                f"{LOWEST_ION_A:g} to {highest:g} Å above the surface plane, or change water_thickness_A."
            )
    positions = _apart(slab, [surface + h for h in heights], section.seed)
    return _Atoms(symbols, positions=positions, cell=slab.cell, pbc=True)


def _spread(ions: Mapping[str, int], film: float) -> list[float]:
    """Even heights over the middle half of the film, elements taking turns: salt is mixed, not layered."""
    rank = np.concatenate([(np.arange(count) + 0.5) / count for count in ions.values()] or [np.zeros(0)])
    place = np.argsort(np.argsort(rank, kind="stable"), kind="stable")
    return [float(film * (0.25 + 0.5 * (k + 0.5) / len(rank))) for k in place]


def _apart(slab: Atoms, heights: Sequence[float], seed: int) -> np.ndarray:
    """A lateral position for each height: of 200 random ones, the farthest from the ions before it."""
    from ase.geometry import get_distances

    random = np.random.default_rng(seed)
    lengths = slab.cell.lengths()
    placed = np.zeros((0, 3))
    for z in heights:
        tries = np.column_stack([random.random((200, 2)) * lengths[:2], np.full(200, z)])
        best = 0
        if len(placed):
            distance = get_distances(tries, placed, cell=slab.cell, pbc=True)[1]
            best = int(np.argmax(distance.min(axis=1)))
            if distance[best].min() < ION_ION_A:
                raise StructureError(
                    f"system.build.ions: {len(heights)} ions come closer than {ION_ION_A} Å to each other in a cell of "
                    f"{lengths[0]:.1f} x {lengths[1]:.1f} Å: use fewer, other ion_heights_A, or repeat the cell more."
                )
        placed = np.vstack([placed, tries[best]])
    return placed


def _molecules(positions: np.ndarray) -> Atoms:
    from ase import Atoms as _Atoms

    return _Atoms(["O", "H", "H"] * len(positions), positions=positions.reshape(-1, 3))
