"""Positions that no boundary has wrapped, read only where they are asked for: most observables do not.

Units: Å.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Unwrapped:
    """Some frames of a file that has unwrapped positions, or image flags.

    read : numbers of frames -> (F, N, 3) Å; frames : (F,) the numbers; atoms : those that are wanted, None for all.
    """

    read: Callable[[NDArray[np.int64]], NDArray[np.float64]]
    frames: NDArray[np.int64]
    atoms: NDArray[np.int64] | None = None

    def __getitem__(self, frames: slice) -> Unwrapped:
        """The same for a slice of the frames."""
        return replace(self, frames=self.frames[frames])

    def of_atoms(self, atoms: NDArray[np.int64]) -> Unwrapped:
        """The same for some of the atoms."""
        return replace(self, atoms=atoms if self.atoms is None else self.atoms[atoms])

    def turned(self, order: Sequence[int]) -> Unwrapped:
        """The same with x, y and z in another order."""
        return replace(self, read=lambda frames: self.read(frames)[:, :, list(order)])

    def positions(self) -> NDArray[np.float64]:
        """(F, N, 3) Å, read-only."""
        positions = self.read(self.frames)
        positions = positions if self.atoms is None else positions[:, self.atoms]
        positions.flags.writeable = False
        return positions


def joined(parts: Sequence[Unwrapped | None]) -> Unwrapped | None:
    """Parts one after the other, or None where one has none."""
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        return None
    starts = np.cumsum([0, *(len(part.frames) for part in found)])

    def read(frames: NDArray[np.int64]) -> NDArray[np.float64]:
        of = np.searchsorted(starts, frames, side="right") - 1
        pieces = [
            replace(part, frames=part.frames[frames[of == i] - starts[i]]).positions()
            for i, part in enumerate(found)
            if (of == i).any()
        ]
        return np.concatenate(pieces) if pieces else found[0][:0].positions()

    return Unwrapped(read, np.arange(starts[-1]))
