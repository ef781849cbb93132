"""Write the crystals that the melts start from: al-cu-zr.xyz and cristobalite.xyz.

    python inputs/solids/make_structures.py

Al8Cu46Zr46 at random on a bcc lattice of 250 atoms, near the density of the glass; β-cristobalite, 192 atoms.
"""

from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.io import write
from ase.spacegroup import crystal

HERE = Path(__file__).parent


def main() -> None:
    """Both files."""
    alloy = bulk("Zr", "bcc", a=3.27, cubic=True) * (5, 5, 5)
    symbols = np.repeat(["Al", "Cu", "Zr"], [20, 115, 115])
    alloy.set_chemical_symbols(list(np.random.default_rng(1).permutation(symbols)))
    write(HERE / "al-cu-zr.xyz", alloy, format="extxyz")
    sites = [(0, 0, 0), (1 / 8, 1 / 8, 1 / 8)]
    silica = crystal(("Si", "O"), sites, spacegroup=227, cellpar=[7.16] * 3 + [90] * 3) * (2, 2, 2)
    silica.info, silica.arrays = {}, {name: silica.arrays[name] for name in ("numbers", "positions")}
    write(HERE / "cristobalite.xyz", silica, format="extxyz")


if __name__ == "__main__":
    main()
