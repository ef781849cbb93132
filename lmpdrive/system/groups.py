"""Water molecules from O-H distances, and heights of layers.  Lengths in Å.

An H belongs to its nearest O within 1.3 Å, a water is an O with exactly two H.
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


@dataclass(frozen=True)
class Waters:
    """Water molecules (O, H, H) and what is not water."""

    molecules: np.ndarray
    hydroxides: int
    hydroniums: int
    other_oxygens: int
    loose_hydrogens: int


def find_waters(atoms: Atoms, taken: np.ndarray) -> Waters:
    """Assign each H to its nearest O within 1.3 Å (minimum image), without the atoms of a (N,) mask.

    taken : atoms of a slab, an anion, an alcohol.
    """
    oxygen, hydrogen = (np.flatnonzero((atoms.numbers == number) & ~taken) for number in (8, 1))
    h, o, d = pairs_within(atoms, OH_BOND_A)
    keep = np.isin(h, hydrogen) & np.isin(o, oxygen)
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


def layer_height(atoms: Atoms, layer: np.ndarray) -> float:
    """Mean z of a layer, in [0, height of the cell)."""
    return _periodic_mean(atoms.positions[layer, 2], atoms.cell[2, 2])


def _periodic_mean(z: np.ndarray, height: float) -> float:
    apart = (z - z[0] + height / 2) % height - height / 2
    return float((z[0] + apart.mean()) % height)
