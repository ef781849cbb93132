"""The interface in each frame: surface planes, distances along the normal, waters.

Units: Å.  `Interface` knows what the atoms of a trajectory are (`lmpdrive.constituents`) and turns each chunk into
`InterfaceFrames`, which is all that an observable needs.

Surface plane z_s: mean height of the atoms of a face (`constituents.faces`), per frame; members of a layer that have
left its plane by more than 1.2 Å (adatoms, vacancy hops) do not count.  Distances grow into the electrolyte.  The
cell is cut in the middle of the slab, so the whole electrolyte and the vacuum lie on one axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lmpdrive.constituents import Configuration, Constituents, find_constituents, known_slab
from lmpdrive.constituents.stack import WIDE_A, around_electrolyte, held_inside, middle_of, widest_inside
from lmpdrive.errors import TrajectoryError
from lmpdrive.observables import geometry
from lmpdrive.observables.geometry import Array
from lmpdrive.observables.kernels import load
from lmpdrive.observables.kernels.arguments import NormalAxis
from lmpdrive.observables.water import WaterFinder, WaterFrames
from lmpdrive.trajectory.coordinates import Coordinates
from lmpdrive.trajectory.frames import Chunk
from lmpdrive.trajectory.topology import Topology

Face = Literal["auto", "upper", "lower", "both"]

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
    gap : (F,) Å, from one surface plane to the other through the electrolyte (cell height without a slab).
    has_surface : False if there is no slab and z is measured from the cell's origin.
    normals : (F, 3) unit normal of each frame's a-b plane.
    between_slabs : the electrolyte lies between two electrodes: what is behind the far plane is the other of them.
    """

    areas: Array
    signs: Array
    gap: Array
    has_surface: bool
    normals: Array
    between_slabs: bool
    _chunk: Chunk
    _waters: WaterFinder
    _along: AlongNormal
    _planes: Array
    _cut: Array
    _like: InterfaceFrames | None = None

    @cached_property
    def water(self) -> WaterFrames:
        """The waters of the chunk."""
        if self._like is not None:
            return self._like.water
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


def constituents_of(
    topology: Topology, frames: Sequence[Chunk], slab: NDArray[np.int64] | None = None, normal: int | None = None
) -> Constituents:
    """What the atoms are, from the first frame of each chunk; the builder's groups win over what is found.

    slab, normal : where they are given, they win over both.
    """
    known, layers = known_slab(topology.groups) if slab is None else (slab, [])
    seen = [Configuration(np.asarray(one[:1].positions[0], dtype=float), one.cells[0]) for one in frames]
    if known is not None and normal is None and slab is None:
        normal = 2  # as lmpdrive builds
    return find_constituents(topology.elements, seen, slab=known, layers=layers, normal=normal)


