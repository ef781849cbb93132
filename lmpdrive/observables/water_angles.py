"""Distributions of the angle between water's dipole, or its O-H bonds, and the surface normal, by region.

Units: degrees; θ = 0 points away from the surface.  Two columns, because both are published: p(θ) per degree, which
falls to zero at 0 and 180° by geometry alone, and the same without the factor sin θ, which is flat for no order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from lmpdrive.observables import geometry
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.base import Options as NoOptions
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.peaks import with_error
from lmpdrive.observables.profile import FIRST_LAYER_A, cosines, per_frame
from lmpdrive.observables.sums import Sums
from lmpdrive.observables.tables import Reference, Scalar
from lmpdrive.trajectory.frames import Chunk

Vector = Literal["bisector", "oh"]
TITLES = {"bisector": "dipole", "oh": "O-H bond"}
BULK = "bulk"


class WaterAngles(Sums):
    """p(θ) and p(θ)/sin θ of one kind of vector in one region low < z <= high (O's distance from the surface).

    In bin k from θ_k to θ_k+1 with N_k of N vectors: p = N_k/(N Δθ), integral 1; and
    f = (N_k/N) / (½ (cos θ_k - cos θ_k+1)), which is p over that of an isotropic distribution, exactly, bin by bin.
    The bulk is that of the bulk water density: where the density is flat.
    """

    needs_bulk = True
    per_face = True
    equation = "p(θ) = ⟨N(θ, θ + Δθ)⟩ / (⟨N⟩ Δθ);  f(θ) = p(θ)/(½ sin θ), 1 if isotropic;  θ to the normal"
    group = "water"
    non_negative = ("p(θ) [1/deg]", "f(θ) [1]")
    frame_sums = (*Sums.frame_sums, "counts")

    class Options(NoOptions):
        """The first layer and the bulk of the film."""

        regions: dict[str, tuple[float, float]] = Field(default={"first_layer": (0.0, FIRST_LAYER_A)})
        """Name -> [low, high], low < z <= high in Å."""
        bulk: bool = True
        """Also the bulk, where the density is flat."""
        bin_width_deg: float = Field(default=5.0, gt=0, le=90)
        """Δθ; must divide 180."""

        @field_validator("bin_width_deg")
        @classmethod
        def _divides(cls, width: float) -> float:
            if abs(180.0 / width - round(180.0 / width)) > 1e-9:
                raise ValueError("must divide 180, e.g. 5")
            return width

        @field_validator("regions")
        @classmethod
        def _named(cls, regions: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
            for name, (low, high) in regions.items():
                if not low < high or name == BULK or not re.fullmatch(r"[\w+-]+", name):
                    raise ValueError(f"{name}: want a name (not {BULK!r}) and [low, high] in Å with low < high")
            return regions

    def __init__(self, settings: Settings, vector: Vector, region: str, limits: tuple[float, float] | None) -> None:
        super().__init__(settings)
        self.vector, self.region, self._limits = vector, region, limits
        self.name = f"water_angles_{vector}_{region}"
        self.title = f"Angle of the water's {TITLES[vector]}, {region.replace('_', ' ')}"
        self.n_bins = round(180.0 / self.read_options(settings).bin_width_deg)
        self.counts = np.zeros(self.n_bins)

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Bisector and O-H in each region; needs O and H.  Without a metal everything is bulk."""
        if not interface.may_have_water:
            return []
        options = cls.read_options(settings)
        given = "regions" in settings.options.get(cls.family(), {})
        regions: dict[str, tuple[float, float] | None] = dict(options.regions) if interface.has_surface or given else {}
        if options.bulk:
            regions[BULK] = None
        vectors: tuple[Vector, ...] = ("bisector", "oh")
        return [cls(settings, vector, name, limits) for vector in vectors for name, limits in regions.items()]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Count the angles of the waters in the region; each surface sees its own angle."""
        z, cosine = interface.water_distances, self._cosines(chunk, interface)
        bins = np.arccos(np.clip(cosine, -1.0, 1.0)) * (self.n_bins / np.pi)
        bins = np.minimum(bins.astype(np.int64), self.n_bins - 1)
        inside = self._inside(z)
        self.counts += np.bincount(bins[inside].ravel(), minlength=self.n_bins)
        mean = (cosine.mean(axis=2) * inside).sum(axis=0)
        self.count(per_frame(interface.water.frame, mean, len(chunk)))

    def _inside(self, z: Array) -> NDArray[np.bool_]:
        if self._limits is None:
            return self.settings.bulk.holds(z)
        return np.asarray((z > self._limits[0]) & (z <= self._limits[1]))

    def _cosines(self, chunk: Chunk, interface: InterfaceFrames) -> Array:
        """(S, W, 1 or 2) cosines of each water's bisector, or of its two O-H bonds."""
        if self.vector == "bisector":
            return cosines(interface)[:, :, None]
        bonds = interface.water.bonds
        along = np.einsum("whi,wi->wh", bonds, geometry.normals(chunk.cells)[interface.water.frame])
        return interface.signs[:, None, None] * (along / np.linalg.norm(bonds, axis=2))

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.counts += other.counts

    def variables(self) -> dict[str, Array]:
        """Middles of the bins."""
        return {"θ [deg]": (np.arange(self.n_bins) + 0.5) * 180.0 / self.n_bins}

    def values(self, part: Self) -> dict[str, Array]:
        """p(θ) per degree, and relative to isotropic; NaN where there was no water at all."""
        total = part.counts.sum()
        share = part.counts / total if total else np.full(self.n_bins, np.nan)
        edges = np.cos(np.pi * np.arange(self.n_bins + 1) / self.n_bins)
        return {"p(θ) [1/deg]": share * self.n_bins / 180.0, "f(θ) [1]": share / (0.5 * (edges[:-1] - edges[1:]))}

    def references(self) -> tuple[Reference, ...]:
        """No order."""
        return (Reference(1.0, "isotropic: 1", "f(θ) [1]"),)

    def notes(self) -> tuple[str, ...]:
        """The region."""
        if self._limits is not None:
            return (f"{self.region}: {self._limits[0]:g} < z <= {self._limits[1]:g} Å.",)
        return (f"bulk: {self.settings.bulk}.",)

    def scalars(self, rests: Sequence[Self]) -> dict[str, Scalar]:
        """Mean angle."""
        middle = self.variables()["θ [deg]"]

        def mean(p: Array) -> float:
            return float((middle * p).sum() * 180.0 / self.n_bins)

        name = f"mean angle of the {TITLES[self.vector]}, {self.region.replace('_', ' ')}"
        bulk = self.settings.bulk
        if self._limits is None and not bulk.exists:
            return {name: Scalar(float("nan"), unit="deg", note=f"{bulk}", source=bulk.why)}
        header = "p(θ) [1/deg]"
        parts = np.array([self.values(rest)[header] for rest in rests])
        return {name: with_error(mean, self.values(self)[header], parts, "deg", "to the surface normal")}
