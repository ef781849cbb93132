"""Hydrogen bonds of a chunk by the usual geometric criteria, found once for all observables that need them.

A water donates to an O if the two O are closer than 3.5 Å and the angle H-O...O at the donor is below 30° (Luzar,
Chandler, Phys. Rev. Lett. 76, 928 (1996)).  With `angle_at: hydrogen` the angle O-H...O must be above 180° - 30°
instead.  Donors are the waters (O with two H), acceptors all O of the cell, hydroxide and hydronium too.  Units: Å,
degrees.  Exact where every height of the cell is at least twice the distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from lmpdrive.observables.base import Array, Options
from lmpdrive.observables.interface import InterfaceFrames
from lmpdrive.observables.kernels import load
from lmpdrive.observables.kernels.arguments import BondBuffers, Donors, HydrogenBondCriterion
from lmpdrive.trajectory.frames import Chunk


class CriterionOptions(Options):
    """When two molecules are hydrogen bonded."""

    distance_A: PositiveFloat = 3.5
    """O-O below this."""
    angle_deg: Annotated[float, Field(gt=0, lt=180)] = 30.0
    """Angle below this."""
    angle_at: Literal["donor", "hydrogen"] = "donor"
    """`donor`: H-O...O; `hydrogen`: 180° - O-H...O."""


@dataclass(frozen=True, eq=False)
class HydrogenBonds:
    """Hydrogen bonds of a chunk (B of them) and their numbers for each of its W waters.

    row : (B,) row of the donor in `WaterFrames`, in ascending order; hydrogen, acceptor : (B,) atom indices.
    donated : (W,); accepted : (W,), whole numbers; bonds accepted by waters (those accepted by other O are in neither).
    """

    row: NDArray[np.int64]
    hydrogen: NDArray[np.int64]
    acceptor: NDArray[np.int64]
    donated: Array
    accepted: Array


_found: WeakKeyDictionary[InterfaceFrames, dict[CriterionOptions, HydrogenBonds]] = WeakKeyDictionary()
# counts, profile and lifetimes want the same bonds of the same chunk; they are forgotten with the chunk


def criterion_text(options: CriterionOptions) -> str:
    """For the notes of a table."""
    angle = "H-O...O" if options.angle_at == "donor" else "180° - O-H...O"
    return f"Hydrogen bond: O-O < {options.distance_A:g} Å and {angle} < {options.angle_deg:g}°."


def hydrogen_bonds(
    chunk: Chunk, interface: InterfaceFrames, oxygens: NDArray[np.int64], options: CriterionOptions
) -> HydrogenBonds:
    """The hydrogen bonds of a chunk by this criterion; `oxygens` are all O of the cell."""
    criterion = CriterionOptions(**{name: getattr(options, name) for name in CriterionOptions.model_fields})
    known = _found.setdefault(interface, {})
    if criterion not in known:
        known[criterion] = search(chunk, interface, oxygens, criterion)
    return known[criterion]


def search(
    chunk: Chunk, interface: InterfaceFrames, oxygens: NDArray[np.int64], options: CriterionOptions
) -> HydrogenBonds:
    """The same, without the cache."""
    water = interface.water
    n_atoms, n_waters = chunk.coordinates.n_atoms, len(water.frame)
    donors = Donors(water.frame, water.oxygen, water.bonds)
    criterion = HydrogenBondCriterion(
        float(options.distance_A), float(np.cos(np.radians(options.angle_deg))), options.angle_at == "hydrogen"
    )
    cells = np.ascontiguousarray(chunk.cells)
    capacity, n_bonds = 2 * n_waters, 1
    while n_bonds:  # again with room for all if the first guess (two bonds for each water) was too small
        buffers = BondBuffers(*(np.empty(capacity, dtype=np.int64) for _ in range(3)))
        n_bonds = load("hydrogen_bonds").find_bonds(
            chunk.coordinates.columns, cells, donors, oxygens, criterion, buffers
        )
        if n_bonds <= capacity:
            break
        capacity = n_bonds
    row, which, acceptor = (column[:n_bonds] for column in buffers)
    key = water.frame * n_atoms + water.oxygen  # ascending: waters come in order of frame, then of O
    wanted = water.frame[row] * n_atoms + acceptor
    place = np.minimum(np.searchsorted(key, wanted), max(0, n_waters - 1))
    accepted = np.bincount(place[key[place] == wanted] if n_waters else place, minlength=n_waters).astype(float)
    return HydrogenBonds(
        row, water.hydrogens[row, which], acceptor, np.bincount(row, minlength=n_waters).astype(float), accepted
    )
