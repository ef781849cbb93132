"""`ITEM: BOX BOUNDS` of LAMMPS' text dumps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def box_bounds(cell: NDArray[np.float64], letters: str = "pp pp pp", digits: int = 17) -> str:
    """The four lines of a (3, 3) cell [Å], a along x and b in the xy plane, with its corner at the origin.

    A tilted box has the bounds of what encloses it, and its tilts.  https://docs.lammps.org/Howto_triclinic.html
    """
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = cell.tolist()
    if not (xy or xz or yz):
        return f"ITEM: BOX BOUNDS {letters}\n" + "".join(f"0 {length:.{digits}g}\n" for length in (lx, ly, lz))
    low_x, high_x = min(0.0, xy, xz, xy + xz), lx + max(0.0, xy, xz, xy + xz)
    low_y, high_y = min(0.0, yz), ly + max(0.0, yz)
    rows = [(low_x, high_x, xy), (low_y, high_y, xz), (0.0, lz, yz)]
    lines = [" ".join(f"{value:.{digits}g}" for value in row) for row in rows]
    return "\n".join([f"ITEM: BOX BOUNDS xy xz yz {letters}", *lines]) + "\n"
