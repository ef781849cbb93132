"""`dynamics.bias.umbrella.place`: the ion of a structure from a file goes to the height of its window.  Å."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmpdrive.config.umbrella import Umbrella
from lmpdrive.constituents import known_slab
from lmpdrive.errors import StructureError
from lmpdrive.system.model import BuiltSystem

Array = NDArray[np.float64]

CLEAR_A = 1.8
"""From the ion to the nearest other atom: the minimisation makes a contact (Na-O: 2.4 Å) of it."""
GRID_A = 0.25
"""Of the lateral places that are tried."""


def placed(system: BuiltSystem, umbrella: Umbrella | None) -> BuiltSystem:
    """The system with the ion at z₀ above the outermost layer: straight along z, or where there is most room.

    Raises StructureError where there is no room at that height, or no such ion or layer.
    """
    if umbrella is None or not umbrella.place or umbrella.at_A is None:
        return system
    ion, layer = _ion_and_layer(system, umbrella)
    positions = system.atoms.positions.copy()
    before = positions[ion] - [0, 0, positions[layer, 2].mean()]
    z = positions[layer, 2].mean() + umbrella.at_A
    cell = np.asarray(system.atoms.cell)
    sites = np.vstack([[*before[:2], z], _sites(cell, z)])
    room = _room(sites, np.delete(positions, ion, axis=0), cell)
    best = 0 if room[0] >= CLEAR_A else int(np.argmax(room))
    if room[best] < CLEAR_A:
        raise StructureError(
            f"dynamics.bias.umbrella: no room for {umbrella.ion} at {umbrella.at_A:g} Å above the outermost layer: the "
            f"best place is {room[best]:.2f} Å from another atom, and {CLEAR_A:g} Å are needed. Build the windows "
            "(system.build), or give a structure with the ion at that height for each (a campaign with the keys "
            "system.read and dynamics.bias.umbrella.at_A)"
        )
    positions[ion] = sites[best]
    atoms = system.atoms.copy()
    atoms.positions = positions
    how = "straight along z" if best == 0 else "to the place with most room"
    note = (
        f"{umbrella.ion} moved from {before[2]:.2f} to {umbrella.at_A:.2f} Å above the outermost layer, {how}: "
        f"{room[best]:.2f} Å from the nearest atom. Keep dynamics.minimise, and equilibrate"
    )
    return replace(system, atoms=atoms, report=replace(system.report, notes=(*system.report.notes, note)))


def _ion_and_layer(system: BuiltSystem, umbrella: Umbrella) -> tuple[int, NDArray[np.int64]]:
    ions = system.groups.get(f"ion_{umbrella.ion}", np.zeros(0, dtype=int))
    _, layers = known_slab(system.groups)
    if len(ions) != 1 or not layers:
        raise StructureError(
            f"dynamics.bias.umbrella: needs one {umbrella.ion} over a slab with layers; this structure has {len(ions)} "
            f"{umbrella.ion} and {len(layers)} layers"
        )
    return int(ions[0]), layers[-1]


def _sites(cell: Array, z: float) -> Array:
    """(n, 3) places over the cell at one height."""
    counts = np.ceil(np.linalg.norm(cell[:2], axis=1) / GRID_A).astype(int)
    a, b = np.meshgrid(*((np.arange(n) + 0.5) / n for n in counts), indexing="ij")
    flat = a.reshape(-1, 1) * cell[0] + b.reshape(-1, 1) * cell[1]
    flat[:, 2] = z
    return np.asarray(flat)


def _room(sites: Array, others: Array, cell: Array) -> Array:
    """(n,) distance of each place to the nearest atom, over the images along both vectors of the surface."""
    from scipy.spatial import cKDTree

    images = [others + i * cell[0] + j * cell[1] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return np.asarray(cKDTree(np.concatenate(images)).query(sites)[0])
