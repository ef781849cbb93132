"""What a rule looks at: the configuration, the system, and what the model and the deck say, each asked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lmpdrive.architectures import ReceptiveField
from lmpdrive.config import Config
from lmpdrive.deck.render import own_folders, render
from lmpdrive.deck.rendered import RenderedDeck
from lmpdrive.errors import LmpdriveError

if TYPE_CHECKING:
    from lmpdrive.system import BuiltSystem


@dataclass(frozen=True, eq=False)
class Case:
    """One configuration with its system.  `readable`: the model's files are right and may be loaded."""

    config: Config
    system: BuiltSystem
    readable: bool = True

    @cached_property
    def receptive_field(self) -> ReceptiveField | None:
        """The model's; None where it cannot be said."""
        if not self.readable:
            return None
        try:
            return self.config.potential.receptive_field()
        except LmpdriveError:
            return None

    @cached_property
    def own_deck(self) -> RenderedDeck | None:
        """The deck, where a person wrote part of it; None for the shipped templates, which are known to be right."""
        if not self.readable or not own_folders(self.config):
            return None
        try:
            return render(self.config, self.system)
        except LmpdriveError:
            return None  # rendering it will say why

    def group(self, name: str) -> np.ndarray:
        """Atoms of a group; none if there is no such group."""
        return np.asarray(self.system.groups.get(name, []), dtype=int)

    @property
    def widths_A(self) -> np.ndarray:
        """Distances between opposite sides of the cell: along a and along b."""
        a, b, c = self.system.atoms.cell.array
        volume = abs(np.dot(a, np.cross(b, c)))
        return volume / np.array([np.linalg.norm(np.cross(b, c)), np.linalg.norm(np.cross(c, a))])

    def named(self, families: Sequence[str]) -> list[str]:
        """Those of the observables that `observables.names` names, whole or one of their tables."""
        names = self.config.observables.names or []
        return [f for f in families if any(n == f or n.startswith(f"{f}_") for n in names)]
