"""The interface in each frame: surface planes, distances along the normal, waters.

Units: Å.  `Interface` examines the first frame of a trajectory once (layers, number of surfaces) and then
turns each chunk into `InterfaceFrames`, which is all that an observable needs.

Surface plane z_s: mean of the outermost layer that faces the electrolyte, per frame; its members that have
left the plane by more than 1.2 Å (adatoms, vacancy hops) do not count.  Distances grow into the electrolyte.  The
cell is cut in the middle of the slab, so the whole electrolyte and the vacuum lie on one axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lmpdrive.errors import TrajectoryError
from lmpdrive.observables import geometry
from lmpdrive.observables.geometry import Array
from lmpdrive.observables.kernels import load
from lmpdrive.observables.kernels.arguments import NormalAxis
from lmpdrive.observables.layers import (
    WIDE_A,
    around_electrolyte,
    find_layers,
    group_layers,
    middle_of,
    slab_atoms,
    widest_inside,
)
from lmpdrive.observables.water import WaterFinder, WaterFrames
from lmpdrive.trajectory.coordinates import Coordinates
from lmpdrive.trajectory.frames import Chunk
from lmpdrive.trajectory.topology import Topology

LEFT_THE_LAYER_A = 1.2
WET_A = 6.0
"""A surface is wet if there is electrolyte within this distance of it."""

_AS_INTEGERS = {4: (np.uint32, np.uint32(0x7F800000)), 8: (np.uint64, np.uint64(0x7FF0000000000000))}
"""Bytes of a real -> the integer of that size, and the bits that are all set in inf and nan only."""


@dataclass(frozen=True, eq=False)
class InterfaceFrames:
    """One chunk as seen from the surface(s); S = 1 or 2 surfaces.  Made at first use: all that starts with water.

    areas : (F,) Å^2.
    signs : (S,) +1 if the electrolyte is in the direction of the normal, -1 if against it.
    water : the waters, one row per water and frame.
    water_distances : (S, W) Å, O from each surface plane into the electrolyte.
    water_normal : (W,) Å, bisector along the cell's normal (not yet mirrored).
    water_cosines : (S, W) cos θ of the bisector with each surface's normal; positive: H away from the surface.
    water_weights : (W,) Å^-2, 1/(A S): what each water counts in a profile.
    gap : (F,) Å, from one surface plane to the other through the electrolyte (cell height without a metal).
    has_surface : False if there is no metal and z is measured from the cell's origin.
    normals : (F, 3) unit normal of each frame's a-b plane.
    """

    areas: Array
    signs: Array
    gap: Array
    has_surface: bool
    normals: Array
    _chunk: Chunk
    _waters: WaterFinder
    _along: AlongNormal
    _planes: Array
    _cut: Array

    @cached_property
    def water(self) -> WaterFrames:
        """The waters of the chunk."""
        return self._waters.find(self._chunk.coordinates, self._chunk.cells)

    @cached_property
    def water_distances(self) -> Array:
        """(S, W) Å, O from each surface plane into the electrolyte."""
        return load("surfaces").paired_distances(
            self._along.axis, self._cut, self._planes, self.signs, self.water.frame, self.water.oxygen
        )

    @cached_property
    def water_weights(self) -> Array:
        """(W,) Å^-2, what each water counts in a profile: 1/(A S)."""
        return np.take(1.0 / (self.areas * len(self.signs)), self.water.frame)

    @cached_property
    def _water_projections(self) -> tuple[Array, Array]:
        return load("surfaces").project(self.water.bisector, self.normals, self.water.frame)

    @property
    def water_normal(self) -> Array:
        """(W,) Å, bisector along the cell's normal."""
        return self._water_projections[0]

    @cached_property
    def water_cosines(self) -> Array:
        """(S, W) cos θ with each surface's normal; 0 for a straight H-O-H, which has no direction."""
        return self.signs[:, None] * self._water_projections[1]

    def distances(self, atoms: NDArray[np.int64]) -> Array:
        """(S, F, n) distances [Å] of some atoms from each surface plane.

        Raises IndexError if there is no such atom.
        """
        # compiled code does not check that an atom exists
        atoms = np.arange(self._along.coordinates.n_atoms)[atoms]
        return load("surfaces").distances(self._along.axis, self._cut, self._planes, self.signs, atoms)


