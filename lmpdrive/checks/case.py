"""The input of a rule: the configuration, the system, and the data of model and deck, each read once."""

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
        """The model's, or without limit where charges are added to it; None where it is unknown."""
        if not self.readable:
            return None
        if getattr(self.config.potential, "electrostatics", None) is not None:
            return ReceptiveField.unlimited()
        try:
            return self.config.potential.receptive_field()
        except LmpdriveError:
            return None

    @cached_property
    def own_deck(self) -> RenderedDeck | None:
        """The deck, if part of it was written by hand; None for the shipped templates, which are trusted."""
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
    def nearest_image_A(self) -> float:
        """Distance of an atom to its nearest periodic image: the shortest lattice vector, however the cell is given."""
        from ase.geometry import minkowski_reduce

        reduced, _ = minkowski_reduce(self.system.atoms.cell.array)
        return float(np.linalg.norm(reduced, axis=1).min())

    @property
    def gaps_A(self) -> tuple[float, float, float]:
        """Longest stretch without an atom along each cell vector, measured perpendicular to the other two."""
        from lmpdrive.constituents.layers import widest_gap

        atoms = self.system.atoms
        widths = 1 / np.linalg.norm(np.linalg.inv(atoms.cell.array), axis=0)
        places = atoms.get_scaled_positions()
        a, b, c = (widest_gap(places[:, k], 1.0)[0] * float(widths[k]) for k in range(3))
        return a, b, c

    @property
    def npt(self) -> str | None:
        """Where the settings ask for a barostat, as messages name it: "ensemble: npt" or "stage NAME: npt"."""
        if self.config.dynamics.ensemble == "npt":
            return "ensemble: npt"
        return next((f"stage {s.name}: npt" for s in self.config.plan if s.ensemble == "npt"), None)

    def named(self, families: Sequence[str]) -> list[str]:
        """Those observables that are listed in `observables.names`, whole or by one of their tables."""
        names = self.config.observables.names or []
        return [f for f in families if any(n == f or n.startswith(f"{f}_") for n in names)]
