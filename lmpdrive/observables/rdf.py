"""Radial distribution functions g(r) in slabs, and coordination numbers n(r).

g(r) = N(r, r + Δr) / [2π r Δr (1/A) ∫dz λ_A(z) ∫_{z-r}^{z+r} dz' λ_B(z')]: the pairs seen over the pairs of an ideal
gas with the same density profiles (derivation and source in `pair_sums.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.blocks import jackknife_error
from lmpdrive.observables.interface import Interface
from lmpdrive.observables.pair_sums import PairSums, nearest_peak
from lmpdrive.observables.peaks import position_with_error, with_error
from lmpdrive.observables.tables import Reference, Scalar


class Rdf(PairSums):
    """g(r) and n(r) = neighbours within r of one atom of the first kind (up to the outer edge of the bin).

    By default O-O, O around each ion, and ions around ions.
    """

    kind = "profile"
    non_negative = ("g [1]", "n [1]")
    equation = "g(r) = N(r, r + Δr) / [2πr Δr (1/A) ∫dz λ_A(z) ∫_{z−r}^{z+r} dz′ λ_B(z′)];  n(r) = ∫ N dr / N_A"

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """The pairs of the options, or the usual ones that have at least two atoms."""
        return [
            cls(settings, names, atoms)
            for names, atoms in cls.pairs_of(interface, settings, usual_pairs)
            if len(np.union1d(*atoms)) > 1
        ]

    @property
    def title(self) -> str:  # type: ignore[override]
        """For people."""
        return f"Radial distribution of {self.names[1]} around {self.names[0]}"

    def variables(self) -> dict[str, Array]:
        """Middles of the bins."""
        return {"r [Å]": self.r}

    def values(self, part: Self) -> dict[str, Array]:
        """g and n."""
        return {"g [1]": self.g(part), "n [1]": self.running(part)}

    def references(self) -> tuple[Reference, ...]:
        """An ideal gas with the same profiles."""
        return (Reference(1.0, "no order: 1", "g [1]"),)

    def notes(self) -> tuple[str, ...]:
        """How far, and why."""
        n = f"n counts {self.names[1]} within r + Δr/2 of a {self.names[0]}."
        if self.n_valid < self.n_bins:
            return (n, f"g(r) ends at half the narrowest width of the cell ({self.reach:.2f} Å).")
        return (n,)

    def alarms(self) -> tuple[str, ...]:
        """Two atoms make no distribution."""
        if self.n_pairs > 1:
            return ()
        return (f"There is one {'-'.join(self.names)} pair: this is its history, not an average over pairs.",)

    def scalars(self, rests: Sequence[Self]) -> dict[str, Scalar]:
        """First peak; the end of the first shell and how many are in it."""
        pair = f"{self.names[0]}-{self.names[1]}"
        r, own = self.r, np.nan_to_num(self.g(self))
        parts = np.array([np.nan_to_num(self.g(rest)) for rest in rests])
        if not np.isfinite(nearest_peak(r, own)[0]):
            return {}
        out = {
            f"g(r) {pair}: first peak": position_with_error(lambda g: nearest_peak(r, g)[0], own, parts, "Å"),
            f"g(r) {pair}: height of the first peak": with_error(lambda g: nearest_peak(r, g)[1], own, parts, "1"),
        }
        if np.isfinite(end := self.shell()):
            numbers = np.array([self._within_shell(rest) for rest in rests])
            note = f"within the first minimum, r = {end:.2f} Å"
            out[f"coordination number {pair}"] = Scalar(
                self._within_shell(self), float(jackknife_error(numbers)), "1", note
            )
        return out

    def _within_shell(self, part: Self) -> float:
        """Neighbours up to the first minimum of this part's own g(r); NaN if it has none."""
        end = part.shell()
        if not np.isfinite(end):
            return float("nan")
        return float(self.running(part)[int(np.searchsorted(self.r, end + 1e-9)) - 1])


def usual_pairs(elements: list[str]) -> list[tuple[str, str]]:
    """O-O, each ion with O, ions with ions."""
    ions = [element for element in elements if element != "O"]
    oxygen = ["O"] if "O" in elements else []
    pairs = [(one, "O") for one in [*oxygen, *ions]] if oxygen else []
    return pairs + [(one, other) for i, one in enumerate(ions) for other in ions[i:]]