class Interface:
    """The interface of one trajectory: what its atoms are, and which faces of the slab distances are measured from.

    Attributes
    ----------
    what : who is slab, water, ion, ...; found from the first frame if it is not given.
    layers : atom indices of the slab's layers, bottom to top (empty without layers).
    sides : faces that distances are measured from: "top", "bottom"; ("cell",) without a slab.
    ions : name -> the atom at which each ion is counted: "Na", "ClO4".  In a bulk phase, every element but O and H.
    others : the same for what is neither ion nor water: molecules, and what is bonded to the slab.
    oxygens, hydrogens : those that may be of water, hydroxide or hydronium: not of the slab, an anion, an alcohol.
    notes : what was assumed, for the reader of the report.
    has_velocities : the file has them.
    """

    def __init__(self, topology: Topology, first: Chunk, what: Constituents | None = None, face: Face = "auto") -> None:
        """`face` : "upper" or "lower" (of two electrodes: that electrode), "both" (their mean), or "auto": the wet.

        Raises TrajectoryError if the slab's normal is not along the third cell vector.
        """
        geometry.keep_freed_memory()
        self.topology = topology
        self.notes: list[str] = []
        self.has_velocities = first.velocities is not None
        self.what = constituents_of(topology, [first[:1]]) if what is None else what
        if self.what.normal != 2 and self.what.slabs:
            raise TrajectoryError(f"the slab's normal is along {'xyz'[self.what.normal]}, not z: see `examined`")
        along = AlongNormal.of(first[:1])
        self._mobile = np.setdiff1d(np.arange(topology.n_atoms), self.what.slab)
        self._sort_out_oxygens()
        self._waters = WaterFinder(topology.elements, self.oxygens, self.hydrogens)
        self.ions, self.others = self._counted()
        self.layers: list[NDArray[np.int64]] = []
        self.sides: tuple[str, ...] = ("cell",)
        self.notes += self.what.notes
        if self.what.slabs:
            self._find_faces(along.of_atoms(np.arange(topology.n_atoms))[0], float(along.heights[0]))
            self.sides = ("top", "bottom")
            self.sides = self._chosen_sides(face, topology, along)
            self._note_the_slab()
        elif face in ("upper", "lower"):
            raise TrajectoryError(f"surface: {face}: this system has no slab; see the table of what is what")
        elif not self.is_bulk:
            self.notes.append("No slab was found: z is measured from the origin of the cell.")

    def _sort_out_oxygens(self) -> None:
        """O and H that may be of water."""
        elements = self.topology.elements
        taken = np.zeros(len(elements), dtype=bool)
        taken[self.what.slab] = taken[self.what.solid] = True
        loose = known_slab(self.topology.groups)[0]
        if loose is not None:
            taken[loose] = True
        for one in self.what.molecules.species:
            if set(elements[one.atoms].tolist()) - {"O", "H"}:
                taken[one.atoms] = True
        self.oxygens = np.flatnonzero((elements == "O") & ~taken)
        self.hydrogens = np.flatnonzero((elements == "H") & ~taken)

    def _counted(self) -> tuple[dict[str, NDArray[np.int64]], dict[str, NDArray[np.int64]]]:
        elements = self.topology.elements
        ions = {name: one.centres for name, one in self.what.ions.items()}
        others = {name: one.centres for name, one in self.what.others.items()}
        if self.is_bulk:
            solid = self.what.solid
            for element in sorted(set(elements[solid].tolist()) - {"O", "H"}):
                ions[element] = solid[elements[solid] == element]
        return dict(sorted(ions.items())), others

    def _find_faces(self, z: Array, height: float) -> None:
        """Order the slabs around the electrolyte, and note where the atoms of the faces are."""
        self.slabs = around_electrolyte(self.what.slabs, z, height, z[self._wet_atoms()])
        self.layers = [layer for slab in self.slabs for layer in slab.layers]
        inside = widest_inside(self.slabs, z, height)
        if inside > WIDE_A:
            self.notes.append(
                f"The slab is in parts with {inside:.1f} Å between them: distances are from the faces towards most of "
                "the electrolyte."
            )
        wet = z[self._wet_atoms()]
        if other := held_inside(self.slabs, z, height, wet):
            self.notes.append(
                f"{other} of {len(wet)} molecules are on the other side of a slab, in an electrolyte of their "
                "own: their distances are from the far faces."
            )
        below, above = self.slabs[0], self.slabs[-1]
        bottom, top = z[below.lower], z[above.upper]
        middle = middle_of(bottom, top, height)
        self._home = geometry.wrap_symmetric(np.concatenate([bottom, top]) - middle, np.array(height))
        self._beyond = np.array([-below.half_thickness_A, above.half_thickness_A])
        by_layer = below.plane == above.plane == "layer"
        self._left_A = LEFT_THE_LAYER_A if by_layer else np.inf

    def _note_the_slab(self) -> None:
        above = self.slabs[0] if self.sides == ("bottom",) else self.slabs[-1]
        own = self.topology.elements[np.concatenate([slab.atoms for slab in self.slabs])]
        if above.plane != "layer" or len(set(own.tolist())) > 1:
            self.notes.append(f"Surface plane: {above.plane_in_words(self.topology.elements)}.")
        known, _ = known_slab(self.topology.groups)
        slab = self.what.slab if known is None else np.union1d(self.what.slab, known)
        loose = len(slab) - sum(len(layer) for layer in self.layers) if self.layers else 0
        if loose:
            many = "atoms are" if loose > 1 else "atom is"
            self.notes.append(
                f"{loose} slab {many} in no layer (adatoms or dissolved): the surface is that of the layers."
            )
        for name, atoms in self.ions.items():
            if name in set(own.tolist()):
                many = f"{len(atoms)} {name} are" if len(atoms) > 1 else f"1 {name} is"
                self.notes.append(f"{many} away from the slab, which has the same element, and counted as ions.")

    def _wet_atoms(self) -> NDArray[np.int64]:
        """What shows where the electrolyte is: O that may be of water, else everything that is not slab."""
        return self.oxygens if len(self.oxygens) else self._mobile

    @property
    def has_surface(self) -> bool:
        """There is a slab that z is measured from."""
        return bool(self.what.slabs)

    @property
    def two_sided(self) -> bool:
        """Profiles are the mean over two mirrored surfaces."""
        return len(self.sides) == 2

    @property
    def two_electrodes(self) -> bool:
        """The electrolyte is between two slabs, both of them wet."""
        return len(self.what.slabs) > 1 and self.two_sided

    @property
    def is_bulk(self) -> bool:
        """A crystal, glass, melt or liquid fills the cell: neither a slab nor water, so nothing depends on z."""
        return not (self.what.slabs or self.may_have_water)

    @property
    def may_have_water(self) -> bool:
        """There are O and H that may be of water."""
        return bool(len(self.oxygens) and len(self.hydrogens))

    @property
    def pair_oxygens(self) -> NDArray[np.int64]:
        """The O that is meant by default: of water; without water every O that is not of the slab."""
        if len(self.what.water_oxygens):
            return self.what.water_oxygens
        return np.setdiff1d(self.topology.select("O"), self.what.slab)

    @property
    def faces(self) -> list[NDArray[np.int64]]:
        """The atoms of the surface planes, in the order of `sides`; empty without a slab."""
        named = {"bottom": self.slabs[0].lower, "top": self.slabs[-1].upper} if self.what.slabs else {}
        return [named[side] for side in self.sides if side in named]

    def frames(self, chunk: Chunk, like: InterfaceFrames | None = None) -> InterfaceFrames:
        """The interface in each frame of a chunk; `like`: the same chunk as seen from another face, to find water once.

        Raises ValueError if the chunk has other atoms than the topology.
        """
        if chunk.coordinates.n_atoms != self.topology.n_atoms:
            raise ValueError(f"frames of {chunk.coordinates.n_atoms} atoms, but {self.topology.n_atoms} are known")
        along = AlongNormal.of(chunk) if like is None else like._along
        cut, planes, gap = self._planes(along)
        return InterfaceFrames(
            geometry.areas(chunk.cells),
            self._signs,
            gap,
            self.has_surface,
            along.normals,
            len(self.what.slabs) > 1,
            chunk,
            self._waters,
            along,
            planes,
            cut,
            like,
        )

    @property
    def _signs(self) -> Array:
        return np.array([-1.0 if side == "bottom" else 1.0 for side in self.sides])

    def _planes(self, along: AlongNormal) -> tuple[Array, Array, Array]:
        """(F,) where the cell is cut; (S, F) surface planes relative to the cut, along the normal; (F,) gap."""
        if not self.what.slabs:
            zero = np.zeros(len(along.heights))
            return zero, zero[None], along.heights
        below, above = self.slabs[0].lower, self.slabs[-1].upper
        cut, half = load("surfaces").planes(along.axis, below, above, self._home, self._left_A)
        if self._beyond.any():  # the dividing surfaces are half a thickness off the mean of all atoms
            low, high = cut - half + self._beyond[0], cut + half + self._beyond[1]
            cut, half = 0.5 * (low + high), 0.5 * (high - low)
        planes = np.stack([-half if side == "bottom" else half for side in self.sides])
        return cut, planes, along.heights - 2.0 * half

    def _chosen_sides(self, face: Face, topology: Topology, along: AlongNormal) -> tuple[str, ...]:
        """The sides that were asked for, or those that are wet."""
        if face == "both":
            return ("top", "bottom")
        if face == "auto":
            return self._wet_sides(topology, along)
        # the lower electrode is wet on its upper face
        upper = "top" if len(self.what.slabs) == 1 else "bottom"
        lower = "bottom" if upper == "top" else "top"
        side = upper if face == "upper" else lower
        if side not in self._wet_sides(topology, along, quietly=True):
            self.notes.append(f"The {face} face, which was asked for, is dry in the first frame.")
        return (side,)

    def _wet_sides(self, topology: Topology, along: AlongNormal, quietly: bool = False) -> tuple[str, ...]:
        """Which faces of the slab have electrolyte, as the builder recorded or from the first frame."""
        if topology.two_sided:
            return ("top", "bottom")
        mobile = self._wet_atoms()
        if not len(mobile):
            return ("top",)
        cut, planes, _ = self._planes(along)
        signs = self._signs
        up, down = load("surfaces").distances(along.axis, cut, planes, signs, mobile)
        wet = np.array([(up <= WET_A).sum(), (down <= WET_A).sum()])
        if not wet.any():
            wet = np.array([(up < down).sum(), (up >= down).sum()])
        sides = tuple(side for side, n in zip(("top", "bottom"), wet, strict=True) if n >= 0.2 * wet.max())
        if topology.two_sided is False and len(sides) == 2 and len(self.what.slabs) == 1:
            sides = ("top",) if wet[0] >= wet[1] else ("bottom",)
        elif topology.two_sided is None and len(sides) == 2 and not quietly:
            self.notes.append("Both faces of the slab have water: profiles are the mean of the two mirrored sides.")
        if sides == ("bottom",) and not quietly:
            self.notes.append("The electrolyte lies below the slab: distances and cos θ are mirrored.")
        return sides
