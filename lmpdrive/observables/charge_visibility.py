"""From where a model sees all ions: their number alone determines the charge state of the interface.

Computed if the model's receptive field is given (cutoff x layers of message passing), which `lmpdrive check` prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from lmpdrive.common.visibility import farthest_distances
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.base import Options as NoOptions
from lmpdrive.observables.blocks import jackknife_error
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.profile import FIRST_LAYER_A, Bins, per_frame
from lmpdrive.observables.sums import Sums
from lmpdrive.observables.tables import Scalar
from lmpdrive.trajectory.frames import Chunk


class ChargeVisibility(Sums):
    """f(z) = N_seen(z)/N(z), over the waters at z; seen: max over all ions of |r_ion - r_O| <= R, nearest images.

    z is the distance of O from the nearest surface, R the receptive field.  f is an upper bound: a message
    needs atoms along its path.  Where f is well below 1, the model cannot distinguish this charge state from others.
    The same fraction for the atoms of the wet metal layers is reported as a number.
    """

    name = "charge_visibility"
    title = "Waters from which all ions are within the receptive field"
    per_face = True
    equation = "f(z) = N_seen(z)/N(z), seen: all ions within R of O"
    group = "ions"
    kind = "profile"
    frame_sums = (*Sums.frame_sums, "all", "seen", "near", "metal_seen")

    class Options(NoOptions):
        """None without the model's receptive field."""

        receptive_field_A: PositiveFloat | None = None
        """R = cutoff x layers; none: no table."""
        bin_width_A: PositiveFloat = 0.5
        """Δz."""

    def __init__(self, settings: Settings, ions: NDArray[np.int64], metal: NDArray[np.int64]) -> None:
        super().__init__(settings)
        self.ions, self.metal = ions, metal
        self.seen, self.all = Bins(self.options.bin_width_A), Bins(self.options.bin_width_A)
        self.near = np.zeros(2)
        """Interfacial waters that see all ions, and all interfacial waters, summed over frames."""
        self.metal_seen = 0.0

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs the option, ions, water and a surface."""
        asked = cls.read_options(settings).receptive_field_A
        if asked is None or not (interface.ions and interface.has_surface and interface.may_have_water):
            return []
        return [cls(settings, np.concatenate(list(interface.ions.values())), np.concatenate(interface.faces))]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Each water once, at its distance from the nearest surface; the series is the interfacial ones that see."""
        positions = np.asarray(chunk.positions, dtype=float)
        water = interface.water
        oxygens, column = np.unique(water.oxygen, return_inverse=True)
        radius, ions = self.options.receptive_field_A, positions[:, self.ions]
        sees = farthest_distances(positions[:, oxygens], ions, chunk.cells)[water.frame, column] <= radius
        z = interface.water_distances.min(axis=0)
        self.all.add(z, np.ones_like(z))
        self.seen.add(z, sees.astype(float))
        near = (z > 0) & (z <= FIRST_LAYER_A)
        self.near += [(near & sees).sum(), near.sum()]
        self.metal_seen += (farthest_distances(positions[:, self.metal], ions, chunk.cells) <= radius).sum()
        self.count(per_frame(water.frame, (near & sees).astype(float), len(chunk)))

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.all.merge(other.all)
        self.seen.merge(other.seen)
        self.near = self.near + other.near
        self.metal_seen += other.metal_seen

    @property
    def _limits(self) -> tuple[int, int]:
        return min(0, self.all.start), max(1, self.all.stop)

    def variables(self) -> dict[str, Array]:
        """Middles of the bins, from the surface to the last water."""
        return {"z [Å]": self.all.centres(*self._limits)}

    def values(self, part: Self) -> dict[str, Array]:
        """f; NaN where there is no water."""
        n = part.all.within(*self._limits)
        return {"f [1]": np.where(n == 0, np.nan, part.seen.within(*self._limits) / np.where(n == 0, 1, n))}

    def notes(self) -> tuple[str, ...]:
        """R and the number of ions."""
        return (f"R = {self.options.receptive_field_A:g} Å, {len(self.ions)} ions.",)

    def scalars(self, rests: Sequence[Self]) -> dict[str, Scalar]:
        """Fractions of the interfacial waters and of the wet metal layers."""
        errors = jackknife_error(np.array([self._fractions(rest) for rest in rests]).reshape(-1, 2))
        own, radius = self._fractions(self), f"all ions within {self.options.receptive_field_A:g} Å"
        return {
            "interfacial water that sees all ions": Scalar(
                own[0], float(errors[0]), "1", f"0 < z <= {FIRST_LAYER_A:g} Å, {radius}"
            ),
            "wet metal atoms that see all ions": Scalar(own[1], float(errors[1]), "1", radius),
        }

    def _fractions(self, part: Self) -> tuple[float, float]:
        near = float(part.near[0] / part.near[1]) if part.near[1] else float("nan")
        return near, float(part.metal_seen / (part.n_frames * len(self.metal)))
