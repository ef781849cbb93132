"""Velocity autocorrelation of each element, from the velocities in the file.

    C_v(τ) = <v_i(t) · v_i(t + τ)> / <v_i(t) · v_i(t)>

over all atoms of the element that move: neither those of the group `fixed` nor atoms whose velocity is exactly zero
throughout a window (held atoms of a dump that knows no groups).  The second column is not normalised.
Velocities are as in the file: drift is not removed.  Source: Hansen, McDonald, Theory of Simple Liquids, 7.2.
Units: ps (frames where the timestep is unknown), Å^2/ps^2.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.correlation import Correlation, CorrelationOptions, autocorrelation, ratio
from lmpdrive.observables.decay import integral_time
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.resampling import Estimate, Groups
from lmpdrive.observables.tables import Scalar
from lmpdrive.observables.windows import Arrays
from lmpdrive.trajectory.frames import Chunk


def moving_atoms(interface: Interface) -> dict[str, NDArray[np.int64]]:
    """Element -> its atoms that are not in the group `fixed`; elements that have none are left out."""
    topology = interface.topology
    fixed = topology.groups.get("fixed", np.zeros(0, dtype=np.int64))
    every = {str(e): np.setdiff1d(topology.select(e), fixed) for e in sorted(set(topology.elements))}
    return {element: atoms for element, atoms in every.items() if len(atoms)}


class VelocityAutocorrelation(Correlation):
    """C_v of one element."""

    class Options(CorrelationOptions):
        """All pairs up to 2 ps, of every frame."""

        window_ps: PositiveFloat = 2.0
        """Longest lag, and length of the windows."""
        max_molecules: PositiveInt = 400
        """Of more atoms so many are used, chosen at random: memory and time stay bounded."""

    equation = "C_v(τ) = ⟨v_i(t)·v_i(t + τ)⟩ / ⟨v_i(t)·v_i(t)⟩"
    columns: tuple[str, ...] = ("C_v [1]", "⟨v·v⟩ [Å^2/ps^2]")
    error_columns: tuple[str, ...] = ("σ [1]", "σ_⟨v·v⟩ [Å^2/ps^2]")
    n_rows = 2

    def __init__(self, settings: Settings, element: str, atoms: NDArray[np.int64]) -> None:
        super().__init__(settings)
        self.element, self.atoms = element, self.thin(atoms)
        self.groups = Groups(self.atoms, together=2 if element == "H" else 1)
        self.name = f"velocity_autocorrelation_{element}"
        self.title = f"Velocity autocorrelation of {element}"

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """One for each element, where the file has velocities."""
        if not interface.has_velocities:
            return []
        return [cls(settings, element, atoms) for element, atoms in moving_atoms(interface).items()]

    def sample(self, chunk: Chunk, interface: InterfaceFrames, picks: NDArray[np.int64]) -> Arrays:
        """(samples, atoms, 3) velocities."""
        velocities = chunk.velocities
        if velocities is None:
            raise RuntimeError(f"{self.name}: the first frame has velocities, step {chunk.steps[0]} has not")
        return (velocities[picks][:, self.atoms].astype(np.float32),)

    def correlate(self, samples: Arrays, n_origins: int) -> Array:
        """Sums of v·v' and of pairs."""
        n = len(samples[0])
        members = self.groups.members(self.atoms)
        moving = members @ np.any(samples[0], axis=(0, 2))
        pairs = moving[:, None] * np.clip(n - np.arange(self.n_lags), 0, n_origins)
        of_components = np.repeat(members, 3, axis=1)
        products = autocorrelation(samples[0].reshape(n, -1), n_origins, self.n_lags, of_components)
        return np.stack([products, pairs], axis=1)

    def curves(self, sums: Array) -> Array:
        """Normalised, and unnormalised."""
        mean = ratio(sums[0], sums[1])
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.stack([np.where(mean[0] > 0, mean / mean[0], np.nan), mean])

    def scalars(self, estimate: Estimate) -> dict[str, Scalar]:
        """How long an atom keeps its velocity."""
        return {
            f"velocity correlation time of {self.element}": estimate.scalar(
                lambda c: integral_time(estimate.lags, c), 0, self.unit, "∫ C_v dτ to the first zero"
            )
        }
