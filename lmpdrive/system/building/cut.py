"""Cut a slab out of a crystal along any lattice plane (h k l).  Lengths in Å.

Where the cut leaves the planes free to choose, it breaks the fewest bonds, and of equals leaves the same elements on
both faces: rutile (110) ends with its bridging oxygen, corundum (0001) with a single metal, hcp (10-10) with the
closely spaced pair of planes.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.constituents.bonds import is_metal
from lmpdrive.errors import StructureError
from lmpdrive.system.building.primitive import primitive
from lmpdrive.system.building.slab import Slab

if TYPE_CHECKING:
    from ase import Atoms

LAYER = 0.8
"""A layer is at least this many nearest-neighbour distances thick: as many lattice planes as that takes."""
ORTHOGONAL_COSINE = 1e-4
MOST_CELLS = 4
"""An orthogonal cell is taken if it is at most this many times the smallest one."""
BOND = 1.2
"""Bonds reach this many sums of covalent radii."""
SAME_HEIGHT_A = 0.05
FACE_A = 0.3
ROUNDING_A = 1e-9


def cut(crystal: Atoms, hkl: tuple[int, int, int], layers: int, repeat: tuple[int, int], name: str) -> Slab:
    """`layers` layers of `crystal` parallel to the plane (hkl) of its cell, `repeat` surface cells wide.

    The surface cell is orthogonal where the lattice has a small one, else reduced; its shorter vector is along x.
    """
    small = primitive(crystal)
    plane = _in_primitive(hkl, crystal, small)
    first, second, upward = _lattice_vectors(plane, np.asarray(small.cell))
    unit, spacing = _column(small, first, second, upward)
    per_layer = _planes_per_layer(small, spacing)
    sheet = unit.repeat((*repeat, 1))
    step = upward @ np.asarray(small.cell) @ _frame(first, second, np.asarray(small.cell)).T
    pieces, members = None, []
    for k in range(layers * per_layer):
        piece = sheet.copy()
        piece.positions += k * step
        pieces = piece if pieces is None else pieces + piece
        members.append(np.arange(len(sheet)) + k * len(sheet))
    assert pieces is not None
    pieces.wrap(pbc=(True, True, False))
    grouped = [np.concatenate(members[i : i + per_layer]) for i in range(0, len(members), per_layer)]
    return Slab(pieces, name, tuple(grouped), notes=_unlike_faces(pieces, name))


def _unlike_faces(slab: Atoms, name: str) -> tuple[str, ...]:
    """A note where the two faces end with different elements."""
    bottom, top = _faces(slab, float(slab.positions[:, 2].min()) - 1.0, np.inf)
    if top == bottom:
        return ()
    return (
        f"{name} ends with {top} above and with {bottom} below: its faces differ, and it may have a dipole along z. "
        "Choose another facet, or give a slab with the termination that you want (`slab: my-slab.cif` without facet).",
    )


def _in_primitive(hkl: tuple[int, int, int], crystal: Atoms, small: Atoms) -> np.ndarray:
    """Indices of the same plane in the primitive cell, without a common factor."""
    transform = np.asarray(small.cell) @ np.linalg.inv(np.asarray(crystal.cell))
    indices = transform @ np.array(hkl) * round(len(crystal) / len(small))
    whole = np.rint(indices).astype(int)
    return whole // np.gcd.reduce(whole)


def _lattice_vectors(plane: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Integer combinations of the cell's vectors: two in the plane (the surface cell), one to the next plane."""
    reach = int(np.abs(plane).max()) + 2
    all_vectors = np.array(list(product(range(-reach, reach + 1), repeat=3)))
    height = all_vectors @ plane
    inside = all_vectors[(height == 0) & np.any(all_vectors != 0, axis=1)]
    inside = inside[np.argsort(np.linalg.norm(inside @ cell, axis=1), kind="stable")]
    first, second = _reduced(inside, plane)
    first, second = _orthogonal(first, second, cell) or (first, second)
    upwards = all_vectors[height == 1]
    upward = upwards[np.argmin(np.linalg.norm(upwards @ cell, axis=1))]
    if np.linalg.det(np.array([first, second, upward]) @ cell) < 0:
        second = -second
    return first, second, upward


