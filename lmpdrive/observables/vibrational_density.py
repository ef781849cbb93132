"""Vibrational density of states: the cosine transform of the velocity autocorrelation.

    D(ν) = 4 ∫_0^T C_v(τ) w(τ) cos(2π ν τ) dτ,   ∫_0^∞ D(ν) dν = C_v(0) = 1

C_v is the normalised velocity autocorrelation of an element, or of all atoms that move, weighted with their masses
(then 3 N D(ν) dν is the number of modes in dν, if they are harmonic).  w(τ) = cos^2(π τ/2T) is a Hann window; with the
longest lag T it widens lines to about 1/T (17 cm^-1 for 2 ps).  D is in ps, per THz; the first column is in cm^-1.
Frequencies end at 1/(2 Δt): faster motion is folded back, so velocities must be written every 4 fs or more often to
see the O-H stretch.  Source: Thomas, Brehm, Fligg, Vöhringer, Kirchner, Phys. Chem. Chem. Phys. 15, 6608 (2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lmpdrive.common.units import PER_CM_PER_THZ
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.masses import masses_of
from lmpdrive.observables.resampling import Estimate
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.observables.velocity_autocorrelation import VelocityAutocorrelation, moving_atoms
from lmpdrive.observables.windows import Arrays
from lmpdrive.trajectory.frames import Chunk

FASTEST_PER_CM = 4000.0
"""Above every O-H stretch."""


class VibrationalDensity(VelocityAutocorrelation):
    """D(ν) of one element, or of all with their masses."""

    equation = "D(ν) = 4 ∫_0^T C_v(τ) cos²(πτ/2T) cos(2πντ) dτ, ∫ D dν = 1 with ν in THz"
    columns = ("D [ps]",)
    error_columns = ("σ [ps]",)

    def __init__(
        self, settings: Settings, element: str, atoms: NDArray[np.int64], masses: Array, has_hydrogen: bool
    ) -> None:
        super().__init__(settings, element, atoms)
        self.name = f"vibrational_density_{element}" if element else "vibrational_density"
        self.title = f"Vibrational density of states of {element or 'all atoms'}"
        self._roots = np.sqrt(masses[self.atoms])[:, None].astype(np.float32)
        self._has_hydrogen = has_hydrogen

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """All atoms that move, and each element, where the file has velocities."""
        if not interface.has_velocities:
            return []
        elements = moving_atoms(interface)
        if not elements:
            return []
        masses = masses_of(interface.topology)
        every = np.sort(np.concatenate(list(elements.values())))
        return [
            cls(settings, element, atoms, masses, "H" in elements if not element else element == "H")
            for element, atoms in {"": every, **elements}.items()
        ]

    def sample(self, chunk: Chunk, interface: InterfaceFrames, picks: NDArray[np.int64]) -> Arrays:
        """(samples, atoms, 3) velocities times √m."""
        return (super().sample(chunk, interface, picks)[0] * self._roots,)

    @property
    def frequencies_thz(self) -> Array:
        """(n_lags,) from 0 to 1/(2 Δt); in 1/frame where the timestep is unknown."""
        return np.arange(self.n_lags) / (2.0 * float(self.lags[-1]))

    def n_shown(self, total: Array) -> int:
        """All: the rows are frequencies."""
        return self.n_lags

    def variable(self) -> dict[str, Array]:
        """Wavenumber."""
        if self.unit == "ps":
            return {"ν [cm^-1]": self.frequencies_thz * PER_CM_PER_THZ}
        return {"ν [1/frame]": self.frequencies_thz}

    def curves(self, sums: Array) -> Array:
        """D; NaN if a lag has no pair."""
        from scipy.fft import dct

        c = super().curves(sums)[0]
        window = np.cos(0.5 * np.pi * np.arange(self.n_lags) / (self.n_lags - 1)) ** 2
        return 2.0 * float(self.lags[1]) * dct(c * window, type=1)[None]

    def table(self, blocks: Sequence[Self]) -> Table:
        """With the frequency in THz as the last column."""
        table = super().table(blocks)
        if self.unit != "ps":
            return table
        return replace(table, data=table.data.assign(**{"ν [THz]": self.frequencies_thz}))

    def scalars(self, estimate: Estimate) -> dict[str, Scalar]:
        """None: a spectrum is not one number."""
        return {}

    def notes(self) -> tuple[str, ...]:
        """Normalisation and resolution."""
        weight = "" if self.element else " Atoms count with their masses: 3 N D dν is the number of modes in dν."
        return (f"∫ D dν = 1 with ν in THz; Hann window of {self.lags[-1]:.4g} {self.unit}.{weight}",)

    def alarms(self) -> tuple[str, ...]:
        """A run too short for the longest lag; the O-H stretch folded back."""
        if self.n_frames < self.n_lags * self.stride:
            return (f"The run is shorter than the longest lag, {self.lags[-1]:.4g} {self.unit}: lower window_ps.",)
        fastest = float(self.frequencies_thz[-1]) * PER_CM_PER_THZ
        if self.unit != "ps" or not self._has_hydrogen or fastest >= FASTEST_PER_CM:
            return ()
        return (
            f"Velocities {1e3 * self.step_ps:.3g} fs apart end at {fastest:.0f} cm^-1: the O-H stretch (3400 cm^-1) is "
            "folded back to a wrong place; write velocities every 4 fs or more often.",
        )
