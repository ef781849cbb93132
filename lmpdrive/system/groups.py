"""Who is who: water molecules from O-H distances, metal layers from z.  Lengths in Å.

Both use the definitions of the design: an H belongs to its nearest O within 1.3 Å, a water is an O with
exactly two H, and a layer holds at least half as many atoms as the median layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.system.neighbours import pairs_within

if TYPE_CHECKING:
    from ase import Atoms

OH_BOND_A = 1.3
"""Design, part 2, "Water"."""

_TRANSITION = "Sc Ti V Cr Mn Fe Co Ni Cu Zn Y Zr Nb Mo Tc Ru Rh Pd Ag Cd Hf Ta W Re Os Ir Pt Au Hg"
METAL_ELEMENTS = frozenset(f"{_TRANSITION} Al Ga In Sn Tl Pb Bi".split())
"""Elements that count as electrode in a structure that is read."""

ION_CHARGES_E = dict.fromkeys(("Li", "Na", "K", "Rb", "Cs"), 1)
ION_CHARGES_E |= dict.fromkeys(("F", "Cl", "Br", "I"), -1) | dict.fromkeys(("Mg", "Ca", "Sr", "Ba"), 2)
"""Formal charges; elements here are ions wherever they stand."""


@dataclass(frozen=True)
class Waters:
    """Water molecules (O, H, H) and what is not water."""

    molecules: np.ndarray
    hydroxides: int
    hydroniums: int
    other_oxygens: int
    loose_hydrogens: int


def find_waters(atoms: Atoms) -> Waters:
    """Assign each H to its nearest O within 1.3 Å (minimum image)."""
    oxygen, hydrogen = np.flatnonzero(atoms.numbers == 8), np.flatnonzero(atoms.numbers == 1)
    h, o, d = pairs_within(atoms, OH_BOND_A)
    keep = (atoms.numbers[h] == 1) & (atoms.numbers[o] == 8)
    h, o, d = h[keep], o[keep], d[keep]
    order = np.lexsort((d, h))  # first entry of each H is its nearest O
    bound, first = np.unique(h[order], return_index=True)
    owner = o[order][first]
    n_h = np.bincount(owner, minlength=len(atoms))[oxygen]
    in_water = np.isin(owner, oxygen[n_h == 2])
    by_oxygen = np.argsort(owner[in_water], kind="stable")
    hydrogens = bound[in_water][by_oxygen].reshape(-1, 2)
    molecules = np.column_stack([oxygen[n_h == 2], hydrogens]).astype(int)
    return Waters(
        molecules=molecules,
        hydroxides=int(np.sum(n_h == 1)),
        hydroniums=int(np.sum(n_h == 3)),
        other_oxygens=int(np.sum((n_h == 0) | (n_h > 3))),
        loose_hydrogens=len(hydrogen) - len(bound),
    )


def find_layers(atoms: Atoms, metal: np.ndarray) -> list[np.ndarray]:
    """Metal layers bottom to top; the slab may straddle the periodic boundary along z.

    Adatoms and dissolved metal belong to no layer.  The cell must have a and b in the xy plane.
    """
    if not len(metal):
        return []
    height = atoms.cell[2, 2]
    z = atoms.positions[metal, 2] % height
    spacing = _nearest_neighbour(atoms, metal)
    order = np.argsort(z, kind="stable")
    gaps = np.diff(z[order], append=z[order[0]] + height)
    # fcc planes are 0.5 (110) to 0.82 (111) nearest-neighbour distances apart
    cuts = np.flatnonzero(gaps > 0.3 * spacing)
    if not len(cuts):
        return [metal]
    order = np.roll(order, -(cuts[-1] + 1))
    sizes = np.diff(cuts, prepend=cuts[-1] - len(order))
    clusters = np.split(order, np.cumsum(sizes)[:-1])
    # weighted by atoms, so that many adatoms do not lower the median
    enough = np.median([len(c) for c in clusters for _ in c]) / 2
    layers = [c for c in clusters if len(c) >= enough]
    middles = np.array([_periodic_mean(z[c], height) for c in layers])
    for cluster in clusters:
        if len(cluster) < enough:  # an atom that sticks out of its layer, or an adatom
            apart = np.abs((_periodic_mean(z[cluster], height) - middles + height / 2) % height - height / 2)
            nearest = int(np.argmin(apart))
            if apart[nearest] < 0.4 * spacing:
                layers[nearest] = np.concatenate([layers[nearest], cluster])
    ascending = np.argsort(middles)
    above = np.diff(middles[ascending], append=middles[ascending[0]] + height)
    bottom = (int(np.argmax(above)) + 1) % len(layers)  # the slab begins above the largest gap
    return [np.sort(metal[layers[i]]) for i in np.roll(ascending, -bottom)]


def layer_height(atoms: Atoms, layer: np.ndarray) -> float:
    """Mean z of a layer, in [0, height of the cell)."""
    return _periodic_mean(atoms.positions[layer, 2], atoms.cell[2, 2])


def largest_gap(z: np.ndarray, height: float) -> tuple[float, float]:
    """Length and lower end of the largest empty stretch along a periodic z."""
    ordered = np.sort(z % height)
    gaps = np.diff(ordered, append=ordered[0] + height)
    widest = int(np.argmax(gaps))
    return float(gaps[widest]), float(ordered[widest])


def _periodic_mean(z: np.ndarray, height: float) -> float:
    apart = (z - z[0] + height / 2) % height - height / 2
    return float((z[0] + apart.mean()) % height)


def _nearest_neighbour(atoms: Atoms, metal: np.ndarray) -> float:
    i, _, distance = pairs_within(atoms[metal], 3.6)
    if not len(i):
        return 2.8
    nearest = np.full(len(metal), np.inf)
    np.minimum.at(nearest, i, distance)
    return float(np.median(nearest[np.isfinite(nearest)]))
