"""Small structures that the tests of the architectures share."""

import numpy as np
from ase import Atoms
from ase.build import bulk, molecule


def water_on(
    metal: str, lattice_A: float, layers: int, heights_A: tuple[float, ...], height_A: float, shake_A: float
) -> Atoms:
    """A slab of 2 x 2 x `layers` cubic cells with one water molecule at each height, everything off its site."""
    slab = bulk(metal, "fcc", lattice_A, cubic=True).repeat((2, 2, layers))
    atoms = slab.copy()
    for k, height in enumerate(heights_A):
        water = molecule("H2O")
        water.rotate(70 * k, "x")
        water.translate((2.0 + 1.5 * k, 3.0, height))
        atoms += water
    atoms.set_cell([*slab.cell.lengths()[:2], height_A])
    atoms.pbc = True
    atoms.positions += np.random.default_rng(1).normal(scale=shake_A, size=(len(atoms), 3))
    return atoms
