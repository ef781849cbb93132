"""Number, mass or charge density profile of any selection named in the options."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from pydantic import Field

from lmpdrive.common.units import G_PER_CM3_PER_U_PER_A3
from lmpdrive.common.values import Values
from lmpdrive.errors import ConfigError
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.base import Options as NoOptions
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.profile import Profile
from lmpdrive.observables.selection import Selection, charges_of, select
from lmpdrive.trajectory.frames import Chunk

COLUMNS = {"number": ("n", "1/Å^3"), "mass": ("ρ", "g/cm^3"), "charge": ("ρ_q", "e/Å^3")}


class Wanted(Values):
    """One profile.

    name : of the table, `density_<name>`.
    selection : see `selection.py`.
    quantity : what each atom counts.
    charges_e : charge of each element [e] for `quantity: charge`; without it the structure's charges.
    """

    name: str = Field(pattern=r"^[\w+-]+$")
    selection: str | dict[str, Any]
    quantity: Literal["number", "mass", "charge"] = "number"
    charges_e: dict[str, float] | None = None


class Density(Profile):
    """⟨Σ w_i⟩/(A Δz) over the selected atoms of a bin, w = 1, the atomic mass or the charge.

    The textbook definition of a planar density (e.g. Hansen and McDonald, Theory of Simple Liquids, ch. 6).
    """

    equation = "ρ(z) = ⟨Σ_i w_i in (z, z + Δz)⟩ / (A Δz), w = 1, atomic mass or charge"

    class Options(NoOptions):
        """None by default."""

        profiles: tuple[Wanted, ...] = ()
        """{name, selection, quantity: number | mass | charge, charges_e} each."""

    def __init__(self, settings: Settings, wanted: Wanted, selection: Selection, weights: Array) -> None:
        super().__init__(settings)
        symbol, unit = COLUMNS[wanted.quantity]
        self.name = f"density_{wanted.name}"
        self.title = f"{wanted.quantity.capitalize()} density of {wanted.name}"
        self.column, self.error_column = f"{symbol} [{unit}]", f"σ [{unit}]"
        self.non_negative = () if wanted.quantity == "charge" else (self.column,)
        self.subject = wanted.name
        self._selection, self._weights = selection, weights[selection.atoms]

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """One for each profile in the options."""
        profiles = cls.read_options(settings).profiles
        names = [wanted.name for wanted in profiles]
        if len(set(names)) < len(names):
            raise ConfigError(f"observables.options.density.profiles: names must differ (got {', '.join(names)})")
        return [
            cls(settings, wanted, select(wanted.selection, interface, where), _weights(wanted, interface, where))
            for i, wanted in enumerate(profiles)
            if (where := f"observables.options.density.profiles.{i}")
        ]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Each atom counts w/(A S); the per-frame series is the mean of |w| (z-weighted) over the selection."""
        x = interface.distances(self._selection.atoms)
        inside = self._selection.inside(chunk, x)
        weights = inside * self._weights / interface.areas[None, :, None] / len(x)
        series = (inside[0] * np.abs(self._weights) * x[0]).sum(axis=1)
        self.update_profile(x, weights, series, interface)

    def values(self, low: int, high: int) -> Array:
        """The density in each bin."""
        return self.bins.within(low, high) / (self.n_frames * self.bins.width)


def _weights(wanted: Wanted, interface: Interface, where: str) -> Array:
    """(N,) what each atom counts, in the unit of the column times Å^3."""
    elements = interface.topology.elements
    if wanted.charges_e is not None and wanted.quantity != "charge":
        raise ConfigError(f"{where}: charges_e is for quantity: charge (got {wanted.quantity})")
    if wanted.quantity == "number":
        return np.ones(len(elements))
    if wanted.quantity == "mass":
        from ase.data import atomic_masses, atomic_numbers

        return np.array([atomic_masses[atomic_numbers[e]] for e in elements]) * G_PER_CM3_PER_U_PER_A3
    charges = charges_of(interface, wanted.charges_e, where)
    if charges is None:
        raise ConfigError(f"{where}: the structure has no charges; give charges_e, e.g. {{O: -0.8476, H: 0.4238}}")
    return charges
