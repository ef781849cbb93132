"""Hydrogen bonds per water molecule, frame by frame.

    n_HB = (donated + accepted)/N_water

over all waters of the cell; a bond between two waters counts at both.  Criterion: `hydrogen_bond_search`.  In liquid
water n_HB is about 3.4 to 3.7 by the default criterion, 4 in ice.  Units: 1, and ps on the axis.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.hydrogen_bond_search import CriterionOptions, criterion_text, hydrogen_bonds
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.profile import first_layer, per_frame
from lmpdrive.observables.series import Series
from lmpdrive.observables.tables import Scalar
from lmpdrive.trajectory.frames import Chunk


class HydrogenBondCount(Series):
    """Hydrogen bonds per water: of all waters, donated only, and of those within 4.5 Å of a surface."""

    class Options(CriterionOptions):
        """The criterion."""

    name = "hydrogen_bonds"
    title = "Hydrogen bonds per water"
    equation = "n_HB = (donated + accepted)/N_water; O-O < 3.5 Å, H-O...O < 30° by default"
    columns = ("n_HB [1]", "n_HB_donated [1]", "n_HB_first_layer [1]")
    error_column = "σ [1]"

    def __init__(self, settings: Settings, oxygens: NDArray[np.int64], has_surface: bool) -> None:
        super().__init__(settings)
        self.options = self.read_options(settings)
        self._oxygens, self._has_surface = oxygens, has_surface

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs water."""
        if not interface.may_have_water:
            return []
        return [cls(settings, interface.topology.select("O"), interface.has_surface)]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """One row per frame; NaN where there is no water."""
        bonds = hydrogen_bonds(chunk, interface, self._oxygens, self.options)
        frame, n_frames = interface.water.frame, len(chunk)
        waters = per_frame(frame, np.ones(len(frame)), n_frames)
        both = bonds.donated + bonds.accepted
        near = first_layer(interface) if self._has_surface else np.zeros(n_frames)
        bonds_near = first_layer(interface, both) if self._has_surface else near
        with np.errstate(invalid="ignore", divide="ignore"):
            rows = [
                per_frame(frame, both, n_frames) / waters,
                per_frame(frame, bonds.donated, n_frames) / waters,
                bonds_near / near,
            ]
        self.append(chunk, np.stack(rows, axis=1))

    def notes(self) -> tuple[str, ...]:
        """The criterion."""
        return (criterion_text(self.options), "Donors are waters (O with two H); every O may accept.")

    def scalars(self, errors: Array) -> dict[str, Scalar]:
        """Means over the run."""
        rows = np.concatenate(self._rows)
        named = zip(("", " (donated)", " (first layer)"), rows.T, errors, strict=True)
        return {
            f"hydrogen bonds per water{what}": Scalar(
                float(np.nanmean(column)), error, "1", criterion_text(self.options), headline=not what
            )
            for what, column, error in named
            if np.isfinite(column).any()
        }
