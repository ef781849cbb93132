"""Frames whose answers are known on paper.  Units: Å."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lmpdrive.trajectory import Chunk, Topology, Trajectory

BOND = 0.96
HALF_ANGLE = np.radians(104.5 / 2)


class Frames(Trajectory):
    """A trajectory in memory; every frame is given."""

    def __init__(self, elements, positions, cell, *, times=True, origin=(0, 0, 0), **topology):
        super().__init__(Path("memory"))
        self.topology = Topology(np.array(elements), **topology)
        self._positions = np.asarray(positions, dtype=float)
        cell = np.asarray(cell, dtype=float)
        self._cell = np.diag(cell) if cell.ndim == 1 else cell
        self._origin = np.asarray(origin, dtype=float)
        self.steps = 20 * np.arange(1, len(self._positions) + 1)
        self.times_ps = self.steps * (5e-4 if times else np.nan)

    def read(self, start, stop):
        n = len(self._positions[start:stop])
        return Chunk(
            self._positions[start:stop].copy(),
            np.tile(self._cell, (n, 1, 1)),
            np.tile(self._origin, (n, 1)),
            self.steps[start:stop].copy(),
            self.times_ps[start:stop].copy(),
            start,
        )


def water(oxygen, cosine=1.0, azimuth=0.3):
    """O, H, H with the bisector at cos θ = `cosine` to +z."""
    sine = np.sqrt(1 - cosine**2)
    axis = np.array([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])
    side = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    arms = [BOND * (np.cos(HALF_ANGLE) * axis + s * np.sin(HALF_ANGLE) * side) for s in (1, -1)]
    oxygen = np.asarray(oxygen, dtype=float)
    return np.array([oxygen, oxygen + arms[0], oxygen + arms[1]])


def slab(n=3, spacing=2.9, layers=4, dz=2.4, z=0.0):
    """n x n atoms in each layer, lowest at z; and the in-plane cell."""
    grid = np.array([(i * spacing, j * spacing) for i in range(n) for j in range(n)])
    atoms = [np.column_stack([grid, np.full(n * n, z + layer * dz)]) for layer in range(layers)]
    return np.concatenate(atoms), (n * spacing, n * spacing)


SLAB_GROUPS = {"metal": np.arange(36)} | {f"layer_{k + 1}": np.arange(9) + 9 * k for k in range(4)}
"""Groups of `slab()` for cells that are so wide that it is no sheet, only a block."""


def film(heights, cosines, *, layers=4, z=0.0, height=40.0, extra=(), shift=0.0):
    """Elements, positions and cell: Au slab from z up, waters at `heights` above its top plane.

    extra : (element, (x, y, z)) atoms.  shift moves everything along z and wraps it.
    """
    metal, (a, b) = slab(layers=layers, z=z)
    top = metal[:, 2].max()
    elements, positions = ["Au"] * len(metal), [metal]
    for k, (h, c) in enumerate(zip(heights, cosines)):
        positions.append(water(((k % 3) * 2.9 + 0.5, (k // 3 % 3) * 2.9 + 0.5, top + h), c))
        elements += ["O", "H", "H"]
    for element, place in extra:
        positions.append(np.array([place], dtype=float))
        elements.append(element)
    cell = np.array([a, b, height])
    everything = np.concatenate(positions) + np.array([0, 0, shift])
    return elements, everything % cell if shift else everything, cell