def _reduced(inside: np.ndarray, plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two shortest vectors that span the lattice of the plane: their cross product is the plane's normal."""
    first = inside[0]
    for second in inside[1:]:
        normal = np.cross(first, second)
        if np.array_equal(normal, plane) or np.array_equal(normal, -plane):
            return first, second
    raise StructureError(f"no surface cell for the plane {tuple(plane.tolist())}: choose smaller Miller indices")


def _orthogonal(first: np.ndarray, second: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The smallest orthogonal cell of the plane's lattice, the shorter vector first; None if it is large."""
    found = []
    combinations = [c for c in product(range(-MOST_CELLS, MOST_CELLS + 1), repeat=2) if c > (0, 0)]
    vectors = [i * first + j * second for i, j in combinations]
    lengths = [np.linalg.norm(v @ cell) for v in vectors]
    for (c, u, a), (d, v, b) in product(zip(combinations, vectors, lengths, strict=True), repeat=2):
        cells = abs(c[0] * d[1] - c[1] * d[0])
        if 0 < cells <= MOST_CELLS and a <= b and abs((u @ cell) @ (v @ cell)) < ORTHOGONAL_COSINE * a * b:
            found.append((cells, a, u, v))
    if not found:
        return None
    _, _, u, v = min(found, key=lambda entry: entry[:2])
    return u, v


def _frame(first: np.ndarray, second: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Unit vectors as rows: x along `first`, z along the normal of the plane."""
    a, b = first @ cell, second @ cell
    x, z = a / np.linalg.norm(a), np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    return np.array([x, np.cross(z, x), z])


def _column(small: Atoms, first: np.ndarray, second: np.ndarray, upward: np.ndarray) -> tuple[Atoms, float]:
    """One plane spacing of the crystal on one surface cell, cut where the fewest bonds cross; and the spacing."""
    from ase.build import make_supercell

    cell = np.asarray(small.cell)
    unit = make_supercell(small, np.array([first, second, upward]))
    rotate = _frame(first, second, cell)
    positions, axes = unit.positions @ rotate.T, np.asarray(unit.cell) @ rotate.T
    spacing = float(axes[2, 2])
    unit.set_cell(axes)
    unit.set_positions(positions)
    start = _best_cut(unit, spacing)
    turns = np.floor((positions[:, 2] - start) / spacing)
    positions = positions - turns[:, None] * axes[2]
    flat = axes.copy()
    flat[2] = (0, 0, spacing)
    flat[np.abs(flat) < ROUNDING_A] = 0
    unit.set_cell(flat)
    unit.set_positions(positions)
    return unit, spacing


def _best_cut(unit: Atoms, spacing: float) -> float:
    """Height between two planes of atoms where a cut breaks the fewest bonds.

    Of equals, one that leaves the same elements on both sides, then the one in the widest gap.
    """
    z = np.sort(unit.positions[:, 2] % spacing)
    gaps = np.diff(z, append=z[0] + spacing)
    middles = z + gaps / 2
    wide = gaps >= min(SAME_HEIGHT_A, gaps.max())
    middles, gaps = middles[wide], gaps[wide]
    lower, _, rise = _bonds(unit)
    below, above = unit.positions[lower, 2], unit.positions[lower, 2] + rise
    broken = [
        int(np.abs(np.floor((above - middle) / spacing) - np.floor((below - middle) / spacing)).sum())
        for middle in middles
    ]
    unlike = [len(set(_faces(unit, middle, spacing))) for middle in middles]
    return float(middles[min(range(len(middles)), key=lambda k: (broken[k], unlike[k], -gaps[k]))])


def _faces(unit: Atoms, height: float, period: float) -> tuple[str, str]:
    """Elements of the planes above and below a height."""
    above = (unit.positions[:, 2] - height) % period
    symbols = np.array(unit.get_chemical_symbols())
    first, last = symbols[above < above.min() + FACE_A], symbols[above > above.max() - FACE_A]
    return " and ".join(sorted(set(first.tolist()))), " and ".join(sorted(set(last.tolist())))


def _bonds(unit: Atoms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First atom, length and rise along z of each bond, in both directions; in a compound, of metals to others."""
    from ase.data import covalent_radii
    from ase.neighborlist import neighbor_list

    radii = {(a, b): BOND * (covalent_radii[a] + covalent_radii[b]) for a in unit.numbers for b in unit.numbers}
    first, second, length, vector = neighbor_list("ijdD", unit, radii)
    metal = is_metal(np.array(unit.get_chemical_symbols()))
    if metal.any() and not metal.all():
        unlike = metal[first] != metal[second]
        first, length, vector = first[unlike], length[unlike], vector[unlike]
    return first, length, vector[:, 2]


def _planes_per_layer(unit: Atoms, spacing: float) -> int:
    bonds = _bonds(unit)[1]
    return math.ceil(LAYER * float(bonds.min()) / spacing - 1e-6) if len(bonds) else 1
