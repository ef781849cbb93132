"""One slab: its atoms, its layers, and what defines the planes of its two faces.  Lengths in Å.

The plane of a face is the mean height of some of its atoms, in every frame:

- layer: the atoms of the outermost plane (of an oxide, of the outermost plane of its metal);
- topmost: where heights have no planes (a vicinal, rough or amorphous face), the atoms that no other hides;
- dividing: of a slab whose atoms wander (a liquid metal), the plane up to which its density inside would hold all of
  them, Gibbs' dividing surface: half of N/(A ρ) from the mean height of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lmpdrive.constituents import layers as of_heights
from lmpdrive.constituents.bonds import Array, Indices, neighbours

Plane = Literal["layer", "topmost", "dividing"]

WANDERING_A = 1.3
"""Median displacement, between configurations, of atoms that no longer belong to a lattice site."""
INSIDE = 0.5
"""The middle half of a slab has its density."""


@dataclass(frozen=True, eq=False)
class Slab:
    """A slab.

    atoms : indices; layers : bottom to top, empty where there are none.
    lower, upper : the atoms whose mean height gives the plane of the lower and of the upper face.
    plane : what these atoms are; half_thickness_A : of a dividing plane, from the mean height; else 0.
    """

    atoms: Indices
    layers: tuple[Indices, ...]
    lower: Indices
    upper: Indices
    plane: Plane = "layer"
    half_thickness_A: float = 0.0

    def plane_in_words(self, elements: NDArray[np.str_]) -> str:
        """What the surface plane is, for the reader of a number."""
        if self.plane == "dividing":
            return "Gibbs dividing surface of the slab, whose atoms wander"
        kinds = "/".join(sorted(set(elements[self.upper].tolist())))
        if self.plane == "topmost":
            return f"mean height of the {len(self.upper)} topmost atoms ({kinds}): its heights have no planes"
        return f"mean height of the {len(self.upper)} atoms ({kinds}) of the outermost plane"


def slabs_of(
    elements: NDArray[np.str_],
    atoms: Indices,
    frames: Sequence[tuple[Array, Array]],
    apart_A: float,
    layers: Sequence[Indices] = (),
) -> list[Slab]:
    """The slabs that some atoms make up, bottom to top.

    layers : where they are known, bottom to top.
    frames : (positions, cell) of some configurations, cells with the normal along the third axis of space or not.
    apart_A : atoms further apart than this along the normal are of different slabs.
    """
    heights, period = _heights(frames[0], atoms)
    parts = of_heights.parts_of(heights, period, apart_A)
    return [_slab(elements, atoms[part], frames, layers) for part in parts]


def _slab(
    elements: NDArray[np.str_],
    atoms: Indices,
    frames: Sequence[tuple[Array, Array]],
    layers: Sequence[Indices],
) -> Slab:
    seen = np.stack([_whole(frame, atoms) for frame in frames])
    moved = np.stack([_nearest(one - seen[0], cell) for one, (_, cell) in zip(seen, frames, strict=True)])
    moved -= np.median(moved, axis=1, keepdims=True)  # the slab as a whole may drift
    known = [np.searchsorted(atoms, layer) for layer in layers if np.isin(layer, atoms).all()]
    wanders = not known and len(frames) > 1 and float(np.median(np.linalg.norm(moved[-1], axis=1))) > WANDERING_A
    mean = seen[0] + moved.mean(axis=0)
    own = elements[atoms]
    if wanders:
        return Slab(atoms, (), atoms, atoms, "dividing", _half_thickness(seen[:, :, 2]))
    found = known or of_heights.find_layers(own, mean[:, 2])
    if found:
        lower = of_heights.outermost(own, found[0], mean[:, 2], upwards=False)
        upper = of_heights.outermost(own, found[-1], mean[:, 2], upwards=True)
        return Slab(atoms, tuple(atoms[layer] for layer in found), atoms[lower], atoms[upper])
    spacing = _spacing(*frames[0], atoms)
    plane_cell = _in_plane(frames[0][1])
    lower, upper = (of_heights.topmost(mean, plane_cell, upwards, spacing) for upwards in (False, True))
    return Slab(atoms, (), atoms[lower], atoms[upper], "topmost")


def _half_thickness(heights: Array) -> float:
    """(F, N) heights -> half of N/(A ρ), with ρ A the atoms per length in the middle of the slab."""
    from_middle = np.abs(heights - heights.mean(axis=1, keepdims=True))
    inside = INSIDE * float(np.quantile(from_middle, 0.95))
    per_length = float((from_middle < inside).mean()) / (2 * inside)
    return 0.5 / per_length


def _whole(frame: tuple[Array, Array], atoms: Indices) -> Array:
    """(n, 3) positions in axes whose third is the normal, the slab not cut by the boundary."""
    positions, cell = frame
    x = cell[0] / np.linalg.norm(cell[0])
    normal = _normal(cell)
    axes = np.stack([x, np.cross(normal, x), normal])
    turned = positions[atoms] @ axes.T
    heights, period = _heights(frame, atoms)
    low = of_heights.widest_gap(heights, period)
    bottom = low[1] + 0.5 * low[0]
    turned[:, 2] = (heights - bottom) % period
    return turned


def _nearest(vectors: Array, cell: Array) -> Array:
    """Nearest images in the plane of vectors in the axes of `_whole`."""
    plane = _in_plane(cell)
    out = vectors.copy()
    out[:, :2] -= np.rint(vectors[:, :2] @ np.linalg.inv(plane)) @ plane
    return out


def _heights(frame: tuple[Array, Array], atoms: Indices) -> tuple[Array, float]:
    positions, cell = frame
    normal = _normal(cell)
    return positions[atoms] @ normal, float(normal @ cell[2])


def _normal(cell: Array) -> Array:
    cross = np.cross(cell[0], cell[1])
    return np.asarray(cross * np.sign(cross @ cell[2]) / np.linalg.norm(cross))


def _in_plane(cell: Array) -> Array:
    """(2, 2) a and b in the axes of `_whole`."""
    x = cell[0] / np.linalg.norm(cell[0])
    y = np.cross(_normal(cell), x)
    return np.array([[cell[0] @ x, cell[0] @ y], [cell[1] @ x, cell[1] @ y]])


def _spacing(positions: Array, cell: Array, atoms: Indices) -> float:
    """Median distance [Å] of nearest neighbours in a slab."""
    pairs = neighbours(positions[atoms], cell, 3.6)
    nearest = np.full(len(atoms), np.inf)
    np.minimum.at(nearest, pairs.first, pairs.length)
    np.minimum.at(nearest, pairs.second, pairs.length)
    found = nearest[np.isfinite(nearest)]
    return float(np.median(found)) if len(found) else 2.8
