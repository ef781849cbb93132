"""The interface in each frame: surface planes, distances along the normal, waters.

Units: Å.  `Interface` looks at the first frame of a trajectory once (layers, number of surfaces) and then
turns each chunk into `InterfaceFrames`, which is all that an observable needs.

Surface plane z_s: mean of the outermost layer that faces the electrolyte, per frame; its members that have
left the plane by more than 1.2 Å (adatoms, vacancy hops) do not count.  Distances grow into the electrolyte.  The
cell is cut in the middle of the slab, so the whole electrolyte and the vacuum lie on one axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.observables import geometry
from lmpdrive.observables.geometry import Array
from lmpdrive.observables.layers import find_layers, group_layers, slab_atoms
from lmpdrive.observables.water import WaterFinder, WaterFrames
from lmpdrive.trajectory.frames import Chunk
from lmpdrive.trajectory.topology import Topology

LEFT_THE_LAYER_A = 1.2
WET_A = 6.0
"""A surface is wet if there is electrolyte within this distance of it."""


@dataclass(frozen=True)
class InterfaceFrames:
    """One chunk as seen from the surface(s); S = 1 or 2 surfaces.

    areas : (F,) Å^2.
    signs : (S,) +1 if the electrolyte is in the direction of the normal, -1 if against it.
    water : the waters, one row per water and frame.
    water_distances : (S, W) Å, O from each surface plane into the electrolyte.
    water_normal : (W,) Å, bisector along the cell's normal (not yet mirrored).
    gap : (F,) Å, from one surface plane to the other through the electrolyte (cell height without a metal).
    has_surface : False if there is no metal and z is measured from the cell's origin.
    """

    areas: Array
    signs: Array
    water: WaterFrames
    water_distances: Array
    water_normal: Array
    gap: Array
    has_surface: bool
    _coordinates: Array
    _planes: Array
    _cut: Array
    _heights: Array

    def distances(self, atoms: NDArray[np.int64]) -> Array:
        """(S, F, n) distances [Å] of some atoms from each surface plane."""
        return _distances(
            self._coordinates[:, atoms],
            self._cut[:, None],
            self._heights[:, None],
            self._planes[:, :, None],
            self.signs[:, None, None],
        )


class Interface:
    """The interface of one trajectory, made from its first frame.

    Attributes
    ----------
    layers : atom indices of the metal layers, bottom to top (empty without a metal).
    sides : faces that have electrolyte: "top", "bottom"; ("cell",) if there is no metal.
    ions : element -> atom indices, all that is neither slab nor O/H.
    notes : what was assumed, for the reader of the report.
    has_velocities : the file has them.
    """

    def __init__(self, topology: Topology, first: Chunk) -> None:
        self.topology = topology
        self.notes: list[str] = []
        self.has_velocities = first.velocities is not None
        self._waters = WaterFinder(topology.elements)
        coordinates, heights = _along_normal(first[:1])
        metal = slab_atoms(topology.elements, topology.groups)
        self.layers = group_layers(topology.groups)
        if not self.layers and len(metal):
            self.layers = [metal[layer] for layer in find_layers(coordinates[0, metal], heights[0])]
        slab = metal if self.layers else metal[:0]
        others = np.setdiff1d(np.arange(topology.n_atoms), slab)
        self.ions = {
            str(element): others[topology.elements[others] == element]
            for element in sorted(set(topology.elements[others]) - {"O", "H"})
        }
        self._mobile = others
        if not self.layers:
            self.sides: tuple[str, ...] = ("cell",)
            self.notes.append("No metal layer was found: z is measured from the origin of the cell.")
        else:
            self.sides = self._wet_sides(topology, coordinates, heights)

    @property
    def two_sided(self) -> bool:
        """Profiles are the mean over two mirrored surfaces."""
        return len(self.sides) == 2

    @property
    def may_have_water(self) -> bool:
        """There are both O and H."""
        return {"O", "H"} <= set(self.topology.elements)

    def frames(self, chunk: Chunk) -> InterfaceFrames:
        """The interface in each frame of a chunk."""
        coordinates, heights = _along_normal(chunk)
        signs = np.array([-1.0 if side == "bottom" else 1.0 for side in self.sides])
        cut, planes, gap = self._planes(coordinates, heights)
        water = self._waters.find(chunk.positions, chunk.cells)
        at = water.frame
        distances = _distances(coordinates[at, water.oxygen], cut[at], heights[at], planes[:, at], signs[:, None])
        along = np.einsum("wi,wi->w", water.bisector, geometry.normals(chunk.cells)[at])
        return InterfaceFrames(
            geometry.areas(chunk.cells),
            signs,
            water,
            distances,
            along,
            gap,
            bool(self.layers),
            coordinates,
            planes,
            cut,
            heights,
        )

    def _planes(self, coordinates: Array, heights: Array) -> tuple[Array, Array, Array]:
        """(F,) where the cell is cut; (S, F) surface planes relative to the cut, along the normal; (F,) gap."""
        if not self.layers:
            zero = np.zeros(len(coordinates))
            return zero, zero[None], heights
        slab = np.concatenate(self.layers)
        centre = geometry.circular_mean(coordinates[:, slab], heights)
        offsets = geometry.wrap_symmetric(coordinates - centre[:, None], heights[:, None])
        top, bottom = (_plane(offsets[:, self.layers[i]]) for i in (-1, 0))
        # recentre: with uneven layers the circular mean is not the middle of the slab
        cut = centre + 0.5 * (top + bottom)
        half = 0.5 * (top - bottom)
        planes = np.stack([-half if side == "bottom" else half for side in self.sides])
        return cut, planes, heights - 2.0 * half

    def _wet_sides(self, topology: Topology, coordinates: Array, heights: Array) -> tuple[str, ...]:
        """Which faces of the slab have electrolyte, as the builder said or from the first frame."""
        if topology.two_sided:
            return ("top", "bottom")
        mobile = topology.select("O")
        mobile = np.intersect1d(mobile, self._mobile) if len(mobile) else self._mobile
        if not len(mobile):
            return ("top",)
        self.sides = ("top", "bottom")
        cut, planes, _ = self._planes(coordinates, heights)
        up = _distances(coordinates[:, mobile], cut[:, None], heights[:, None], planes[:1], 1.0)
        down = _distances(coordinates[:, mobile], cut[:, None], heights[:, None], planes[1:], -1.0)
        wet = np.array([(up <= WET_A).sum(), (down <= WET_A).sum()])
        if not wet.any():
            wet = np.array([(up < down).sum(), (up >= down).sum()])
        sides = tuple(side for side, n in zip(("top", "bottom"), wet, strict=True) if n >= 0.2 * wet.max())
        if topology.two_sided is False and len(sides) == 2:
            sides = ("top",) if wet[0] >= wet[1] else ("bottom",)
        elif topology.two_sided is None and len(sides) == 2:
            self.notes.append("Both faces of the slab have water: profiles are the mean of the two mirrored sides.")
        if sides == ("bottom",):
            self.notes.append("The electrolyte lies below the slab: distances and cos θ are mirrored.")
        return sides


def _along_normal(chunk: Chunk) -> tuple[Array, Array]:
    """(F, N) coordinates along the normal from the cell's origin, and (F,) cell heights."""
    normals = geometry.normals(chunk.cells)
    heights = geometry.heights(chunk.cells)
    if not (np.isfinite(chunk.positions).all() and (heights > 0).all()):
        bad = ~np.isfinite(chunk.positions).all(axis=(1, 2)) | ~(heights > 0)
        raise TrajectoryError(
            f"step {chunk.steps[bad][0]}: a position is not a number or the cell has no volume; "
            "analyse the part of the run before it"
        )
    origin = np.einsum("fi,fi->f", chunk.origins, normals)
    if (normals == (0.0, 0.0, 1.0)).all():  # every LAMMPS cell: spare the products
        return chunk.positions[:, :, 2] - origin[:, None], heights
    return np.einsum("fni,fi->fn", chunk.positions, normals) - origin[:, None], heights


def _plane(offsets: Array) -> Array:
    """(F,) mean of (F, n) layer coordinates, without the members that have left the layer."""
    stays = np.abs(offsets - np.median(offsets, axis=1, keepdims=True)) <= LEFT_THE_LAYER_A
    return (offsets * stays).sum(axis=1) / stays.sum(axis=1)


def _distances(coordinates: Array, cut: Array, heights: Array, planes: Array, signs: Array | float) -> Array:
    """Distance from each plane into the electrolyte: unwrapped upwards (or downwards) from the cut."""
    return (signs * (coordinates - cut)) % heights - signs * planes
