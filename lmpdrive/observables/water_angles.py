"""Distributions of the angle between water's dipole, or its O-H bonds, and the surface normal, by region.

Units: degrees; θ = 0 points away from the surface.  Two columns, because both are published: p(θ) per degree, which
falls to zero at 0 and 180° by geometry alone, and the same without the factor sin θ, which is flat for no order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from pydantic import Field, field_validator

from lmpdrive.observables import geometry
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.base import Options as NoOptions
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.peaks import film_bulk_region, with_error
from lmpdrive.observables.profile import FIRST_LAYER_A, Bins, cosines, per_frame
from lmpdrive.observables.sums import Sums
from lmpdrive.observables.tables import Reference, Scalar
from lmpdrive.observables.water_density import G_PER_CM3_PER_WATER_PER_A3
from lmpdrive.trajectory.frames import Chunk

Vector = Literal["bisector", "oh"]
TITLES = {"bisector": "dipole", "oh": "O-H bond"}
BULK = "bulk"


class WaterAngles(Sums):
    """p(θ) and p(θ)/sin θ of one kind of vector in one region low < z <= high (O's distance from the surface).

    In bin k from θ_k to θ_k+1 with N_k of N vectors: p = N_k/(N Δθ), integral 1; and
    f = (N_k/N) / (½ (cos θ_k - cos θ_k+1)), which is p over that of an isotropic distribution, exactly, bin by bin.
    The bulk region is that of the bulk water density (6 Å from the surface to 5 Å below the film's edge).
    """

    equation = "p(θ) = ⟨N(θ, θ + Δθ)⟩ / (⟨N⟩ Δθ);  f(θ) = p(θ)/(½ sin θ), 1 if isotropic;  θ to the normal"
    group = "water"
    non_negative = ("p(θ) [1/deg]", "f(θ) [1]")

    class Options(NoOptions):
        """The first layer and the bulk of the film."""

        regions: dict[str, tuple[float, float]] = Field(default={"first_layer": (0.0, FIRST_LAYER_A)})
        """Name -> [low, high], low < z <= high in Å."""
        bulk: bool = True
        """Also the bulk: 6 Å from the surface to 5 Å below the film's edge."""
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
        # the bulk is known only at the end: one row of angles for each bin along z
        self.by_z = Bins(1.0)
        self.oxygens = Bins(settings.bin_width_A)
        self._gap = self._density_weight = 0.0
        self.two_sided = self.has_surface = False

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """Bisector and O-H in each region; needs O and H.  Without a metal everything is bulk."""
        if not interface.may_have_water:
            return []
        options = cls.read_options(settings)
        given = "regions" in settings.options.get(cls.family(), {})
        regions: dict[str, tuple[float, float] | None] = dict(options.regions) if interface.layers or given else {}
        if options.bulk:
            regions[BULK] = None
        vectors: tuple[Vector, ...] = ("bisector", "oh")
        return [cls(settings, vector, name, limits) for vector in vectors for name, limits in regions.items()]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Count the angles of the waters in the region; each surface sees its own angle."""
        z, cosine = interface.water_distances, self._cosines(chunk, interface)
        bins = np.arccos(np.clip(cosine, -1.0, 1.0)) * (self.n_bins / np.pi)
        bins = np.minimum(bins.astype(np.int64), self.n_bins - 1)
        inside = np.ones(z.shape, dtype=bool)
        if self._limits is not None:
            inside = (z > self._limits[0]) & (z <= self._limits[1])
            self.counts += np.bincount(bins[inside].ravel(), minlength=self.n_bins)
        else:
            rows = np.floor(z / self.settings.bin_width_A)[:, :, None] * self.n_bins
            self.by_z.add(rows + bins + 0.5, np.ones(bins.shape))
            weights = np.broadcast_to(1.0 / interface.areas[interface.water.frame] / len(z), z.shape)
            self.oxygens.add(z, weights)
        self._gap += float(interface.gap.sum())
        self.two_sided |= len(interface.signs) == 2
        self.has_surface |= interface.has_surface
        mean = (cosine.mean(axis=2) * inside).sum(axis=0)
        self.count(per_frame(interface.water.frame, mean, len(chunk)))

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
        self.by_z.merge(other.by_z)
        self.oxygens.merge(other.oxygens)
        self._gap += other._gap
        self.two_sided |= other.two_sided
        self.has_surface |= other.has_surface

    def bulk_limits(self) -> tuple[float, float, str]:
        """(low, high) of the bulk of all frames seen, and a sentence that states them."""
        low, high = self.oxygens.start, self.oxygens.stop
        z = self.oxygens.centres(low, high)
        density = self.oxygens.within(low, high) / (self.n_frames * self.oxygens.width) * G_PER_CM3_PER_WATER_PER_A3
        return film_bulk_region(z, density, self._gap / self.n_frames, self.two_sided, self.has_surface)

    def _counts(self, part: WaterAngles) -> Array:
        """Counts of `part` in the region; the bulk is that of self."""
        if self._limits is not None or not len(self.oxygens.sums):
            return part.counts
        z_low, z_high, _ = self.bulk_limits()
        low, high = self.oxygens.start, self.oxygens.stop
        z = self.oxygens.centres(low, high)
        rows = part.by_z.within(low * self.n_bins, high * self.n_bins).reshape(high - low, self.n_bins)
        return np.asarray(rows[(z >= z_low) & (z <= z_high)].sum(axis=0))

    def variables(self) -> dict[str, Array]:
        """Middles of the bins."""
        return {"θ [deg]": (np.arange(self.n_bins) + 0.5) * 180.0 / self.n_bins}

    def values(self, part: Self) -> dict[str, Array]:
        """p(θ) per degree, and relative to isotropic; NaN where there was no water at all."""
        counts = self._counts(part)
        total = counts.sum()
        share = counts / total if total else np.full(self.n_bins, np.nan)
        edges = np.cos(np.pi * np.arange(self.n_bins + 1) / self.n_bins)
        return {"p(θ) [1/deg]": share * self.n_bins / 180.0, "f(θ) [1]": share / (0.5 * (edges[:-1] - edges[1:]))}

    def references(self) -> tuple[Reference, ...]:
        """No order."""
        return (Reference(1.0, "isotropic: 1", "f(θ) [1]"),)

    def notes(self) -> tuple[str, ...]:
        """The region."""
        if self._limits is not None:
            return (f"{self.region}: {self._limits[0]:g} < z <= {self._limits[1]:g} Å.",)
        return (f"bulk: {self.bulk_limits()[2]}.",) if len(self.oxygens.sums) else ()

    def scalars(self, blocks: Sequence[Self]) -> dict[str, Scalar]:
        """Mean angle."""
        middle = self.variables()["θ [deg]"]

        def mean(p: Array) -> float:
            return float((middle * p).sum() * 180.0 / self.n_bins)

        header = "p(θ) [1/deg]"
        parts = np.array([self.values(block)[header] for block in blocks])
        name = f"mean angle of the {TITLES[self.vector]}, {self.region.replace('_', ' ')}"
        return {name: with_error(mean, self.values(self)[header], parts, "deg", "to the surface normal")}
