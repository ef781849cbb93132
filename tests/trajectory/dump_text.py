"""LAMMPS text dumps and data files as strings, for tests."""

from __future__ import annotations

BOX = "0 10\n0 10\n0 20"


def frame(rows, columns="id type x y z", *, step=0, letters="pp pp pp", box=BOX):
    """One frame."""
    lines = "\n".join(rows)
    return (
        f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(rows)}\nITEM: BOX BOUNDS {letters}\n{box}\n"
        f"ITEM: ATOMS {columns}\n{lines}\n"
    )


def data_file(atoms, masses, *, title="title", style="atomic"):
    """A data file of a box of 10 x 10 x 20 Å; `masses` are lines of Masses."""
    return (
        f"{title}\n\n{len(atoms)} atoms\n{len(masses)} atom types\n0 10 xlo xhi\n0 10 ylo yhi\n0 20 zlo zhi\n\n"
        "Masses\n\n" + "\n".join(masses) + f"\n\nAtoms # {style}\n\n" + "\n".join(atoms) + "\n"
    )
