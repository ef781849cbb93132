"""How many neighbours an ion has in its first shell: the distribution of the coordination number, and ion pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from lmpdrive.observables.base import Array, Settings
from lmpdrive.observables.interface import Interface
from lmpdrive.observables.pair_sums import PairOptions, PairSums
from lmpdrive.observables.peaks import with_error
from lmpdrive.observables.tables import Scalar

MOST = 40
"""Larger numbers count as this one."""


class CoordinationOptions(PairOptions):
    """Shells found from g(r)."""

    shell_A: dict[str, PositiveFloat] = {}
    """"A-B" -> radius of the shell; default the first minimum of g(r) over all frames."""


class Coordination(PairSums):
    """P(n): share of the A (in all frames) with n of B within r_s; ⟨n⟩ = Σ n P(n) is n(r_s) of `rdf`.

    r_s is the end of the bin at the first minimum of g(r), found at the end of the run: counts are kept for every
    distance.  For two kinds of ions 1 - P(0) is the share in contact with a counter-ion (contact ion pairs; Marcus
    and Hefter, Chem. Rev. 106, 4585 (2006)).
    """

    Options: ClassVar[type[CoordinationOptions]] = CoordinationOptions
    per_atom = True
    frame_sums = (*PairSums.frame_sums, "by_radius")
    non_negative = ("P(n) [1]",)
    equation = "P(n) = ⟨number of A with n of B within r_s⟩ / N_A;  r_s: first minimum of g(r)"
    group = "ions"

    def __init__(self, settings: Settings, names: tuple[str, str], atoms: tuple[NDArray[np.int64], ...]) -> None:
        super().__init__(settings, names, atoms)
        self.title = f"Number of {names[1]} around {names[0]}"
        self.by_radius = np.zeros((self.n_bins, MOST + 1))
        """Atoms of A, over all frames, by outer edge of the bin and number of neighbours within it."""

    @classmethod
    def for_interface(cls, interface: Interface, settings: Settings) -> list[Self]:
        """The pairs of the options, or O around each ion and counter-ions around ions."""
        return [cls(settings, names, atoms) for names, atoms in cls.pairs_of(interface, settings, ion_pairs)]

    def count_atoms(self, counts: NDArray[np.int64]) -> None:
        """Sort every atom of A by its number of neighbours, for every radius."""
        numbers = np.minimum(np.cumsum(counts, axis=2), MOST) + (MOST + 1) * np.arange(self.n_bins)
        self.by_radius += np.bincount(numbers.ravel(), minlength=self.by_radius.size).reshape(self.by_radius.shape)

    def merge(self, other: Self) -> None:
        """Add the frames that `other` saw."""
        super().merge(other)
        self.by_radius += other.by_radius

    def _radius(self) -> tuple[float, str]:
        """Radius of the shell [Å] and where it is from; NaN if g(r) has no first minimum."""
        given = self.options.shell_A.get("-".join(self.names))
        if given is not None:
            return min(given, self.n_valid * self.width), "given"
        end = self.shell()
        return end + self.width / 2, "first minimum of g(r)"

    def variables(self) -> dict[str, Array]:
        """0, 1, 2, ... up to the largest number seen."""
        seen = np.flatnonzero(self._numbers(self))
        return {"n [1]": np.arange(max(1, seen[-1]) + 1.0 if len(seen) else 2.0)}

    def _numbers(self, part: Coordination) -> Array:
        """(MOST + 1,) how many atoms of A had n neighbours in the shell; zero if there is no shell."""
        radius, _ = self._radius()
        if not np.isfinite(radius):
            return np.zeros(MOST + 1)
        return np.asarray(part.by_radius[max(0, int(radius / self.width + 1e-9) - 1)])

    def values(self, part: Self) -> dict[str, Array]:
        """P(n); NaN if there is no shell."""
        numbers = self._numbers(part)[: len(self.variables()["n [1]"])]
        total = part.n_frames * len(self.first) if self._numbers(self).any() else 0
        return {"P(n) [1]": numbers / total if total else np.full(len(numbers), np.nan)}

    def notes(self) -> tuple[str, ...]:
        """The shell."""
        radius, source = self._radius()
        pair = "-".join(self.names)
        if not np.isfinite(radius):
            return (
                f"g(r) of {pair} has no first minimum within reach: give coordination.shell_A, e.g. {{{pair}: 3.2}}.",
            )
        return (f"Shell of {pair}: r <= {radius:.2f} Å ({source}).",)

    def scalars(self, rests: Sequence[Self]) -> dict[str, Scalar]:
        """Mean number, and for ions the share that has a partner."""
        radius, _ = self._radius()
        if not np.isfinite(radius):
            return {}
        n, header, pair = self.variables()["n [1]"], "P(n) [1]", "-".join(self.names)
        own, parts = self.values(self)[header], np.array([self.values(rest)[header] for rest in rests])
        note = f"within {radius:.2f} Å"
        if "O" in self.names:
            number = with_error(lambda p: float((n * p).sum()), own, parts, "1", note)
            return {f"mean number of {self.names[1]} around {self.names[0]}": replace(number, headline=True)}
        return {f"share of {pair} contact pairs": with_error(lambda p: float(1.0 - p[0]), own, parts, "1", note)}


def ion_pairs(elements: list[str]) -> list[tuple[str, str]]:
    """O around each ion, and each ion around every other kind of ion."""
    ions = [element for element in elements if element != "O"]
    with_oxygen = [(ion, "O") for ion in ions] if "O" in elements else []
    return with_oxygen + [(one, other) for one in ions for other in ions if one != other]
