"""BuiltSystem -> LAMMPS data file, `units metal` (Å, u, e; velocities in Å/ps)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TextIO

import numpy as np

from lmpdrive.errors import StructureError
from lmpdrive.system.model import BuiltSystem


def write_data(
    system: BuiltSystem,
    path_or_stream: str | Path | TextIO,
    atom_style: Literal["atomic", "full"] = "atomic",
    charges: Sequence[float] | None = None,
    velocities: bool = True,
) -> None:
    """Write `system`, atoms in the order of the ids 1..N.

    `full` adds molecule ids, `charges` [e] (zero if None) and the bonds and angle of each water (bond
    type 1 O-H, angle type 1 H-O-H).  Velocities are written when the system has them and `velocities`.
    Raises StructureError when the number of charges is wrong.
    """
    if atom_style not in ("atomic", "full"):
        raise StructureError(f"atom_style {atom_style!r} cannot be written: choose atomic or full")
    if charges is not None and len(charges) != len(system.atoms):
        raise StructureError(f"{len(charges)} charges for {len(system.atoms)} atoms: give one per atom")
    text = "".join(line + "\n" for line in _lines(system, atom_style, charges, velocities))
    if isinstance(path_or_stream, str | Path):
        Path(path_or_stream).write_text(text)
    else:
        path_or_stream.write(text)


def _lines(system: BuiltSystem, atom_style: str, charges: Sequence[float] | None, velocities: bool) -> Iterator[str]:
    waters = system.water_molecules if atom_style == "full" else np.zeros((0, 3), dtype=int)
    # LAMMPS skips the first line, whatever it says; `units = ` is where its own files have it
    yield f"LAMMPS data file written by lmpdrive, units = metal: {system.atoms.get_chemical_formula()}"
    yield ""
    yield f"{len(system.atoms)} atoms"
    yield f"{len(system.elements)} atom types"
    if len(waters):
        yield from (f"{2 * len(waters)} bonds", "1 bond types", f"{len(waters)} angles", "1 angle types")
    yield ""
    cell = system.atoms.cell
    for k, axis in enumerate("xyz"):
        yield f"0.0 {cell[k, k]:.12f} {axis}lo {axis}hi"
    tilt = cell[1, 0], cell[2, 0], cell[2, 1]
    if any(tilt):
        yield "{:.12f} {:.12f} {:.12f} xy xz yz".format(*tilt)
    yield from ("", "Masses", "")
    for row in system.table():
        yield f"{row.type} {row.mass_u:.6f} # {row.element}"
    yield from ("", f"Atoms # {atom_style}", "")
    yield from _atoms(system, atom_style, charges, waters)
    if velocities and system.atoms.has("momenta"):
        yield from ("", "Velocities", "")
        for i, v in enumerate(_velocities_A_per_ps(system), start=1):
            yield "{} {:.12g} {:.12g} {:.12g}".format(i, *v)
    if len(waters):
        yield from ("", "Bonds", "")
        pairs = [(o, h) for o, *hydrogens in waters for h in hydrogens]
        yield from (f"{i} 1 {o + 1} {h + 1}" for i, (o, h) in enumerate(pairs, start=1))
        yield from ("", "Angles", "")
        yield from (f"{i} 1 {h1 + 1} {o + 1} {h2 + 1}" for i, (o, h1, h2) in enumerate(waters, start=1))


def _atoms(system: BuiltSystem, atom_style: str, charges: Sequence[float] | None, waters: np.ndarray) -> Iterator[str]:
    molecule = np.zeros(len(system.atoms), dtype=int)  # 0: belongs to no molecule
    molecule[waters.ravel()] = np.repeat(np.arange(1, len(waters) + 1), 3)
    q = np.zeros(len(system.atoms)) if charges is None else np.asarray(charges, dtype=float)
    for i, (kind, position) in enumerate(zip(system.types, system.atoms.positions, strict=True)):
        extra = f"{molecule[i]} {kind} {q[i]:.12f}" if atom_style == "full" else f"{kind}"
        yield "{} {} {:.12f} {:.12f} {:.12f}".format(i + 1, extra, *position)


def _velocities_A_per_ps(system: BuiltSystem) -> np.ndarray:
    from ase import units

    return np.asarray(system.atoms.get_velocities() * (1000 * units.fs))
