"""Maps over the distance from the surface and one direction along it: where ions (and, if asked, water O) are."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from lmpdrive.common.units import MOL_PER_L_PER_A3
from lmpdrive.observables import geometry
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.base import Options as NoOptions
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.profile import Bins
from lmpdrive.observables.sums import Sums
from lmpdrive.trajectory.frames import Chunk


class IonMap(Sums):
    """c(z, u) = ⟨N in the bin⟩/(N_A Δz Δu h): h is the cell's width perpendicular to u within the surface.

    u runs along the cell vector a (or b), from the cell's corner, of the atom's image inside the cell; bins are equal
    parts of |a|, so that they follow a changing cell.  The position is in the cell, not on the lattice: of a slab
    that slides along the surface the map is smeared (ours has fixed layers).  The mean over u is the profile c(z).
    """

    kind = "map"
    n_variables = 2
    per_face = True
    equation = "c(z, u) = ⟨N(z, z + Δz; u, u + Δu)⟩ / (N_A Δz Δu h),  u along the cell, h its width across"
    group = "ions"
    frame_sums = (*Sums.frame_sums, "bins", "_length")

    class Options(NoOptions):
        """Ions only, along a."""

        along: Literal["a", "b"] = "a"
        """Cell vector of u."""
        bins: int = Field(default=36, ge=1, le=2000)
        """Number of bins along u."""
        bin_width_A: PositiveFloat = 0.25
        """Δz."""
        water: bool = False
        """Also a map of the O."""

    def __init__(self, settings: Settings, element: str, atoms: NDArray[np.int64]) -> None:
        super().__init__(settings)
        self.atoms, self.options = atoms, self.read_options(settings)
        self.name = f"ion_map_{element}"
        self.title = f"Map of {element}"
        self.column = f"c_{element} [mol/L]"
        # row k is bin k along z, laid end to end, so that one growing histogram holds the map
        self.bins = Bins(1.0)
        self._length = 0.0

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """One for each kind of ion and molecule, and one for O on request; none in a bulk phase: no ions are there."""
        wanted = {} if interface.is_bulk else interface.ions | interface.others
        if cls.read_options(settings).water and interface.may_have_water:
            wanted["O"] = interface.oxygens
        return [cls(settings, element, atoms) for element, atoms in wanted.items()]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Each atom counts |a|/(A S) over Δz Δu at (z, u); the series is the mean distance."""
        z = interface.distances(self.atoms)
        fraction = in_plane_fraction(chunk, self.atoms, 0 if self.options.along == "a" else 1)
        column = np.minimum((fraction * self.options.bins).astype(np.int64), self.options.bins - 1)
        row = np.floor(z / self.options.bin_width_A) * self.options.bins
        weights = np.broadcast_to(1.0 / interface.areas[None, :, None] / len(z), z.shape)
        self.bins.add(row + column + 0.5, weights)
        vectors = chunk.cells[:, 0 if self.options.along == "a" else 1]
        self._length += float(np.linalg.norm(vectors, axis=1).sum())
        self.count(z[0].mean(axis=1))

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.bins.merge(other.bins)
        self._length += other._length

    @property
    def _rows(self) -> tuple[int, int]:
        """Bins along z: from the surface, or below if there is something, to the last."""
        n = self.options.bins
        return min(0, self.bins.start // n), max(1, -(-self.bins.stop // n))

    def variables(self) -> dict[str, Array]:
        """z and u of every bin, u fastest."""
        n, (low, high) = self.options.bins, self._rows
        u = (np.arange(n) + 0.5) * (self._length / self.n_frames / n)
        z = (np.arange(low, high) + 0.5) * self.options.bin_width_A
        return {"z [Å]": np.repeat(z, n), f"u_{self.options.along} [Å]": np.tile(u, high - low)}

    def values(self, part: Self) -> dict[str, Array]:
        """mol/L in every bin: the share of 1/n of the area belongs to each bin along u."""
        n, (low, high) = self.options.bins, self._rows
        per_volume = part.bins.within(low * n, high * n) * n / (part.n_frames * self.options.bin_width_A)
        return {self.column: per_volume * MOL_PER_L_PER_A3}


def in_plane_fraction(chunk: Chunk, atoms: NDArray[np.int64], axis: int) -> Array:
    """(F, n) position along a (0) or b (1) in [0, 1), of the image that lies in the cell along c.

    Projected on the plane of a and b, so that a tilted c does not smear what lies straight above the surface.
    """
    cells = chunk.cells
    relative = chunk.positions[:, atoms] - chunk.origins[:, None]
    normal = geometry.normals(cells)
    layer = np.floor(np.einsum("fni,fi->fn", relative, normal) / geometry.heights(cells)[:, None])
    relative = relative - layer[:, :, None] * cells[:, None, 2]
    # reciprocal vector of a (or b) within the plane: perpendicular to b (or a) and to the normal
    across = np.cross(cells[:, 1], normal) if axis == 0 else np.cross(normal, cells[:, 0])
    across /= np.einsum("fi,fi->f", across, cells[:, axis])[:, None]
    return np.einsum("fni,fi->fn", relative, across) % 1.0
