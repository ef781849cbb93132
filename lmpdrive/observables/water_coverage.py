"""How much water is on the surface: molecules in the first and second layer and beyond, per area and per metal atom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
from pydantic import field_validator

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.base import Options as NoOptions
from lmpdrive.observables.blocks import jackknife_error, left_out
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.peaks import first_minimum
from lmpdrive.observables.profile import FIRST_LAYER_A, Bins, per_frame
from lmpdrive.observables.series import Series
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.trajectory.frames import Chunk

A2_PER_NM2 = 100.0


class WaterCoverage(Series):
    """N_1: z <= z_1, N_2: z_1 < z <= z_2, N_beyond: z > z_2, by the distance of O from the nearest surface.

    N_1 + N_2 + N_beyond is the number of waters in every frame.  Γ_1 = N_1/(S A) and θ_1 = N_1/(S n_surface) with S
    wet surfaces of n_surface atoms each (one water per surface atom is 1 ML).  z_1 and z_2 are fixed beforehand, so
    that the series needs one pass; what lies within the first minimum of the density *found* is a number beside it.
    The numbers of the summary are N_1/S and N_2/S, those of one face.
    """

    name = "water_coverage"
    title = "Water in the first layers"
    per_face = True
    equation = (
        "N_1 = N(z <= z_1), N_2 = N(z_1 < z <= z_2), N_beyond = N(z > z_2);  Γ_1 = N_1/(S A), θ_1 = N_1/(S n_surface)"
    )
    columns = ("N_1 [1]", "N_2 [1]", "N_beyond [1]", "Γ_1 [1/nm^2]", "θ_1 [ML]")
    error_column = "σ [1]"
    group = "water"
    frame_sums = (*Series.frame_sums, "near", "_per_area")

    class Options(NoOptions):
        """Two layers."""

        boundaries_A: tuple[float, float] = (FIRST_LAYER_A, 7.5)
        """z_1 and z_2, the outer ends of the first and the second layer."""

        @field_validator("boundaries_A")
        @classmethod
        def _ascending(cls, boundaries: tuple[float, float]) -> tuple[float, float]:
            if not 0 < boundaries[0] < boundaries[1]:
                raise ValueError("want [z_1, z_2] in Å with 0 < z_1 < z_2")
            return boundaries

    def __init__(self, settings: Settings, surface_atoms: int, n_faces: int) -> None:
        super().__init__(settings)
        self.surface_atoms, self.n_faces = surface_atoms, n_faces
        """Metal atoms of the wet surfaces together, and how many these are."""
        self.boundaries = self.read_options(settings).boundaries_A
        self.near = Bins(settings.bin_width_A)
        self._per_area = 0.0

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Needs a surface, O and H."""
        if not interface.has_surface or not interface.may_have_water:
            return []
        return [cls(settings, sum(len(face) for face in interface.faces), len(interface.faces))]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """One row per frame."""
        z = interface.water_distances.min(axis=0)
        first, second = self.boundaries
        areas = interface.areas * len(interface.signs)
        one, two, rest = (
            per_frame(interface.water.frame[inside], np.ones(int(inside.sum())), len(chunk))
            for inside in (z <= first, (z > first) & (z <= second), z > second)
        )
        self.near.add(z, np.ones_like(z))
        self._per_area += float((1.0 / areas).sum())
        self.append(chunk, np.stack([one, two, rest, one / areas * A2_PER_NM2, one / self.surface_atoms], axis=1))

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.near.merge(other.near)
        self._per_area += other._per_area

    def table(self, blocks: Sequence[Self]) -> Table:
        """The series, and the coverage within the first minimum of the density with its error."""
        table = super().table(blocks)
        return replace(table, scalars={**table.scalars, **self._within_minimum(blocks)})

    def _within_minimum(self, blocks: Sequence[Self]) -> dict[str, Scalar]:
        low, high = min(0, self.near.start), self.near.stop
        if high <= low:
            return {}
        z = self.near.centres(low, high)
        minimum, _ = first_minimum(z, self.near.within(low, high))
        if not np.isfinite(minimum):
            return {}

        def per_atom(part: WaterCoverage) -> float:
            profile = part.near.within(low, high)
            inside = z <= first_minimum(z, profile)[0]
            return float(profile[inside].sum() / (part.n_frames * self.surface_atoms)) if inside.any() else np.nan

        error = float(jackknife_error(np.array([per_atom(rest) for rest in left_out(blocks)])))
        note = f"within the first minimum of the density, z = {minimum:.2f} Å"
        return {"water coverage within the first minimum": Scalar(per_atom(self), error, "ML", note)}

    def notes(self) -> tuple[str, ...]:
        """The boundaries."""
        return (f"Layers end at z = {self.boundaries[0]:g} and {self.boundaries[1]:g} Å from the nearest surface.",)

    def scalars(self, errors: Array) -> dict[str, Scalar]:
        """Means over the run."""
        mean = np.concatenate(self._rows).mean(axis=0)
        ends = f"z <= {self.boundaries[0]:g} Å", f"{self.boundaries[0]:g} < z <= {self.boundaries[1]:g} Å"
        return {
            **{
                f"water in the {layer} layer": Scalar(
                    mean[i] / self.n_faces, errors[i] / self.n_faces, "1", f"{ends[i]}, of one face", needs_same="area"
                )
                for i, layer in enumerate(("first", "second"))
            },
            "water coverage per area": Scalar(mean[3], errors[3], "1/nm^2", ends[0]),
            "water coverage": Scalar(mean[4], errors[4], "ML", f"{ends[0]}, per surface metal atom", headline=True),
        }