@dataclass(frozen=True, eq=False)
class AlongNormal:
    """What it takes to get an atom's coordinate along the normal: r·n minus that of the cell's corner.

    coordinates : the positions; normals : (F, 3); origins : (F,) Å, the corner along the normal; heights : (F,) Å.
    """

    coordinates: Coordinates
    normals: Array
    origins: Array
    heights: Array

    @classmethod
    def of(cls, chunk: Chunk) -> AlongNormal:
        """Raises TrajectoryError if a position is not a number or a cell has no volume."""
        normals = geometry.normals(chunk.cells)
        heights = np.einsum("fi,fi->f", normals, chunk.cells[:, 2])
        at = chunk.coordinates
        bits, exponent = _AS_INTEGERS[at.records.dtype.itemsize]
        starts, length = at.segments()
        flat = ~(heights > 0)
        bad = int(flat.argmax()) if flat.any() else -1
        if bad < 0:
            bad = load("surfaces").first_bad_frame(at.records.view(bits), starts, length, exponent)
        if bad >= 0:
            raise TrajectoryError(
                f"step {chunk.steps[bad]}: a position is not a number or the cell has no volume; "
                "analyse the part of the run before it"
            )
        return cls(at, normals, np.einsum("fi,fi->f", chunk.origins, normals), heights)

    @property
    def axis(self) -> NormalAxis:
        """As the argument of the functions in `kernels.surfaces`."""
        return NormalAxis(self.coordinates.columns, self.normals, self.origins, self.heights)

    def of_atoms(self, atoms: NDArray[np.int64]) -> Array:
        """(F, n) Å, coordinates of some atoms."""
        at = self.coordinates
        columns = [at.along(axis)[:, atoms].astype(float) for axis in range(3)]
        return np.einsum("kfn,fk->fn", columns, self.normals) - self.origins[:, None]


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
        geometry.keep_freed_memory()
        self.topology = topology
        self.notes: list[str] = []
        self.has_velocities = first.velocities is not None
        self._waters = WaterFinder(topology.elements)
        along = AlongNormal.of(first[:1])
        height = float(along.heights[0])
        metal = slab_atoms(topology.elements, topology.groups)
        self.layers = group_layers(topology.groups)
        if not self.layers and len(metal):
            self.layers = [metal[layer] for layer in find_layers(along.of_atoms(metal)[0], height)]
        slab = metal if self.layers else metal[:0]
        others = np.setdiff1d(np.arange(topology.n_atoms), slab)
        self.ions = {
            str(element): others[topology.elements[others] == element]
            for element in sorted(set(topology.elements[others]) - {"O", "H"})
        }
        self._mobile = others
        if not self.layers:
            self.sides: tuple[str, ...] = ("cell",)
            if not self.is_bulk:
                self.notes.append("No metal layer was found: z is measured from the origin of the cell.")
        else:
            self._find_faces(along.of_atoms(np.arange(topology.n_atoms))[0], height)
            self.sides = ("top", "bottom")
            self.sides = self._wet_sides(topology, along)
            if loose := len(slab) - sum(len(layer) for layer in self.layers):
                many = "metal atoms are" if loose > 1 else "metal atom is"
                self.notes.append(
                    f"{loose} {many} in no layer (adatoms or dissolved): the surface is that of the layers."
                )

    def _find_faces(self, z: Array, height: float) -> None:
        """Order the layers around the electrolyte, and note where the outermost atoms are in the slab."""
        self.layers = around_electrolyte(self.layers, z, height, z[self._wet_atoms()])
        inside = widest_inside(self.layers, z, height)
        if inside > WIDE_A:
            self.notes.append(
                f"The metal is in parts with {inside:.1f} Å between them: distances are from the faces towards most of "
                "the electrolyte."
            )
        bottom, top = z[self.layers[0]], z[self.layers[-1]]
        middle = middle_of(bottom, top, height)
        self._home = geometry.wrap_symmetric(np.concatenate([bottom, top]) - middle, np.array(height))

    def _wet_atoms(self) -> NDArray[np.int64]:
        """What shows where the electrolyte is: O that is not of the slab, else everything that is not."""
        oxygens = np.intersect1d(self.topology.select("O"), self._mobile)
        return oxygens if len(self.topology.select("O")) else self._mobile

    @property
    def two_sided(self) -> bool:
        """Profiles are the mean over two mirrored surfaces."""
        return len(self.sides) == 2

    @property
    def is_bulk(self) -> bool:
        """A crystal, glass or melt fills the cell: neither a surface nor water, so nothing depends on z."""
        return not (self.layers or self.may_have_water)

    @cached_property
    def may_have_water(self) -> bool:
        """There are both O and H."""
        return {"O", "H"} <= set(self.topology.elements)

    def frames(self, chunk: Chunk) -> InterfaceFrames:
        """The interface in each frame of a chunk.

        Raises ValueError if the chunk has other atoms than the topology.
        """
        if chunk.coordinates.n_atoms != self.topology.n_atoms:
            raise ValueError(f"frames of {chunk.coordinates.n_atoms} atoms, but {self.topology.n_atoms} are known")
        along = AlongNormal.of(chunk)
        cut, planes, gap = self._planes(along)
        return InterfaceFrames(
            geometry.areas(chunk.cells),
            self._signs,
            gap,
            bool(self.layers),
            along.normals,
            chunk,
            self._waters,
            along,
            planes,
            cut,
        )

    @property
    def _signs(self) -> Array:
        return np.array([-1.0 if side == "bottom" else 1.0 for side in self.sides])

    def _planes(self, along: AlongNormal) -> tuple[Array, Array, Array]:
        """(F,) where the cell is cut; (S, F) surface planes relative to the cut, along the normal; (F,) gap."""
        if not self.layers:
            zero = np.zeros(len(along.heights))
            return zero, zero[None], along.heights
        cut, half = load("surfaces").planes(along.axis, self.layers[0], self.layers[-1], self._home, LEFT_THE_LAYER_A)
        planes = np.stack([-half if side == "bottom" else half for side in self.sides])
        return cut, planes, along.heights - 2.0 * half

    def _wet_sides(self, topology: Topology, along: AlongNormal) -> tuple[str, ...]:
        """Which faces of the slab have electrolyte, as the builder recorded or from the first frame."""
        if topology.two_sided:
            return ("top", "bottom")
        mobile = self._wet_atoms()
        if not len(mobile):
            return ("top",)
        cut, planes, _ = self._planes(along)
        up, down = load("surfaces").distances(along.axis, cut, planes, self._signs, mobile)
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
