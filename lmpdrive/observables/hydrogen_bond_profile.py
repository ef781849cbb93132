"""Hydrogen bonds per water as a function of the distance from the surface.

    n_HB(z) = <donated + accepted by the waters in the bin> / <N_bin>

and the same for the bonds donated and accepted alone; NaN where there is no water.  A water that points an O-H at the
metal or at the vacuum donates less than two.  Over a surface the summary has the same for the bulk of the film, all
bonds of the waters there per water.  Criterion: `hydrogen_bond_search`.  Units: Å, 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.hydrogen_bond_search import CriterionOptions, criterion_text, hydrogen_bonds
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.peaks import with_error
from lmpdrive.observables.profile import Bins, per_frame
from lmpdrive.observables.sums import Sums
from lmpdrive.observables.tables import Scalar
from lmpdrive.trajectory.frames import Chunk


class HydrogenBondProfile(Sums):
    """Mean number of hydrogen bonds of the waters in each bin."""

    class Options(CriterionOptions):
        """The criterion."""

    name = "hydrogen_bond_profile"
    title = "Hydrogen bonds per water, along the normal"
    per_face = True
    equation = "n_HB(z) = ⟨donated + accepted in (z, z + Δz)⟩ / ⟨N(z, z + Δz)⟩"
    kind: ClassVar[str] = "profile"
    needs_bulk = True
    frame_sums = (*Sums.frame_sums, "_waters", "_donated", "_accepted")

    def __init__(self, settings: Settings, oxygens: NDArray[np.int64], has_surface: bool) -> None:
        super().__init__(settings)
        self._has_surface = has_surface
        self.options = self.read_options(settings)
        self._oxygens = oxygens
        self._waters, self._donated, self._accepted = (Bins(settings.bin_width_A) for _ in range(3))

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs water."""
        if not interface.may_have_water:
            return []
        return [cls(settings, interface.topology.select("O"), interface.has_surface)]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Each water counts once for each surface; the per-frame series is the number of bonds."""
        bonds = hydrogen_bonds(chunk, interface, self._oxygens, self.options)
        z = interface.water_distances
        for bins, weights in (
            (self._waters, np.ones(z.shape[1])),
            (self._donated, bonds.donated),
            (self._accepted, bonds.accepted),
        ):
            bins.add(z, np.broadcast_to(weights, z.shape))
        self.count(per_frame(interface.water.frame, bonds.donated, len(chunk)))

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self._waters.merge(other._waters)
        self._donated.merge(other._donated)
        self._accepted.merge(other._accepted)

    @property
    def _limits(self) -> tuple[int, int]:
        bins = self._waters
        return (min(0, bins.start), max(1, bins.stop)) if len(bins.sums) else (0, 1)

    def variables(self) -> dict[str, Array]:
        """z."""
        return {"z [Å]": self._waters.centres(*self._limits)}

    def values(self, part: Self) -> dict[str, Array]:
        """Bonds per water: all, donated, accepted."""
        waters, donated, accepted = (
            bins.within(*self._limits) for bins in (part._waters, part._donated, part._accepted)
        )
        some = np.where(waters > 0, waters, np.nan)
        return {
            "n_HB [1]": (donated + accepted) / some,
            "n_HB_donated [1]": donated / some,
            "n_HB_accepted [1]": accepted / some,
        }

    def notes(self) -> tuple[str, ...]:
        """The criterion."""
        return (criterion_text(self.options), "Donors are waters (O with two H); every O may accept.")

    def scalars(self, rests: Sequence[Self]) -> dict[str, Scalar]:
        """Bonds per water in the bulk; without a surface that is the mean over all waters."""
        if not self._has_surface:
            return {}
        bulk, name = self.settings.bulk, "hydrogen bonds per water (bulk)"
        if not bulk.exists:
            return {name: Scalar(float("nan"), unit="1", note=f"{bulk}", source=bulk.why)}
        inside = bulk.holds(self.variables()["z [Å]"])

        def per_water(sums: Array) -> float:
            waters = sums[1][inside].sum()
            return float(sums[0][inside].sum() / waters) if waters else float("nan")

        parts = np.array([self._of_bins(rest) for rest in rests])
        return {name: with_error(per_water, self._of_bins(self), parts, "1", f"mean over {bulk}")}

    def _of_bins(self, part: Self) -> Array:
        """(2, bins) bonds and waters in each bin, per frame."""
        bonds = part._donated.within(*self._limits) + part._accepted.within(*self._limits)
        return np.stack([bonds, part._waters.within(*self._limits)]) / part.n_frames
