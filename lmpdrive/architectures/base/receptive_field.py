"""How far a model sees: which atoms the energy of one atom can depend on.  Lengths in Å."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isinf
from typing import Any, Self


@dataclass(frozen=True)
class ReceptiveField:
    """The cutoff of each layer of message passing in turn; a model without messages has one.

    Infinite for potentials with long-ranged electrostatics.
    """

    cutoffs_A: tuple[float, ...]

    @classmethod
    def of(cls, cutoff_A: float, layers: int = 1) -> Self:
        """Layers of one cutoff."""
        return cls((float(cutoff_A),) * int(layers))

    @classmethod
    def unlimited(cls) -> Self:
        """That of electrostatics by k-space sums."""
        return cls((inf,))

    @property
    def radius_A(self) -> float:
        """Sum of the cutoffs: cutoff x layers."""
        return sum(self.cutoffs_A)

    @property
    def cutoff_A(self) -> float:
        """Of the neighbour list."""
        return max(self.cutoffs_A)

    def __str__(self) -> str:
        if isinf(self.radius_A):
            return "unlimited (long-ranged electrostatics)"
        if len(self.cutoffs_A) == 1:
            return f"{self.radius_A:g} Å"
        if len(set(self.cutoffs_A)) == 1:
            return f"{self.cutoffs_A[0]:g} Å x {len(self.cutoffs_A)} layers = {self.radius_A:g} Å"
        return f"{' + '.join(f'{c:g}' for c in self.cutoffs_A)} = {self.radius_A:g} Å"


def from_card(card: Mapping[str, Any] | None, cutoff: str, layers: str) -> ReceptiveField | None:
    """From a card's `training: settings:`, so that no package is needed; None if it lacks either key."""
    settings = ((card or {}).get("training") or {}).get("settings") or {}
    return ReceptiveField.of(settings[cutoff], settings[layers]) if {cutoff, layers} <= set(settings) else None
