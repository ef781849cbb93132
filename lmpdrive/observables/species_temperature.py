"""Temperature of each element in each frame, from the velocities in the file.

    T = Σ m_i v_i^2 / (3 N k_B)

over the N atoms that move: neither those of the group `fixed` nor, in that frame, atoms whose velocity is exactly zero
(held atoms of a dump that knows no groups).  Three degrees of freedom for each atom: where LAMMPS
takes off those of the centre of mass or of constraints its own temperature is a little higher.  Units: K; ps on the
axis.  Different elements differ lastingly only if the energy is not shared, or the timestep is long for the lightest.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.units import EV_PER_U_A2_PER_PS2, K_B_EV_PER_K
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.masses import masses_of
from lmpdrive.observables.series import Series
from lmpdrive.observables.tables import Scalar
from lmpdrive.observables.velocity_autocorrelation import moving_atoms
from lmpdrive.trajectory.frames import Chunk


class SpeciesTemperature(Series):
    """Temperature of all atoms that move, and of each element."""

    name = "species_temperature"
    title = "Temperature of each element"
    equation = "T = Σ m v² / (3 N k_B) over the atoms that move"
    error_column = "σ [K]"
    frame_sums = ()
    """Velocities do not depend on the potential: weights of frames would only add noise."""

    def __init__(self, settings: Settings, elements: dict[str, NDArray[np.int64]], masses_u: Array) -> None:
        super().__init__(settings)
        self._elements = list(elements.values())
        self._kelvin = masses_u * (EV_PER_U_A2_PER_PS2 / (3.0 * K_B_EV_PER_K))
        self.columns = ("T [K]", *(f"T_{element} [K]" for element in elements))

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Where the file has velocities."""
        elements = moving_atoms(interface) if interface.has_velocities else {}
        return [cls(settings, elements, masses_of(interface.topology))] if elements else []

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """One row per frame."""
        if chunk.velocities is None:
            raise RuntimeError(f"{self.name}: the first frame has velocities, step {chunk.steps[0]} has not")
        each = np.einsum("fni,fni->fn", chunk.velocities, chunk.velocities) * self._kelvin
        sums = np.stack([each[:, atoms].sum(axis=1) for atoms in self._elements], axis=1)
        counts = np.stack([np.count_nonzero(each[:, atoms], axis=1) for atoms in self._elements], axis=1)
        everything = sums.sum(axis=1, keepdims=True) / np.maximum(1, counts.sum(axis=1, keepdims=True))
        self.append(chunk, np.concatenate([everything, sums / np.maximum(1, counts)], axis=1))

    def scalars(self, errors: Array) -> dict[str, Scalar]:
        """Means over the run."""
        mean = np.concatenate(self._rows).mean(axis=0)
        names = ["all moving atoms", *(column[2:-4] for column in self.columns[1:])]
        return {
            f"mean temperature from velocities: {name}": Scalar(
                float(value), float(error), "K", "3 N degrees of freedom"
            )
            for name, value, error in zip(names, mean, errors, strict=True)
        }
