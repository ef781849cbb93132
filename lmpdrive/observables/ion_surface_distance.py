"""How far each ion is from the surface: its distribution p(z) and the free-energy profile F(z) = -kT ln p(z)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from lmpdrive.common.units import K_B_EV_PER_K
from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.base import Options as NoOptions
from lmpdrive.observables.interface import Interface, InterfaceFrames
from lmpdrive.observables.peaks import with_error
from lmpdrive.observables.profile import Bins
from lmpdrive.observables.sums import Sums
from lmpdrive.observables.tables import Scalar, Table
from lmpdrive.trajectory.frames import Chunk

UNEVEN = 0.1
"""A share that deviates from a half by less is not worth a warning, however certain it is."""


class IonSurfaceDistance(Sums):
    """p(z) = ⟨N(z, z + Δz)⟩/(⟨N⟩ Δz), integral 1; F(z) = -kT ln(p(z)/p_ref).

    z is the distance from the nearest surface.  p_ref is the maximum of p (F = 0 at the most probable distance), or
    its mean over `reference_A` (F = 0 in the bulk).  σ_F = kT σ_p/p, the first order of the logarithm; NaN where no ion
    was seen.  F is a potential of mean force along z (Chandler, Introduction to Modern Statistical Mechanics, ch. 7.3);
    it means something only where the ion has been often.

    With two wet faces, the share of the ions that are nearer to the slab's top face tells whether the faces are alike:
    where it is not a half, every profile is the mean of two faces that differ, and a warning says so.
    """

    per_face = True
    equation = "p(z) = ⟨N(z, z + Δz)⟩/(⟨N⟩ Δz);  F(z) = −k_B T ln(p(z)/p_ref)"
    group = "ions"
    frame_sums = (*Sums.frame_sums, "bins", "_near_top")
    non_negative = ("p(z) [1/Å]",)

    class Options(NoOptions):
        """T is not read from the run: give it if it is not 300 K."""

        temperature_K: PositiveFloat = 300.0
        """T in F = -kT ln p."""
        bin_width_A: PositiveFloat = 0.2
        """Δz."""
        reference_A: tuple[float, float] | None = None
        """[low, high] over which the mean of p is the zero of F; default the maximum of p."""

    def __init__(self, settings: Settings, element: str, atoms: NDArray[np.int64]) -> None:
        super().__init__(settings)
        self.element, self.atoms = element, atoms
        self.name = f"ion_surface_distance_{element}"
        self.title = f"Distance of {element} from the surface"
        self.subject = element
        self.options = self.read_options(settings)
        self.bins = Bins(self.options.bin_width_A)
        self._near_top = 0
        self.two_sided = False

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """One for each kind of ion and molecule, where there is a surface."""
        if not interface.has_surface:
            return []
        return [cls(settings, element, atoms) for element, atoms in (interface.ions | interface.others).items()]

    def update(self, chunk: Chunk, interface: InterfaceFrames) -> None:
        """Each ion once, at its distance from the nearest surface; the series is the mean distance."""
        from_faces = interface.distances(self.atoms)
        if len(from_faces) == 2:
            self.two_sided = True
            self._near_top += int((from_faces[0] < from_faces[1]).sum())
        z = from_faces.min(axis=0)
        self.bins.add(z, np.ones_like(z))
        self.count(z.mean(axis=1))

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.bins.merge(other.bins)
        self._near_top += other._near_top
        self.two_sided |= other.two_sided

    @property
    def _limits(self) -> tuple[int, int]:
        return min(0, self.bins.start), max(1, self.bins.stop)

    def variables(self) -> dict[str, Array]:
        """Middles of the bins, from the surface to the last ion."""
        return {"z [Å]": self.bins.centres(*self._limits)}

    def _density(self) -> Array:
        return self.bins.within(*self._limits) / (self.n_frames * len(self.atoms) * self.bins.width)

    def values(self, part: Self) -> dict[str, Array]:
        """p, and F with the reference of all frames (so that blocks differ by their ions only)."""
        p = part.bins.within(*self._limits) / (part.n_frames * len(self.atoms) * self.bins.width)
        with np.errstate(divide="ignore", invalid="ignore"):
            free = -self._kt * np.log(p / self._reference())
        return {"p(z) [1/Å]": p, "F(z) [eV]": np.where(np.isfinite(free), free, np.nan)}

    @property
    def _kt(self) -> float:
        return float(K_B_EV_PER_K * self.options.temperature_K)

    def _reference(self) -> float:
        """p where F is zero; NaN if no ion was in the region asked for."""
        p, z = self._density(), self.variables()["z [Å]"]
        if self.options.reference_A is None:
            return float(p.max())
        low, high = self.options.reference_A
        inside = (z >= low) & (z <= high)
        mean = float(p[inside].mean()) if inside.any() else 0.0
        return mean if mean > 0 else float("nan")

    def table(self, blocks: Sequence[Self]) -> Table:
        """As `Sums`, with σ_F from σ_p: a logarithm of a block without ions is no number."""
        table = super().table(blocks)
        p, sigma = table.data["p(z) [1/Å]"], table.data["σ [1/Å]"]
        table.data["σ_F(z) [eV]"] = (self._kt * sigma / p.where(p > 0)).to_numpy()
        return replace(table, warnings=(*table.warnings, *self._uneven(table.scalars)))

    def _uneven(self, scalars: Mapping[str, Scalar]) -> tuple[str, ...]:
        """A warning if the two faces do not share the ions evenly."""
        share = scalars.get(self._share_name)
        if share is None or not abs(share.value - 0.5) > max(UNEVEN, 3 * np.nan_to_num(share.error)):
            return ()
        return (
            f"The two faces are not alike in this run: {share.value:.0%} of {self.element} are nearer to the slab's "
            "top face. Profiles are the mean of both faces, which is that of neither; if the electrodes are equal, run "
            "longer.",
        )

    @property
    def _share_name(self) -> str:
        return f"share of {self.element} nearer to the top face"

    def notes(self) -> tuple[str, ...]:
        """Temperature and zero."""
        zero = (
            "the maximum of p(z)"
            if self.options.reference_A is None
            else (f"the mean of p(z) over {self.options.reference_A[0]:g} to {self.options.reference_A[1]:g} Å")
        )
        return (f"F(z) for T = {self.options.temperature_K:g} K, zero at {zero}.",)

    def scalars(self, rests: Sequence[Self]) -> dict[str, Scalar]:
        """Mean distance."""
        z, width = self.variables()["z [Å]"], self.bins.width
        header = "p(z) [1/Å]"
        parts = np.array([self.values(rest)[header] for rest in rests])

        def mean(p: Array) -> float:
            return float((z * p).sum() * width)

        own = self.values(self)[header]
        distance = replace(with_error(mean, own, parts, "Å"), headline=True)
        found = {f"mean distance of {self.element} from the surface": distance}
        if self.two_sided:
            shares = np.array([rest._share_near_top() for rest in rests])
            found[self._share_name] = with_error(
                lambda share: float(share[0]), self._share_near_top(), shares, "1", "of two wet faces; a half if alike"
            )
        return found

    def _share_near_top(self) -> Array:
        """(1,) share of the ions that are nearer to the slab's top face."""
        return np.array([self._near_top / (self.n_frames * len(self.atoms))])
