"""How many waters, hydroxides, hydroniums, ... there are in each frame: nothing is dropped silently."""

from __future__ import annotations

from typing import Self

import numpy as np

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.series import Series
from lmpdrive.observables.tables import Scalar
from lmpdrive.observables.water import SPECIES
from lmpdrive.trajectory.frames import Chunk


class WaterSpecies(Series):
    """Counts of O by their number of H, and of H without an O."""

    name = "water_species"
    title = "Water and what it breaks into"
    equation = "each H belongs to the nearest O within 1.3 Å; H2O has two H, OH- one, H3O+ three"
    columns = tuple(f"{species} [1]" for species in SPECIES)
    error_column = "σ [1]"

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Only where there is O and H."""
        return [cls(settings)] if interface.may_have_water else []

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """One row per frame."""
        self.append(chunk, interface.water.species.astype(float))

    def alarms(self) -> tuple[str, ...]:
        """Frames with anything else than water, and waters that come and go."""
        counts = np.concatenate(self._rows)
        found = [
            f"{name} in {int((column > 0).sum())} of {len(counts)} frames (at most {int(column.max())})"
            for name, column in zip(SPECIES[1:], counts.T[1:], strict=True)
            if column.any()
        ]
        if np.ptp(counts[:, 0]) > 0:
            low, high = int(counts[:, 0].min()), int(counts[:, 0].max())
            found.insert(0, f"the number of water molecules changes between {low} and {high}")
        return (f"Not only intact water: {'; '.join(found)}.",) if found else ()

    def scalars(self, errors: Array) -> dict[str, Scalar]:
        """Mean counts; those that are always zero only for OH- and H3O+."""
        mean = np.concatenate(self._rows).mean(axis=0)
        return {
            f"mean number of {name}": Scalar(value, error, "1", "per frame", needs_same="atoms")
            for i, (name, value, error) in enumerate(zip(SPECIES, mean, errors, strict=True))
            if i < 3 or value
        }
