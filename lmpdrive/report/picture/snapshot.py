"""`Snapshot`: the atoms of one frame as they are drawn: inside the cell, water whole, ions named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmpdrive.constituents.bonds import find_bonds

if TYPE_CHECKING:
    from lmpdrive.constituents import Constituents
    from lmpdrive.observables.examine import Slab
    from lmpdrive.trajectory import Trajectory

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
RAISED = {1: "⁺", -1: "⁻"}
VACUUM_A = 5.0
"""A wider gap along the normal is a vacuum."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One frame.

    elements : (N,); positions : (N, 3) Å; cell : (3, 3) Å, rows are a, b, c; origin : (3,) Å, corner of the cell.
    ions : label ("Na⁺") -> the atom at which each of them is counted.
    normal : axis of the cell (0, 1, 2) that points up in the side view.
    time_ps : of the frame; NaN if it is not known.
    """

    elements: NDArray[np.str_]
    positions: Array
    cell: Array
    origin: Array = field(default_factory=lambda: np.zeros(3))
    ions: Mapping[str, Indices] = field(default_factory=dict)
    normal: int = 2
    time_ps: float = float("nan")

    @classmethod
    def last_of(cls, frames: Trajectory, slab: Slab | None = None, normal: str | None = None) -> Snapshot | None:
        """The last frame of a trajectory; None if a position in it is not a number.

        slab, normal : where they were given, as for the analysis.
        """
        from lmpdrive.observables.examine import AXES, slab_from
        from lmpdrive.observables.interface import constituents_of

        chunk = frames.read(frames.n_frames - 1, frames.n_frames)
        if not np.isfinite(chunk.positions).all():
            return None
        atoms = None if slab is None else slab_from(slab, frames.topology, chunk)
        what = constituents_of(frames.topology, [chunk], atoms, None if normal is None else AXES.index(normal))
        elements, cell, origin = frames.topology.elements, chunk.cells[0], chunk.origins[0]
        positions = whole_in_cell(elements, chunk.positions[0] - origin, cell, frames.periodic, what.normal) + origin
        cell = frames.boundaries.without_vacuum(cell)
        return cls(elements, positions, cell, origin, ions_of(what), what.normal, float(chunk.times_ps[0]))

    @classmethod
    def of_data(cls, file: Path, elements: Sequence[str], groups: Mapping[str, Indices]) -> Snapshot:
        """The atoms of a LAMMPS data file of a run.

        elements : (N,) by id; groups : of the builder, as in the manifest.
        """
        from ase.io import read

        from lmpdrive.constituents import Configuration, find_constituents, known_slab

        atoms: Any = read(file, format="lammps-data", sort_by_id=True)
        cell, names = np.asarray(atoms.cell.array), np.asarray(elements)
        slab, layers = known_slab(groups)
        seen = [Configuration(np.asarray(atoms.positions, dtype=float), cell)]
        what = find_constituents(names, seen, slab=slab, layers=layers, normal=None if slab is None else 2)
        origin = np.asarray(atoms.get_celldisp(), dtype=float).ravel()
        positions = whole_in_cell(names, atoms.positions - origin, cell, normal=what.normal) + origin
        return cls(names, positions, cell, origin, ions_of(what), what.normal)


def ions_of(what: Constituents) -> dict[str, Indices]:
    """Label -> atoms; with the usual charge of the ion where it is known."""
    return {f"{name}{_charge(one.charge_e)}": one.centres for name, one in what.ions.items()}


def _charge(charge_e: int | None) -> str:
    """`2` -> `²⁺`."""
    if not charge_e:
        return ""
    size = abs(charge_e)
    return f"{'' if size == 1 else '⁰¹²³⁴⁵⁶⁷⁸⁹'[size]}{RAISED[charge_e // size]}"


def whole_in_cell(
    elements: NDArray[np.str_],
    positions: Array,
    cell: Array,
    periodic: tuple[bool, bool, bool] = (True, True, True),
    normal: int = 2,
) -> Array:
    """(N, 3) Å, wrapped along the periodic axes into a cell with its corner at 0; each H beside what it is bonded to.

    An H that hangs over the edge of the cell is better than half a water at either side; so is a layer of metal that
    lies in the boundary: along the normal, the cell is cut in the middle of its vacuum.
    """
    scaled = positions @ np.linalg.inv(cell)
    for axis in np.flatnonzero(periodic):
        cut = _cut_in_vacuum(scaled[:, axis], float(np.linalg.norm(cell[axis]))) if axis == normal else 0.0
        scaled[:, axis] -= np.floor(scaled[:, axis] - cut)
    wrapped = np.asarray(scaled @ cell)
    bonds = find_bonds(elements, wrapped, cell)
    for ends, others, sign in ((bonds.second, bonds.first, 1), (bonds.first, bonds.second, -1)):
        hydrogen = (elements[ends] == "H") & (elements[others] != "H")
        wrapped[ends[hydrogen]] = wrapped[others[hydrogen]] + sign * bonds.vector[hydrogen]
    return wrapped


def _cut_in_vacuum(scaled: Array, length_A: float) -> float:
    """Where the cell is cut along an axis, in [-1/2, 1/2): the middle of its widest gap, 0 if that is no vacuum."""
    inside = np.sort(scaled - np.floor(scaled))
    gaps = np.diff(inside, append=inside[0] + 1)
    widest = int(np.argmax(gaps))
    if gaps[widest] * length_A < VACUUM_A:
        return 0.0
    middle = inside[widest] + gaps[widest] / 2
    return float(middle - np.floor(middle + 0.5))
