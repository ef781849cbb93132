"""Dipole of the water film along the normal, per frame, and the dielectric-breakdown alarm.

P_z = Σ cos θ_i counts orientations (dimensionless).  P_z/A [e/Å] is a dipole of point charges, q_O on O and
-q_O/2 on each H, per area: with q_O = -0.8476 e (SPC/E) that is the convention of the water-slab-dipole
benchmark of ML-PEG.  P_z/(A ε0) [V] is the potential step it would make; above 4.45 V a slab of water would
conduct (its gap closes), which no water does: the model, or the setup, is wrong.  The alarm is for films: without a
vacuum beside the water (a box of liquid, a cell filled from one electrode to the other) P_z makes no such step.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from lmpdrive.common.units import VOLT_ANGSTROM_PER_E
from lmpdrive.observables import geometry
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.profile import cosines, per_frame
from lmpdrive.observables.series import Series
from lmpdrive.observables.tables import Scalar
from lmpdrive.trajectory.frames import Chunk

Q_OXYGEN_E = -0.8476
"""SPC/E (Berendsen, Grigera, Straatsma, J. Phys. Chem. 91, 6269 (1987))."""

BREAKDOWN_V = 4.45
"""Design, part 2."""

VACUUM_A = 6.0
"""An empty layer of this thickness across the whole cell is vacuum: a liquid has none."""


def film_dipole(interface: InterfaceFrames) -> Array:
    """(F,) Σ cos θ over all waters: positive away from the surface; along the normal if there are two."""
    return per_frame(interface.water.frame, cosines(interface)[0], len(interface.areas))


def has_vacuum(chunk: Chunk, interface: InterfaceFrames) -> bool:
    """Whether the first frame of the chunk has a layer without atoms along the normal."""
    height = float(geometry.heights(chunk.cells[:1])[0])
    z = np.sort(interface.distances(np.arange(chunk.coordinates.n_atoms))[0, 0] % height)
    return bool(max(np.diff(z).max(initial=0.0), z[0] + height - z[-1]) > VACUUM_A)


class DipolePz(Series):
    """P_z = Σ_i cos θ_i, P_z/A = (|q_O|/2) Σ_i p_z,i/A, and the same over ε0."""

    name = "dipole_pz"
    title = "Dipole of the water film along the normal"
    equation = "P_z = Σ_i cos θ_i;  P_z/A = (|q_O|/2) Σ_i p_z,i / A"
    columns = ("P_z [1]", "P_z/A [e/Å]", "P_z/(A ε0) [V]")
    error_column = "σ [1]"

    def __init__(self, settings: Settings, q_oxygen_e: float = Q_OXYGEN_E, has_ions: bool = False) -> None:
        super().__init__(settings)
        self.q_oxygen_e = q_oxygen_e
        self.has_ions = has_ions
        self._two_sided = False
        self._is_film = False

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs O and H; takes q_O from the structure's charges if it has them."""
        if not interface.may_have_water:
            return []
        charges = interface.topology.charges_e
        oxygen = None if charges is None else charges[interface.oxygens]
        if oxygen is None or not len(oxygen) or not oxygen.any():
            return [cls(settings, has_ions=bool(interface.ions))]
        return [cls(settings, float(np.median(oxygen)), bool(interface.ions))]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """One row per frame."""
        moment = per_frame(interface.water.frame, interface.signs[0] * interface.water_normal, len(interface.areas))
        per_area = abs(self.q_oxygen_e) / 2 * moment / interface.areas
        rows = np.stack([film_dipole(interface), per_area, per_area * VOLT_ANGSTROM_PER_E], axis=1)
        self._two_sided = len(interface.signs) == 2
        self._is_film |= has_vacuum(chunk, interface)
        self.append(chunk, rows)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self._two_sided |= other._two_sided
        self._is_film |= other._is_film

    def notes(self) -> tuple[str, ...]:
        """The charge convention, and the sign with two surfaces."""
        source = "SPC/E, assumed" if self.q_oxygen_e == Q_OXYGEN_E else "median charge of O in the structure"
        sign = "along the cell's normal" if self._two_sided else "positive away from the surface"
        convention = f"P_z/A with q_O = {self.q_oxygen_e:.4f} e ({source}); {sign}."
        above = self._breakdown() if self.has_ions else ""
        if not above:
            return (convention,)
        # the field of ions and counter-charge is not in P_z, and the water's dipole is there to screen it
        return (convention, f"{above}; with ions this is no alarm: it is the water's answer to their field.")

    def alarms(self) -> tuple[str, ...]:
        """Dielectric breakdown, where a film of water is alone."""
        above = "" if self.has_ions else self._breakdown()
        return (f"{above}: the water would break down dielectrically.",) if above else ()

    def _breakdown(self) -> str:
        """How many frames of a film are above the limit, or an empty string."""
        if not self._is_film:
            return ""
        volts = np.abs(np.concatenate(self._rows)[:, 2])
        above = int((volts > BREAKDOWN_V).sum())
        if not above:
            return ""
        return f"|P_z|/(A ε0) is above {BREAKDOWN_V} V in {above} of {len(volts)} frames (largest {volts.max():.2f} V)"

    def scalars(self, errors: Array) -> dict[str, Scalar]:
        """Means over the run."""
        mean = np.concatenate(self._rows).mean(axis=0)
        return {
            "mean P_z": Scalar(mean[0], errors[0], "1", needs_same="atoms"),
            # of two faces it is the sum along the cell's normal, not that of one face
            "mean P_z/A": Scalar(
                mean[1],
                errors[1],
                "e/Å",
                f"q_O = {self.q_oxygen_e:.4f} e",
                needs_same="atoms" if self._two_sided else "",
            ),
        }
