"""Where a water is: in the first layer, in the bulk of the film, between two distances.  Units: Å.

With two surfaces a molecule near the one and the same molecule near the other are distinguished (rows of `inside`),
so that leaving one region is never hidden by entering the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmpdrive.observables.bulk import Bulk
from lmpdrive.observables.interface import InterfaceFrames
from lmpdrive.observables.profile import FIRST_LAYER_A

INTERFACE_A = (0.0, FIRST_LAYER_A)
"""0 < z <= 4.5 Å (design, part 2)."""

SIDES = 2
"""Surfaces at most: a molecule at one of them has the key `oxygen * SIDES + side`."""


@dataclass(frozen=True)
class Region:
    """low < z <= high from a surface plane; or, if there is a `bulk`, the bulk of the film."""

    name: str
    low: float = float("nan")
    high: float = float("nan")
    bulk: Bulk | None = None

    def __str__(self) -> str:
        return f"{self.low:g} < z <= {self.high:g} Å" if self.bulk is None else f"{self.bulk}"

    def inside(self, interface: InterfaceFrames, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(S, len(rows)) which of these waters are in the region, seen from each surface.

        The bulk is one place, not one for each surface: it has one row.
        """
        distances = interface.water_distances[:, rows]
        if self.bulk is None:
            return (distances > self.low) & (distances <= self.high)
        return np.atleast_2d(self.bulk.holds(distances).any(axis=0))


def sampled_waters(interface: InterfaceFrames, picks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of `interface.water` in the frames `picks`, and the sample each belongs to."""
    frames = interface.water.frame
    if len(picks) == len(interface.areas):
        return np.arange(len(frames)), frames
    sample = np.full(len(interface.areas), -1)
    sample[picks] = np.arange(len(picks))
    rows = np.flatnonzero(sample[frames] >= 0)
    return rows, sample[frames[rows]]
