"""Electrostatic potential along the normal from point charges: Poisson's equation integrated twice.

Units: V, Å, e.  Charges are the structure's, or given by element in the options; no charges, no table.
"""

from __future__ import annotations

from typing import Literal, Self

import numpy as np

from lmpdrive.common.units import VOLT_ANGSTROM_PER_E
from lmpdrive.observables import geometry
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.base import Options as NoOptions
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.profile import Bins
from lmpdrive.observables.selection import charges_of
from lmpdrive.observables.sums import Sums
from lmpdrive.trajectory.frames import Chunk

BEHIND_A = 1.5
"""Atoms nearer than this to the far face of a one-sided slab belong to the slab, not to the vacuum."""

NEUTRAL_E = 1e-6

Boundary = Literal["vacuum", "middle", "periodic"]
SAYS = {
    "vacuum": "field and potential are zero in the vacuum above the film",
    "middle": "field and potential are zero in the middle between the two surfaces",
    "periodic": "the potential is the same at both ends of the cell (mean field zero), its mean is zero",
}


class PotentialProfile(Sums):
    """d²φ/dz² = -ρ_q(z)/ε0, plane by plane: φ(z) = -(1/ε0) ∫ dz' ∫ dz'' ρ_q(z'') with the boundary condition named.

    Each charge is shared between the two planes k Δz beside it in proportion, which keeps charge and dipole exactly:
    a step of the potential over a dipole layer is exact whatever Δz, and φ at the planes is that of sheets of charge.
    For interfaces e.g. Wilson, Pohorille and Pratt, J. Chem. Phys. 88, 3281 (1988).

    boundary : "vacuum" (one wet surface: integrated from the vacuum inwards, so an unknown charge of the metal does not
    enter outside the metal), "middle" (two surfaces: by symmetry of the mirrored mean), "periodic" (no surface).
    """

    kind = "profile"
    per_face = True
    equation = "φ(z) = −(1/ε0) ∫dz′ ∫dz″ ρ_q(z″)"
    name = "potential_profile"
    title = "Electrostatic potential from point charges"
    frame_sums = (*Sums.frame_sums, "sheets", "_gap", "_height")

    class Options(NoOptions):
        """The structure's charges, the boundary that fits the cell."""

        charges_e: dict[str, float] | None = None
        """Element -> charge [e], 0 for those not named; default the structure's charges."""
        boundary: Boundary | None = None
        """vacuum, middle or periodic; default by the number of wet surfaces: 1, 2, none."""

    def __init__(self, settings: Settings, charges: Array, boundary: Boundary) -> None:
        super().__init__(settings)
        self._atoms = np.flatnonzero(charges)
        self._charges = charges[self._atoms]
        self.boundary = boundary
        self.sheets = Bins(settings.bin_width_A)
        self._gap = self._height = 0.0

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs charges."""
        options = cls.read_options(settings)
        charges = charges_of(interface, options.charges_e, "observables.options.potential_profile")
        if charges is None or not charges.any():
            return []
        usual: Boundary = "periodic" if not interface.has_surface else "middle" if interface.two_sided else "vacuum"
        return [cls(settings, charges, options.boundary or usual)]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Sheets of charge q/(A S) at the two planes beside each atom; the series is the dipole of all charges."""
        x = interface.distances(self._atoms)
        heights = geometry.heights(chunk.cells)
        if interface.has_surface and len(x) == 1 and not interface.between_slabs:
            # one open line from the slab to the vacuum: what the cut put behind the vacuum is the slab's other half
            x = np.where(x > (interface.gap - BEHIND_A)[None, :, None], x - heights[None, :, None], x)
        at = x / self.sheets.width
        share = at - np.floor(at)
        charge = np.broadcast_to(self._charges / interface.areas[:, None] / len(x), x.shape)
        # the middle of bin k stands for plane k
        plane = (np.floor(at) + 0.5) * self.sheets.width
        self.sheets.add(plane, charge * (1.0 - share))
        self.sheets.add(plane + self.sheets.width, charge * share)
        self._gap += float(interface.gap.sum())
        self._height += float(heights.sum())
        self.count((x[0] * self._charges).sum(axis=1))

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.sheets.merge(other.sheets)
        self._gap += other._gap
        self._height += other._height

    @property
    def _limits(self) -> tuple[int, int]:
        """Planes of the table: from the surface, or below it if there is charge, to one past the last charge."""
        return min(0, self.sheets.start - 1), max(2, self.sheets.stop + 1)

    def variables(self) -> dict[str, Array]:
        """The planes k Δz."""
        return {"z [Å]": np.arange(*self._limits, dtype=float) * self.sheets.width}

    def values(self, part: Self) -> dict[str, Array]:
        """φ [V] and the charge density [e/Å^3]."""
        z, width = self.variables()["z [Å]"], self.sheets.width
        sheets = part.sheets.within(*self._limits) / part.n_frames
        field = np.cumsum(sheets)[:-1]  # between plane k and k + 1, times ε0
        if self.boundary == "vacuum":
            field = field - sheets.sum()
        elif self.boundary == "periodic":
            length = self._height / self.n_frames
            field = field - (field.sum() * width) / length
        else:
            field = field - self._between(z, field)
        potential = -np.concatenate([[0.0], np.cumsum(field) * width])
        potential -= self._zero(z, potential)
        return {"φ [V]": potential * VOLT_ANGSTROM_PER_E, "ρ_q [e/Å^3]": sheets / width}

    def _between(self, z: Array, field: Array) -> float:
        """Field at the middle of the gap."""
        middle = 0.5 * self._gap / self.n_frames
        return float(field[np.clip(np.searchsorted(z, middle, side="right") - 1, 0, len(field) - 1)])

    def _zero(self, z: Array, potential: Array) -> float:
        """What is subtracted to put the zero that the boundary condition requires."""
        if self.boundary == "vacuum":
            return float(potential[-1])
        if self.boundary == "middle":
            return float(np.interp(0.5 * self._gap / self.n_frames, z, potential))
        return float(potential.mean())

    def notes(self) -> tuple[str, ...]:
        """The boundary condition, and the charge that is missing."""
        total = float(self._charges.sum())
        condition = f"Boundary condition: {SAYS[self.boundary]}."
        if abs(total) <= NEUTRAL_E:
            return (condition,)
        return (
            condition,
            f"The charges sum to {total:+.4g} e; the rest (the metal's) is not in the profile, which is then valid "
            "between the metal and the vacuum only.",
        )
