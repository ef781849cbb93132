"""Ions at given heights above the surface, laterally far from each other.  Lengths in Å.

They are placed before the liquid, which is packed around them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.config.build import Build
from lmpdrive.errors import StructureError
from lmpdrive.system.building.molecules import Species, ion
from lmpdrive.system.building.slab import Slab

if TYPE_CHECKING:
    from ase import Atoms

ION_ION_A = 2.3
"""Shortest distance between ions: a contact pair of Li and F has 2.0 Å in the crystal, Na and Cl 2.8 Å."""
LOWEST_ION_A = 1.5
"""Nearer to the surface an ion would sit in the slab."""
TRIES = 200


@dataclass(frozen=True, eq=False)
class Placed:
    """A molecule at its place."""

    species: Species
    atoms: Atoms


def place_ions(section: Build, slab: Slab, film_A: float, *, closed: bool) -> list[Placed]:
    """The ions of `section` in the film of thickness `film_A` above `slab`; `closed`: a wall ends the film.

    Raises StructureError for a height outside the film, and for ions that come too close to each other.
    """
    kinds = {name: ion(name, section) for name, count in section.ions.items() if count}
    wanted = [kinds[name] for name, count in section.ions.items() for _ in range(count)]
    heights = section.ion_heights_A or spread(section.ions, film_A)
    highest = film_A - (LOWEST_ION_A if closed else 0.0)
    random = np.random.default_rng([section.seed, 1])
    shapes = [_turned(kind, height, highest, random) for kind, height in zip(wanted, heights, strict=True)]
    reach = [kind.reach_A for kind in wanted]
    centres = _apart(slab.atoms, [slab.surface_A + height for height in heights], reach, section.seed)
    placed = []
    for kind, shape, centre in zip(wanted, shapes, centres, strict=True):
        shape.positions += centre
        placed.append(Placed(kind, shape))
    return placed


def spread(ions: Mapping[str, int], film_A: float) -> list[float]:
    """Even heights over the middle half of the film, elements taking turns: salt is mixed, not layered."""
    rank = np.concatenate([(np.arange(count) + 0.5) / count for count in ions.values() if count] or [np.zeros(0)])
    place = np.argsort(np.argsort(rank, kind="stable"), kind="stable")
    return [float(film_A * (0.25 + 0.5 * (k + 0.5) / len(rank))) for k in place]


def random_rotation(random: np.random.Generator) -> np.ndarray:
    """A uniformly distributed rotation (3, 3): from a quaternion on the unit sphere."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_quat(random.normal(size=4)).as_matrix())


def _turned(kind: Species, height: float, highest: float, random: np.random.Generator) -> Atoms:
    """The ion around the origin, turned so that all its atoms are in the film when its centre is at `height`."""
    shape = kind.atoms.copy()
    low, high = LOWEST_ION_A - height, highest - height
    for _ in range(TRIES if len(shape) > 1 else 1):
        if len(shape) > 1:
            shape.positions = kind.atoms.positions @ random_rotation(random)
        if low <= shape.positions[:, 2].min() and shape.positions[:, 2].max() <= high:
            return shape
    room = kind.reach_A if len(shape) > 1 else 0.0
    raise StructureError(
        f"system.build.ion_heights_A: {height:g} Å for {kind.label} lies outside the film: choose "
        f"{LOWEST_ION_A + room:.3g} to {highest - room:.3g} Å above the surface plane, or change water_thickness_A."
    )


def _apart(slab: Atoms, heights: Sequence[float], reach: Sequence[float], seed: int) -> np.ndarray:
    """A lateral position for each height: of 200 random ones, the farthest from the ions before it.

    Distances are between the spheres around the ions, which for one atom are points.
    """
    from ase.geometry import get_distances

    random = np.random.default_rng(seed)
    cell = np.asarray(slab.cell)
    placed = np.zeros((0, 3))
    for k, z in enumerate(heights):
        lateral = random.random((TRIES, 2)) @ cell[:2]
        tries = np.column_stack([lateral[:, :2], np.full(TRIES, z)])
        best = 0
        if len(placed):
            distance = get_distances(tries, placed, cell=slab.cell, pbc=True)[1]
            free = distance - np.array(reach[:k]) - reach[k]
            best = int(np.argmax(free.min(axis=1)))
            if free[best].min() < ION_ION_A:
                a, b = slab.cell.lengths()[:2]
                raise StructureError(
                    f"system.build.ions: {len(heights)} ions come closer than {ION_ION_A} Å to each other in a cell of "
                    f"{a:.1f} x {b:.1f} Å: use fewer, other ion_heights_A, or repeat the cell more."
                )
        placed = np.vstack([placed, tries[best]])
    return placed
